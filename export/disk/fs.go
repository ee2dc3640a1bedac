package disk

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
)

// FS is the file system as this package uses it: every file operation of a dataset goes through one. Names are
// paths of the operating system. Errors are those of package os, so errors.Is with fs.ErrNotExist and the like works.
// There are two implementations: OS, and the one in package faultfs that fails, kills and loses power in tests.
type FS interface {
	// Create opens a file for writing, empty; the file system gives it its mode.
	Create(name string) (File, error)
	// OpenAppend opens a file for reading and for writing at its end, and creates it if there is none.
	OpenAppend(name string) (File, error)
	// Open opens a file for reading.
	Open(name string) (File, error)
	// Rename moves a file and replaces what has the new name, in one step.
	Rename(oldName, newName string) error
	// Remove removes a file or an empty directory.
	Remove(name string) error
	// RemoveAll removes a file or a directory with all that is in it; it is no error if there is none.
	RemoveAll(name string) error
	// MkdirAll makes a directory and those above it; it is no error if there is one.
	MkdirAll(name string) error
	// ReadDir lists a directory, sorted by name.
	ReadDir(name string) ([]fs.DirEntry, error)
	// Stat describes what has the name, following symbolic links.
	Stat(name string) (fs.FileInfo, error)
	// SyncDir makes the entries of a directory durable: files made, renamed and removed in it. It does nothing where
	// the platform cannot do that.
	SyncDir(name string) error
}

// File is an open file. Read goes from the beginning; Write adds at the end, whatever was read or cut.
type File interface {
	io.Reader
	io.ReaderAt
	io.Writer
	io.Closer
	// Sync makes the file's content durable, not its name: see FS.SyncDir.
	Sync() error
	// Truncate cuts the file to a size in bytes.
	Truncate(size int64) error
	// Stat describes the file.
	Stat() (fs.FileInfo, error)
}

// OS returns the operating system's file system. Files get mode 0644 and directories 0755, both under the umask, or
// 0600 and 0700 with private. The directory .mailerlake is always 0700 and what lies in it 0600, except for staged
// parts: they keep their mode when they are renamed into place.
func OS(private bool) FS { return osFS{private} }

const (
	privateDir = ".mailerlake"
	stagedDir  = "staged"
)

type osFS struct{ private bool }

func (s osFS) Create(name string) (File, error) {
	return s.open(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC)
}

func (s osFS) OpenAppend(name string) (File, error) {
	return s.open(name, os.O_RDWR|os.O_CREATE)
}

func (s osFS) Open(name string) (File, error) { return s.open(name, os.O_RDONLY) }

// open leaves out O_APPEND, with which Windows refuses to truncate: osFile itself writes at the end.
func (s osFS) open(name string, flag int) (File, error) {
	f, err := os.OpenFile(name, flag, s.fileMode(name))
	if err != nil {
		return nil, err
	}
	return &osFile{File: f}, nil
}

func (s osFS) Rename(oldName, newName string) error { return os.Rename(oldName, newName) }

func (s osFS) Remove(name string) error { return os.Remove(name) }

func (s osFS) RemoveAll(name string) error { return os.RemoveAll(name) }

func (s osFS) MkdirAll(name string) error { return os.MkdirAll(name, s.dirMode(name)) }

func (s osFS) ReadDir(name string) ([]fs.DirEntry, error) { return os.ReadDir(name) }

func (s osFS) Stat(name string) (fs.FileInfo, error) { return os.Stat(name) }

func (s osFS) SyncDir(name string) error {
	if runtime.GOOS == "windows" { // directories cannot be flushed there
		return nil
	}
	d, err := os.Open(name)
	if errors.Is(err, fs.ErrPermission) { // a directory may be writable and not readable
		return nil
	}
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, errors.ErrUnsupported) {
		return err // some network file systems answer EINVAL or ENOTSUP
	}
	return nil
}

func (s osFS) fileMode(name string) fs.FileMode {
	parts := components(name)
	if in := slices.Index(parts, privateDir); in >= 0 && !slices.Contains(parts[in:], stagedDir) {
		return 0o600
	}
	if s.private {
		return 0o600
	}
	return 0o644
}

func (s osFS) dirMode(name string) fs.FileMode {
	if s.private || slices.Contains(components(name), privateDir) {
		return 0o700
	}
	return 0o755
}

func components(name string) []string { return strings.Split(filepath.ToSlash(name), "/") }

// osFile is a file whose reads and writes do not share a position.
type osFile struct {
	*os.File
	read int64 // position of the next Read
}

func (f *osFile) Read(p []byte) (int, error) {
	n, err := f.File.ReadAt(p, f.read)
	f.read += int64(n)
	if n > 0 && errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}

func (f *osFile) Write(p []byte) (int, error) {
	if _, err := f.File.Seek(0, io.SeekEnd); err != nil {
		return 0, err
	}
	return f.File.Write(p)
}

// Sync does without where the file system cannot sync files, as some network file systems of macOS.
func (f *osFile) Sync() error {
	if err := f.File.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	return nil
}

// MakeDir makes a directory, and those above it that are missing, durable in the ones above them.
func MakeDir(fsys FS, name string) error {
	info, err := fsys.Stat(name)
	if err == nil && !info.IsDir() {
		return &fs.PathError{Op: "mkdir", Path: name, Err: syscall.ENOTDIR}
	}
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	parent := filepath.Dir(name)
	if parent != name {
		if err := MakeDir(fsys, parent); err != nil {
			return err
		}
	}
	if err := fsys.MkdirAll(name); err != nil {
		return err
	}
	return fsys.SyncDir(parent)
}

// ReplaceFile writes a file under a temporary name, makes it durable and renames it; temp and name are in one file
// system. After an error name is as it was, unless the last step failed, and temp is gone where it can be.
func ReplaceFile(fsys FS, temp, name string, data []byte) error {
	if err := WriteFile(fsys, temp, data); err != nil {
		return err
	}
	if err := fsys.Rename(temp, name); err != nil {
		_ = fsys.Remove(temp)
		return err
	}
	return fsys.SyncDir(filepath.Dir(name))
}

func WriteFile(fsys FS, name string, data []byte) (err error) {
	f, err := fsys.Create(name)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = fsys.Remove(name)
		}
	}()
	if _, err = f.Write(data); err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// RemoveFile removes a file that may be gone already.
func RemoveFile(fsys FS, name string) error {
	if err := fsys.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func Exists(fsys FS, name string) (bool, error) {
	_, err := fsys.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
