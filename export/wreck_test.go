package export_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"mailerlake/client"
	"mailerlake/client/mailerlitetest"
	"mailerlake/export"
	"mailerlake/export/dataset"
	"mailerlake/export/disk"
	"mailerlake/export/disk/faultfs"
	"mailerlake/export/part"
)

// crashSizes are so small that a small account has many parts, and that one of them can be outgrown.
var crashSizes = part.Sizes{Group: 8, Part: 8}

// doRun is one of the entries of package export.
type doRun func(context.Context, export.Options) (*export.Report, error)

// content is what readers find in a dataset: rows without _synced_at, by table and key, and the file of each row.
type content struct {
	rows  map[string]map[string]map[string]any
	files map[string]string // by "table/key"
}

// scene is where accidents happen: an account, and a dataset that is behind it.
type scene struct {
	account *mailerlitetest.Account
	do      doRun             // the run that meets with the accident
	damaged map[string]bool   // paths of parts that it is to repair
	stored  map[string][]byte // files of the dataset before, by path; nil if there is none
	parts   map[string][]byte // of these, the manifest and the parts
	old     content
	// follower has loaded the dataset before; nil if there is none.
	follower *follower
	next     content // what the dataset must become; equal to the account
}

// crashAccount is a small account whose lists have several pages.
func crashAccount() *mailerlitetest.Account {
	small := mailerlitetest.Limit{Default: 20, Max: 20}
	return mailerlitetest.New(mailerlitetest.Options{Seed: 11, Subscribers: 50, Groups: 5, Campaigns: 12, CustomFields: 3, ClampLimit: true,
		RatePerMinute: -1, Limits: map[string]mailerlitetest.Limit{"/subscribers": small, "/campaigns": {Default: 5, Max: 5}}})
}

// advance changes the account so that a run has everything to do: a new column, changed rows, deletes, a part that is
// outgrown and cut, rows beyond the last part, a group gone with its memberships.
func advance(t *testing.T, a *mailerlitetest.Account) {
	t.Helper()
	subs, groups, campaigns := a.IDs("subscriber"), a.IDs("group"), a.IDs("campaign")
	a.AddField("Shoe size", "number")
	done := []bool{a.DeleteSubscriber(subs[2]), a.DeleteSubscriber(subs[33]), a.SetStatus(subs[40], "unsubscribed"), a.BumpCounters(subs[45]),
		a.SetField(subs[20], "shoe_size", "43"), a.DeleteGroup(groups[0]), a.RenameGroup(groups[1], "Renamed"), a.DeleteCampaign(campaigns[3])}
	if i := slices.Index(done, false); i >= 0 {
		t.Fatalf("change %d was not possible", i)
	}
	inside, _ := strconv.ParseUint(subs[20], 10, 64)
	for i := range uint64(60) {
		a.AddSubscriber(func(s *mailerlitetest.Subscriber) {
			s.ID, s.Email, s.Groups = strconv.FormatUint(inside+1+i, 10), fmt.Sprintf("in%d@example.com", i), groups[2:3]
		})
	}
	for range 10 {
		a.AddSubscriber(func(s *mailerlitetest.Subscriber) { s.Groups = groups[1:3] })
	}
	a.SendCampaign(a.AddCampaign("On its way"))
}

// newScene makes an account and exports it; then the account advances.
func newScene(t *testing.T) *scene {
	t.Helper()
	s := &scene{account: crashAccount(), do: export.Export}
	w := s.place(t)
	w.mustRun(t, export.Export)
	s.stored, s.parts, s.old, s.follower = readFiles(t, w.dir), readParts(t, w.dir), w.content(t), &follower{}
	s.follower.follow(t, w.dir)
	advance(t, s.account)
	s.expect(t)
	return s
}

// firstScene has no dataset yet.
func firstScene(t *testing.T) *scene {
	t.Helper()
	s := &scene{account: crashAccount(), do: export.Export}
	s.expect(t)
	return s
}

// expect finds out, by a run without accident, what the dataset must become, and compares that with the account.
func (s *scene) expect(t *testing.T) {
	t.Helper()
	w := s.place(t)
	w.mustRun(t, export.Export)
	(&lake{dir: w.dir, account: s.account}).check(t)
	if s.next = w.content(t); t.Failed() {
		t.Fatal("the run without accident is wrong")
	}
}

