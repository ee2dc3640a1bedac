package terminal

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mailerlake/client"
	"mailerlake/export"
)

// loggedBy returns what is logged of a run in a time of its own, without the times of the lines.
func loggedBy(t *testing.T, o Options, run func(Progress)) string {
	t.Helper()
	var out bytes.Buffer
	synctest.Test(t, func(*testing.T) {
		o.Getenv = noEnv
		s := Start(&out, o)
		run(s)
		s.Close()
	})
	var b strings.Builder
	for line := range strings.Lines(out.String()) {
		stamp, rest, _ := strings.Cut(line, " ")
		if o.Format == LogJSON {
			b.WriteString(line)
			continue
		}
		if !strings.HasPrefix(stamp, "time=2000-01-01T00:") || !strings.HasSuffix(stamp, "Z") {
			t.Errorf("the time of a line is %s", stamp)
		}
		b.WriteString(rest)
	}
	return b.String()
}

// pass lets time pass in a bubble, and has others finish what they do then.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// TestLog: off a terminal, messages are logged as they come, and every 30 seconds how far the run is.
func TestLog(t *testing.T) {
	run := func(s Progress) {
		s.Event(export.Event{Message: "finished the commit of an earlier run"})
		halfRead(s, pass)
		for page := range 45 { // a page a second, and one line
			s.Event(export.Event{Table: "subscriber", Rows: 12000 + int64(page)*100, Pages: 12 + page})
			pass(time.Second)
		}
		s.Wait(client.Wait{Reason: client.WaitRetry, Duration: 4 * time.Second})
		s.Wait(client.Wait{Reason: client.WaitRetry, Duration: 8 * time.Second, Cause: errors.New("get /groups: 502\x1b[2J")})
		s.Event(export.Event{Table: "group", Message: "not exported: \u202egnp", Warning: true})
		s.Event(export.Event{Table: "order", Phase: export.Comparing, Step: 3, Steps: 5})
		s.Logger().Debug("request")
		pass(10 * time.Second)
		s.Note("stopping")
	}
	want(t, loggedBy(t, Options{Run: "export", Dataset: "my lake"}, run), `
level=INFO msg=started run=export dataset="my lake"
level=INFO msg="finished the commit of an earlier run"
level=INFO msg="about 420 requests"
level=INFO msg="38 % read, 1 min 00 s left; subscriber 69 % (13,900 of 20,000 rows), campaign_activity 36 % (4,100 rows, 12 of 31 lists); 1 of 5 tables read; 52 of 108 requests in the last minute"
level=INFO msg=waiting reason=retry seconds=8 cause="get /groups: 502[2J"
level=WARN msg="not exported: gnp" table=group
level=INFO msg="comparing order, 4 of 5 tables; trying again in 3 s"
level=INFO msg=stopping
level=INFO msg=ended seconds=65
`)
}

// TestLogOfWaits: a log tells of long waits, but not of those that pacing takes in any case.
func TestLogOfWaits(t *testing.T) {
	limited := &client.Error{Status: 429}
	got := loggedBy(t, Options{}, func(s Progress) {
		s.Wait(client.Wait{Reason: client.WaitRate, Duration: time.Minute})
		s.Wait(client.Wait{Reason: client.WaitRate, Duration: 40 * time.Second, Cause: limited})
		s.Wait(client.Wait{Reason: client.WaitRate, Duration: 40 * time.Second, Cause: limited}) // a second walk waits for the same
		pass(time.Minute)
		s.Wait(client.Wait{Reason: client.WaitRate, Duration: 5 * time.Minute})
	})
	if n := strings.Count(got, "msg=waiting"); n != 2 || !strings.Contains(got, "seconds=40 ") || !strings.Contains(got, "seconds=300\n") {
		t.Errorf("got\n%s", got)
	}
}

