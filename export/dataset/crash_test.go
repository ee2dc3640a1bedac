package dataset_test

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"mailerlake/export/dataset"
	"mailerlake/export/disk/faultfs"
	"mailerlake/export/part"
)

var seeds = flag.Uint64("seeds", 3, "power losses tried at each operation")

// crash is one dataset in its old state, over a file system that is about to be faulty.
type crash struct {
	*testing.T
	dir        string
	fsys       *faultfs.FS
	old, next  tree // the whole directory before and after
	oldW, newW *world
}

func newCrash(t *testing.T) *crash {
	t.Helper()
	c := &crash{T: t, dir: filepath.Join(t.TempDir(), "lake"), oldW: oldWorld(), newW: nextWorld()}
	c.old = c.oldW.stored(t).with("group.log", "subscriber.log")
	c.next = c.newW.stored(t).with("group.log") // the commit consumes one of the logs
	c.old.write(t, c.dir)
	c.boot()
	return c
}

// boot starts with a healthy file system on which everything is durable.
func (c *crash) boot() {
	var err error
	if c.fsys, err = faultfs.New(c.dir); err != nil {
		c.Fatal(err)
	}
	c.fsys.ChangesOnly = true
}

func (c *crash) commit() error { return commitWorld(c.fsys, c.dir, c.newW, "subscriber.log") }

// restart is a new process on the machine as it is: what is not synced may still be lost.
func (c *crash) restart() { c.fsys.Restart() }

func (c *crash) losePower(seed uint64) {
	c.Helper()
	c.Logf("power loss by seed %d", seed)
	if err := c.fsys.PowerLoss(seed); err != nil {
		c.Fatal(err)
	}
	c.boot()
}

// committed reports whether the commit took place, as a reader of the directory sees it.
func (files tree) committed(next tree) bool {
	_, journal := files[dataset.JournalName]
	return journal || files[dataset.ManifestName] == next[dataset.ManifestName]
}

// checkReaders checks what readers see in the middle of it all.
func (c *crash) checkReaders() (committed bool) {
	c.Helper()
	got := readTree(c.T, c.dir)
	committed = got.committed(c.next)
	for path, text := range got {
		switch {
		case strings.HasSuffix(path, ".parquet") && part.TableOf(path)+dataset.ChangesOf(path) == "":
			c.Fatalf("a temporary file has the name of a part: %s", path)
		case part.TableOf(path)+dataset.ChangesOf(path) == "" && path != dataset.ManifestName:
		case text != c.old[path] && (text != c.next[path] || !committed):
			c.Fatalf("%s reads %q, committed %t", path, text, committed)
		}
	}
	c.checkChangesLast(got)
	met := got.keys()
	for key := range c.old.keys() {
		if n := met[key]; n != 1 && (n != 2 || !cutKeys[key] || !committed) {
			c.Fatalf("key %s is there %d times, committed %t", key, n, committed)
		}
	}
	return committed
}

// checkChangesLast checks that who sees a new change file finds the changed rows in the parts.
func (c *crash) checkChangesLast(got tree) {
	c.Helper()
	for path := range got {
		if dataset.ChangesOf(path) == "" || c.old[path] != "" {
			continue
		}
		for path, text := range c.next {
			if part.TableOf(path) != "" && got[path] != text {
				c.Fatalf("a new change file is there before %s", path)
			}
		}
	}
}

// checkRecovered recovers without faults and checks that it comes to exactly the old or the new state.
func (c *crash) checkRecovered(committed bool) {
	c.Helper()
	if _, err := recoverDataset(c.fsys, c.dir); err != nil {
		c.Fatalf("recover: %v", err)
	}
	want := c.old
	if committed {
		want = c.next
	}
	wantTree(c.T, fmt.Sprintf("recovered, committed %t", committed), readTree(c.T, c.dir), want)
	if _, err := os.Stat(filepath.Join(c.dir, filepath.FromSlash(dataset.StagedDir))); !errors.Is(err, fs.ErrNotExist) {
		c.Fatalf("the directory for staged parts is left: %v", err)
	}
}

// everyOp runs a test for each n until it reports that the n-th operation was never reached.
func everyOp(t *testing.T, name string, run func(t *testing.T, n int) (reached bool)) {
	t.Helper()
	for n, reached := 1, true; reached; n++ {
		ok := t.Run(fmt.Sprintf("%s%d", name, n), func(t *testing.T) { reached = run(t, n) })
		if !ok {
			return
		}
		if n > 1000 {
			t.Fatal("it has no end")
		}
	}
}

func TestCommitWithoutFaults(t *testing.T) {
	for seed := range uint64(10) {
		c := newCrash(t)
		if err := c.commit(); err != nil {
			t.Fatal(err)
		}
		wantTree(t, "committed", readTree(t, c.dir), c.next)
		if _, err := os.Stat(filepath.Join(c.dir, filepath.FromSlash(dataset.StagedDir))); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the directory for staged parts is left: %v", err)
		}
		c.losePower(seed)
		got := readTree(t, c.dir)
		delete(got, dataset.LockName+".json") // its removal need not last
		wantTree(t, "after a power loss", got, c.next)
		rolled, err := recoverDataset(c.fsys, c.dir)
		if rolled || err != nil {
			t.Errorf("recover after a whole commit = %t, %v", rolled, err)
		}
	}
}

func TestCommitKilled(t *testing.T) {
	everyOp(t, "op", func(t *testing.T, n int) bool {
		c := newCrash(t)
		c.fsys.KillAt(n)
		err := c.commit()
		if c.fsys.Killed() && err == nil && !lastOps(c.fsys, n) {
			t.Fatalf("killed at %v without error", c.fsys.Ops()[n-1])
		}
		reached := c.fsys.Killed()
		c.restart()
		c.checkRecovered(c.checkReaders())
		return reached
	})
}

