package dataset_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"mailerlake/export/dataset"
	"mailerlake/export/disk"
)

// lockDir tells the test binary, run again, which dataset to lock until its input ends.
const lockDir = "MAILERLAKE_TEST_LOCK"

func TestMain(m *testing.M) {
	if dir := os.Getenv(lockDir); dir != "" {
		holdLock(dir)
	}
	os.Exit(m.Run())
}

func holdLock(dir string) {
	d, err := dataset.Open(disk.OS(false), dir)
	if err == nil {
		_, err = d.Lock()
	}
	if err != nil {
		os.Stdout.WriteString(err.Error() + "\n")
		os.Exit(1)
	}
	os.Stdout.WriteString("locked\n")
	io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}

func open(t *testing.T, dir string) *dataset.Dataset {
	t.Helper()
	d, err := dataset.Open(disk.OS(false), dir)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func lock(t *testing.T, d *dataset.Dataset) (unlock func()) {
	t.Helper()
	release, err := d.Lock()
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		t.Helper()
		if err := release(); err != nil {
			t.Error(err)
		}
	}
}

func TestLockTwice(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "lake")
	d := open(t, dir)
	unlock := lock(t, d)
	for what, other := range map[string]*dataset.Dataset{"same handle": d, "other handle": open(t, dir)} {
		_, err := other.Lock()
		var locked *dataset.LockedError
		if !errors.As(err, &locked) {
			t.Fatalf("%s: error = %v, want a LockedError", what, err)
		}
		host, _ := os.Hostname()
		if locked.PID != os.Getpid() || locked.Host != host || time.Since(locked.Since) > time.Minute || locked.Path != dir {
			t.Errorf("%s: error = %+v, want this process", what, locked)
		}
	}
	unlock()
	unlock() // does nothing
	lock(t, open(t, dir))()
	lock(t, d)()
	if files := readTree(t, dir); len(files) != 0 {
		t.Errorf("unlocking leaves %v", files)
	}
}

func TestLockAcrossProcesses(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "lake")
	holder := exec.Command(os.Args[0])
	holder.Env = append(os.Environ(), lockDir+"="+dir)
	in, _ := holder.StdinPipe()
	out, _ := holder.StdoutPipe()
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	if line, _ := bufio.NewReader(out).ReadString('\n'); line != "locked\n" {
		t.Fatalf("the other process says %q", line)
	}
	_, err := open(t, dir).Lock()
	var locked *dataset.LockedError
	if !errors.As(err, &locked) || locked.PID != holder.Process.Pid {
		t.Errorf("error = %v, want a LockedError of process %d", err, holder.Process.Pid)
	}
	holder.Process.Kill() // it cannot unlock: the system does
	in.Close()
	holder.Wait()
	lock(t, open(t, dir))()
}

func TestLockHolderUnknown(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "lake")
	defer lock(t, open(t, dir))()
	owner := filepath.Join(dir, ".mailerlake", "lock.json")
	for _, text := range []string{"", "{", `{"pid":"x"}`, strings.Repeat("[", 100000)} {
		if err := os.WriteFile(owner, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := open(t, dir).Lock()
		var locked *dataset.LockedError
		if !errors.As(err, &locked) || locked.PID != 0 || strings.Contains(err.Error(), "process") {
			t.Errorf("lock.json %.10q: error = %v", text, err)
		}
	}
}

func TestLockReadsAgain(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "lake")
	d := open(t, dir)
	if err := commitWorld(disk.OS(false), dir, oldWorld()); err != nil {
		t.Fatal(err)
	}
	if d.Manifest != nil {
		t.Fatal("it knows the manifest before it is locked")
	}
	defer lock(t, d)()
	if d.Manifest == nil || d.Manifest.Snapshot != 1 {
		t.Errorf("manifest after locking = %v, want snapshot 1", d.Manifest)
	}
}

// TestLockLeavesNoTrace: a run that ends before it wrote anything leaves the disk as it was.
func TestLockLeavesNoTrace(t *testing.T) {
	base := t.TempDir()
	for what, dir := range map[string]string{"no directory": filepath.Join(base, "a", "lake"), "empty directory": t.TempDir()} {
		existed := exists(dir)
		unlock := lock(t, open(t, dir))
		if err := os.Mkdir(filepath.Join(dir, ".mailerlake", "scan"), 0o700); err != nil { // where no page came
			t.Fatal(err)
		}
		unlock()
		if exists(filepath.Join(dir, ".mailerlake")) || exists(dir) != existed || exists(filepath.Join(base, "a")) {
			t.Errorf("%s: something is left", what)
		}
	}
}

func TestLockKeepsWhatIsWritten(t *testing.T) {
	for _, name := range []string{dataset.ScanDir + "/x.log", dataset.PrivateDir + "/x"} {
		dir := filepath.Join(t.TempDir(), "lake")
		unlock := lock(t, open(t, dir))
		tree{name: "x"}.write(t, dir)
		unlock()
		if !exists(filepath.Join(dir, filepath.FromSlash(name))) || !exists(filepath.Join(dir, ".mailerlake", "lock")) {
			t.Errorf("%s or the lock is gone", name)
		}
	}
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// TestLockIsOne has many runs lock and unlock a dataset that stays empty, so that each removes the lock's file, and the
// directories, under the others.
func TestLockIsOne(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "lake")
	var holders, times atomic.Int32
	var g errgroup.Group
	for range 8 {
		g.Go(func() error {
			for range 300 {
				d, err := dataset.Open(disk.OS(false), dir)
				if err != nil {
					return err
				}
				unlock, err := d.Lock()
				var locked *dataset.LockedError
				if errors.As(err, &locked) {
					continue
				}
				if err != nil {
					return err
				}
				times.Add(1)
				if n := holders.Add(1); n != 1 {
					return fmt.Errorf("%d runs have the lock", n)
				}
				runtime.Gosched()
				holders.Add(-1)
				if err := unlock(); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Error(err)
	}
	if times.Load() < 5 || exists(filepath.Join(dir, ".mailerlake")) {
		t.Errorf("locked %d times; something is left: %t", times.Load(), exists(filepath.Join(dir, ".mailerlake")))
	}
}
