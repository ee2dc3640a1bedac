package delta_test

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailerlake/export/dataset"
	"mailerlake/export/publish/delta"
	"mailerlake/schema"
)

// newMemoryWorld returns a world that publishes into memory.
func newMemoryWorld(t *testing.T, seed uint64) (*world, *memory) {
	m := &memory{}
	w := newWorld(t, seed, m)
	m.now = func() time.Time { return w.now }
	return w, m
}

// day lets something happen that is usual, or seldom.
func (w *world) day() {
	switch n := w.r.IntN(20); {
	case n == 0:
		w.addColumn()
	case n == 1:
		w.widen()
	case n == 2:
		w.history = !w.history
	case n == 3: // nothing
	case n == 4 && len(w.rows) > 0:
		clear(w.rows)
		w.dirty[0] = true
	default:
		w.change()
	}
	w.commit()
	w.pass(time.Duration(w.r.Int64N(int64(36 * time.Hour))))
}

// checkTable compares the log with the snapshot, and with what the manifest would say of it.
func (w *world) checkTable(m *memory) {
	w.t.Helper()
	versions := versionsOf(w.t, m, "thing")
	last := versions[len(versions)-1]
	if got := slices.Sorted(maps.Keys(last.files)); !slices.Equal(got, w.names()) {
		w.t.Fatalf("version %d has files %v, want %v", last.number, got, w.names())
	}
	for i := range w.table.Parts {
		p := &w.table.Parts[i]
		if key := delta.DataFile(p); last.files[path.Base(key)] != p.Bytes || string(m.objects[key]) != string(w.files[p.Path]) {
			w.t.Errorf("%s is not the part", key)
		}
	}
	if last.txns["mailerlake/42"] != w.was.Snapshot || int64(last.number) != w.was.Version || last.at != w.was.At.UnixMilli() {
		w.t.Errorf("version %d of snapshot %d at %d; the manifest says %d, %d, %v", last.number, last.txns["mailerlake/42"], last.at, w.was.Version, w.was.Snapshot, w.was.At)
	}
	w.checkRetained(m, versions)
	if problems, err := delta.Verify(w.t.Context(), m, "42", w.was, &w.table); err != nil || len(problems) > 0 {
		w.t.Errorf("verify: %v, %v", problems, err)
	}
}

// checkRetained checks that every version can be read that was the last one within the time that files are retained.
func (w *world) checkRetained(m *memory, versions []*version) {
	w.t.Helper()
	cutoff := w.now.Add(-w.retain).UnixMilli()
	for i, v := range versions {
		if i+1 < len(versions) && versions[i+1].at <= cutoff {
			continue
		}
		for name := range v.files {
			if m.objects["thing/"+name] == nil {
				w.t.Errorf("version %d lacks file %s", v.number, name)
			}
		}
	}
	if first := versions[0]; first.number > 0 && len(versions) > 1 && first.at > cutoff {
		w.t.Errorf("the log begins with version %d, which is too new", first.number)
	}
}

// checkCheckpoints compares each checkpoint with the log that led to it, as long as all of that is there.
func (w *world) checkCheckpoints(m *memory) (checked int) {
	t := w.t
	t.Helper()
	versions := versionsOf(t, m, "thing")
	for _, v := range versions[1:] {
		if m.objects[fmt.Sprintf("thing/_delta_log/%020d.checkpoint.parquet", v.number)] == nil {
			continue
		}
		got := checkpointOf(t, m, "thing", v.number)
		if !sameState(v, got) {
			t.Errorf("checkpoint %d: %s", v.number, cmp.Diff(v.files, got.files))
		}
		for name := range got.removed {
			if !v.removed[name] {
				t.Errorf("checkpoint %d says that %s is removed", v.number, name)
			}
		}
		if int64(v.number) == w.was.Version && len(got.removed) != len(w.was.Removed) {
			t.Errorf("checkpoint %d has %d files that were removed, want %d", v.number, len(got.removed), len(w.was.Removed))
		}
		checked++
	}
	return checked
}

// TestDays publishes a table that lives through many days, some of them together, and reads the log after each publish.
func TestDays(t *testing.T) {
	checked, trimmed := 0, 0
	for seed := range uint64(5) {
		w, m := newMemoryWorld(t, seed)
		for range 60 {
			w.day()
			if w.r.IntN(5) == 0 {
				continue
			}
			w.publish()
			if w.r.IntN(4) == 0 {
				w.checkTable(m)
			}
			if w.was.Version%10 == 0 {
				checked += w.checkCheckpoints(m)
			}
		}
		trimmed += int(w.was.Oldest)
		w.checkLeft(m)
	}
	if checked == 0 || trimmed == 0 {
		t.Errorf("%d checkpoints were checked, %d versions trimmed", checked, trimmed)
	}
}

