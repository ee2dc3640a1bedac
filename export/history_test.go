package export_test

import (
	"context"
	"maps"
	"math"
	"reflect"
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
)

// historyOptions are those of an export that keeps history, in small parts.
func (l *lake) historyOptions(t testing.TB) export.Options {
	o := l.options(t)
	on := true
	o.History, o.Sizes = &on, part.Sizes{Group: 150, Part: 300}
	return o
}

// TestHistoryRebuildsDays: the demo account lives for six days, with columns that come; the history leads back to each of them,
// in every table and value.
func TestHistoryRebuildsDays(t *testing.T) {
	l := newLake(t, smallDemo())
	days := map[int64]map[string]map[string]map[string]any{} // snapshot, table, key, column
	for day := range 6 {
		if day > 0 {
			l.account.Advance(1)
		}
		mustExport(t, l.historyOptions(t))
		snapshot := l.manifest(t).Snapshot
		days[snapshot] = map[string]map[string]map[string]any{}
		for _, table := range core().Tables() {
			days[snapshot][table.Name] = l.rows(t, table.Name)
		}
	}
	changed := 0
	for snapshot, tables := range days {
		for name, want := range tables {
			got := l.rowsAt(t, name, snapshot)
			if want, got := withoutNulls(want), withoutNulls(got); !reflect.DeepEqual(want, got) {
				t.Errorf("%s at snapshot %d (-exported +rebuilt):\n%s", name, snapshot, cmp.Diff(want, got))
			}
			if !reflect.DeepEqual(want, l.rows(t, name)) {
				changed++
			}
		}
	}
	if changed < 15 {
		t.Errorf("only %d tables of a day differ from today's", changed)
	}
}

// withoutNulls leaves out what has no value: rows of a day lack the columns that came later.
func withoutNulls(rows map[string]map[string]any) map[string]map[string]any {
	out := map[string]map[string]any{}
	for key, row := range rows {
		out[key] = maps.Clone(row)
		maps.DeleteFunc(out[key], func(_ string, v any) bool { return v == nil })
	}
	return out
}

// rowsAt returns the rows that a table had at a snapshot, rebuilt from its history.
func (l *lake) rowsAt(t testing.TB, table string, snapshot int64) map[string]map[string]any {
	t.Helper()
	d, err := dataset.Open(disk.OS(false), l.dir)
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]map[string]any{}
	for b, err := range feed.RowsAt(context.Background(), d, d.Manifest.Table(table), snapshot) {
		if err != nil {
			t.Fatal(err)
		}
		for i := range b.Rows {
			row := map[string]any{}
			for c, v := range b.Vectors {
				row[b.Columns[c].Name] = plainValue(v, i)
			}
			rows[keyOf(table, row)] = row
		}
	}
	return rows
}

// plainValue writes a value as plain does.
func plainValue(v *schema.Vector, row int) any {
	switch {
	case v == nil || v.Null(row):
		return nil
	case v.Kind == schema.Date:
		return time.Unix(v.Int(row)*86400, 0).UTC().Format(time.DateOnly)
	case v.Kind == schema.Timestamp:
		return time.UnixMicro(v.Int(row)).UTC().Format(timeFormat)
	case v.Kind == schema.Int64:
		return float64(v.Int(row))
	case v.Kind == schema.Double:
		return math.Float64frombits(uint64(v.Int(row)))
	case v.Kind == schema.Bool:
		return v.Int(row) != 0
	}
	return string(v.Text(row))
}

// smallDemo is the demo account with fewer subscribers.
func smallDemo() mailerlitetest.Options {
	o := mailerlitetest.Demo(0)
	o.Subscribers = 500
	return o
}
