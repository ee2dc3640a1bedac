package pagelog_test

import (
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mailerlake/export/disk"
	"mailerlake/export/disk/faultfs"
	"mailerlake/export/pagelog"
)

func header(table string) pagelog.Header {
	h := logHeader
	h.Table = table
	return h
}

// createFor starts a table's log with one page.
func createFor(t *testing.T, s *pagelog.Store, table string) *pagelog.Log {
	t.Helper()
	l, err := s.Create(header(table), logShape)
	if err == nil {
		err = l.Append(logPage(rand.New(rand.NewPCG(1, 1)), "5"), pagelog.Mark{})
	}
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestStore(t *testing.T) {
	s := diskStore(t)
	tables := func(want ...string) {
		t.Helper()
		if got, err := s.Tables(); err != nil || !slices.Equal(got, want) {
			t.Errorf("tables are %v, %v, want %v", got, err, want)
		}
	}
	tables()
	if _, err := s.Open(t.Context(), "group", logShape); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a log that is not there: %v", err)
	}
	for _, table := range []string{"subscriber", "group", "field"} {
		createFor(t, s, table).Close()
	}
	if err := s.KeepPlan([]byte("plan")); err != nil {
		t.Fatal(err)
	}
	tables("field", "group", "subscriber")
	l, err := s.Open(t.Context(), "group", logShape)
	if err != nil || l.Header.Table != "group" || l.Stats().Pages != 1 {
		t.Fatalf("got %+v, %v", l, err)
	}
	l.Close()
	if err := l.Close(); err != nil {
		t.Errorf("closed again: %v", err)
	}
	createFor(t, s, "group").Close() // replaces the earlier one
	if err := s.Remove("group", "field", "none"); err != nil {
		t.Fatal(err)
	}
	tables("subscriber")
	if got := s.FileName("subscriber"); got != "subscriber.pages" {
		t.Errorf("file name is %s", got)
	}
	if err := s.Clear(); err != nil {
		t.Fatal(err)
	}
	tables()
	if err := s.Clear(); err != nil {
		t.Errorf("cleared again: %v", err)
	}
}

