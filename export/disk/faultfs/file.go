package faultfs

import (
	"io/fs"

	"mailerlake/export/disk"
)

// File is an open file of an FS.
type File struct {
	fs    *FS
	name  string
	inner disk.File
	node  *node // nil if the file is open for reading or lies outside the root
}

// Read implements disk.File.
func (f *File) Read(p []byte) (int, error) {
	if err := f.fs.look("read", f.name); err != nil {
		return 0, err
	}
	return f.inner.Read(p)
}

// ReadAt implements disk.File.
func (f *File) ReadAt(p []byte, offset int64) (int, error) {
	if err := f.fs.look("readat", f.name); err != nil {
		return 0, err
	}
	return f.inner.ReadAt(p, offset)
}

// Stat implements disk.File.
func (f *File) Stat() (fs.FileInfo, error) {
	if err := f.fs.look("stat", f.name); err != nil {
		return nil, err
	}
	return f.inner.Stat()
}

// Write implements disk.File. A fault writes the first half.
func (f *File) Write(p []byte) (int, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	dead := f.fs.killed
	fault := f.fs.step(true, "write "+f.name)
	if dead {
		return 0, fault
	}
	if fault != nil {
		p = p[:len(p)/2]
	}
	n, err := f.inner.Write(p)
	f.node.write(p[:n])
	if fault != nil {
		err = &fs.PathError{Op: "write", Path: f.name, Err: fault}
	}
	return n, err
}

// Truncate implements disk.File.
func (f *File) Truncate(size int64) error {
	return f.fs.change("truncate", f.name,
		func() error { return f.inner.Truncate(size) },
		func() { f.node.truncate(size) })
}

// Sync implements disk.File.
func (f *File) Sync() error {
	return f.fs.change("sync", f.name, func() error { return nil }, f.node.sync)
}

// Close implements disk.File. It frees the file also after the kill.
func (f *File) Close() error {
	err := f.fs.look("close", f.name)
	if inner := f.inner.Close(); err == nil {
		err = inner
	}
	return err
}
