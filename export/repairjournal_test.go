package export_test

import (
	"context"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"mailerlake/client/mailerlitetest"
	"mailerlake/export"
	"mailerlake/export/dataset"
	"mailerlake/export/disk"
	"mailerlake/export/disk/faultfs"
	"mailerlake/export/part"
	"mailerlake/schema"
)

// TestRepairOfHalfCommit kills exports between the point of commit and its end, and damages the journal: parts of two snapshots are
// there then. A repair goes back to the account, and whoever asks for later rows than those of the last snapshot misses none.
func TestRepairOfHalfCommit(t *testing.T) {
	l := newLake(t, mailerlitetest.Options{Subscribers: 50, Groups: 1, Churn: 2})
	sizes := part.Sizes{Group: 10, Part: 20}
	options := func() export.Options {
		o := l.options(t)
		o.Sizes = sizes
		return o
	}
	mustExport(t, options())
	base, last := l.dir, l.manifest(t).CommittedAt.Format(timeFormat)
	before := withoutNulls(l.rows(t, "subscriber"))
	l.account.Advance(1)
	run := func(killAt int) (ops []string) {
		l.dir = filepath.Join(t.TempDir(), "lake")
		if err := os.CopyFS(l.dir, os.DirFS(base)); err != nil {
			t.Fatal(err)
		}
		fsys, err := faultfs.New(l.dir)
		if err != nil {
			t.Fatal(err)
		}
		fsys.ChangesOnly = true
		fsys.KillAt(killAt)
		o := options()
		o.FS = fsys
		if _, err = export.Export(context.Background(), o); !fsys.Killed() && err != nil {
			t.Fatal(err)
		}
		ops = fsys.Ops()
		fsys.Restart()
		return ops
	}
	half, kept := 0, 0
	for n, op := range run(0) {
		if !strings.Contains(op, "rename") || !strings.Contains(op, "subscriber/part") {
			continue
		}
		run(n + 1)
		d, err := dataset.Open(disk.OS(false), l.dir)
		if err != nil {
			t.Fatal(err)
		}
		if !d.Pending() {
			continue
		}
		half++
		l.damageJournal(t)
		o := options()
		o.Repair = true
		mustExport(t, o)
		l.check(t)
		for key, row := range withoutNulls(l.rows(t, "subscriber")) {
			switch at := row[schema.SyncedAt].(string); {
			case at > last:
			case !reflect.DeepEqual(row, before[key]):
				t.Errorf("killed at operation %d: %s is stamped %s, and not as it was at %s", n, key, at, last)
			default:
				kept++
			}
		}
	}
	if half < 4 || kept == 0 {
		t.Errorf("killed in %d commits; %d rows kept their time", half, kept)
	}
}

// damageJournal damages the journal of an unfinished commit.
func (l *lake) damageJournal(t *testing.T) {
	t.Helper()
	name := l.path(".mailerlake/journal.json")
	data, err := os.ReadFile(name)
	if err == nil {
		data[len(data)/2] ^= 1
		err = os.WriteFile(name, data, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}
