package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"mailerlake/client/mailerlitetest"
	"mailerlake/export"
	"mailerlake/export/dataset"
	"mailerlake/export/disk"
)

// testKey opens the scripts' account. It must show nowhere; see secretfree.
const testKey = "sekret-4711-eyJ0eXAiOiJKV1QifQ"

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"mailerlake": main})
}

// TestScripts runs the program as users type it. Each script has a simulated account of its own, served over HTTP: its
// address and key are in the environment.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup:               serveAccount,
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits":      exitsWith,
			"interrupt":  interrupt,
			"account":    anotherAccount,
			"advance":    advance,
			"delete":     deleteSubscribers,
			"fail":       fail,
			"lock":       lock,
			"files":      files,
			"fill":       fill,
			"counts":     counts,
			"field":      field,
			"damage":     damage,
			"secretfree": secretfree,
			"jsonlines":  jsonLines,
		},
	})
}

type accountKey struct{}

func account(ts *testscript.TestScript) *mailerlitetest.Account {
	return ts.Value(accountKey{}).(*mailerlitetest.Account)
}

// serveAccount gives a script an account of a few pages.
func serveAccount(env *testscript.Env) error {
	a := mailerlitetest.New(mailerlitetest.Options{Seed: 7, Subscribers: 400, Groups: 5, Campaigns: 6, CustomFields: 3, Key: testKey, AccountID: "4711",
		RatePerMinute: -1, Limits: map[string]mailerlitetest.Limit{"/subscribers": {Default: 25, Max: 100}}})
	server := httptest.NewServer(a)
	env.Defer(server.Close)
	env.Values[accountKey{}] = a
	env.Setenv("MAILERLITE_API_URL", server.URL+"/api")
	site := httptest.NewServer(http.HandlerFunc(website))
	env.Defer(site.Close)
	env.Setenv("WEBSITE", site.URL)
	env.Setenv("MAILERLITE_API_KEY", testKey)
	env.Setenv("KEY", testKey)
	return nil
}

// website answers as a web server does that knows nothing of an API.
func website(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/welcome/account" {
		w.WriteHeader(http.StatusNotFound)
	}
	io.WriteString(w, "<!doctype html><title>Welcome</title>")
}

// anotherAccount serves one more simulated account. Its address is put into the environment under a name, and its key under
// the name with _KEY.
//
//	account NAME ID
func anotherAccount(ts *testscript.TestScript, neg bool, args []string) {
	key := testKey + "-" + args[1]
	server := httptest.NewServer(mailerlitetest.New(mailerlitetest.Options{Seed: 8, Subscribers: 50, Groups: 2, CustomFields: 1, Key: key,
		AccountID: args[1], RatePerMinute: -1}))
	ts.Defer(server.Close)
	ts.Setenv(args[0], server.URL+"/api")
	ts.Setenv(args[0]+"_KEY", key)
}

// exitsWith runs a program that must end with exactly the given exit code.
//
//	exits CODE program [args...]
func exitsWith(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits code program [args...]")
	}
	code := 0
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		code = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if want := number(ts, args[0]); code != want {
		ts.Fatalf("exit code: got %d, want %d", code, want)
	}
}

func number(ts *testscript.TestScript, s string) int {
	n, err := strconv.Atoi(s)
	ts.Check(err)
	return n
}

// interrupt runs a program, sends it SIGINT when a page of a table's scan is on disk and the n-th request for a page of a
// path, which is never answered, was sent, and checks its exit code.
//
//	interrupt TABLE PATH N CODE program [args...]
func interrupt(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 5 {
		ts.Fatalf("usage: interrupt table path n code program [args...]")
	}
	log := ts.MkAbs("lake/.mailerlake/scan/" + args[0] + ".pages")
	reached := hangAt(account(ts), args[1], int64(number(ts, args[2])))
	defer account(ts).Faults(nil)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, args[4], args[5:]...)
	cmd.Dir = ts.MkAbs(".")
	cmd.Stdout, cmd.Stderr = ts.Stdout(), ts.Stderr()
	for _, name := range []string{"MAILERLITE_API_URL", "MAILERLITE_API_KEY"} {
		cmd.Env = append(cmd.Environ(), name+"="+ts.Getenv(name))
	}
	ts.Check(cmd.Start())
	select {
	case <-reached:
		awaitPage(ctx, log)
		ts.Check(cmd.Process.Signal(os.Interrupt))
	case <-ctx.Done():
	}
	err := cmd.Wait()
	if got, want := cmd.ProcessState.ExitCode(), number(ts, args[3]); got != want {
		ts.Fatalf("exit code: got %d (%v), want %d", got, err, want)
	}
}

