package export_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailerlake/client"
	"mailerlake/client/mailerlitetest"
	"mailerlake/export"
	"mailerlake/export/dataset"
	"mailerlake/export/disk"
	"mailerlake/export/pagelog"
	"mailerlake/schema"
)

// pagesOfWalk is how many requests the walk over a trial's subscribers takes.
const pagesOfWalk = 6

// ending is a way in which a scan ends early.
type ending struct {
	name    string
	fault   mailerlitetest.Fault
	cancel  bool  // the run is interrupted
	stopped error // the run ends with it; nil if the table fails
}

func endings() []ending {
	return []ending{
		{name: "interrupted", cancel: true, stopped: context.Canceled},
		{name: "interrupted while waiting", fault: mailerlitetest.Fault{Status: 503}, cancel: true, stopped: context.Canceled},
		{name: "401", fault: mailerlitetest.Fault{Status: 401}, stopped: client.ErrUnauthorized},
		{name: "network gone", fault: mailerlitetest.Fault{Reset: true}},
		{name: "rate limit", fault: mailerlitetest.Fault{Status: 429, RetryAfter: "901"}},
	}
}

// cut makes a run that ends at request n of the walk over the subscribers.
func (e ending) cut(t *testing.T, x *trial, n int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	f := ever(n, list("/subscribers"), e.fault)()
	x.disturb(func(r *http.Request) *mailerlitetest.Fault {
		fault := f(r)
		if fault != nil && e.cancel {
			cancel()
		}
		return fault
	})
	report, err := export.Export(ctx, x.options(t))
	x.disturb(nil)
	if err == nil && report.Tables[0].Err == nil || e.stopped != nil && !errors.Is(err, e.stopped) {
		t.Fatalf("got error %v, want %v", err, e.stopped)
	}
	time.Sleep(time.Hour) // a limit of the rate may last
}

// resumes makes a healthy run and requires that it resumes after n pages, at most one of them read again.
func (x *trial) resumes(t *testing.T, n int) {
	t.Helper()
	route := x.account.RequestsTo("/subscribers")
	x.healthy(t)
	if n > 0 && !x.said("subscriber", "resuming after") {
		t.Errorf("the run does not say that it goes on: %q", x.messages)
	}
	// The walk over newer rows takes a page, and the counts are five.
	if got, most := x.account.RequestsTo("/subscribers")-route, pagesOfWalk-n+1+1+5; got > most {
		t.Errorf("got %d requests after %d pages, want %d at most", got, n, most)
	}
}

func TestResumeAtEveryPage(t *testing.T) {
	for _, e := range endings() {
		for n := 1; n <= pagesOfWalk; n++ {
			t.Run(fmt.Sprintf("%s/%d", e.name, n), func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					x := newTrial(t, nil)
					e.cut(t, x, n)
					x.resumes(t, n-1)
					x.check(t)
				})
			})
		}
	}
}

// TestResumeEqualsUninterrupted compares all that a reader sees with what one run in one go exports.
func TestResumeEqualsUninterrupted(t *testing.T) {
	bubble(t, func(t *testing.T) {
		once, twice := newTrial(t, nil), newTrial(t, nil)
		for _, x := range []*trial{once, twice} {
			x.settle(t)
			x.day(t)
		}
		endings()[0].cut(t, twice, 4)
		twice.resumes(t, 3)
		once.healthy(t)
		want, got := once.state(t), twice.state(t)
		for _, state := range []map[string]map[string]map[string]any{want, got} {
			for _, rows := range state {
				for _, row := range rows {
					delete(row, schema.SyncedAt)
				}
			}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("resumed differs (-uninterrupted +resumed)\n%s", d)
		}
	})
}

// TestResumeWhenTheAccountMovedOn lets the account change between the two runs.
func TestResumeWhenTheAccountMovedOn(t *testing.T) {
	for n := 1; n <= pagesOfWalk+1; n++ {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				x := newTrial(t, nil)
				x.settle(t)
				left := leave(t, x)
				before := x.keys(t)
				if n <= pagesOfWalk {
					endings()[0].cut(t, x, n)
				} else { // the scan of the subscribers ends, the run does not
					x.disturb(once(1, list("/groups"), status(401))())
					if _, err := export.Export(t.Context(), x.options(t)); !errors.Is(err, client.ErrUnauthorized) {
						t.Fatal(err)
					}
				}
				x.day(t)
				for _, m := range left {
					x.account.Join(m[1], m[0])
				}
				x.disturb(nil)
				w := newWatch(x.account)
				report, err := export.Export(t.Context(), x.options(t))
				if err != nil {
					t.Fatal(err)
				}
				if n > 1 && !x.said("subscriber", "resuming after") {
					t.Errorf("not resumed: %q", x.messages)
				}
				w.gaps = true // what was read before shows the account as it was
				w.check(t, x.keys(t), report, before, nil)
				x.settle(t)
			})
		})
	}
}

