// Package disktest provides files in memory, for tests.
package disktest

import (
	"bytes"
	"errors"
	"io/fs"
	"time"
)

// File is a disk.File in memory. The zero value is empty and has room for everything.
type File struct {
	Data   []byte
	Full   bool // writes of more than Room bytes fail
	Room   int
	Closed bool

	read int
}

// ErrFull is the error of a write for which there is no room.
var ErrFull = errors.New("no space left")

// Read reads from where the last Read ended.
func (f *File) Read(p []byte) (int, error) {
	n, err := f.ReadAt(p, int64(f.read))
	f.read += n
	return n, err
}

// ReadAt reads at an offset.
func (f *File) ReadAt(p []byte, off int64) (int, error) {
	return bytes.NewReader(f.Data).ReadAt(p, off)
}

// Write appends.
func (f *File) Write(p []byte) (int, error) {
	if f.Full && len(p) > f.Room {
		f.Data = append(f.Data, p[:f.Room]...)
		return f.Room, ErrFull
	}
	f.Data = append(f.Data, p...)
	return len(p), nil
}

// Truncate cuts the file.
func (f *File) Truncate(size int64) error { f.Data = f.Data[:size]; return nil }

// Sync does nothing.
func (f *File) Sync() error { return nil }

// Close notes that it was called.
func (f *File) Close() error { f.Closed = true; return nil }

// Stat describes the file: it is its own description.
func (f *File) Stat() (fs.FileInfo, error) { return f, nil }

func (f *File) Name() string       { return "file" }
func (f *File) Size() int64        { return int64(len(f.Data)) }
func (f *File) Mode() fs.FileMode  { return 0o600 }
func (f *File) ModTime() time.Time { return time.Time{} }
func (f *File) IsDir() bool        { return false }
func (f *File) Sys() any           { return nil }
