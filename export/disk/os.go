package disk

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"runtime"
	"syscall"
)

// OS returns the operating system's file system. With private, Shared files are Private too.
func OS(private bool) FS { return osFS{private} }

type osFS struct{ private bool }

func (s osFS) Create(name string, access Access) (File, error) {
	return open(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, s.mode(access, 0o644, 0o600))
}

func (s osFS) OpenAppend(name string, access Access) (File, error) {
	return open(name, os.O_RDWR|os.O_CREATE, s.mode(access, 0o644, 0o600))
}

func (s osFS) Open(name string) (File, error) { return open(name, os.O_RDONLY, 0) }

// open leaves out O_APPEND, with which Windows refuses to truncate: osFile itself writes at the end.
func open(name string, flag int, mode fs.FileMode) (File, error) {
	f, err := os.OpenFile(name, flag, mode)
	if err != nil {
		return nil, err
	}
	return &osFile{File: f}, nil
}

// mode returns the mode of a new file or directory, of those for Shared and for Passable access.
func (s osFS) mode(access Access, shared, passable fs.FileMode) fs.FileMode {
	switch {
	case s.private || access == Private:
		return shared & 0o700
	case access == Passable:
		return passable
	}
	return shared
}

func (s osFS) Rename(oldName, newName string) error { return os.Rename(oldName, newName) }

func (s osFS) Remove(name string) error { return os.Remove(name) }

func (s osFS) RemoveAll(name string) error { return os.RemoveAll(name) }

func (s osFS) MkdirAll(name string, access Access) error {
	return os.MkdirAll(name, s.mode(access, 0o755, 0o711))
}

func (s osFS) Restrict(name string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	info, err := os.Stat(name)
	if err != nil || info.Mode()&0o077 == 0 {
		return err
	}
	return os.Chmod(name, info.Mode()&^0o077)
}

func (s osFS) Admit(dir, file string) error {
	if s.private || runtime.GOOS == "windows" {
		return nil
	}
	of, err := os.Stat(file)
	if err != nil {
		return err
	}
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	mode := info.Mode() | of.Mode()&0o044>>2 // who may read may pass
	if mode == info.Mode() {
		return nil
	}
	return os.Chmod(dir, mode)
}

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

// Sync tolerates file systems that cannot sync files, such as some network file systems of macOS.
func (f *osFile) Sync() error {
	if err := f.File.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	return nil
}