// leave ends the membership of some subscribers, which are to join again.
func leave(t *testing.T, x *trial) (left [][2]string) {
	t.Helper()
	for i, key := range x.account.IDs("group_subscriber") {
		group, subscriber, _ := strings.Cut(key, "/")
		if i%7 == 0 && group == x.account.IDs("group")[3] && x.account.Leave(subscriber, group) {
			left = append(left, [2]string{group, subscriber})
		}
	}
	if len(left) == 0 {
		t.Fatal("nobody left")
	}
	return left
}

// TestPageLogsThatDoNotFit is about logs of an earlier run that must not be resumed.
func TestPageLogsThatDoNotFit(t *testing.T) {
	damage := func(at func(size int64) int64) func(t *testing.T, x *trial) {
		return func(t *testing.T, x *trial) {
			f, err := os.OpenFile(logFile(t, x), os.O_RDWR, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			info, _ := f.Stat()
			if _, err := f.WriteAt([]byte("\xff\x00\xff"), at(info.Size())); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, c := range []struct {
		name    string
		between func(t *testing.T, x *trial)
		change  func(*export.Options)
		say     string // of the run that finds the log; "" if it need not explain
		resumed int    // pages, -1 for none
	}{
		{name: "torn", between: func(t *testing.T, x *trial) {
			info, _ := os.Stat(logFile(t, x))
			if err := os.Truncate(logFile(t, x), info.Size()-3); err != nil {
				t.Fatal(err)
			}
		}, say: "resuming after 2 pages", resumed: 2},
		{name: "empty", between: func(t *testing.T, x *trial) { os.Truncate(logFile(t, x), 0) }, say: "starting over", resumed: -1},
		{name: "damaged at its start", between: damage(func(int64) int64 { return 3 }), say: "starting over", resumed: -1},
		{name: "damaged header", between: damage(func(int64) int64 { return 50 }), say: "starting over", resumed: -1},
		{name: "damaged in the middle", between: damage(func(size int64) int64 { return size / 2 }), say: "damaged", resumed: -1},
		{name: "of another account", between: func(t *testing.T, x *trial) {
			x.account = mailerlitetest.New(func() mailerlitetest.Options {
				return mailerlitetest.Options{Seed: 8, Subscribers: 60, AccountID: "4711", RatePerMinute: -1, ClampLimit: true,
					Limits: map[string]mailerlitetest.Limit{"/subscribers": {Default: 10, Max: 10}}}
			}())
		}, say: "another account", resumed: -1},
		{name: "scanned with other parameters", between: func(t *testing.T, x *trial) {
			table := core().Lookup("subscriber")
			header := pagelog.Header{Account: "83510", Table: table.Name, Source: "others", Started: time.Now()}
			logs := pagelog.NewStore(disk.OS(false), filepath.Dir(logFile(t, x)), t.TempDir())
			log, err := logs.Create(header, pagelog.ShapeOf(table))
			if err == nil {
				err = errors.Join(log.Append(nil, pagelog.Mark{Walk: "main", Cursor: "x"}), log.Close())
			}
			if err != nil {
				t.Fatal(err)
			}
		}, say: "other parameters", resumed: -1},
		{name: "too old", between: func(*testing.T, *trial) { time.Sleep(24 * time.Hour) }, say: "older than 24h", resumed: -1},
		{name: "just young enough", between: func(*testing.T, *trial) { time.Sleep(22 * time.Hour) }, say: "resuming after 3 pages", resumed: 3},
		{name: "overtaken by a committed run", between: func(t *testing.T, x *trial) {
			name := logFile(t, x)
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			x.settle(t)
			if err := os.WriteFile(name, data, 0o600); err != nil {
				t.Fatal(err)
			}
		}, say: "committed after", resumed: -1},
		{name: "not wanted", change: func(o *export.Options) { o.Restart = true }, resumed: -1},
		{name: "its cursor is refused", between: func(t *testing.T, x *trial) {
			x.disturb(once(1, list("/subscribers"), mailerlitetest.Fault{Status: 422, Body: `{"message":"The cursor is invalid."}`})())
		}, say: "does not accept the cursor", resumed: -1},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				x := newTrial(t, nil)
				endings()[0].cut(t, x, 4)
				if c.between != nil {
					c.between(t, x)
				}
				o := x.options(t)
				if c.change != nil {
					c.change(&o)
				}
				var first sync.Once
				cursor := "none"
				x.account.OnRequest(func(_ int, r *http.Request) {
					if list("/subscribers")(r) {
						first.Do(func() { cursor = r.URL.Query().Get("cursor") })
					}
				})
				report, err := export.Export(t.Context(), o)
				if err != nil || report.Failed() {
					t.Fatalf("error %v, report %+v, messages %q", err, report, x.messages)
				}
				if c.say != "" && !x.said("subscriber", c.say) {
					t.Errorf("got messages %q, want %q", x.messages, c.say)
				}
				if resumed := cursor != ""; resumed != (c.resumed >= 0) && c.name != "its cursor is refused" {
					t.Errorf("the first page asked for is at cursor %q", cursor)
				}
				x.check(t)
			})
		})
	}
}

