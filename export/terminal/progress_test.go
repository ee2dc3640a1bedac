package terminal

import (
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mailerlake/client"
	"mailerlake/export"
)

// clock is a time that a test moves.
type clock struct{ passed atomic.Int64 }

func (c *clock) Now() time.Time {
	return time.Date(2026, 3, 2, 6, 0, 0, 0, time.UTC).Add(time.Duration(c.passed.Load()))
}

func (c *clock) pass(d time.Duration) { c.passed.Add(int64(d)) }

// noEnv is an empty environment.
func noEnv(string) string { return "" }

// meter is a client that has made some requests.
type meter struct{}

func (meter) Stats() client.Stats         { return client.Stats{Requests: 52, Waited: time.Hour} }
func (meter) Usage() client.Usage         { return client.Usage{Requests: 52, PerMinute: 108} }
func (meter) TimeFor(n int) time.Duration { return time.Duration(n/108) * time.Minute }

// expected is a run of five tables.
var expected = export.Expected{Requests: 420, Units: 300, Tables: []export.ExpectedTable{
	{Name: "subscriber", Rows: 20000, Requests: 26, Units: 26}, {Name: "group", Rows: 12, Rough: true, Requests: 1},
	{Name: "campaign_activity", Requests: 300, Units: 200}, {Name: "order", Rows: 150, Rough: true, Requests: 2}, {Name: "webhook", Requests: 1}}}

// halfRead tells of a run over these tables, until it reads two of them side by side.
func halfRead(s Progress, pass func(time.Duration)) {
	s.Watch(meter{})
	s.Event(export.Event{Phase: export.Counting})
	s.Event(export.Event{Message: "about 420 requests"})
	s.Expect(expected)
	s.Event(export.Event{Phase: export.Reading})
	s.Event(export.Event{Table: "subscriber"})
	s.Event(export.Event{Table: "campaign_activity", Lists: 31})
	pass(10 * time.Second)
	s.Event(export.Event{Table: "group", Rows: 12, Of: 12, Pages: 1, Done: true})
	s.Event(export.Event{Table: "subscriber", Rows: 12000, Pages: 12})
	s.Event(export.Event{Table: "campaign_activity", Rows: 4100, Of: 11247, Rough: true, Pages: 50, Lists: 31, ListsRead: 12})
	s.Wait(client.Wait{Reason: client.WaitRate, Duration: 12 * time.Second})
}

// liveOn shows live progress on a console.
func liveOn(t *testing.T, width, height int, p paint) (*liveProgress, *console, *clock) {
	c, time := newConsole(t, width, height), &clock{}
	return newLive(&screen{out: c, size: c.size}, Options{Now: time.Now, Getenv: noEnv}, p), c, time
}

