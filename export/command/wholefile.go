package command

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"mailerlake/export/disk"
)

// writeWhole writes a file under another name, and renames that once it is whole. After an error there is no new file.
func writeWhole(fsys disk.FS, file string, write func(disk.File) error) (err error) {
	temp := filepath.Join(filepath.Dir(file), "."+filepath.Base(file)+"."+rand.Text()[:8])
	f, err := fsys.Create(temp, disk.Shared)
	if failed, ok := errors.AsType[*fs.PathError](err); ok {
		return fmt.Errorf("write %s: %w", file, failed.Err) // nobody knows the temporary name
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", file, err)
	}
	defer func() {
		if err != nil {
			_ = fsys.Remove(temp)
		}
	}()
	if err = write(f); err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err = fsys.Rename(temp, file); err != nil {
		return err
	}
	return fsys.SyncDir(filepath.Dir(file))
}
