package store_test

import (
	"context"
	"errors"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"mailerlake/export/publish/store"
	"mailerlake/export/publish/store/storetest"
)

func TestDirectory(t *testing.T) {
	storetest.Run(t, storetest.Options{Many: 60, Big: 3 << 20, New: func(t *testing.T) func(*testing.T) store.Store {
		dir := filepath.Join(t.TempDir(), "not", "made yet")
		location := locationOf(dir)
		t.Cleanup(func() {
			left, _ := os.ReadDir(filepath.Join(dir, ".store"))
			if left = slices.DeleteFunc(left, func(e os.DirEntry) bool { return e.Name() == "lock" }); len(left) != 0 {
				t.Errorf("beside the objects there is %v", left)
			}
		})
		return func(t *testing.T) store.Store { return open(t, location) }
	}})
}

func locationOf(dir string) string {
	if p := filepath.ToSlash(dir); strings.HasPrefix(p, "/") {
		return (&url.URL{Scheme: "file", Path: p}).String()
	}
	return (&url.URL{Scheme: "file", Path: "/" + filepath.ToSlash(dir)}).String()
}

func open(t *testing.T, location string) store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), location)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// counter is the object that processes count in, environment the variable that tells one of them where it is.
const counter, environment = "dir/counter", "MAILERLAKE_TEST_COUNTER"

// TestDirectoryOfProcesses lets processes count in one object: each step is a read and a conditional write.
func TestDirectoryOfProcesses(t *testing.T) {
	const processes, steps = 3, 30
	if location := os.Getenv(environment); location != "" {
		for range steps {
			count(t, open(t, location))
		}
		return
	}
	location := locationOf(t.TempDir())
	running := make([]*exec.Cmd, processes)
	for i := range running {
		running[i] = exec.Command(os.Args[0], "-test.run=^TestDirectoryOfProcesses$")
		running[i].Env = append(os.Environ(), environment+"="+location)
		if err := running[i].Start(); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range running {
		if err := p.Wait(); err != nil {
			t.Error(err)
		}
	}
	if got := number(t, open(t, location)); got != processes*steps {
		t.Errorf("%d processes counted %d times each to %d", processes, steps, got)
	}
}

// count adds one to the counter, however often others do so first.
func count(t *testing.T, s store.Store) {
	for {
		condition, n := store.IfAbsent(), 0
		if object, err := s.Head(t.Context(), counter); err == nil {
			condition = store.IfVersion(object.Version)
			n = number(t, s)
		}
		_, err := s.Put(t.Context(), counter, store.BytesBody([]byte(strconv.Itoa(n+1))), condition)
		if err == nil {
			return
		}
		if !errors.Is(err, store.ErrConflict) {
			t.Fatal(err)
		}
	}
}

func number(t *testing.T, s store.Store) int {
	t.Helper()
	r, _, err := s.Get(t.Context(), counter)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	data := make([]byte, 20)
	n, _ := r.Read(data)
	value, err := strconv.Atoi(string(data[:n]))
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func TestDirectoryURLs(t *testing.T) {
	t.Chdir(t.TempDir())
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for location, want := range map[string]string{
		locationOf(dir) + "/a/b%20c/": locationOf(dir) + "/a/b%20c",
		"file://./a/b":                locationOf(dir) + "/a/b",
		"file://../x":                 locationOf(filepath.Dir(dir)) + "/x",
	} {
		if got := open(t, location).String(); got != want {
			t.Errorf("%s is %s, want %s", location, got, want)
		}
	}
	if err := os.WriteFile("plain", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, location := range []string{"file:lake", "file://lake", "file://host/lake", "file:///", "lake", "/lake", "s3://bucket", "file://./plain",
		"file://me:sekret@./lake", "file:///lake?key=sekret", "file:///lake#x", "file://./%zz"} {
		s, err := store.Open(t.Context(), location)
		if err == nil && location != "file:///" {
			t.Errorf("%s is %s", location, s)
		}
		if err != nil && strings.Contains(err.Error(), "sekret") {
			t.Errorf("%s: %v", location, err)
		}
	}
}

func TestOverlaps(t *testing.T) {
	root := t.TempDir()
	lake, other := filepath.Join(root, "lake"), filepath.Join(root, "lake2")
	if err := os.Mkdir(lake, 0o700); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(root, "link")
	if err := os.Symlink(lake, link); err != nil && runtime.GOOS != "windows" {
		t.Fatal(err)
	}
	for destination, want := range map[string]bool{
		locationOf(lake): true, locationOf(lake) + "/below/it": true, locationOf(root): true, locationOf(link) + "/new": true,
		locationOf(other): false, locationOf(other) + "/lake": false, "s3://bucket/lake": false,
	} {
		got, err := store.Overlaps(destination, lake)
		if err != nil || got != want {
			t.Errorf("%s overlaps %s: %v, %v, want %v", destination, lake, got, err, want)
		}
	}
}

// TestDirectoryTidies shows what is in a directory besides objects: one hidden directory, without remains of the dead.
func TestDirectoryTidies(t *testing.T) {
	dir := t.TempDir()
	s := open(t, locationOf(dir))
	for range s.List(t.Context(), "") {
	}
	if _, err := s.Head(t.Context(), "a"); err == nil || s.Delete(t.Context(), "a/b") != nil {
		t.Error("an object is there, or cannot be deleted because it is not")
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("reading left %v, %v", entries, err)
	}
	dead, live := filepath.Join(dir, ".store", "dead.tmp"), filepath.Join(dir, ".store", "live.tmp")
	if err := os.Mkdir(filepath.Join(dir, ".store"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{dead, live} {
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if past := time.Now().Add(-2 * time.Hour); os.Chtimes(dead, past, past) != nil {
		t.Fatal("the time cannot be set")
	}
	if _, err := s.Put(context.Background(), "a/b", store.BytesBody(nil), store.Always()); err != nil {
		t.Fatal(err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".store", "*.tmp")); len(left) != 1 || left[0] != live {
		t.Errorf("left is %q, want %q", left, live)
	}
}