// lastOps reports whether operation n is one after the commit's end, whose failure is nobody's concern: removing the
// empty directory for staged parts, and the name of the lock's holder.
func lastOps(fsys *faultfs.FS, n int) bool {
	op := fsys.Ops()[n-1]
	return strings.HasPrefix(op, "removeall ") || strings.HasSuffix(op, "lock.json")
}

func TestCommitPowerLoss(t *testing.T) {
	point := journalRename(t)
	everyOp(t, "op", func(t *testing.T, n int) bool {
		reached, tries := false, *seeds
		if n == point || n == point+1 { // before the journal's name is durable: it may come alone
			tries *= 20
		}
		for seed := range tries {
			c := newCrash(t)
			c.fsys.KillAt(n)
			c.commit()
			reached = c.fsys.Killed()
			c.losePower(seed)
			c.checkRecovered(c.checkReaders())
		}
		return reached
	})
}

// TestRecoverKilled kills the commit at n and its recovery at m; then the process starts again, or (every other time)
// the power is lost together with what both had not synced.
func TestRecoverKilled(t *testing.T) {
	for n, reached := 1, true; reached; n++ {
		for m, again := 1, true; again; m++ {
			reached, again = killTwice(t, n, m, (n+m)%2 == 0)
		}
	}
}

func killTwice(t *testing.T, n, m int, power bool) (first, second bool) {
	c := newCrash(t)
	c.fsys.KillAt(n)
	c.commit()
	first = c.fsys.Killed()
	c.restart()
	c.checkReaders()
	c.fsys.KillAt(m)
	recoverDataset(c.fsys, c.dir)
	second = c.fsys.Killed()
	if power {
		c.losePower(uint64(n*1000 + m))
	} else {
		c.restart()
	}
	c.Logf("commit killed at %d, recovery at %d, power loss %t", n, m, power)
	c.checkRecovered(c.checkReaders())
	return first, second
}

// TestCommitFails lets each operation fail, reading ones too: the error says which state the dataset is in.
func TestCommitFails(t *testing.T) {
	everyOp(t, "op", func(t *testing.T, n int) bool {
		c := newCrash(t)
		c.fsys.ChangesOnly = false
		c.fsys.FailAt(n, syscall.ENOSPC)
		err := c.commit()
		ops := c.fsys.Ops()
		committed := c.checkReaders()
		var unfinished *dataset.UnfinishedError
		if want := err == nil || errors.As(err, &unfinished); committed != want {
			t.Fatalf("failed at %s: committed %t, but the error is %v", ops[n-1], committed, err)
		}
		if err != nil && !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("failed at %s: the error hides it: %v", ops[n-1], err)
		}
		if err != nil && !strings.Contains(err.Error(), "lake") {
			t.Fatalf("failed at %s: the error names no file: %v", ops[n-1], err)
		}
		c.restart()
		c.checkRecovered(committed)
		return len(ops) >= n
	})
}

func TestRecoverFails(t *testing.T) {
	everyOp(t, "op", func(t *testing.T, n int) bool {
		c := newCrash(t)
		c.fsys.KillAt(journalRename(t) + 5) // some parts are in place, some are not
		c.commit()
		c.restart()
		c.fsys.ChangesOnly = false
		c.fsys.FailAt(n, syscall.EIO)
		_, err := recoverDataset(c.fsys, c.dir)
		ops := c.fsys.Ops()
		if err != nil && !errors.Is(err, syscall.EIO) {
			t.Fatalf("failed at %s: the error hides it: %v", ops[n-1], err)
		}
		if !c.checkReaders() {
			t.Fatalf("failed at %s: the commit is undone", ops[n-1])
		}
		c.restart()
		c.checkRecovered(true)
		return len(ops) >= n
	})
}

// journalRename returns which operation the point of commit is.
func journalRename(t *testing.T) int {
	t.Helper()
	c := newCrash(t)
	if err := c.commit(); err != nil {
		t.Fatal(err)
	}
	for i, op := range c.fsys.Ops() {
		if strings.HasPrefix(op, "rename ") && strings.HasSuffix(op, "journal.json") {
			return i + 1
		}
	}
	t.Fatal("the journal is never renamed")
	return 0
}

// TestFirstCommitKilled is the same for the first commit of a directory that does not exist.
func TestFirstCommitKilled(t *testing.T) {
	next := oldWorld()
	for n, reached := 1, true; reached; n++ {
		for seed := range 2 * *seeds {
			dir := filepath.Join(t.TempDir(), "new", "lake")
			fsys, err := faultfs.New(dir)
			if err != nil {
				t.Fatal(err)
			}
			fsys.ChangesOnly = true
			fsys.KillAt(n)
			commitWorld(fsys, dir, next)
			if reached = fsys.Killed(); seed%2 == 0 {
				fsys.Restart()
			} else if err := fsys.PowerLoss(seed); err != nil {
				t.Fatal(err)
			}
			fsys, _ = faultfs.New(dir)
			if _, err := recoverDataset(fsys, dir); err != nil {
				t.Fatalf("killed at %d, seed %d: %v", n, seed, err)
			}
			got, want := readTree(t, dir), tree{}
			if got[dataset.ManifestName] != "" {
				want = next.stored(t)
			}
			wantTree(t, fmt.Sprintf("killed at %d, seed %d", n, seed), got, want)
		}
	}
}
