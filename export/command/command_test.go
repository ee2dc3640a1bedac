package command

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"github.com/urfave/cli/v2"

	"mailerlake/client"
	"mailerlake/export"
	"mailerlake/export/dataset"
	"mailerlake/export/disk"
	"mailerlake/schema"
	"mailerlake/schema/tables"
)

// outcome is what a call of the program left.
type outcome struct {
	stdout, stderr string
	err            error
}

// run runs the program without a key in its environment.
func run(t *testing.T, args ...string) outcome {
	t.Helper()
	return runWith(t.Context(), nil, args...)
}

func runWith(ctx context.Context, stdin io.Reader, args ...string) outcome {
	var stdout, stderr bytes.Buffer
	err := Run(ctx, append([]string{"mailerlake"}, args...), stdin, &stdout, &stderr, func(string) string { return "" }, "v1")
	return outcome{stdout.String(), stderr.String(), err}
}

// failure returns the member error of the one JSON document that stdout must be; other members are in members.
func (o outcome) failure(t *testing.T) (text string, members map[string]any) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(o.stdout))
	if err := d.Decode(&members); err != nil || d.More() {
		t.Fatalf("stdout is not one JSON object (%v, more %v): %q", err, d.More(), o.stdout)
	}
	text, _ = members["error"].(string)
	return text, members
}

// TestJSONOfFailures: whatever fails, stdout is one JSON document with the error that is on stderr.
func TestJSONOfFailures(t *testing.T) {
	t.Chdir(t.TempDir())
	if o := run(t, "export", "--demo", "--quiet"); o.err != nil {
		t.Fatal(o.err)
	}
	d, err := dataset.Open(disk.OS(false), "demo-lake")
	if err != nil {
		t.Fatal(err)
	}
	write(t, "damaged/manifest.json", "{")
	write(t, "pending/.mailerlake/journal.json", "{")
	tests := []struct {
		args string
		code int
		want string // in the error
	}{
		{"export --json --out new", 5, "no API key"},
		{"plan --json --out new", 5, "no API key"},
		{"export --json --out new --api-key-file nowhere", 5, "read key: open nowhere"},
		{"export --json --bogus", 4, "there is no flag --bogus"},
		{"export --bogus --json", 4, "there is no flag --bogus"},
		{"export --bogus --json=true", 4, "there is no flag"},
		{"export --json lake", 4, `unexpected argument "lake"`},
		{"export lake --json", 4, `unexpected argument "lake"`},
		{"exprot --json", 4, `there is no command "exprot"; did you mean export?`},
		{"help exprot --json", 4, `there is no command "exprot"; did you mean export?`},
		{"plan --json --tables subscribers", 4, `there is no table or set "subscribers"; did you mean subscriber?`},
		{"plan --json --timeout 5", 4, `--timeout: "5" is not a time, such as 30s; did you mean 5s?`},
		{"--json", 4, "there is no flag --json before a command"},
		{"plan --json --tables nothing", 4, `there is no table or set "nothing"`},
		{"export --json --demo --drop subscriber.id", 4, "part of the key"},
		{"export --json --planned", 1, "no plan to commit"},
		{"export --json --demo --out damaged", 7, "damaged"},
		{"plan --json --demo --out pending", 1, "unfinished"},
		{"show --json --out new", 1, "there is no dataset"},
		{"show --json --out damaged", 7, "damaged"},
		{"schema --json --out damaged", 7, "damaged"},
		{"schema --json --markdown", 4, "not both"},
		{"verify --json --out new", 1, "there is no dataset"},
		{"publish --json --to s3", 4, "s3 is not the URL of a destination"},
		{"verify --json --out pending", 1, "a commit is unfinished"},
		{"verify --json --bogus", 4, "there is no flag"},
		{"check --json", 5, "no API key"},
		{"check --json --tables nothing", 4, "there is no table or set"},
		{"check --json --demo --out damaged", 7, "damaged"},
	}
	for _, test := range tests {
		checkFailure(t, run(t, strings.Fields(test.args)...), test.args, test.code, test.want)
	}
	unlock, err := d.Lock()
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	checkFailure(t, run(t, "export", "--demo", "--json"), "export of a locked dataset", 6, "is locked")
	stopped, stop := context.WithCancel(t.Context())
	stop()
	for _, name := range []string{"check", "export", "plan", "show", "verify", "schema"} {
		checkFailure(t, runWith(stopped, nil, name, "--json"), name+" interrupted", 130, "interrupted")
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o700), os.WriteFile(name, []byte(text), 0o600)); err != nil {
		t.Fatal(err)
	}
}