// awaitPage waits until a page log has more than its header.
func awaitPage(ctx context.Context, log string) {
	const header = 2 << 10 // bytes, at most; a page of these accounts has more
	for ctx.Err() == nil {
		if info, err := os.Stat(log); err == nil && info.Size() > header {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// hangAt leaves the n-th request for a page of a path, and those after it, without an answer. The channel is closed then.
// Requests for counts do not count: how many of them come outside of a batch is a matter of scheduling.
func hangAt(a *mailerlitetest.Account, path string, n int64) <-chan struct{} {
	reached := make(chan struct{})
	var seen atomic.Int64
	a.Faults(func(_ int, r *http.Request) *mailerlitetest.Fault {
		if !strings.HasSuffix(r.URL.Path, path) || r.URL.Query().Get("limit") == "0" {
			return nil
		}
		switch i := seen.Add(1); {
		case i < n:
			return nil
		case i == n:
			close(reached)
		}
		return &mailerlitetest.Fault{Hang: true}
	})
	return reached
}

// advance lets days pass in the account: advance DAYS
func advance(ts *testscript.TestScript, neg bool, args []string) {
	account(ts).Advance(number(ts, args[0]))
}

// deleteSubscribers deletes the oldest subscribers: delete N
func deleteSubscribers(ts *testscript.TestScript, neg bool, args []string) {
	for _, id := range account(ts).IDs("subscriber")[:number(ts, args[0])] {
		account(ts).DeleteSubscriber(id)
	}
}

// fail answers every request to a path with a status, in batches too, from now on; 0 ends that.
//
//	fail PATH STATUS
func fail(ts *testscript.TestScript, neg bool, args []string) {
	path, status := args[0], number(ts, args[1])
	account(ts).Faults(func(_ int, r *http.Request) *mailerlitetest.Fault {
		switch {
		case status == 0:
			return nil
		case strings.HasSuffix(r.URL.Path, path):
			return &mailerlitetest.Fault{Status: status}
		case !strings.HasSuffix(r.URL.Path, "/batch"):
			return nil
		}
		var batch struct{ Requests []struct{ Path string } }
		if err := json.NewDecoder(r.Body).Decode(&batch); err != nil {
			return &mailerlitetest.Fault{Status: http.StatusBadRequest}
		}
		f := &mailerlitetest.Fault{Parts: map[int]int{}}
		for i, part := range batch.Requests {
			if strings.HasSuffix(part.Path, path) {
				f.Parts[i] = status
			}
		}
		return f
	})
}

// fill puts texts into a file in place of words: fill FILE WORD TEXT...
func fill(ts *testscript.TestScript, neg bool, args []string) {
	text := strings.NewReplacer(args[1:]...).Replace(ts.ReadFile(args[0]))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}

// lock holds the lock of a dataset until the script ends: lock DIR
func lock(ts *testscript.TestScript, neg bool, args []string) {
	d, err := dataset.Open(disk.OS(false), ts.MkAbs(args[0]))
	ts.Check(err)
	unlock, err := d.Lock()
	ts.Check(err)
	ts.Defer(func() { unlock() })
}

// files writes the identity of every part below a directory to a file: what changes when a part is touched.
//
//	files DIR FILE
func files(ts *testscript.TestScript, neg bool, args []string) {
	var out bytes.Buffer
	root := ts.MkAbs(args[0])
	ts.Check(filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".parquet" {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		fmt.Fprintln(&out, path, identity(info), info.Size(), info.Mode(), info.ModTime().UnixNano())
		return nil
	}))
	if out.Len() == 0 {
		ts.Fatalf("no parts below %s", root)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), out.Bytes(), 0o666))
}

// inode is where a file's system-dependent description has its identity.
var inode = regexp.MustCompile(`\bIno:(\d+)`)

// identity returns what stays the same only as long as a file is not replaced, empty where the system has no such thing.
func identity(info fs.FileInfo) string {
	m := inode.FindStringSubmatch(fmt.Sprintf("%+v", info.Sys()))
	if m == nil {
		return ""
	}
	return m[1]
}

// counts writes the changed rows of each table of a JSON report to a file: counts REPORT FILE
func counts(ts *testscript.TestScript, neg bool, args []string) {
	var r export.Report
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &r))
	var out bytes.Buffer
	for _, t := range r.Tables {
		fmt.Fprintln(&out, t.Name, t.Inserted, t.Updated, t.Deleted, t.Rows)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), out.Bytes(), 0o666))
}

// field checks a member of a JSON document, by names and indexes joined with dots, and that the document is the only one.
//
//	field FILE PATH WANT
func field(ts *testscript.TestScript, neg bool, args []string) {
	var v any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &v))
	for _, step := range strings.Split(args[1], ".") {
		switch in := v.(type) {
		case map[string]any:
			v = in[step]
		case []any:
			i := number(ts, step)
			if i >= len(in) {
				ts.Fatalf("%s: there are only %d", args[1], len(in))
			}
			v = in[i]
		}
	}
	if got := fmt.Sprint(v); got != args[2] {
		ts.Fatalf("%s: got %s, want %s", args[1], got, args[2])
	}
}

// jsonLines checks that each line of a file, of which there are some, is a JSON object with a time, a level and a message.
//
//	jsonlines FILE
func jsonLines(ts *testscript.TestScript, neg bool, args []string) {
	lines := 0
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		var o struct {
			Time       time.Time
			Level, Msg string
		}
		if err := json.Unmarshal([]byte(line), &o); err != nil || o.Time.IsZero() || o.Level == "" || o.Msg == "" {
			ts.Fatalf("%v: %s", err, line)
		}
		lines++
	}
	if lines == 0 {
		ts.Fatalf("%s is empty", args[0])
	}
}

// damage overwrites some bytes in the middle of a file: damage FILE
func damage(ts *testscript.TestScript, neg bool, args []string) {
	data := []byte(ts.ReadFile(args[0]))
	copy(data[len(data)/2:], "damaged!")
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), data, 0o666))
}

// secretfree looks for the key in the last output and below directories; the file "key" alone may have it.
func secretfree(ts *testscript.TestScript, neg bool, dirs []string) {
	for _, name := range []string{"stdout", "stderr"} {
		if strings.Contains(ts.ReadFile(name), testKey) {
			ts.Fatalf("the key is in %s", name)
		}
	}
	seen := 0
	for _, dir := range dirs {
		ts.Check(filepath.WalkDir(ts.MkAbs(dir), func(path string, e fs.DirEntry, err error) error {
			if err != nil || !e.Type().IsRegular() {
				return err
			}
			seen++
			data, err := os.ReadFile(path)
			if bytes.Contains(data, []byte(testKey)) {
				ts.Fatalf("the key is in %s", path)
			}
			return err
		}))
	}
	if seen == 0 {
		ts.Fatalf("no files below %v", dirs)
	}
}