func TestLiveLines(t *testing.T) {
	s, c, clock := liveOn(t, 80, 24, false)
	s.draw()
	want(t, c.text(), "0 s so far\n")
	s.Event(export.Event{Phase: export.Counting})
	s.draw()
	want(t, c.text(), "0 s so far\nasking how much there is to read\n")
	halfRead(s, clock.pass)
	s.draw()
	want(t, c.text(), `
about 420 requests
subscriber         60 %       12,000 of 20,000 rows  1,200/s  7 s left
campaign_activity  36 %  4,100 rows, 12 of 31 lists    410/s  1 min 00 s left
1 of 5 tables read; next: order (~150 rows), webhook
[===========>                  ]  38 %, 1 min 00 s left, 10 s so far
52 of 108 requests in the last minute, waiting 12 s for the rate limit
`)
	clock.pass(20 * time.Second)
	s.Wait(client.Wait{Reason: client.WaitRetry, Duration: 8 * time.Second})
	s.Event(export.Event{Table: "subscriber", Rows: 20000, Of: 20000, Pages: 21, Done: true})
	s.Event(export.Event{Table: "group", Message: "starting over: \x1b]0;x\x07", Warning: true})
	s.Event(export.Event{Table: "campaign\x1b[2J", Rows: 1, Pages: 1})
	s.draw()
	want(t, c.text(), `
about 420 requests
group: starting over: ]0;x
campaign_activity  36 %  4,100 rows, 12 of 31 lists  136/s  1 min 00 s left
campaign[2J                                   1 row
2 of 6 tables read; next: order (~150 rows), webhook
[============>                 ]  41 %, 1 min 00 s left, 30 s so far
52 of 108 requests in the last minute, trying again in 8 s
`)
	clock.pass(time.Hour)
	s.Event(export.Event{Table: "group", Phase: export.Writing, Step: 1, Steps: 5})
	s.draw()
	want(t, c.text(), `
about 420 requests
group: starting over: ]0;x
[======>                       ]  1 h 00 min so far
writing group, 2 of 5 tables
`)
	s.Event(export.Event{Phase: export.Committing})
	s.Note("stopping")
	s.draw()
	want(t, c.text(), `
about 420 requests
group: starting over: ]0;x
stopping
1 h 00 min so far
committing
`)
	s.Note("stopped")
	s.Close()
	want(t, c.text(), "about 420 requests\ngroup: starting over: ]0;x\nstopping\nstopped\n")
}

// TestLiveLinesFit: no line is wider than the terminal, and no more are drawn than it has, also while it is resized.
func TestLiveLinesFit(t *testing.T) {
	for width := 1; width < 130; width += 3 {
		for _, height := range []int{2, 3, 5, 24} {
			s, c, clock := liveOn(t, width, height, true)
			halfRead(s, clock.pass)
			s.taken() // messages may be as long as they are
			s.draw()
			for name := range 40 {
				s.Event(export.Event{Table: fmt.Sprint("table", name), Rows: 1, Pages: 1})
			}
			s.Transfer(export.Transfer{Destination: "s3://a-bucket-with-a-long-name/and/a/path"})
			s.draw()
			c.width = min(width+40, 130)
			clock.pass(time.Second)
			s.Event(export.Event{Phase: export.Comparing, Table: "subscriber", Steps: 5})
			s.draw()
			s.Close()
			if got := c.text(); got != "\n" {
				t.Errorf("at the end there is %q", got)
			}
			if t.Failed() {
				t.Fatalf("on a terminal of %d columns and %d lines", width, height)
			}
		}
	}
}

// TestLiveColours: what is done is green, waits and warnings are yellow.
func TestLiveColours(t *testing.T) {
	s, c, clock := liveOn(t, 80, 24, true)
	halfRead(s, clock.pass)
	s.Event(export.Event{Message: "odd", Warning: true})
	s.draw()
	want(t, c.coloured, "odd|1 of 5 tables read; next: order (~150 rows), webhook|===========>|, waiting 12 s for the rate limit|")
	s.Close()
}

// TestLiveLinesSideBySide has many tables report at once while lines are drawn, for the race detector.
func TestLiveLinesSideBySide(t *testing.T) {
	s, c, _ := liveOn(t, 80, 24, false)
	s.log = newLogger(lineWriter(s.print), Text, slog.LevelDebug)
	s.drawing.Go(s.drawOn)
	s.Event(export.Event{Phase: export.Reading})
	var reporting sync.WaitGroup
	for i := range 8 {
		reporting.Go(func() {
			for page := range 50 {
				s.Event(export.Event{Table: fmt.Sprintf("table%d", i%4), Rows: int64(page), Pages: page})
				s.Wait(client.Wait{Reason: client.WaitRetry, Duration: time.Second})
				s.Logger().Debug("request", slog.Int("page", page))
			}
			s.Note("noted")
		})
	}
	reporting.Wait()
	s.Close()
	if n := strings.Count(c.text(), "msg=request"); n != 400 || strings.Count(c.text(), "noted\n") != 8 {
		t.Errorf("%d of 400 requests were printed", n)
	}
}
