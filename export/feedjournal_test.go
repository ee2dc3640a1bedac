package export_test

import (
	"context"
	"os"
	"testing"

	"mailerlake/export"
	"mailerlake/export/disk/faultfs"
	"mailerlake/export/part"
)

// TestFeedAfterDamagedJournal: a commit that was killed, and whose journal was damaged, is given up. The feed leads from the state
// before to that of the repair, or says that a table has to be loaded again.
func TestFeedAfterDamagedJournal(t *testing.T) {
	l, f := keepLake(t)
	l.nextDay(t, withHistory(true))
	f.follow(t, l.dir)
	files := readFiles(t, l.dir)
	l.account.Advance(1)
	l.account.DeleteSubscriber(l.account.IDs("subscriber")[3])
	run := func(n int) (ops []string) {
		l.dir = t.TempDir()
		for path, data := range files {
			writeFile(t, l.dir, path, data)
		}
		fsys, err := faultfs.New(l.dir)
		if err != nil {
			t.Fatal(err)
		}
		fsys.ChangesOnly = true
		if n > 0 {
			fsys.KillAt(n)
		}
		o := l.options(t)
		o.FS, o.Sizes, o.Yes = fsys, part.Sizes{Group: 8, Part: 20}, true
		_, _ = export.Export(context.Background(), o)
		return fsys.Ops()
	}
	ops, given := run(0), 0
	for n := pointOfCommit(t, ops) + 1; n <= len(ops); n += stride(len(ops), 24) {
		run(n)
		journal := l.path(".mailerlake/journal.json")
		data, err := os.ReadFile(journal)
		if err != nil {
			continue
		}
		given++
		data[len(data)/2] ^= 1
		if err := os.WriteFile(journal, data, 0o600); err != nil {
			t.Fatal(err)
		}
		l.keep(t, func(o *export.Options) { o.Repair = true })
		c := f.clone()
		c.follow(t, l.dir)
		if v := l.verify(t); v.Damaged() {
			t.Errorf("killed at %d: %+v", n, v.Problems)
		}
		l.check(t)
		l.keep(t, nil)
		c.follow(t, l.dir)
	}
	if given == 0 {
		t.Error("no commit was given up")
	}
}
