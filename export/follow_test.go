package export_test

import (
	"bytes"
	"maps"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"mailerlake/export/dataset"
	"mailerlake/export/disk"
	"mailerlake/export/part"
)

// follower loads a dataset as somebody does who keeps a copy of it elsewhere: all rows at first, and then only what the
// change files say.
type follower struct {
	snapshot int64 // of the copy; 0 if nothing is loaded yet
	tables   map[string]map[string]map[string]any
	again    []string // tables that had to be loaded again

	parts map[string][]map[string]any // the rows of the copy's parts, by checksum
}

// clone returns a follower with the same copy. Rows are never changed in place.
func (f *follower) clone() *follower {
	c := &follower{snapshot: f.snapshot, tables: map[string]map[string]map[string]any{}, parts: f.parts}
	maps.Copy(c.tables, f.tables)
	return c
}

// follow brings the copy to the dataset's state, if there is one, and checks that it equals the dataset then.
func (f *follower) follow(t testing.TB, dir string) {
	t.Helper()
	d, err := dataset.Open(disk.OS(false), dir)
	if err != nil || d.Pending() {
		t.Fatalf("no state to follow: %v, pending %t", err, d != nil && d.Pending())
	}
	if f.again = nil; d.Manifest == nil {
		return
	}
	files := map[string][]byte{}
	for path, data := range readFiles(t, dir) {
		if part.TableOf(path)+dataset.ChangesOf(path) != "" {
			files[path] = data
		}
	}
	if f.tables == nil {
		f.tables = map[string]map[string]map[string]any{}
	}
	was := f.parts
	f.parts = map[string][]map[string]any{}
	for i := range d.Manifest.Tables {
		f.table(t, &d.Manifest.Tables[i], files, was)
	}
	f.snapshot = d.Manifest.Snapshot
}

// table brings one table of the copy to its state.
func (f *follower) table(t testing.TB, state *dataset.TableState, files map[string][]byte, known map[string][]map[string]any) {
	t.Helper()
	now := map[string]map[string]any{}
	for _, p := range state.Parts {
		rows, ok := known[p.SHA256]
		if !ok {
			rows = fileRows(t, p.Path, files[p.Path])
		}
		f.parts[p.SHA256] = rows
		for _, row := range rows {
			now[keyIn(state.Key, row)] = row
		}
	}
	was, loaded := f.tables[state.Name]
	f.tables[state.Name] = now
	switch {
	case !loaded:
		return
	case f.snapshot < state.ChangesSince:
		f.again = append(f.again, state.Name)
		return
	}
	copied, guessed := maps.Clone(was), map[string]bool{}
	for _, c := range state.Changes {
		if c.Snapshot > f.snapshot {
			applyChanges(t, copied, now, guessed, state, c, files[dataset.ChangesPath(state.Name, c.Snapshot)])
		}
	}
	if !reflect.DeepEqual(now, copied) {
		t.Errorf("%s: followed from snapshot %d, the copy differs (-dataset +copy)\n%s", state.Name, f.snapshot, cmp.Diff(now, copied))
	}
}

// applyChanges applies the changes of one snapshot to a copy: those with history as they are, others with the rows that the
// dataset has now. Those are guessed: a later snapshot may have changed them again.
func applyChanges(t testing.TB, copied, now map[string]map[string]any, guessed map[string]bool, state *dataset.TableState, c dataset.ChangeFile, data []byte) {
	t.Helper()
	table := state.Name
	rows := fileRows(t, table, data)
	if int64(len(rows)) != c.Rows {
		t.Errorf("%s: %d changes in snapshot %d, the manifest says %d", table, len(rows), c.Snapshot, c.Rows)
	}
	for _, change := range rows {
		key, row := keyIn(state.Key, change), maps.Clone(change)
		for _, own := range []string{"_change", "_snapshot", "_changed_at"} {
			delete(row, own)
		}
		if !c.History {
			row = now[key]
		}
		was, there := copied[key]
		what := change["_change"].(string)
		if there == (what == "insert") || change["_snapshot"] != float64(c.Snapshot) {
			t.Errorf("%s: snapshot %d has %s of %s, which was there: %t", table, c.Snapshot, what, key, there)
		}
		switch what {
		case "delete", "update_before":
			if c.History && !guessed[key] && !reflect.DeepEqual(was, row) {
				t.Errorf("%s: snapshot %d has another row before its %s of %s (-copy +history)\n%s", table, c.Snapshot, what, key, cmp.Diff(was, row))
			}
			if what == "delete" {
				delete(copied, key)
			}
		default:
			guessed[key] = !c.History
			if copied[key] = row; row == nil {
				delete(copied, key) // a later snapshot deletes it
				copied[key] = map[string]any{}
			}
		}
	}
}

// keyIn returns the key of a row.
func keyIn(columns []string, row map[string]any) string {
	var key []string
	for _, column := range columns {
		key = append(key, row[column].(string))
	}
	return strings.Join(key, "/")
}

// fileRows returns the rows of a part or a change file, without nulls. They must not be changed.
func fileRows(t testing.TB, path string, data []byte) []map[string]any {
	t.Helper()
	file, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	rows := readRows(t, file)
	for _, row := range rows {
		maps.DeleteFunc(row, func(_ string, v any) bool { return v == nil })
	}
	return rows
}

// checkFeed checks that the change files lead from the scene's old state to the dataset's present one, and says no more
// than has changed.
func (w *wreck) checkFeed(t *testing.T) {
	t.Helper()
	if w.follower == nil {
		for path := range readFiles(t, w.dir) {
			if strings.HasPrefix(path, dataset.ChangesDir) {
				t.Errorf("the first load of a table left %s", path)
			}
		}
		return
	}
	f := w.follower.clone()
	f.follow(t, w.dir)
	for _, table := range f.again {
		if !w.damagedTable(table) {
			t.Errorf("%s would have to be loaded again", table)
		}
	}
}

// damagedTable reports whether the scene's run repairs a table.
func (w *wreck) damagedTable(table string) bool {
	if part.TableOf(w.unread) == table {
		return true
	}
	for path := range w.damaged {
		if part.TableOf(path) == table {
			return true
		}
	}
	return false
}