func logFile(t *testing.T, x *trial) string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(x.dir, ".mailerlake", "*", "subscriber.pages"))
	if err != nil || len(names) != 1 {
		t.Fatalf("got page logs %v, error %v", names, err)
	}
	return names[0]
}

// TestFailedTableKeepsItsLog lets a table fail twice, the second time beside another one, and then resume.
func TestFailedTableKeepsItsLog(t *testing.T) {
	bubble(t, func(t *testing.T) {
		x := newTrial(t, nil)
		x.settle(t)
		before := x.state(t)
		x.day(t)
		first := x.failing(t, between(3, 1<<30, list("/subscribers"), status(503))(), "subscriber", "group_subscriber")
		if first.Snapshot != 2 {
			t.Errorf("got snapshot %d: the other tables were not committed", first.Snapshot)
		}
		again, gone := between(4, 1<<30, list("/subscribers"), status(503))(), ever(1, list("/campaigns"), status(404))()
		x.failing(t, func(r *http.Request) *mailerlitetest.Fault {
			if f := gone(r); f != nil {
				return f
			}
			return again(r)
		}, "subscriber", "group_subscriber", "campaign")
		if !x.said("subscriber", "resuming after 2 pages") {
			t.Errorf("got messages %q", x.messages)
		}
		if d := cmp.Diff(before["subscriber"], x.rows(t, "subscriber")); d != "" {
			t.Errorf("a table that failed has changed\n%s", d)
		}
		x.resumes(t, 5)
		if !x.said("subscriber", "resuming after 5 pages") {
			t.Errorf("got messages %q", x.messages)
		}
		x.check(t)
		x.settle(t)
	})
}

// TestDefinitionsAreReadAgain stops a run when the fields have been read and the subscribers only in part. A field that
// is created then must get its type when the scan is resumed.
func TestDefinitionsAreReadAgain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		x := newTrial(t, nil)
		x.settle(t)
		x.day(t)
		part, stop := ever(3, list("/subscribers"), status(503))(), ever(1, lookups, status(401))()
		x.disturb(func(r *http.Request) *mailerlitetest.Fault {
			if f := part(r); f != nil {
				return f
			}
			return stop(r)
		})
		if _, err := export.Export(t.Context(), x.options(t)); !errors.Is(err, client.ErrUnauthorized) {
			t.Fatalf("got error %v", err)
		}
		x.disturb(nil)
		key := x.account.FieldKey(x.account.AddField("Since then", "number"))
		for _, id := range x.account.IDs("subscriber") {
			x.account.SetField(id, key, "42.5")
		}
		x.resumes(t, 2)
		x.checkTypes(t)
		x.settle(t)
	})
}

