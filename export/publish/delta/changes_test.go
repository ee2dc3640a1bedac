package delta_test

import (
	"crypto/sha256"
	"fmt"
	"hash"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailerlake/export/dataset"
	"mailerlake/export/disk"
	"mailerlake/export/feed"
	"mailerlake/export/publish/delta"
)

// lake is the dataset of a world in a directory, with its change files.
type lake struct {
	w       *world
	dir     string
	changes []dataset.ChangeFile
}

func newLake(t *testing.T, w *world) *lake { return &lake{w: w, dir: t.TempDir()} }

// changeFile is a file that is summed while it is written.
type changeFile struct {
	*os.File
	bytes int64
	sum   hash.Hash
}

func (f *changeFile) Write(data []byte) (int, error) {
	f.bytes += int64(len(data))
	f.sum.Write(data)
	return f.File.Write(data)
}

func (f *changeFile) Bytes() int64 { return f.bytes }
func (f *changeFile) Sum() string  { return fmt.Sprintf("%x", f.sum.Sum(nil)) }

// commit writes the world's snapshot.
func (l *lake) commit() {
	w, t := l.w, l.w.t
	t.Helper()
	w.table.CreatedIn, w.table.ChangesSince = 1, max(1, w.widened)
	if w.snapshot > 1 && w.widened < w.snapshot {
		l.writeChanges()
	}
	w.table.Changes = slices.DeleteFunc(slices.Clone(l.changes), func(c dataset.ChangeFile) bool { return c.Snapshot <= w.table.ChangesSince })
	for path, data := range w.files {
		l.write(path, data)
	}
	m := &dataset.Manifest{Format: dataset.Format, Program: program, Account: dataset.Account{ID: "42"}, Snapshot: w.snapshot, CommittedAt: w.now, Tables: []dataset.TableState{w.table}}
	data, err := dataset.EncodeManifest(m)
	if err != nil {
		t.Fatal(err)
	}
	l.write("manifest.json", data)
}

func (l *lake) write(path string, data []byte) {
	name := filepath.Join(l.dir, filepath.FromSlash(path))
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		l.w.t.Fatal(err)
	}
	if err := os.WriteFile(name, data, 0o600); err != nil {
		l.w.t.Fatal(err)
	}
}

// writeChanges writes the change file of the snapshot.
func (l *lake) writeChanges() {
	w, t := l.w, l.w.t
	create := func() (feed.File, error) {
		path := dataset.ChangesPath("thing", w.snapshot)
		l.write(path, nil)
		f, err := os.Create(filepath.Join(l.dir, filepath.FromSlash(path)))
		return &changeFile{File: f, sum: sha256.New()}, err
	}
	out := feed.NewWriter(create, feed.Table{Name: "thing", Order: []string{"id"}, Columns: w.table.Columns}, w.snapshot, w.now, true, program)
	changes, _, err := w.changes(t.Context(), w.snapshot-1)
	if err != nil {
		t.Fatal(err)
	}
	for c := range changes {
		switch {
		case c.Before.Batch == nil:
			err = out.Inserted(c.After)
		case c.After.Batch == nil:
			err = out.Deleted(c.Before)
		default:
			err = out.Updated(c.Before, c.After)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	file, err := out.Close()
	if err != nil {
		t.Fatal(err)
	}
	if file != nil {
		l.changes = append(l.changes, *file)
	}
}

// publishFrom publishes with the changes that the directory has.
func (w *world) publishFrom(l *lake) {
	w.t.Helper()
	d, err := dataset.Open(disk.OS(false), l.dir)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := w.upload(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	in := w.input()
	in.Changes = delta.History(d, d.Manifest.Table("thing"))
	if w.was, err = delta.Commit(w.t.Context(), in); err != nil {
		w.t.Fatal(err)
	}
}

// TestChangeFeed applies the change feed, as the protocol defines it, to the rows of one version after another.
func TestChangeFeed(t *testing.T) {
	kinds := map[string]int{}
	for seed := range uint64(4) {
		w, m := newMemoryWorld(t, seed)
		w.history = true
		lake := newLake(t, w)
		rows := map[string]bool{}
		for day := range 15 {
			if day == 6 {
				w.widen()
			} else if day == 9 {
				w.addColumn()
			} else {
				w.change()
			}
			w.commit()
			lake.commit()
			if w.r.IntN(3) == 0 && day < 14 {
				continue
			}
			w.publishFrom(lake)
			versions := versionsOf(t, m, "thing")
			applyFeed(t, m, versions[len(versions)-1], rows, kinds)
			want := map[string]bool{}
			for _, r := range w.rows {
				want[rowText(r)] = true
			}
			if !maps.Equal(rows, want) {
				t.Fatalf("seed %d, day %d: %s", seed, day, cmp.Diff(want, rows))
			}
		}
	}
	for _, kind := range []string{"insert", "update_preimage", "update_postimage", "delete", "removed", "added"} {
		if kinds[kind] == 0 {
			t.Errorf("no rows of kind %s", kind)
		}
	}
}

// rowText writes a row that cannot be mistaken for another.
func rowText(r map[string]any) string {
	r = maps.Clone(r)
	for name, v := range r {
		if at, ok := v.(time.Time); ok {
			r[name] = at.UnixMicro()
		}
		if name == "_change_type" || v == nil {
			delete(r, name)
		}
	}
	return fmt.Sprint(r)
}

// applyFeed applies the changes of a version to rows: those of its change data, or else those of its files.
func applyFeed(t *testing.T, m *memory, v *version, rows map[string]bool, kinds map[string]int) {
	t.Helper()
	var out, in []map[string]any
	for _, l := range v.lines {
		for kind, a := range l {
			file := func() []map[string]any { return parquetRows(t, m.objects["thing/"+a["path"].(string)]) }
			switch {
			case kind == "cdc":
				for _, r := range file() {
					change := r["_change_type"].(string)
					kinds[change]++
					if change == "delete" || change == "update_preimage" {
						out = append(out, r)
					} else {
						in = append(in, r)
					}
				}
			case kind == "remove" && a["dataChange"] == true && !hasFeed(v):
				out = append(out, file()...)
				kinds["removed"]++
			case kind == "add" && a["dataChange"] == true && !hasFeed(v):
				in = append(in, file()...)
				kinds["added"]++
			}
		}
	}
	for _, r := range out {
		if !rows[rowText(r)] {
			t.Errorf("version %d: a row that is not there goes: %s", v.number, rowText(r))
		}
		delete(rows, rowText(r))
	}
	for _, r := range in {
		rows[rowText(r)] = true
	}
}

func hasFeed(v *version) bool {
	return slices.ContainsFunc(v.lines, func(l line) bool { return l["cdc"] != nil })
}

// TestFeedOfAnotherDataset publishes a dataset that was exported anew: its change files say nothing of what is published.
func TestFeedOfAnotherDataset(t *testing.T) {
	w, m := newMemoryWorld(t, 5)
	w.history = true
	for range 3 {
		w.change()
		w.commit()
	}
	w.publish()
	anew := newWorld(t, 6, m)
	anew.history, anew.was, anew.token = true, w.was, 100
	for range 10 {
		anew.change()
	}
	anew.commit()
	for range 4 {
		anew.rows[1000] = row{"id": "1000"}
		anew.dirty[1000/partRows] = true
		anew.commit()
	}
	anew.publish()
	anew.checkTable(m)
	versions := versionsOf(t, m, "thing")
	for _, l := range versions[1].lines {
		if l["cdc"] != nil || l["add"] != nil && l["add"]["dataChange"] != true {
			t.Errorf("%v", l)
		}
	}
}