// TestLogJSON: every line is an object with members that are named, and that tell the same.
func TestLogJSON(t *testing.T) {
	got := loggedBy(t, Options{Run: "export", Dataset: "lake", Format: LogJSON, Verbose: true}, func(s Progress) {
		halfRead(s, pass)
		s.Event(export.Event{Table: "group", Message: "odd \u202e", Warning: true})
		s.Logger().Debug("request", "took", 1500*time.Millisecond)
		pass(20 * time.Second)
		s.Transfer(export.Transfer{Destination: "s3://lake"})
		s.Event(export.Event{Table: "order", Phase: export.Writing, Step: 3, Steps: 5})
		pass(30 * time.Second)
	})
	want(t, got, `
{"time":"2000-01-01T00:00:00.000Z","level":"INFO","msg":"started","run":"export","dataset":"lake"}
{"time":"2000-01-01T00:00:00.000Z","level":"INFO","msg":"about 420 requests"}
{"time":"2000-01-01T00:00:10.000Z","level":"WARN","msg":"odd ","table":"group"}
{"time":"2000-01-01T00:00:10.000Z","level":"DEBUG","msg":"request","took_seconds":1.5}
{"time":"2000-01-01T00:00:30.000Z","level":"INFO","msg":"progress","phase":"reading","share":0.381,"eta_seconds":60,"requests":52,"requests_expected":420,"requests_last_minute":52,"requests_per_minute":108,"tables_read":1,"tables_total":5,"tables":[{"table":"subscriber","rows":12000,"total":20000,"share":0.6,"rows_per_second":400,"eta_seconds":20},{"table":"group","rows":12,"total":12,"share":1},{"table":"campaign_activity","rows":4100,"total":11247,"total_estimated":true,"lists":31,"lists_read":12,"share":0.364,"rows_per_second":136.7,"eta_seconds":60}]}
{"time":"2000-01-01T00:01:00.000Z","level":"INFO","msg":"progress","phase":"writing","table":"order","step":3,"steps":5,"requests":52,"requests_expected":420,"requests_last_minute":52,"requests_per_minute":108,"tables_read":1,"tables_total":5,"tables":[{"table":"subscriber","rows":12000,"total":20000,"share":0.6,"rows_per_second":200,"eta_seconds":40},{"table":"campaign_activity","rows":4100,"total":11247,"total_estimated":true,"lists":31,"lists_read":12,"share":0.364,"rows_per_second":68.3,"eta_seconds":105}],"transfers":[{"destination":"s3://lake","objects":0,"total_objects":0,"bytes":0,"total_bytes":0,"share":1}]}
{"time":"2000-01-01T00:01:00.000Z","level":"INFO","msg":"ended","seconds":60}
`)
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, readme, _ = bytes.Cut(readme, []byte("## While it runs"))
	for line := range strings.Lines(got) {
		var o any
		if err := json.Unmarshal([]byte(line), &o); err != nil {
			t.Errorf("no JSON: %s", line)
		}
		for _, name := range members(o) {
			if !bytes.Contains(readme, []byte("`"+name+"`")) {
				t.Errorf("the README does not name the member %s", name)
			}
		}
	}
}

// members names the members of all objects in a JSON value.
func members(v any) (names []string) {
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			names = append(append(names, name), members(value)...)
		}
	case []any:
		for _, value := range v {
			names = append(names, members(value)...)
		}
	}
	return names
}

func TestLogLevels(t *testing.T) {
	logOf := func(o Options) string {
		return loggedBy(t, o, func(s Progress) {
			s.Event(export.Event{Table: "group", Rows: 1, Pages: 1, Done: true})
			s.Logger().Debug("request", "path", "/groups")
			s.Logger().Warn("odd")
			pass(time.Minute)
		})
	}
	want(t, logOf(Options{Quiet: true}), "level=WARN msg=odd\n")
	if got := logOf(Options{Verbose: true}); !strings.Contains(got, "level=DEBUG msg=request path=/groups\n") {
		t.Errorf("verbose: got %q", got)
	}
}

// TestLogEndsWithClose: requests that were given up may report after the run has ended, when its caller reads what it wrote.
func TestLogEndsWithClose(t *testing.T) {
	var out bytes.Buffer
	s := Start(&out, Options{Verbose: true})
	begun, stop := make(chan struct{}), make(chan struct{})
	var late sync.WaitGroup
	late.Go(func() {
		for i := 0; ; i++ {
			s.Logger().Debug("request")
			s.Wait(client.Wait{Reason: client.WaitRetry, Duration: time.Duration(i+1) * time.Minute})
			if i == 0 {
				close(begun)
			}
			select {
			case <-stop:
				return
			default:
			}
		}
	})
	<-begun
	s.Close()
	atClose := out.String()
	close(stop)
	late.Wait()
	if !strings.Contains(atClose, "msg=request") || out.String() != atClose {
		t.Errorf("written until Close: %d bytes, in all: %d", len(atClose), out.Len())
	}
}