// TestFieldOfFoundRow: a row that its list has lost answers by its id with a field that is newer than the definitions read.
// The field gets its type, or the table fails if that cannot be read.
func TestFieldOfFoundRow(t *testing.T) {
	for _, fails := range []bool{false, true} {
		bubble(t, func(t *testing.T) {
			x := newTrial(t, nil)
			x.settle(t)
			before, id, key := x.rows(t, "subscriber"), x.account.IDs("subscriber")[20], ""
			drop, fields := dropRow(id)(), list("/fields")
			x.disturb(func(r *http.Request) *mailerlitetest.Fault {
				switch {
				case counts(r):
					return &mailerlitetest.Fault{Rewrite: func([]byte) []byte { return []byte(`{"total":0}`) }}
				case fails && key != "" && fields(r):
					return &mailerlitetest.Fault{Status: 503}
				}
				return drop(r)
			})
			x.account.OnRequest(func(_ int, r *http.Request) {
				if key == "" && lookups(r) {
					key = x.account.FieldKey(x.account.AddField("Since then", "number"))
					x.account.SetField(id, key, "42.5")
				}
			})
			r, err := export.Export(t.Context(), x.options(t))
			if err != nil || r.Failed() != fails || key == "" {
				t.Fatalf("%v: %s", err, troubles(r))
			}
			if fails {
				if d := cmp.Diff(before, x.rows(t, "subscriber")); d != "" || tableOf(t, r, "subscriber").Err == nil {
					t.Errorf("error %v, changed %s", tableOf(t, r, "subscriber").Err, d)
				}
			} else {
				if got := x.rows(t, "subscriber")[id]["fields_"+key]; got != 42.5 {
					t.Errorf("the field has %v", got)
				}
				x.checkTypes(t)
			}
			x.settle(t)
			x.checkTypes(t)
		})
	}
}

// failing makes a run in which these tables fail, and no others.
func (x *trial) failing(t *testing.T, f fault, tables ...string) *export.Report {
	t.Helper()
	x.disturb(f)
	report, err := export.Export(t.Context(), x.options(t))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, table := range report.Tables {
		if table.Err != nil {
			got = append(got, table.Name)
		}
	}
	if d := cmp.Diff(tables, got); d != "" {
		t.Errorf("other tables failed (-want +got)\n%s", d)
	}
	return report
}

// plan makes a plan and returns the keys that the account has.
func (x *trial) plan(t *testing.T) map[string]map[string]bool {
	t.Helper()
	report, err := export.Plan(t.Context(), x.options(t))
	if err != nil || report.Failed() {
		t.Fatalf("plan: error %v, report %+v", err, report)
	}
	return x.existing()
}

func (x *trial) planned(t *testing.T) error {
	t.Helper()
	o := x.options(t)
	o.Client = nil // it needs no network
	_, err := export.ExportPlanned(t.Context(), o)
	return err
}

