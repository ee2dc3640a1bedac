package export_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailerlake/client/mailerlitetest"
	"mailerlake/export"
	"mailerlake/export/dataset"
	"mailerlake/export/disk"
	"mailerlake/export/feed"
	"mailerlake/export/part"
	"mailerlake/schema"
	"mailerlake/schema/tables"
)

// feedSeeds is the environment variable that says how many accounts TestFeedModel takes through their days, which needs some 15
// seconds of processor time for each:
//
//	FEED_SEEDS=500 go test ./export -run FeedModel -timeout 2h
const feedSeeds = "FEED_SEEDS"

// tableCopy is a table at a snapshot, as somebody has loaded it.
type tableCopy struct {
	columns []schema.Column
	rows    map[string]map[string]any // by key, without nulls
}

// feedModel is a lake of a whole account, with the rows of every snapshot.
type feedModel struct {
	*wholeLake
	privacy   export.Privacy
	copies    map[int64]map[string]tableCopy // by snapshot and table
	forgotten map[string]bool                // "table key" of rows without values in the history
	versions  map[string][][]byte            // of each file, by path

	seen time.Time // when the manifest of the last copy was written

	told, untold, rebuilt int // how often changes were known and led there, were not known, and how often a past table was rebuilt
}

// TestFeedModel takes accounts through random days and runs, with all that can befall a feed. After each, the changes since every
// earlier snapshot lead to the present rows or are said to be unknown, and the history leads back to every snapshot that it says
// it reaches.
func TestFeedModel(t *testing.T) {
	seeds, err := strconv.Atoi(os.Getenv(feedSeeds))
	if err != nil {
		t.Skipf("set %s", feedSeeds)
	}
	for seed := range uint64(seeds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			whole := newWhole(t, func(o *mailerlitetest.Options) { smallWhole(o); o.Seed = seed + 1000 })
			w := &feedModel{wholeLake: whole, copies: map[int64]map[string]tableCopy{}, forgotten: map[string]bool{}, versions: map[string][][]byte{}}
			for range 8 {
				w.mutator.some(w.mutator.rng.IntN(12))
				w.someFeedRun(t)
				w.keepCopy(t)
				w.checkAll(t)
				if t.Failed() {
					t.Fatalf("what happened: %s", strings.Join(w.log, "; "))
				}
			}
			t.Logf("told %d, not known %d, rebuilt %d", w.told, w.untold, w.rebuilt)
		})
	}
}

// keepCopy keeps the rows of the present snapshot, if there is one and it is new.
func (w *feedModel) keepCopy(t testing.TB) {
	info, err := os.Stat(w.path(dataset.ManifestName))
	if err != nil || info.ModTime().Equal(w.seen) {
		return
	}
	d, err := dataset.Open(disk.OS(false), w.dir)
	if err != nil || d.Manifest == nil || d.Pending() || w.copies[d.Manifest.Snapshot] != nil {
		return
	}
	files := map[string][]byte{}
	for f := range d.Manifest.Files() {
		if files[f.Path], _ = os.ReadFile(w.path(f.Path)); fmt.Sprintf("%x", sha256.Sum256(files[f.Path])) != f.SHA256 {
			return // one is damaged, and nobody has repaired it
		}
	}
	for path, data := range files {
		w.versions[path] = append(w.versions[path], data)
	}
	copies := map[string]tableCopy{}
	for _, s := range d.Manifest.Tables {
		copies[s.Name] = tableCopy{s.Columns, withoutNulls(w.rows(t, s.Name))}
		w.checkStamps(t, s.Name, w.copies[d.Manifest.Snapshot-1][s.Name], copies[s.Name])
	}
	w.copies[d.Manifest.Snapshot], w.seen = copies, info.ModTime()
}

