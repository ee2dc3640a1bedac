package export_test

import (
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"mailerlake/export"
	"mailerlake/export/disk"
)

const (
	// killedDir is the environment variable that makes a process of this test the one to be killed: it names the dataset
	// that the process exports to.
	killedDir = "KILLED_DIR"
	// killedRuns is how many runs there were before; killedLater is set if the account has advanced since the first.
	killedRuns  = "KILLED_RUNS"
	killedLater = "KILLED_LATER"
	// kills is how many processes are killed; the environment variable KILLS asks for another number:
	//
	//	KILLS=1000 go test ./export -run KilledProcess
	kills = 60 / thinned
)

// tellFS writes a byte before every file operation, for somebody to choose a moment by.
type tellFS struct {
	disk.FS
	tell func()
}

type tellFile struct {
	disk.File
	tell func()
}

func (f tellFile) Write(p []byte) (int, error) { f.tell(); return f.File.Write(p) }
func (f tellFile) Truncate(size int64) error   { f.tell(); return f.File.Truncate(size) }
func (f tellFile) Close() error                { f.tell(); return f.File.Close() }
func (f tellFile) Sync() error                 { f.tell(); return nil }

func (f tellFS) Create(name string, access disk.Access) (disk.File, error) {
	f.tell()
	file, err := f.FS.Create(name, access)
	return tellFile{file, f.tell}, err
}

func (f tellFS) OpenAppend(name string, access disk.Access) (disk.File, error) {
	f.tell()
	file, err := f.FS.OpenAppend(name, access)
	return tellFile{file, f.tell}, err
}

func (f tellFS) Open(name string) (disk.File, error) { f.tell(); return f.FS.Open(name) }
func (f tellFS) Rename(a, b string) error            { f.tell(); return f.FS.Rename(a, b) }
func (f tellFS) Remove(name string) error            { f.tell(); return f.FS.Remove(name) }
func (f tellFS) RemoveAll(name string) error         { f.tell(); return f.FS.RemoveAll(name) }
func (f tellFS) MkdirAll(name string, access disk.Access) error {
	f.tell()
	return f.FS.MkdirAll(name, access)
}
func (f tellFS) SyncDir(string) error { f.tell(); return nil }

// TestVictim is the process that TestKilledProcess kills. It writes a byte before every file operation.
func TestVictim(t *testing.T) {
	dir := os.Getenv(killedDir)
	if dir == "" {
		t.Skip("runs in a process of its own")
	}
	runs, err := strconv.Atoi(os.Getenv(killedRuns))
	if err != nil {
		t.Fatal(err)
	}
	s := &scene{account: crashAccount()}
	if os.Getenv(killedLater) != "" {
		advance(t, s.account)
	}
	var mu sync.Mutex
	tell := func() {
		mu.Lock()
		defer mu.Unlock()
		os.Stdout.Write([]byte{'.'})
	}
	w := &wreck{scene: s, dir: dir, runs: runs}
	if _, err := w.run(t, tellFS{disk.OS(false), tell}, export.Export); err != nil {
		t.Fatal(err)
	}
}

// killProcess lets a process export to w and kills it at about its n-th file operation; the process does not wait for
// that, so the moment is in the middle of anything. It reports whether the process was still running.
func (w *wreck) killProcess(t *testing.T, n int) (killed bool) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestVictim$", "-test.count=1")
	cmd.Env = append(os.Environ(), killedDir+"="+w.dir, killedRuns+"="+strconv.Itoa(w.runs))
	if w.stored != nil {
		cmd.Env = append(cmd.Env, killedLater+"=1")
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said, _ := io.CopyN(io.Discard, out, int64(n))
	cmd.Process.Kill()
	err = cmd.Wait()
	killed = cmd.ProcessState.ExitCode() < 0
	if runtime.GOOS != "windows" && !killed && err != nil {
		t.Fatalf("the process failed after %d operations: %v", said, err)
	}
	w.runs++
	return killed
}

// TestKilledProcess kills real processes at random moments, up to four after one another on the same dataset.
func TestKilledProcess(t *testing.T) {
	if os.Getenv(killedDir) != "" {
		t.Skip("in a process to be killed")
	}
	want := kills
	if n, err := strconv.Atoi(os.Getenv("KILLS")); err == nil {
		want = n
	}
	for name, s := range map[string]*scene{"first": firstScene(t), "second": newScene(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ops := s.countOps(t)
			before, after := 0, 0
			for seed := uint64(1); before+after < want/2; seed++ {
				b, a := s.killOften(t, rand.New(rand.NewPCG(seed, 0)), ops)
				before, after = before+b, after+a
				if t.Failed() {
					t.Fatalf("seed %d", seed)
				}
			}
			t.Logf("%d killed before the point of commit, %d after", before, after)
			if want >= kills && min(before, after) == 0 {
				t.Error("the moments are not spread")
			}
		})
	}
}

// countOps returns how many bytes a process writes that is not killed.
func (s *scene) countOps(t *testing.T) int {
	t.Helper()
	var n atomic.Int64
	if _, err := s.place(t).run(t, tellFS{disk.OS(false), func() { n.Add(1) }}, export.Export); err != nil {
		t.Fatal(err)
	}
	return int(n.Load())
}

// killOften kills a few processes on one dataset, checks what readers see after each, and then lets one come to its end.
func (s *scene) killOften(t *testing.T, rnd *rand.Rand, ops int) (before, after int) {
	t.Helper()
	w := s.place(t)
	defer os.RemoveAll(filepath.Dir(w.dir))
	for range 1 + rnd.IntN(4) {
		killed := w.killProcess(t, 1+rnd.IntN(ops))
		switch committed := w.checkReaders(t); {
		case killed && committed:
			after++
		case killed:
			before++
		case !committed:
			t.Error("a process came to its end and has not committed")
		}
	}
	w.recover(t)
	return before, after
}