func TestExportPlanned(t *testing.T) {
	refused := func(t *testing.T, err error) {
		t.Helper()
		var none *export.NoPlanError
		if !errors.As(err, &none) {
			t.Errorf("got error %v, want a NoPlanError", err)
		}
	}
	for _, c := range []struct {
		name string
		do   func(t *testing.T, x *trial)
	}{
		{"commits exactly the scan of the plan", func(t *testing.T, x *trial) {
			then := x.plan(t)
			x.account.Advance(1)
			x.account.DeleteSubscriber(x.account.IDs("subscriber")[9])
			if err := x.planned(t); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(then, x.keys(t)); d != "" {
				t.Errorf("dataset differs from the plan (-plan +dataset)\n%s", d)
			}
			refused(t, x.planned(t)) // it was committed
		}},
		{"with deletes withheld", func(t *testing.T, x *trial) {
			before := x.keys(t)
			x.disturb(ever(1, counts, status(422))())
			if report, err := export.Plan(t.Context(), x.options(t)); err != nil || report.Tables[0].Withheld == "" {
				t.Fatalf("error %v, report %+v", err, report)
			}
			x.disturb(nil)
			if err := x.planned(t); err != nil {
				t.Fatal(err)
			}
			after := x.keys(t)
			for key := range before["subscriber"] {
				if !after["subscriber"][key] {
					t.Errorf("subscriber %s was deleted without proof", key)
				}
			}
		}},
		{"without the table that failed", func(t *testing.T, x *trial) {
			before := x.keys(t)
			x.disturb(ever(3, list("/subscribers"), status(503))())
			if report, err := export.Plan(t.Context(), x.options(t)); err != nil || report.Tables[0].Err == nil {
				t.Fatalf("error %v, report %+v", err, report)
			}
			x.disturb(nil)
			if err := x.planned(t); err != nil {
				t.Fatal(err)
			}
			want, got := x.existing(), x.keys(t)
			want["subscriber"], want["group_subscriber"] = before["subscriber"], before["group_subscriber"]
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("dataset differs (-want +got)\n%s", d)
			}
			x.resumes(t, 2)
		}},
		{"not after an export, which scans anew", func(t *testing.T, x *trial) {
			x.plan(t)
			x.account.Advance(1)
			x.healthy(t)
			if x.said("subscriber", "going on") {
				t.Errorf("the export goes on with the plan: %q", x.messages)
			}
			refused(t, x.planned(t))
		}},
		{"not after an export that failed", func(t *testing.T, x *trial) {
			x.plan(t)
			x.disturb(once(3, list("/subscribers"), status(401))())
			if _, err := export.Export(t.Context(), x.options(t)); !errors.Is(err, client.ErrUnauthorized) {
				t.Fatal(err)
			}
			refused(t, x.planned(t))
		}},
		{"not without a plan", func(t *testing.T, x *trial) { refused(t, x.planned(t)) }},
		{"not with a plan that is damaged", func(t *testing.T, x *trial) {
			x.plan(t)
			if err := os.Truncate(filepath.Join(x.dir, filepath.FromSlash(dataset.ScanDir), "planned.json"), 10); err != nil {
				t.Fatal(err)
			}
			refused(t, x.planned(t))
		}},
		{"not with a plan that cannot be read, which is not none", func(t *testing.T, x *trial) {
			x.plan(t)
			path := filepath.Join(x.dir, filepath.FromSlash(dataset.ScanDir), "planned.json")
			if err := errors.Join(os.Rename(path, path+".kept"), os.Mkdir(path, 0o755)); err != nil {
				t.Fatal(err)
			}
			var none *export.NoPlanError
			if err := x.planned(t); err == nil || errors.As(err, &none) {
				t.Errorf("got error %v", err)
			}
			if _, err := export.Export(t.Context(), x.options(t)); err == nil || !strings.Contains(err.Error(), "remove the earlier plan") {
				t.Errorf("an export: got error %v", err)
			}
			if err := errors.Join(os.Remove(path), os.Rename(path+".kept", path)); err != nil {
				t.Fatal(err)
			}
			if err := x.planned(t); err != nil {
				t.Error(err)
			}
		}},
		{"not on another snapshot, from a copy of the files", func(t *testing.T, x *trial) {
			x.plan(t)
			dir, files := filepath.Join(x.dir, filepath.FromSlash(dataset.ScanDir)), t.TempDir()
			if err := os.CopyFS(files, os.DirFS(dir)); err != nil {
				t.Fatal(err)
			}
			x.settle(t)
			if err := errors.Join(os.RemoveAll(dir), os.CopyFS(dir, os.DirFS(files))); err != nil {
				t.Fatal(err)
			}
			refused(t, x.planned(t))
		}},
		{"not with a page log that is damaged", func(t *testing.T, x *trial) {
			x.plan(t)
			if err := os.Truncate(logFile(t, x), 700); err != nil {
				t.Fatal(err)
			}
			refused(t, x.planned(t))
		}},
		{"the second of two plans", func(t *testing.T, x *trial) {
			x.plan(t)
			x.account.Advance(1)
			then := x.plan(t)
			if err := x.planned(t); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(then, x.keys(t)); d != "" {
				t.Errorf("dataset differs from the plan (-plan +dataset)\n%s", d)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				x := newTrial(t, nil)
				x.settle(t)
				x.day(t)
				c.do(t, x)
				x.settle(t)
			})
		})
	}
}

// TestPartialExportForgetsThePlan makes sure that the scan of a plan is committed by ExportPlanned or not at all, also
// by way of an export of other tables.
func TestPartialExportForgetsThePlan(t *testing.T) {
	l := newLake(t, mailerlitetest.Options{Subscribers: 30, Groups: 2, Campaigns: 3})
	l.export(t)
	if _, err := export.Plan(context.Background(), l.options(t)); err != nil {
		t.Fatal(err)
	}
	o := l.options(t)
	o.Tables = []string{"campaign"}
	if _, err := export.Export(context.Background(), o); err != nil {
		t.Fatal(err)
	}
	l.account.Advance(1)
	l.export(t)
	l.check(t)
}