// checkStamps checks that whoever asks for rows with a _synced_at later than any before gets all that are new or not as before.
func (w *feedModel) checkStamps(t testing.TB, table string, was, now tableCopy) {
	synced := func(row map[string]any) time.Time {
		at, err := time.Parse(timeFormat, row[schema.SyncedAt].(string))
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	var last time.Time
	for _, row := range was.rows {
		if at := synced(row); at.After(last) {
			last = at
		}
	}
	for i, c := range was.columns {
		if now.columns[i].Kind != c.Kind { // its values are as before, and become text
			return
		}
	}
	for key, row := range now.rows {
		if !synced(row).After(last) && !reflect.DeepEqual(row, was.rows[key]) {
			t.Errorf("%s: a loader misses that %s has changed:\n%s", table, key, cmp.Diff(was.rows[key], row))
		}
	}
}

// someFeedRun makes a run that may go wrong, or takes somebody out of the history. Its outcome does not matter.
func (w *feedModel) someFeedRun(t testing.TB) {
	rng := w.mutator.rng
	w.advance(time.Duration(rng.IntN(30)-2) * time.Hour) // clocks are set back as well
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	o := w.someFeedOptions(t, cancel)
	kind := rng.IntN(9)
	if w.manifestOrNil() == nil {
		kind = 8
	}
	what, run := fmt.Sprint("export ", o.Tables), export.Export
	switch kind {
	case 0, 1:
		o.Tables = w.someTables()
	case 2:
		what, o.Rewrite, o.Privacy = "rewrite", true, export.Privacy{}
		if rng.IntN(2) == 0 {
			o.Privacy = export.Privacy{Drop: []string{"subscriber.optin_ip"}, Hash: []string{"subscriber.email"}, Key: make([]byte, 32)}
		}
	case 3:
		what, o.Repair = "repair of "+w.damage(t), true
		switch rng.IntN(6) {
		case 0:
			o.Tables = w.someTables()
			what += fmt.Sprint(" in ", o.Tables)
		case 1:
			what, o.Rewrite = "rewriting "+what, true
		}
	case 4:
		what, run = "plan", planAndExport
	case 5:
		w.forgetSomebody(t)
		return
	case 6:
		what = "another type"
		w.widen(rng.IntN(2) == 0)
	}
	r, err := run(ctx, o)
	if m := w.manifestOrNil(); m != nil && (m.Privacy != nil) == (o.Privacy.Hash != nil) {
		w.privacy = o.Privacy
	}
	w.note(fmt.Sprintf("%s: %v, failed %t", what, err, r != nil && r.Failed()))
}

// someTables returns the names of half of the tables.
func (w *feedModel) someTables() (names []string) {
	for _, table := range mailerlitetest.Tables {
		if w.mutator.rng.IntN(2) == 0 {
			names = append(names, table)
		}
	}
	return names
}

// planAndExport plans a run and commits that.
func planAndExport(ctx context.Context, o export.Options) (*export.Report, error) {
	if r, err := export.Plan(ctx, o); err != nil {
		return r, err
	}
	return export.ExportPlanned(context.Background(), o)
}

// someFeedOptions returns options of a run that may be stopped, whose commits are copied.
func (w *feedModel) someFeedOptions(t testing.TB, cancel func()) export.Options {
	rng := w.mutator.rng
	o := w.options(t)
	o.Privacy, o.Sizes = w.privacy, part.Sizes{Group: 8, Part: 20}
	if rng.IntN(2) == 0 {
		on := rng.IntN(3) > 0
		o.History = &on
	}
	if rng.IntN(4) == 0 {
		keep := []time.Duration{0, 30 * time.Hour, 90 * 24 * time.Hour, 90 * 24 * time.Hour}[rng.IntN(4)]
		if o.KeepChanges = &keep; keep == 0 {
			o.History = nil
		}
	}
	if rng.IntN(2) == 0 { // so slow that what is complete of long lists is committed
		o.Now = func() time.Time { w.advance(time.Minute); return w.tick() }
	}
	stop := -1
	if rng.IntN(5) == 0 {
		stop = rng.IntN(300)
	}
	o.OnEvent = func(export.Event) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.keepCopy(t)
		if stop--; stop == 0 {
			cancel()
		}
	}
	return o
}

// forgetSomebody takes a random subscriber out of the history.
func (w *feedModel) forgetSomebody(t testing.TB) {
	before := w.historyRows(t)
	f, err := w.forget(export.ForgetOptions{ID: w.mutator.pick("subscriber"), Key: w.privacy.Key})
	for row, n := range w.historyRows(t) {
		if n < before[row] {
			w.forgotten[row[:strings.LastIndex(row, " ")]] = true
		}
	}
	w.note(fmt.Sprintf("forget: %+v, %v", f, err))
}

// manifestOrNil returns the dataset's manifest, nil if there is none.
func (w *feedModel) manifestOrNil() *dataset.Manifest {
	d, err := dataset.Open(disk.OS(false), w.dir)
	if err != nil {
		return nil
	}
	return d.Manifest
}

// widen gives a custom field another type.
func (w *feedModel) widen(first bool) {
	id := w.account.AddField("Wide", "number")
	key := w.account.FieldKey(id)
	ids := w.account.IDs("subscriber")
	w.account.SetField(ids[w.mutator.rng.IntN(len(ids))], key, `"43"`)
	if first {
		w.account.DeleteField(id)
		w.account.AddField("Wide", "text")
		w.account.SetField(ids[w.mutator.rng.IntN(len(ids))], key, `"wide"`)
	}
}

