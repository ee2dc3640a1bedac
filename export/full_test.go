package export_test

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"mailerlake/export/disk"
)

// fullFS is a file system with room for so many bytes in all files whose name contains of. Nothing makes room again.
type fullFS struct {
	fastFS
	of   string
	left *atomic.Int64
}

func newFullFS(of string, bytes int64) fullFS {
	f := fullFS{fastFS{disk.OS(false)}, of, &atomic.Int64{}}
	f.left.Store(bytes)
	return f
}

type fullFile struct {
	disk.File
	name string
	left *atomic.Int64
}

func (f fullFS) Create(name string, access disk.Access) (disk.File, error) {
	file, err := f.fastFS.Create(name, access)
	return f.file(file, name), err
}

func (f fullFS) OpenAppend(name string, access disk.Access) (disk.File, error) {
	file, err := f.fastFS.OpenAppend(name, access)
	return f.file(file, name), err
}

func (f fullFS) file(file disk.File, name string) disk.File {
	if !strings.Contains(name, f.of) {
		return file
	}
	return fullFile{file, name, f.left}
}

// Write writes what there is room for.
func (f fullFile) Write(p []byte) (int, error) {
	left := f.left.Add(-int64(len(p)))
	if left >= 0 {
		return f.File.Write(p)
	}
	n, _ := f.File.Write(p[:max(0, len(p)+int(left))])
	return n, &fs.PathError{Op: "write", Path: f.name, Err: syscall.ENOSPC}
}

// TestDiskFull lets the disk be full after every so many bytes, for the rest of the run.
func TestDiskFull(t *testing.T) {
	for name, s := range scenes(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			total := newFullFS("", 1<<40)
			if _, err := s.place(t).run(t, total, s.do); err != nil {
				t.Fatal(err)
			}
			budgets := int64(min(100, tries(8)))
			needed := 1<<40 - total.left.Load()
			for i := range budgets {
				t.Run(fmt.Sprint(i), func(t *testing.T) {
					w := s.place(t)
					r, err := w.run(t, newFullFS("", needed*i/budgets), s.do)
					if err == nil && !r.Failed() {
						t.Fatal("there was no room, and nobody noticed")
					}
					w.checkFailed(t, r, err, syscall.ENOSPC)
					w.recover(t)
				})
			}
		})
	}
}

// TestPageLogFull: if there is no room for a table's page log, the others are exported, and the next run resumes it.
func TestPageLogFull(t *testing.T) {
	s := newScene(t)
	total := newFullFS("subscriber.pages", 1<<40)
	if _, err := s.place(t).run(t, total, s.do); err != nil {
		t.Fatal(err)
	}
	w := s.place(t)
	r, err := w.run(t, newFullFS("subscriber.pages", (1<<40-total.left.Load())*2/3), s.do)
	w.checkFailed(t, r, err, syscall.ENOSPC)
	for _, table := range r.Tables {
		failed := strings.Contains(table.Name, "subscriber")
		if got := errors.Is(table.Err, syscall.ENOSPC); got != failed {
			t.Errorf("%s: got error %v", table.Name, table.Err)
		}
	}
	fresh := w.checkWhole(t)
	if fresh["subscriber"] || !fresh["campaign"] || !fresh["group"] {
		t.Errorf("new are %v", fresh)
	}
	again := w.mustRun(t, s.do)
	w.checkNext(t)
	if !w.hears("subscriber: resuming after") {
		t.Errorf("the next run begins anew: %q", w.said)
	}
	if whole := s.place(t).mustRun(t, s.do); again.Requests >= whole.Requests {
		t.Errorf("%d requests to go on, %d for all", again.Requests, whole.Requests)
	}
}
