package export_test

import (
	"errors"
	"strings"
	"testing"

	"mailerlake/export"
	"mailerlake/export/disk"
	"mailerlake/export/insights"
)

// TestReadInsightsOfRuns compares what the report says of the last runs with what these reported, with whole rows kept and
// with keys alone.
func TestReadInsightsOfRuns(t *testing.T) {
	l := newLake(t, smallDemo())
	l.export(t)
	want := map[int64]map[string]insights.Changes{}
	for day := range 4 {
		l.account.Advance(1)
		o := l.historyOptions(t)
		*o.History = day%2 == 0
		report := mustExport(t, o)
		run := map[string]insights.Changes{}
		for _, table := range report.Tables {
			if c := (insights.Changes{Added: table.Inserted, Changed: table.Updated, Deleted: table.Deleted}); c != (insights.Changes{}) {
				run[table.Name] = c
			}
		}
		want[l.manifest(t).Snapshot] = run
	}
	r, err := export.ReadInsights(t.Context(), disk.OS(false), l.dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Runs.Last) != len(want) {
		t.Fatalf("got %d runs, want %d", len(r.Runs.Last), len(want))
	}
	for _, run := range r.Runs.Last {
		var sum insights.Changes
		for _, table := range run.Tables {
			if table.Changes != want[run.Snapshot][table.Table] {
				t.Errorf("snapshot %d, %s: got %+v, want %+v", run.Snapshot, table.Table, table.Changes, want[run.Snapshot][table.Table])
			}
			sum.Added, sum.Changed, sum.Deleted = sum.Added+table.Added, sum.Changed+table.Changed, sum.Deleted+table.Deleted
		}
		if len(run.Tables) != len(want[run.Snapshot]) || sum != run.Changes {
			t.Errorf("snapshot %d: got %+v, want %+v", run.Snapshot, run, want[run.Snapshot])
		}
	}
}

// TestReadInsightsDuringExport: a commit while a report is read makes it begin again, and if there is another one, fail. It
// never shows figures of two snapshots.
func TestReadInsightsDuringExport(t *testing.T) {
	l := newLake(t, smallDemo())
	l.export(t)
	for _, commits := range []int{1, 2} {
		fsys := &meddledFS{FS: disk.OS(false), left: commits, do: func() { l.account.Advance(1); l.export(t) }}
		r, err := export.ReadInsights(t.Context(), fsys, l.dir)
		switch {
		case commits == 2:
			if !errors.Is(err, export.ErrChanged) {
				t.Errorf("with two commits: %v", err)
			}
		case err != nil:
			t.Error(err)
		default:
			rows := int64(len(l.account.IDs("subscriber")))
			if r.Snapshot != l.manifest(t).Snapshot || r.Subscribers.Audience.Subscribers != rows {
				t.Errorf("got snapshot %d with %d subscribers, want %d with %d", r.Snapshot, r.Subscribers.Audience.Subscribers, l.manifest(t).Snapshot, rows)
			}
		}
	}
}

// meddledFS lets something happen just before parts of one table are opened.
type meddledFS struct {
	disk.FS
	left int
	do   func()
}

func (m *meddledFS) Open(name string) (disk.File, error) {
	if strings.HasSuffix(name, "part-00000.parquet") && strings.Contains(name, "campaign") && m.left > 0 { // for the goroutine of campaigns alone
		m.left--
		m.do()
	}
	return m.FS.Open(name)
}