// wreck is one copy of a scene's dataset, about to meet with an accident.
type wreck struct {
	unread string // a file that a repair could not read, and may take for damaged
	*scene
	dir  string
	fsys *faultfs.FS
	runs int      // so far: time stands still in a run, and so the bytes of parts are the same in all trials
	said []string // by the last run
}

// place lays out the scene's dataset in a directory of its own.
func (s *scene) place(t *testing.T) *wreck {
	t.Helper()
	w := &wreck{scene: s, dir: filepath.Join(t.TempDir(), "lake")}
	for path, data := range s.stored {
		writeFile(t, w.dir, path, data)
	}
	if s.stored != nil {
		w.runs = 1
	}
	w.boot(t)
	return w
}

func writeFile(t *testing.T, dir, path string, data []byte) {
	t.Helper()
	name := filepath.Join(dir, filepath.FromSlash(path))
	if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, data, 0o644)); err != nil {
		t.Fatal(err)
	}
}

// boot makes what is on the disk durable, and the file system whole.
func (w *wreck) boot(t *testing.T) {
	t.Helper()
	fsys, err := faultfs.New(w.dir)
	if err != nil {
		t.Fatal(err)
	}
	w.fsys = fsys
	w.fsys.ChangesOnly = true
}

// run makes one run, on the file system fsys.
func (w *wreck) run(t *testing.T, fsys disk.FS, do doRun) (*export.Report, error) {
	t.Helper()
	return w.runIn(t, context.Background(), fsys, do)
}

// runIn makes one run that a context may end.
func (w *wreck) runIn(t *testing.T, ctx context.Context, fsys disk.FS, do doRun) (*export.Report, error) {
	t.Helper()
	c, err := client.New(client.Options{Key: "test", Transport: unpacked{w.account.Transport()}, Rate: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	w.runs++
	now := time.Date(2026, 11, 23, 12, w.runs, 0, 0, time.UTC)
	history := len(w.damaged) == 0
	events := make(chan export.Event, 10_000)
	r, err := do(ctx, export.Options{Client: c, FS: fsys, Dir: w.dir, Program: "mailerlake test", Catalog: core(),
		ResumeWithin: 24 * time.Hour, Sizes: crashSizes, Repair: len(w.damaged) > 0, Yes: true, History: &history,
		Now: func() time.Time { return now }, OnEvent: func(e export.Event) { events <- e }})
	close(events)
	w.said = nil
	for e := range events {
		if e.Message != "" {
			w.said = append(w.said, e.Table+": "+e.Message)
		}
	}
	return r, err
}

// mustRun makes a run that has to succeed in every table.
func (w *wreck) mustRun(t *testing.T, do doRun) *export.Report {
	t.Helper()
	r, err := w.run(t, healthy, do)
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range r.Tables {
		if table.Err != nil || table.Withheld != "" {
			t.Fatalf("%s: error %v, %+v", table.Name, table.Err, table.TablePlan)
		}
	}
	return r
}

// hears reports whether the last run said something.
func (w *wreck) hears(part string) bool {
	return slices.ContainsFunc(w.said, func(message string) bool { return strings.Contains(message, part) })
}

// recover makes a healthy run and requires that it ends in the new state, with nothing left over.
func (w *wreck) recover(t *testing.T) {
	t.Helper()
	w.mustRun(t, export.Export)
	w.checkNext(t)
}

func (w *wreck) checkNext(t *testing.T) {
	t.Helper()
	got := w.content(t)
	for _, table := range mailerlitetest.CoreTables {
		if !reflect.DeepEqual(got.rows[table], w.next.rows[table]) {
			t.Fatalf("%s differs from the account: %d rows, want %d", table, len(got.rows[table]), len(w.next.rows[table]))
		}
	}
	w.checkFeed(t)
	parts := readParts(t, w.dir)
	sums := committedFiles(t, w.dir)
	for path := range readFiles(t, w.dir) {
		if sums[path] == "" && path != dataset.ManifestName {
			t.Errorf("%s is left over", path)
		}
	}
	for path, sum := range sums {
		if sum != fmt.Sprintf("%x", sha256.Sum256(parts[path])) {
			t.Errorf("%s is not what the manifest says", path)
		}
	}
}

// opAt returns operation n of the last run.
func (w *wreck) opAt(n int) string {
	if ops := w.fsys.Ops(); n <= len(ops) {
		return strings.ReplaceAll(ops[n-1], w.dir, "")
	}
	return "none"
}