func TestPlan(t *testing.T) {
	dir := t.TempDir()
	s := pagelog.NewStore(disk.OS(false), filepath.Join(dir, "scan"), filepath.Join(dir, "sorted"))
	plan := func(want string) {
		t.Helper()
		if got, err := s.Plan(); err != nil || string(got) != want || (got == nil) != (want == "") {
			t.Errorf("plan is %q, %v, want %q", got, err, want)
		}
	}
	plan("")
	if err := s.DropPlan(); err != nil {
		t.Error(err)
	}
	for _, text := range []string{"first", "second"} {
		if err := s.KeepPlan([]byte(text)); err != nil {
			t.Fatal(err)
		}
		plan(text)
	}
	temp := filepath.Join(dir, "scan", "planned.json.tmp")
	if err := os.WriteFile(temp, []byte("cut sho"), 0o600); err != nil {
		t.Fatal(err)
	}
	plan("second")
	if tables, err := s.Tables(); err != nil || tables != nil {
		t.Errorf("tables are %v, %v", tables, err)
	}
	if err := s.DropPlan(); err != nil {
		t.Fatal(err)
	}
	plan("")
	if entries, err := os.ReadDir(filepath.Join(dir, "scan")); err != nil || len(entries) > 0 {
		t.Errorf("left are %v, %v", entries, err)
	}
	if err := s.KeepPlan(make([]byte, 65<<20)); err == nil {
		t.Error("a plan of 65 MiB is kept")
	}
	if err := os.WriteFile(filepath.Join(dir, "scan", "planned.json"), make([]byte, 65<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Plan(); err == nil {
		t.Error("a plan of 65 MiB is read")
	}
}

// TestPlanCrash: whenever power is lost while a plan is replaced, the old one or the new one is there.
func TestPlanCrash(t *testing.T) {
	for n := 1; ; n++ {
		dir := t.TempDir()
		fsys, err := faultfs.New(dir)
		if err != nil {
			t.Fatal(err)
		}
		s := pagelog.NewStore(fsys, filepath.Join(dir, "scan"), filepath.Join(dir, "sorted"))
		createFor(t, s, "group").Close()
		if err := s.KeepPlan([]byte("old plan")); err != nil {
			t.Fatal(err)
		}
		fsys.KillAt(n)
		kept := s.KeepPlan([]byte("new plan"))
		killed := fsys.Killed()
		if err := fsys.PowerLoss(uint64(n)); err != nil {
			t.Fatal(err)
		}
		s = pagelog.NewStore(disk.OS(false), filepath.Join(dir, "scan"), filepath.Join(dir, "sorted"))
		plan, err := s.Plan()
		if err != nil || string(plan) != "new plan" && (kept == nil || string(plan) != "old plan") {
			t.Fatalf("killed at %d: plan is %q, %v", n, plan, err)
		}
		if tables, err := s.Tables(); err != nil || !slices.Equal(tables, []string{"group"}) {
			t.Fatalf("killed at %d: tables are %v, %v", n, tables, err)
		}
		if err := s.DropPlan(); err != nil {
			t.Fatalf("killed at %d: %v", n, err)
		}
		if !killed {
			return
		}
	}
}

// TestCreateCrash: once a log is made and synced, it is there after a power loss.
func TestCreateCrash(t *testing.T) {
	for seed := range uint64(20) {
		dir := t.TempDir()
		fsys, err := faultfs.New(dir)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := disk.MakeDir(fsys, filepath.Join(dir, "private"), disk.Private); err != nil {
			t.Fatal(err)
		}
		scan := filepath.Join(dir, "private", "scan")
		l := createFor(t, pagelog.NewStore(fsys, scan, filepath.Join(dir, "sorted")), "group")
		if err := errors.Join(l.Conclude([]byte("1")), l.Close()); err != nil {
			t.Fatal(err)
		}
		fsys.KillAt(1)
		if err := fsys.PowerLoss(seed); err != nil {
			t.Fatal(err)
		}
		l, err = pagelog.NewStore(disk.OS(false), scan, "").Open(t.Context(), "group", logShape)
		if err != nil || l.Stats().Pages != 1 || string(l.Conclusion()) != "1" {
			t.Fatalf("seed %d: %v", seed, err)
		}
		l.Close()
	}
}

// TestFaults: an error of the file system, wherever it is met, comes out and leaves no file open and nothing in scratch.
func TestFaults(t *testing.T) {
	broken := errors.New("broken disk")
	for n := 1; ; n++ {
		dir := t.TempDir()
		fsys, err := faultfs.New(dir)
		if err != nil {
			t.Fatal(err)
		}
		s := pagelog.NewStore(fsys, filepath.Join(dir, "scan"), filepath.Join(dir, "sorted"))
		fsys.FailAt(n, broken)
		err = useStore(s)
		if ops := fsys.Ops(); err == nil && len(ops) < n {
			return
		} else if err == nil && !strings.HasPrefix(ops[n-1], "close") { // of a file that was read, that does not matter
			t.Errorf("no error of %s", ops[n-1])
		}
		if err == nil {
			continue
		}
		if !errors.Is(err, broken) {
			t.Fatalf("operation %d: %v", n, err)
		}
		if err := s.DropScratch(); err != nil {
			t.Fatal(err)
		}
		checkOpenFiles(t, dir)
	}
}

// useStore does what a run does with a store.
func useStore(s *pagelog.Store) error {
	l, err := s.Create(logHeader, logShape)
	if err != nil {
		return err
	}
	defer l.Close()
	if err := errors.Join(appendOverlapping(l, 2*pagelog.MaxStreams), l.Conclude([]byte("1")), l.Close()); err != nil {
		return err
	}
	if l, err = s.Open(context.Background(), logHeader.Table, logShape); err != nil {
		return err
	}
	defer l.Close()
	if _, err := s.Sorted(context.Background(), l); err != nil {
		return err
	}
	if _, err := s.Tables(); err != nil {
		return err
	}
	if err := s.KeepPlan([]byte("plan")); err != nil {
		return err
	}
	if _, err := s.Plan(); err != nil {
		return err
	}
	if err := s.DropPlan(); err != nil {
		return err
	}
	if err := s.Remove(logHeader.Table); err != nil {
		return err
	}
	return s.Clear()
}

// checkOpenFiles fails the test if the process has files below dir open, if the platform shows that.
func checkOpenFiles(t testing.TB, dir string) {
	t.Helper()
	descriptors, _ := os.ReadDir("/proc/self/fd")
	for _, d := range descriptors {
		if name, err := os.Readlink("/proc/self/fd/" + d.Name()); err == nil && strings.HasPrefix(name, dir) {
			t.Errorf("%s is still open", name)
		}
	}
}
