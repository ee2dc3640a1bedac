// Package faultfs is a file system for tests of crash safety: the operating system's, below one directory, that fails
// or kills at the n-th operation, and afterwards loses what was not synced, as a power loss does.
//
//	for n := 1; ; n++ {
//		fsys, err := faultfs.New(dir)
//		fsys.KillAt(n)
//		... run; it ends early with ErrKilled ...
//		if !fsys.Killed() {
//			break // n is beyond the last operation
//		}
//		err = fsys.PowerLoss(seed) // or nothing, for a kill of the process alone
//		... look at dir, recover with a healthy file system ...
//	}
//
// The model of power loss is harsh: of the directory entries made, replaced and removed since their directory was
// synced, any may be lost, in any combination; a rename is whole or lost, and is durable once the directory of the new
// name is synced. Of a file's content since its last sync, anything may be lost, cut or zeroed.
package faultfs

import (
	"errors"
	"io/fs"
	"sync"

	"mailerlake/export/disk"
)

// ErrKilled is the error of every operation from the kill on.
var ErrKilled = errors.New("killed")

// FS is a faulty disk.FS. New makes one that has no faults yet. It is safe for concurrent use.
type FS struct {
	// ChangesOnly leaves out operations that only read when operations are counted: Open, Read, ReadAt, ReadDir, Stat.
	ChangesOnly bool

	inner disk.FS
	root  string

	mu     sync.Mutex
	ops    []string
	at     int
	fault  error
	killed bool
	media  *media
}

// New returns a file system whose power losses affect the directory root; what is there now is durable.
func New(root string) (*FS, error) {
	d, err := readDisk(root)
	if err != nil {
		return nil, err
	}
	return &FS{inner: disk.OS(false), root: root, media: d}, nil
}

// FailAt makes the n-th operation from now, counted from 1, fail with err without being done, once.
func (f *FS) FailAt(n int, err error) { f.arm(n, err) }

// KillAt kills at the n-th operation from now, counted from 1: it is not done (of a write, the first half is), and it
// and all that follow fail with ErrKilled.
func (f *FS) KillAt(n int) { f.arm(n, ErrKilled) }

func (f *FS) arm(n int, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.at, f.fault = len(f.ops)+n, err
}

// Killed reports whether the kill has happened.
func (f *FS) Killed() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.killed
}

// Ops returns the operations counted so far, such as "rename old new". The last ones show where a fault was.
func (f *FS) Ops() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.ops...)
}

// Restart ends the faults, as a new process after a kill would: what was done is there, and what was not synced may
// still be lost. Operations are counted from 1 again.
func (f *FS) Restart() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ops, f.at, f.fault, f.killed = nil, 0, nil, false
}

// PowerLoss replaces what is below root with what a power loss may leave of it, drawn by seed. It is called after the
// run, whether the run was killed or not; the file system cannot be used afterwards.
func (f *FS) PowerLoss(seed uint64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.killed = true
	return f.media.lose(seed)
}

// step counts an operation and returns its fault. The caller holds the mutex.
func (f *FS) step(changes bool, op string) error {
	if f.killed {
		return ErrKilled
	}
	if !changes && f.ChangesOnly {
		return nil
	}
	f.ops = append(f.ops, op)
	if len(f.ops) != f.at {
		return nil
	}
	f.killed = errors.Is(f.fault, ErrKilled)
	return f.fault
}

// change does an operation unless it has a fault, and records it.
func (f *FS) change(op, name string, do func() error, record func()) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.step(true, op+" "+name); err != nil {
		return &fs.PathError{Op: op, Path: name, Err: err}
	}
	if err := do(); err != nil {
		return err
	}
	record()
	return nil
}

// look counts an operation that only reads.
func (f *FS) look(op, name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.step(false, op+" "+name); err != nil {
		return &fs.PathError{Op: op, Path: name, Err: err}
	}
	return nil
}

// Create implements disk.FS.
func (f *FS) Create(name string, access disk.Access) (file disk.File, err error) {
	var inner disk.File
	var n *node
	err = f.change("create", name, func() error {
		inner, err = f.inner.Create(name, access)
		return err
	}, func() { n = f.media.create(name) })
	if err != nil {
		return nil, err
	}
	return &File{fs: f, name: name, inner: inner, node: n}, nil
}

// OpenAppend implements disk.FS.
func (f *FS) OpenAppend(name string, access disk.Access) (file disk.File, err error) {
	var inner disk.File
	var n *node
	err = f.change("append", name, func() error {
		inner, err = f.inner.OpenAppend(name, access)
		return err
	}, func() { n = f.media.open(name) })
	if err != nil {
		return nil, err
	}
	return &File{fs: f, name: name, inner: inner, node: n}, nil
}

// Open implements disk.FS.
func (f *FS) Open(name string) (disk.File, error) {
	if err := f.look("open", name); err != nil {
		return nil, err
	}
	inner, err := f.inner.Open(name)
	if err != nil {
		return nil, err
	}
	return &File{fs: f, name: name, inner: inner}, nil
}

// Rename implements disk.FS.
func (f *FS) Rename(oldName, newName string) error {
	return f.change("rename", oldName+" "+newName,
		func() error { return f.inner.Rename(oldName, newName) },
		func() { f.media.rename(oldName, newName) })
}

// Remove implements disk.FS.
func (f *FS) Remove(name string) error {
	return f.change("remove", name, func() error { return f.inner.Remove(name) }, func() { f.media.remove(name) })
}

// RemoveAll implements disk.FS.
func (f *FS) RemoveAll(name string) error {
	return f.change("removeall", name, func() error { return f.inner.RemoveAll(name) }, func() { f.media.remove(name) })
}

// MkdirAll implements disk.FS.
func (f *FS) MkdirAll(name string, access disk.Access) error {
	return f.change("mkdir", name, func() error { return f.inner.MkdirAll(name, access) }, func() { f.media.mkdir(name) })
}

// Restrict implements disk.FS. A power loss keeps it or not with the file: the model has no modes.
func (f *FS) Restrict(name string) error {
	return f.change("restrict", name, func() error { return f.inner.Restrict(name) }, func() {})
}

// Admit implements disk.FS. As with Restrict, the model has no modes.
func (f *FS) Admit(dir, file string) error {
	return f.change("admit", dir, func() error { return f.inner.Admit(dir, file) }, func() {})
}

// SyncDir implements disk.FS.
func (f *FS) SyncDir(name string) error {
	return f.change("syncdir", name, func() error {
		_, err := f.inner.Stat(name) // nothing is really synced: power is lost in the model alone
		return err
	}, func() { f.media.syncDir(name) })
}

// ReadDir implements disk.FS.
func (f *FS) ReadDir(name string) ([]fs.DirEntry, error) {
	if err := f.look("readdir", name); err != nil {
		return nil, err
	}
	return f.inner.ReadDir(name)
}

// Stat implements disk.FS.
func (f *FS) Stat(name string) (fs.FileInfo, error) {
	if err := f.look("stat", name); err != nil {
		return nil, err
	}
	return f.inner.Stat(name)
}
