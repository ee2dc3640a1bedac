package export_test

import (
	"errors"
	"testing"

	"mailerlake/client/mailerlitetest"
	"mailerlake/export"
	"mailerlake/export/disk"
	"mailerlake/export/disk/faultfs"
	"mailerlake/export/feed"
	"mailerlake/schema/tables"
)

// TestForgetKilled: killed at any change of the disk, also with a power loss, a person is in the history as before or not at
// all, and forgetting again ends it.
func TestForgetKilled(t *testing.T) {
	l := newLake(t, mailerlitetest.Options{Subscribers: 60, Groups: 3, Campaigns: 4, CustomFields: 2})
	for range 3 {
		mustExport(t, l.historyOptions(t))
		l.account.Advance(1)
	}
	files, id := readFiles(t, l.dir), ""
	for _, row := range l.historyOf(t, "subscriber") {
		if row[feed.ChangeColumn] == "update_before" {
			id = row["id"].(string)
		}
	}
	old := l.manifest(t).Snapshot
	place := func() *faultfs.FS {
		l.dir = t.TempDir()
		for path, data := range files {
			writeFile(t, l.dir, path, data)
		}
		f, err := faultfs.New(l.dir)
		if err != nil {
			t.Fatal(err)
		}
		f.ChangesOnly = true
		return f
	}
	run := func(fsys disk.FS) (*export.Forgotten, error) {
		return export.Forget(t.Context(), export.ForgetOptions{FS: fsys, Dir: l.dir, Catalog: tables.All(), ID: id, Program: "mailerlake test", Now: l.tick})
	}
	whole := place()
	if f, err := run(whole); err != nil || f.Rows == 0 {
		t.Fatalf("%+v, %v", f, err)
	}
	ops, kills, committed := len(whole.Ops()), 0, 0
	for n := 1; n <= ops; n += stride(ops, 12) {
		for _, power := range []bool{false, true} {
			f := place()
			f.KillAt(n)
			if _, err := run(f); !f.Killed() || err != nil && !errors.Is(err, faultfs.ErrKilled) {
				t.Fatalf("killed at %d: %v", n, err) // what the last operation does not clean up, the next run does
			}
			if power {
				if err := f.PowerLoss(uint64(n)); err != nil {
					t.Fatal(err)
				}
			}
			again, err := run(healthy) // which finishes what was committed
			if err != nil {
				t.Fatalf("after a kill at %d: %v", n, err)
			}
			if kills++; again.Rows == 0 {
				committed++
			}
			if again.Snapshot != old+1 {
				t.Errorf("after a kill at %d, the snapshot is %d", n, again.Snapshot)
			}
			for _, row := range l.historyOf(t, "subscriber") {
				if row["id"] == id && len(row) > 3 {
					t.Errorf("after a kill at %d, a row has %d values", n, len(row))
				}
			}
			if v := l.verify(t); v.Damaged() || v.Pending {
				t.Errorf("after a kill at %d: %+v", n, v)
			}
		}
	}
	if committed == 0 || committed == kills {
		t.Errorf("of %d kills, %d were after the point of commit", kills, committed)
	}
}