// checkLeft checks that nothing is left once time has passed but what the last version has.
func (w *world) checkLeft(m *memory) {
	w.t.Helper()
	for range 2 { // what goes with the first is removed by the second
		w.pass(8 * 24 * time.Hour)
		w.change()
		w.commit()
		w.publish()
	}
	w.pass(8 * 24 * time.Hour)
	w.publish()
	w.checkTable(m)
	for key := range m.objects {
		name := strings.TrimPrefix(key, "thing/")
		if !strings.HasPrefix(name, "_delta_log/") && !slices.Contains(w.names(), name) {
			w.t.Errorf("%s is left", key)
		}
	}
}

// TestRetainNothing keeps no file longer than it must: those that the manifest names which was read.
func TestRetainNothing(t *testing.T) {
	w, m := newMemoryWorld(t, 8)
	w.history, w.retain = true, 0
	for range 30 {
		old := w.was
		w.change()
		w.commit()
		w.publish()
		w.checkTable(m)
		if old == nil {
			continue
		}
		for _, f := range old.Files {
			if m.objects["thing/"+f.Path] == nil {
				t.Errorf("%s went before the manifest was written that does not name it", f.Path)
			}
		}
		for _, f := range slices.Concat(old.Removed, old.Changes) {
			if m.objects["thing/"+f.Path] != nil {
				t.Errorf("%s is there", f.Path)
			}
		}
		w.pass(time.Second)
	}
}

// TestIdle publishes what is published already: no request is made, and the state stays.
func TestIdle(t *testing.T) {
	w, m := newMemoryWorld(t, 1)
	w.change()
	w.commit()
	w.publish()
	requests, was := m.requests, w.was
	w.commit() // a snapshot in which the table stands still
	got, err := delta.Commit(t.Context(), w.input())
	if err != nil || got != was || m.requests != requests {
		t.Errorf("%d requests, %v, %v", m.requests-requests, got, err)
	}
}

// TestFilesOnly publishes files that are written again with the same rows: readers of changes are told that there is none.
func TestFilesOnly(t *testing.T) {
	w, m := newMemoryWorld(t, 3)
	w.history = true
	for range 10 {
		w.change()
	}
	w.commit()
	w.publish()
	w.dirty[1000/partRows] = true
	w.commit()
	w.publish()
	versions := versionsOf(t, m, "thing")
	for _, l := range versions[1].lines {
		if a := l["add"]; a != nil && a["dataChange"] != false {
			t.Errorf("add %v", a)
		}
		if a := l["remove"]; a != nil && a["dataChange"] != false {
			t.Errorf("remove %v", a)
		}
	}
	w.checkTable(m)
}

// TestFeedOfReservedColumn publishes a table with a column that a change data feed would add.
func TestFeedOfReservedColumn(t *testing.T) {
	w, m := newMemoryWorld(t, 4)
	w.history = true
	w.table.Columns = append(w.table.Columns, schema.Column{Name: "_Change_Type", Kind: schema.String})
	for range 5 {
		w.change()
		w.commit()
		w.publish()
		w.checkTable(m)
	}
	versions := versionsOf(t, m, "thing")
	if c, _ := versions[0].metadata["configuration"].(map[string]any); c["delta.enableChangeDataFeed"] != nil {
		t.Errorf("configuration %v", c)
	}
}

// TestManifest puts the state of tables into a manifest and reads it back.
func TestManifest(t *testing.T) {
	w, _ := newMemoryWorld(t, 5)
	w.history = true
	for range 30 {
		w.day()
		w.publish()
	}
	w.table.ChangesSince, w.table.CreatedIn = w.table.ChangedIn, 1
	m := &dataset.Manifest{Format: dataset.Format, Program: program, Account: dataset.Account{ID: "42"}, Snapshot: w.snapshot, CommittedAt: w.now,
		Tables: []dataset.TableState{w.table}, Publication: &dataset.Publication{Format: dataset.Delta}}
	m.Publication.Put(*w.was)
	data, err := dataset.EncodeManifest(m)
	if err != nil {
		t.Fatal(err)
	}
	got, err := dataset.DecodeManifest("manifest.json", data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(w.was, got.Publication.Table("thing")); diff != "" {
		t.Error(diff)
	}
}
