package disk

import (
	"errors"
	"io/fs"
	"path/filepath"
	"syscall"
)

// MakeDir creates a directory and any missing directories above it, each durable in the one above it. It returns the
// directories that it created, outermost first, even with an error.
func MakeDir(fsys FS, name string, access Access) (made []string, err error) {
	info, err := fsys.Stat(name)
	if err == nil && !info.IsDir() {
		return nil, &fs.PathError{Op: "mkdir", Path: name, Err: syscall.ENOTDIR}
	}
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	parent := filepath.Dir(name)
	if parent != name {
		if made, err = MakeDir(fsys, parent, access); err != nil {
			return made, err
		}
	}
	if err := fsys.MkdirAll(name, access); err != nil {
		return made, err
	}
	return append(made, name), fsys.SyncDir(parent)
}

// ReplaceFile writes a file under a temporary name, makes it durable and renames it; temp and name must be in one file
// system. After an error, name is as it was, unless the last step failed, and temp is removed if possible.
func ReplaceFile(fsys FS, temp, name string, data []byte, access Access) error {
	if err := WriteFile(fsys, temp, data, access); err != nil {
		return err
	}
	if err := fsys.Rename(temp, name); err != nil {
		_ = fsys.Remove(temp)
		return err
	}
	return fsys.SyncDir(filepath.Dir(name))
}

// WriteFile writes a file and makes its content durable, not its name. After an error, it is removed if possible.
func WriteFile(fsys FS, name string, data []byte, access Access) (err error) {
	f, err := fsys.Create(name, access)
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

// Exists reports whether there is a file or directory with a name.
func Exists(fsys FS, name string) (bool, error) {
	_, err := fsys.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