func checkFailure(t *testing.T, o outcome, name string, code int, want string) {
	t.Helper()
	if got := ExitCode(o.err); got != code {
		t.Errorf("%s: got exit code %d (%v), want %d", name, got, o.err, code)
	}
	text, _ := o.failure(t)
	if !strings.Contains(text, want) || !strings.Contains(o.stderr, "mailerlake: "+text+"\n") {
		t.Errorf("%s: got the error %q, want %q in it; stderr is\n%s", name, text, want, o.stderr)
	}
}

// TestJSONWithoutFailure: an error is a member of failures alone.
func TestJSONWithoutFailure(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, args := range []string{"plan --demo --json", "export --demo --json", "plan --demo-day 2 --json --detailed-exitcode", "show --json --out demo-lake", "verify --json --out demo-lake", "check --demo-day 2 --json"} {
		o := run(t, strings.Fields(args)...)
		if _, members := o.failure(t); members["error"] != nil || members["dataset"] != "demo-lake" {
			t.Errorf("%s: got the members %v, want a dataset and no error", args, members)
		}
	}
	for _, args := range []string{"export --bogus", "export --bogus --json=false", "export json"} {
		if o := run(t, strings.Fields(args)...); o.stdout != "" {
			t.Errorf("%s: got %q on stdout, want nothing", args, o.stdout)
		}
	}
}

// TestJSONOfARunThatFailsLate: what the report has is beside the error, also where the run as a whole is an error.
func TestJSONOfARunThatFailsLate(t *testing.T) {
	r := &export.Report{Dataset: "lake", Requests: 7, Tables: []export.TableReport{{Name: "group", Rows: 3}}}
	p := &program{}
	for name, test := range map[string]struct {
		report *export.Report
		want   map[string]any
	}{
		"no report": {nil, map[string]any{"error": "disk full"}},
		"report":    {r, map[string]any{"error": "disk full", "dataset": "lake", "requests": 7.0}},
	} {
		var out bytes.Buffer
		p.stdout = &out
		a, err := p.report(&cli.Context{}, test.report, errors.New("disk full"), nil)
		if got := p.finish(true, a, err); got == nil || got.Error() != "disk full" {
			t.Errorf("%s: got the error %v", name, got)
		}
		_, members := outcome{stdout: out.String()}.failure(t)
		got := map[string]any{}
		for member := range test.want {
			got[member] = members[member]
		}
		if d := cmp.Diff(test.want, got); d != "" {
			t.Errorf("%s: document (-want +got)\n%s", name, d)
		}
	}
}

// TestInterruptedWhileReadingAKey: a signal is obeyed although standard input, or a pipe that is named, stays silent.
func TestInterruptedWhileReadingAKey(t *testing.T) {
	t.Chdir(t.TempDir())
	synctest.Test(t, func(t *testing.T) {
		silent, end := io.Pipe()
		defer end.Close()
		for _, args := range []string{"export --api-key-file -", "plan --config -", "plan --demo --hash subscriber.email --hash-key-file -"} {
			ctx, stop := context.WithCancel(t.Context())
			done := make(chan outcome)
			go func() { done <- runWith(ctx, silent, strings.Fields(args)...) }()
			synctest.Wait() // until the read blocks
			stop()
			if o := <-done; ExitCode(o.err) != 130 || !strings.HasPrefix(o.stderr, "mailerlake: interrupted") {
				t.Errorf("%s: got %v, stderr %q", args, o.err, o.stderr)
			}
		}
	})
	if _, err := os.Stat("lake"); err == nil {
		t.Error("a dataset was created")
	}
}

