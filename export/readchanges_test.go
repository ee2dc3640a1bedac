package export_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailerlake/client/mailerlitetest"
	"mailerlake/export"
	"mailerlake/export/dataset"
	"mailerlake/export/disk"
	"mailerlake/export/feed"
	"mailerlake/export/feed/encode"
)

// readChanges returns the changes since a snapshot as NDJSON.
func (l *lake) readChanges(since int64, tables ...string) (string, *export.Changes, error) {
	if tables == nil {
		for _, t := range core().Tables() {
			tables = append(tables, t.Name)
		}
	}
	var out bytes.Buffer
	w, err := encode.New(encode.JSON, &out, "mailerlake test")
	if err != nil {
		return "", nil, err
	}
	c, err := export.ReadChanges(context.Background(), export.ChangesOptions{FS: disk.OS(false), Dir: l.dir, Since: since, Tables: tables}, w)
	return out.String(), c, err
}

// TestReadChangesLeadsThere: who loads each day only what changed since the snapshot that the last rows led to, has the
// dataset's rows every day.
func TestReadChangesLeadsThere(t *testing.T) {
	l := newLake(t, smallDemo())
	loaded := map[string]map[string]map[string]any{}
	since := int64(0)
	for day := range 5 {
		if day > 0 {
			l.account.Advance(1)
		}
		o := l.historyOptions(t)
		if day%2 == 0 {
			o.History = new(bool)
		}
		mustExport(t, o)
		text, c, err := l.readChanges(since)
		if err != nil {
			t.Fatal(err)
		}
		load(t, loaded, text, c.Snapshot)
		since = c.Snapshot
		for _, table := range core().Tables() {
			want, got := l.rows(t, table.Name), loaded[table.Name]
			if !reflect.DeepEqual(want, got) && len(want)+len(got) > 0 {
				t.Fatalf("day %d, %s (-dataset +loaded):\n%s", day, table.Name, cmp.Diff(want, got))
			}
		}
	}
	if text, c, err := l.readChanges(since); text != "" || err != nil || c.Snapshot != since {
		t.Errorf("after the last snapshot: %q, %+v, %v", text, c, err)
	}
}

// load applies changed rows, as NDJSON, the way a loader does.
func load(t testing.TB, loaded map[string]map[string]map[string]any, text string, snapshot int64) {
	t.Helper()
	for line := range strings.Lines(text) {
		row := map[string]any{}
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatal(err)
		}
		table, change := row["_table"].(string), row["_change"]
		if got := int64(row["_snapshot"].(float64)); got != snapshot {
			t.Fatalf("a row leads to snapshot %d, want %d", got, snapshot)
		}
		for _, name := range []string{"_table", "_change", "_snapshot"} {
			delete(row, name)
		}
		if loaded[table] == nil {
			loaded[table] = map[string]map[string]any{}
		}
		key := keyOf(table, row)
		if had := loaded[table][key] != nil; had != (change != "insert") {
			t.Fatalf("%s %s: %v of a row that is there: %t", table, key, change, had)
		}
		if delete(loaded[table], key); change != "delete" {
			loaded[table][key] = canonical(row)
		}
	}
	for _, rows := range loaded { // a column that came is null in the rows that were loaded before
		var columns []string
		for _, row := range rows {
			columns = append(columns, slices.Collect(maps.Keys(row))...)
		}
		slices.Sort(columns)
		for _, name := range slices.Compact(columns) {
			for _, row := range rows {
				if _, there := row[name]; !there {
					row[name] = nil
				}
			}
		}
	}
}

// canonical writes times as plain does.
func canonical(row map[string]any) map[string]any {
	for name, v := range row {
		if text, ok := v.(string); ok {
			if at, err := time.Parse(time.RFC3339Nano, text); err == nil {
				row[name] = at.UTC().Format(timeFormat)
			}
		}
	}
	return row
}

func TestReadChangesRefuses(t *testing.T) {
	l := newLake(t, mailerlitetest.Options{Subscribers: 30, Groups: 2})
	if _, _, err := l.readChanges(0); err == nil || !strings.Contains(err.Error(), "mailerlake export creates one") {
		t.Errorf("without a dataset: %v", err)
	}
	none := l.options(t)
	none.KeepChanges = new(0 * none.ResumeWithin)
	mustExport(t, none)
	l.account.Advance(1)
	mustExport(t, l.options(t))
	last := l.manifest(t).Snapshot
	_, _, err := l.readChanges(1)
	unknown, ok := errors.AsType[*export.NotKeptError](err)
	if !ok || unknown.Known[slices.Index(unknown.Tables, "subscriber")] != l.manifest(t).Table("subscriber").ChangesSince ||
		!strings.Contains(err.Error(), "with --since 0 --tables ") {
		t.Errorf("before what is kept: %v", err)
	}
	if _, _, err := l.readChanges(last + 1); !strings.Contains(err.Error(), "has no snapshot") {
		t.Errorf("after the last snapshot: %v", err)
	}
	o := export.ChangesOptions{FS: disk.OS(false), Dir: l.dir, Tables: []string{"shop"}, Required: []string{"shop"}}
	if _, err := export.ReadChanges(t.Context(), o, nil); err == nil || !strings.Contains(err.Error(), "no table shop") {
		t.Errorf("a table that is not there: %v", err)
	}
	if err := os.WriteFile(filepath.Join(l.dir, ".mailerlake", "journal.json"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := l.readChanges(0); err == nil || !strings.Contains(err.Error(), "mailerlake export finishes it") {
		t.Errorf("with an unfinished commit: %v", err)
	}
}

// TestReadChangesDuringExport: when another run commits, what was read is of no use, and the error says so rather than what
// that run replaced.
func TestReadChangesDuringExport(t *testing.T) {
	l := newLake(t, smallDemo())
	l.export(t)
	w := &meddler{do: func() { l.account.Advance(1); l.export(t) }}
	o := export.ChangesOptions{FS: disk.OS(false), Dir: l.dir, Tables: []string{"group", "subscriber"}}
	if _, err := export.ReadChanges(t.Context(), o, w); !errors.Is(err, export.ErrChanged) || w.ended {
		t.Errorf("got %v; the output was ended: %t", err, w.ended)
	}
}

// meddler lets something happen after the first rows.
type meddler struct {
	do    func()
	ended bool
}

func (m *meddler) Begin(*dataset.TableState, int64) error { return nil }
func (m *meddler) End() error                             { m.ended = true; return nil }
func (m *meddler) Rows(*feed.Changed) error {
	if m.do != nil {
		m.do()
		m.do = nil
	}
	return nil
}

func TestReadDamagedChanges(t *testing.T) {
	l := newLake(t, smallDemo())
	l.export(t)
	first := l.manifest(t).Snapshot
	l.account.Advance(1)
	l.export(t)
	name := filepath.Join(l.dir, dataset.ChangesPath("subscriber", l.manifest(t).Snapshot))
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 1
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	_, _, err = l.readChanges(first)
	if _, ok := errors.AsType[*export.ChangeFileError](err); !ok {
		t.Errorf("got %v", err)
	}
	if _, _, err := l.readChanges(0); err != nil {
		t.Errorf("all rows: %v", err)
	}
}