// damage damages some file of the dataset.
func (w *feedModel) damage(t testing.TB) string {
	m := w.manifestOrNil()
	if m == nil {
		return "nothing"
	}
	var paths []string
	for f := range m.Files() {
		paths = append(paths, f.Path)
	}
	path := paths[w.mutator.rng.IntN(len(paths))]
	if w.mutator.rng.IntN(2) == 0 {
		if err := os.Remove(w.path(path)); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		return path + " gone"
	}
	data, err := os.ReadFile(w.path(path))
	if err != nil {
		return "nothing"
	}
	how := "flipped"
	if old := w.versions[path]; w.mutator.rng.IntN(2) == 0 && len(old) > 0 {
		data, how = bytes.Clone(old[w.mutator.rng.IntN(len(old))]), "of an older version, flipped"
	}
	from := w.mutator.rng.IntN(len(data))
	for i := range data[from:min(len(data), from+1<<w.mutator.rng.IntN(12))] {
		data[from+i] ^= 0x41
	}
	if w.mutator.rng.IntN(4) == 0 {
		data, how = data[:w.mutator.rng.IntN(len(data))], how+" and cut"
	}
	if err := os.WriteFile(w.path(path), data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path + " " + how
}

// historyRows returns how many values each row of the history has.
func (w *feedModel) historyRows(t testing.TB) map[string]int {
	n := map[string]int{}
	m := w.manifestOrNil()
	if m == nil {
		return n
	}
	for _, s := range m.Tables {
		for i, row := range w.historyOf(t, s.Name) {
			n[fmt.Sprint(s.Name, " ", keyOf(s.Name, row), " ", i)] = len(row)
		}
	}
	return n
}

// checkAll checks the feed and the history against all copies.
func (w *feedModel) checkAll(t testing.TB) {
	t.Helper()
	d, err := dataset.Open(disk.OS(false), w.dir)
	if err != nil {
		t.Fatal(err)
	}
	if d.Manifest == nil || d.Pending() {
		return
	}
	v, err := export.Verify(context.Background(), disk.OS(false), w.dir, tables.All())
	if err != nil {
		t.Fatal(err)
	}
	if v.Damaged() {
		w.note("damaged")
		return
	}
	for snapshot, copies := range w.copies {
		for i := range d.Manifest.Tables {
			s := &d.Manifest.Tables[i]
			was, there := copies[s.Name]
			w.checkTable(t, s, snapshot, was, there)
			if there && snapshot >= feed.HistorySince(s) {
				w.checkPast(t, d, s, snapshot, was)
			}
		}
	}
}

// checkTable checks the changes of a table since a snapshot.
func (w *feedModel) checkTable(t testing.TB, s *dataset.TableState, since int64, was tableCopy, there bool) {
	t.Helper()
	if there != (since >= s.CreatedIn) {
		t.Errorf("%s is said to be created in %d; at %d it was there: %t", s.Name, s.CreatedIn, since, there)
	}
	now := w.copies[w.manifest(t).Snapshot][s.Name]
	l := &applier{table: s.Name, rows: map[string]map[string]any{}}
	for key, row := range was.rows {
		l.rows[key] = row
	}
	o := export.ChangesOptions{FS: disk.OS(false), Dir: w.dir, Since: since, Tables: []string{s.Name}}
	_, err := export.ReadChanges(context.Background(), o, l)
	if unknown, ok := errors.AsType[*export.NotKeptError](err); ok {
		if w.untold++; reflect.DeepEqual(unknown.Known, []int64{s.ChangesSince}) && since < s.ChangesSince {
			return
		}
	}
	if err != nil {
		t.Fatalf("%s since %d: %v", s.Name, since, err)
	}
	w.told++
	if l.problem != "" || !reflect.DeepEqual(now.rows, l.rows) {
		t.Errorf("%s since %d: %s (-dataset +loaded)\n%s", s.Name, since, l.problem, cmp.Diff(now.rows, l.rows))
	}
}

// applier applies changes to rows.
type applier struct {
	table   string
	rows    map[string]map[string]any
	problem string
}

func (l *applier) Begin(*dataset.TableState, int64) error { return nil }
func (l *applier) End() error                             { return nil }
func (l *applier) Rows(c *feed.Changed) error {
	for i, kind := range c.Kinds {
		row := map[string]any{}
		for j, v := range c.Rows.Vectors {
			if value := plainValue(v, i); value != nil {
				row[c.Rows.Columns[j].Name] = value
			}
		}
		key := keyOf(l.table, row)
		if there := l.rows[key] != nil; there != (kind != feed.Insert) {
			l.problem = fmt.Sprintf("%v of %s, which was there: %t", kind, key, there)
		}
		if l.rows[key] = row; kind == feed.Delete {
			delete(l.rows, key)
		}
	}
	return nil
}

// checkPast checks what the history says of a table at a snapshot.
func (w *feedModel) checkPast(t testing.TB, d *dataset.Dataset, s *dataset.TableState, snapshot int64, was tableCopy) {
	t.Helper()
	got := withoutNulls(w.rowsAt(t, s.Name, snapshot))
	want := withoutNulls(was.rows)
	for key := range got {
		if w.forgotten[s.Name+" "+key] { // some of the versions of the row have only the key
			got[key], want[key] = onlyKey(s, got[key]), onlyKey(s, want[key])
		}
	}
	for i, c := range was.columns {
		if s.Columns[i].Kind != c.Kind { // it became text
			for _, rows := range []map[string]map[string]any{got, want} {
				for _, row := range rows {
					delete(row, c.Name)
				}
			}
		}
	}
	w.rebuilt++
	if !reflect.DeepEqual(want, got) {
		t.Errorf("%s at snapshot %d (-was +rebuilt)\n%s", s.Name, snapshot, cmp.Diff(want, got))
	}
}

// onlyKey returns the key of a row, nil for nil.
func onlyKey(s *dataset.TableState, row map[string]any) map[string]any {
	if row == nil {
		return nil
	}
	key := map[string]any{}
	for _, name := range s.Key {
		key[name] = row[name]
	}
	return key
}