// TestChosenTables: a run is given exactly the tables that were chosen, a table of rows inside another's included.
func TestChosenTables(t *testing.T) {
	tests := []struct{ args, want string }{
		{"--tables core", "subscriber group group_subscriber field campaign"},
		{"--tables all --exclude default", "subscriber_activity"},
		{"--tables field,core --exclude campaign,core", ""},
		{"--tables webhook,subscriber", "subscriber webhook"},
		{"--tables subscriber", "subscriber"},
		{"--tables group_subscriber,field", "group_subscriber field"},
		{"--tables field --tables group_subscriber", "group_subscriber field"},
		{"--tables core --exclude group_subscriber", "subscriber group field campaign"},
		{"--tables core,subscriber_activity --exclude subscriber", "group group_subscriber field campaign subscriber_activity"},
		{"--tables subscriber,group --exclude subscriber", "group"},
	}
	for _, test := range tests {
		var got []string
		app := &cli.App{Flags: runFlags(), Action: func(c *cli.Context) error {
			o, err := (&program{getenv: func(string) string { return "" }}).options(c)
			got = o.Tables
			return err
		}}
		if err := app.Run(append([]string{"mailerlake"}, strings.Fields(test.args)...)); (err != nil) != (test.want == "") {
			t.Fatal(test.args, err)
		}
		if got := strings.Join(got, " "); got != test.want {
			t.Errorf("%q: got %s, want %s", test.args, got, test.want)
		}
	}
}

// TestTablesWithoutFlags: without --tables every table is exported but for those with a request for each subscriber.
func TestTablesWithoutFlags(t *testing.T) {
	all, _ := tables.All().Set(schema.SetAll)
	for args, except := range map[string]string{"": "subscriber_activity", "--exclude core": "subscriber group group_subscriber field campaign subscriber_activity", "--tables all": ""} {
		want := slices.DeleteFunc(slices.Clone(all), func(name string) bool { return slices.Contains(strings.Fields(except), name) })
		app := &cli.App{Flags: runFlags(), Action: func(c *cli.Context) error {
			got, err := chosenTables(c)
			if d := cmp.Diff(want, got); d != "" || err != nil {
				t.Errorf("%q: error %v, tables (-want +got)\n%s", args, err, d)
			}
			return nil
		}}
		if err := app.Run(append([]string{"mailerlake"}, strings.Fields(args)...)); err != nil {
			t.Fatal(err)
		}
	}
}

// TestUnknownTables: a check that could not find out about a table has exit code 3, and names it.
func TestUnknownTables(t *testing.T) {
	found := &export.Check{Tables: []export.TableCheck{{Name: "group"}, {Name: "shop", Unavailable: "403"}, {Name: "webhook", Err: errors.New("500")}}}
	err := unknownTables(found)
	if ExitCode(err) != 3 || !strings.Contains(err.Error(), "failed for webhook") {
		t.Errorf("got exit code %d: %v", ExitCode(err), err)
	}
	found.Tables = found.Tables[:2]
	if err := unknownTables(found); err != nil {
		t.Errorf("what is not available is not an error: %v", err)
	}
}

// TestResumeHint: no hint promises to resume what starts over.
func TestResumeHint(t *testing.T) {
	t.Chdir(t.TempDir())
	tests := []struct{ args, want string }{
		{"export", "interrupted; run the same command again to resume"},
		{"plan", "interrupted; run the same command again to resume"},
		{"export --restart", "interrupted; run it again without --restart to resume"},
		{"export --repair", "interrupted"},
		{"export --resume-within 0", "interrupted"},
		{"export --planned", "interrupted; the plan is kept; run the same command again to commit it"},
		{"verify", "interrupted"},
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	for _, test := range tests {
		if o := runWith(stopped, nil, strings.Fields(test.args)...); o.stderr != "mailerlake: "+test.want+"\n" {
			t.Errorf("%s: got %q, want %q", test.args, o.stderr, test.want)
		}
	}
}

// brokenPipe is a reader that went away.
type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

// TestStdoutThatCannotBeWritten: it fails the command, but does not hide what else failed.
func TestStdoutThatCannotBeWritten(t *testing.T) {
	p := &program{stdout: brokenPipe{}}
	for _, before := range []error{nil, errChanges} {
		if err := p.finish(true, answer{}, before); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("after %v: got %v, want %v", before, err, io.ErrClosedPipe)
		}
	}
	if err := p.finish(true, answer{}, client.ErrUnauthorized); !errors.Is(err, client.ErrUnauthorized) {
		t.Errorf("got %v, want %v", err, client.ErrUnauthorized)
	}
}
