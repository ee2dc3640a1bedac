package export_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"mailerlake/client/mailerlitetest"
	"mailerlake/export"
	"mailerlake/export/dataset"
	"mailerlake/schema"
)

// TestRepairTakesCopies: a repair that publishes takes damaged and missing files from the destination, where they are as they
// were, so that nothing is rebuilt and the changes stay known. It rebuilds what is damaged there too.
func TestRepairTakesCopies(t *testing.T) {
	for _, format := range []string{export.Parquet, export.Delta} {
		t.Run(format, func(t *testing.T) {
			l := newLake(t, mailerlitetest.Options{Subscribers: 60, Groups: 3, Campaigns: 2, CustomFields: 2})
			l.export(t)
			l.account.Advance(1)
			l.export(t)
			there := filepath.Join(t.TempDir(), "there")
			l.publishTo(t, there, format)
			before, m := l.rows(t, "subscriber"), l.manifest(t)
			const gone, zeros = "subscriber/part-00000.parquet", "group/part-00000.parquet"
			changes := dataset.ChangesPath("subscriber", m.Snapshot)
			err := errors.Join(os.RemoveAll(l.path("subscriber")), os.WriteFile(l.path(zeros), make([]byte, 5000), 0o644), os.Remove(l.path(changes)))
			if err != nil {
				t.Fatal(err)
			}
			l.account.Advance(1)
			o := l.options(t)
			o.Repair, o.Destinations = true, []export.Destination{{Store: destination(t, there)}}
			r := mustExport(t, o)
			l.check(t)
			for _, name := range []string{"subscriber", "group"} {
				if table := tableOf(t, r, name); table.Rebuilt > 0 || len(table.RebuiltParts) > 0 {
					t.Errorf("%s: %d rows rebuilt, parts %v", name, table.Rebuilt, table.RebuiltParts)
				}
			}
			kept := int64(0)
			for key, row := range l.rows(t, "subscriber") {
				if before[key] != nil && before[key][schema.SyncedAt] == row[schema.SyncedAt] {
					kept++
				}
			}
			if table := tableOf(t, r, "subscriber"); kept != table.Unchanged || kept == 0 {
				t.Errorf("%d rows keep their time, %d are as before", kept, table.Unchanged)
			}
			if _, _, err := l.readChanges(1, "subscriber", "group"); err != nil {
				t.Errorf("the changes are not known: %v", err)
			}
			if v := l.verify(t); v.Damaged() {
				t.Errorf("%+v", v.Problems)
			}

			for _, dir := range []string{l.dir, there} {
				parts, _ := filepath.Glob(filepath.Join(dir, "group", "part-*.parquet"))
				for _, name := range parts {
					if err := os.WriteFile(name, make([]byte, 5000), 0o644); err != nil {
						t.Fatal(err)
					}
				}
			}
			o = l.options(t)
			o.Repair, o.Destinations = true, []export.Destination{{Store: destination(t, there)}}
			if r := mustExport(t, o); tableOf(t, r, "group").Rebuilt == 0 {
				t.Error("a damaged copy is taken")
			}
			l.check(t)
		})
	}
}
