package export_test

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"mailerlake/client/mailerlitetest"
	"mailerlake/export"
	"mailerlake/export/part"
	"mailerlake/schema"
)

// repaired is what a repair did to one table, as its rows show.
type repaired struct {
	kept, stamped int64 // rows that kept their _synced_at, and that have a new one
	feed          bool  // the changes are known as before
	counts        export.TableReport
}

// repairDamaged damages a file of a copy of a dataset, repairs it, and requires that the dataset then equals the account, that
// a row which is not as before has a new _synced_at, and that the report counts those that have one.
func (l *lake) repairDamaged(t *testing.T, base, path string, sizes part.Sizes, before map[string]map[string]any, damage func(data []byte) []byte) (r repaired) {
	t.Helper()
	l.dir = filepath.Join(t.TempDir(), "lake")
	if err := os.CopyFS(l.dir, os.DirFS(base)); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(l.path(path))
	if err == nil {
		err = os.WriteFile(l.path(path), damage(data), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	since := l.manifest(t).Table("subscriber").ChangesSince
	o := l.options(t)
	o.Sizes, o.Repair = sizes, true
	r.counts = tableOf(t, mustExport(t, o), "subscriber")
	l.check(t)
	for key, row := range l.rows(t, "subscriber") {
		old := before[key]
		if old != nil && old[schema.SyncedAt] == row[schema.SyncedAt] {
			if r.kept++; !reflect.DeepEqual(old, row) {
				t.Errorf("%s is not as before, and keeps its _synced_at", key)
			}
			continue
		}
		r.stamped++
	}
	m := l.manifest(t).Table("subscriber")
	r.feed = m.ChangesSince == since
	if want := r.counts.Inserted + r.counts.Updated + r.counts.Rebuilt; r.stamped != want || m.Last.Rebuilt != r.counts.Rebuilt {
		t.Errorf("%d rows have a new _synced_at, %d are reported, %d rebuilt in the manifest", r.stamped, want, m.Last.Rebuilt)
	}
	if _, c, err := l.readChanges(since, "subscriber"); r.feed && (err != nil || c.Tables[0].Rows() != r.counts.Inserted+r.counts.Updated+r.counts.Deleted) {
		t.Errorf("the changes are said to be known: %v %+v", err, c)
	}
	return r
}

// TestRepairKeepsSyncedAt damages a part in all of its regions: what can still be read of it is compared with the account, and
// rows that are as before keep their _synced_at.
func TestRepairKeepsSyncedAt(t *testing.T) {
	l := newLake(t, mailerlitetest.Options{Subscribers: 90, Groups: 2, Campaigns: 2, CustomFields: 2, Churn: 2})
	o := l.options(t)
	o.Sizes = part.Sizes{Group: 15, Part: 45}
	mustExport(t, o)
	const path = "subscriber/part-00000.parquet"
	base, before := l.dir, l.rows(t, "subscriber")
	info, err := os.Stat(l.path(path))
	if err != nil {
		t.Fatal(err)
	}
	l.account.Advance(1)
	few, all, none := 0, 0, 0
	const places = 16
	for i := range places {
		t.Run(fmt.Sprint("bytes flipped, ", i), func(t *testing.T) {
			r := l.repairDamaged(t, base, path, o.Sizes, before, func(data []byte) []byte {
				at := 4 + i*int(info.Size()-20)/places
				for k := range data[at : at+12] {
					data[at+k] ^= 0x20
				}
				return data
			})
			switch n := r.counts.Rebuilt; {
			case n > 45:
				t.Errorf("%d rows are rebuilt, of a part of 45", n)
			case n > 15:
				all++
			case n > 0:
				few++
			default:
				none++
			}
			if r.feed != (r.counts.Rebuilt == 0) {
				t.Errorf("%d rows rebuilt, changes known: %t", r.counts.Rebuilt, r.feed)
			}
		})
	}
	if few < places/8 || none < places/4 || all > places/4 {
		t.Errorf("of %d damages, %d cost the rows of a row group, %d all of the part, %d none", places, few, all, none)
	}
	for what, test := range map[string]struct {
		damage      func([]byte) []byte
		least, most int64 // rows rebuilt
	}{
		"without its footer": {func(data []byte) []byte { clear(data[len(data)-300:]); return data }, 0, 0},
		"a byte of a page":   {func(data []byte) []byte { data[len(data)/8] ^= 4; return data }, 13, 15},
		"longer":             {func(data []byte) []byte { return append(data, 0) }, 0, 0},
		"cut":                {func(data []byte) []byte { return data[:len(data)/4] }, 13, 30},
		"empty":              {func([]byte) []byte { return nil }, 40, 45},
	} {
		t.Run(what, func(t *testing.T) {
			r := l.repairDamaged(t, base, path, o.Sizes, before, test.damage)
			if n := r.counts.Rebuilt; n < test.least || n > test.most || r.feed != (test.most == 0) || r.kept < 20 {
				t.Errorf("%d rows rebuilt, want %d to %d; changes known: %t, %d rows keep their time", n, test.least, test.most, r.feed, r.kept)
			}
		})
	}
}
