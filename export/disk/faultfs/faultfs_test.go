package faultfs

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"mailerlake/export/disk"
)

func newFS(t *testing.T) (string, *FS) {
	t.Helper()
	dir := t.TempDir()
	fsys, err := New(dir)
	if err != nil {
		t.Fatal(err)
	}
	return dir, fsys
}

func write(t *testing.T, fsys *FS, name, text string, sync bool) {
	t.Helper()
	f, err := fsys.Create(name, disk.Shared)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if sync {
		if err := f.Sync(); err != nil {
			t.Fatal(err)
		}
	}
}

func read(dir, name string) string {
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return "none"
	}
	return string(data)
}

func TestFailAt(t *testing.T) {
	dir, fsys := newFS(t)
	fsys.FailAt(2, syscall.ENOSPC)
	if err := fsys.MkdirAll(filepath.Join(dir, "a"), disk.Shared); err != nil {
		t.Fatal(err)
	}
	if err := fsys.MkdirAll(filepath.Join(dir, "b"), disk.Shared); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("second operation: error = %v, want ENOSPC", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "b")); err == nil {
		t.Error("the operation that failed was done")
	}
	if err := fsys.MkdirAll(filepath.Join(dir, "b"), disk.Shared); err != nil || fsys.Killed() {
		t.Errorf("third operation: error = %v, killed %t", err, fsys.Killed())
	}
	if got := len(fsys.Ops()); got != 3 {
		t.Errorf("%d operations, want 3", got)
	}
}

func TestKillAt(t *testing.T) {
	dir, fsys := newFS(t)
	name := filepath.Join(dir, "x")
	f, err := fsys.Create(name, disk.Shared)
	if err != nil {
		t.Fatal(err)
	}
	fsys.KillAt(1)
	if n, err := f.Write([]byte("1234")); n != 2 || !errors.Is(err, ErrKilled) {
		t.Errorf("killed write = %d, %v, want 2 and ErrKilled", n, err)
	}
	later := map[string]error{"sync": f.Sync(), "remove": fsys.Remove(name), "close": f.Close()}
	_, later["write"] = f.Write([]byte("5"))
	_, later["open"] = fsys.Open(name)
	_, later["stat"] = fsys.Stat(name)
	_, later["read"] = f.Read(make([]byte, 1))
	for op, err := range later {
		if !errors.Is(err, ErrKilled) {
			t.Errorf("%s after the kill: error = %v", op, err)
		}
	}
	if got := read(dir, "x"); got != "12" || !fsys.Killed() {
		t.Errorf("file = %q, killed %t, want 12", got, fsys.Killed())
	}
	fsys.Restart()
	if err := fsys.Remove(name); err != nil || fsys.Killed() {
		t.Errorf("after the restart: %v, killed %t", err, fsys.Killed())
	}
}

func TestChangesOnly(t *testing.T) {
	dir, fsys := newFS(t)
	write(t, fsys, filepath.Join(dir, "x"), "x", false)
	fsys.Restart()
	fsys.ChangesOnly = true
	fsys.FailAt(1, syscall.EIO)
	f, err := fsys.Open(filepath.Join(dir, "x"))
	if err != nil {
		t.Fatal(err)
	}
	if data, err := io.ReadAll(f); string(data) != "x" || err != nil {
		t.Errorf("read %q, %v", data, err)
	}
	if err := errors.Join(f.Close()); err != nil || len(fsys.Ops()) != 0 {
		t.Errorf("close: %v, operations %v", err, fsys.Ops())
	}
}

// after collects what power losses leave of x and y, over many seeds.
func after(t *testing.T, run func(dir string, fsys *FS)) map[string]bool {
	t.Helper()
	seen := make(map[string]bool)
	for seed := range uint64(200) {
		dir, _ := newFS(t)
		if err := os.WriteFile(filepath.Join(dir, "x"), []byte("old"), 0o644); err != nil {
			t.Fatal(err)
		}
		fsys, err := New(dir)
		if err != nil {
			t.Fatal(err)
		}
		run(dir, fsys)
		if err := fsys.PowerLoss(seed); err != nil {
			t.Fatal(err)
		}
		seen[read(dir, "x")+" "+read(dir, "y")] = true
	}
	return seen
}

func wantSeen(t *testing.T, seen map[string]bool, want ...string) {
	t.Helper()
	for _, state := range want {
		if !seen[state] {
			t.Errorf("never left: %q; left: %v", state, seen)
		}
		delete(seen, state)
	}
	if len(seen) > 0 {
		t.Errorf("left as well: %v", seen)
	}
}

func TestPowerLossKeepsWhatIsSynced(t *testing.T) {
	seen := after(t, func(dir string, fsys *FS) {
		write(t, fsys, filepath.Join(dir, "y"), "new", true)
		fsys.Rename(filepath.Join(dir, "y"), filepath.Join(dir, "x"))
		fsys.SyncDir(dir)
	})
	wantSeen(t, seen, "new none")
}

func TestPowerLossUndoesRenames(t *testing.T) {
	seen := after(t, func(dir string, fsys *FS) {
		write(t, fsys, filepath.Join(dir, "y"), "new", true)
		fsys.SyncDir(dir)
		fsys.Rename(filepath.Join(dir, "y"), filepath.Join(dir, "x"))
	})
	wantSeen(t, seen, "old new", "new none")
}

func TestPowerLossReordersRemovals(t *testing.T) {
	seen := after(t, func(dir string, fsys *FS) {
		write(t, fsys, filepath.Join(dir, "y"), "new", true)
		fsys.SyncDir(dir)
		fsys.Remove(filepath.Join(dir, "x"))
		fsys.Remove(filepath.Join(dir, "y"))
	})
	wantSeen(t, seen, "old new", "none new", "old none", "none none")
}

func TestPowerLossTearsContent(t *testing.T) {
	seen := after(t, func(dir string, fsys *FS) {
		f, err := fsys.OpenAppend(filepath.Join(dir, "x"), disk.Shared)
		if err != nil {
			t.Fatal(err)
		}
		f.Write([]byte("+"))
		f.Close()
	})
	wantSeen(t, seen, "old none", "old+ none", "ol none", "o none", " none",
		"old\x00 none", "ol\x00\x00 none", "o\x00\x00\x00 none", "\x00\x00\x00\x00 none")
}

func TestPowerLossEmptiesUnsyncedFile(t *testing.T) {
	seen := after(t, func(dir string, fsys *FS) {
		write(t, fsys, filepath.Join(dir, "x"), "N", false)
	})
	wantSeen(t, seen, "old none", "N none", " none", "\x00 none")
}

func TestPowerLossOfDirectory(t *testing.T) {
	lost := false
	for seed := range uint64(20) {
		dir, fsys := newFS(t)
		below := filepath.Join(dir, "a", "b")
		if err := fsys.MkdirAll(below, disk.Shared); err != nil {
			t.Fatal(err)
		}
		write(t, fsys, filepath.Join(below, "x"), "x", true)
		fsys.SyncDir(below) // but neither a nor the root
		if err := fsys.PowerLoss(seed); err != nil {
			t.Fatal(err)
		}
		lost = lost || read(dir, "a/b/x") == "none"
	}
	if !lost {
		t.Error("a file outlives the directory that was not synced")
	}
}
