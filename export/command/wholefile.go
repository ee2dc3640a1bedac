package command

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"mailerlake/export/disk"
)

// writeWhole writes a file under another name, and renames that once it is whole. After an error there is no new file. The other
// name is one that nothing looks for, such as node_exporter, which reads the files whose names end in .prom.
func writeWhole(fsys disk.FS, file string, write func(disk.File) error) (err error) {
	temp := filepath.Join(filepath.Dir(file), "."+filepath.Base(file)+"."+rand.Text()[:8])
	f, err := fsys.Create(temp, disk.Shared)
	if err != nil {
		return unwritten(file, temp, err)
	}
	defer func() {
		if err != nil {
			_ = fsys.Remove(temp)
			err = unwritten(file, temp, err)
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

// unwritten says of an error about a temporary file, whose name tells nobody anything, which file was not written.
func unwritten(file, temp string, err error) error {
	if failed, ok := errors.AsType[*fs.PathError](err); ok && failed.Path == temp {
		return fmt.Errorf("write %s: %w", file, failed.Err)
	}
	if failed, ok := errors.AsType[*os.LinkError](err); ok && failed.Old == temp {
		return fmt.Errorf("write %s: %w", file, failed.Err)
	}
	return err
}

// outsideDataset refuses a file in a dataset, which readers of the dataset would find. called is the file as the error names it.
func outsideDataset(c *cli.Context, dir, file, called string) error {
	if isInside(dir, file) {
		return usage(c, "%s is in the dataset, which holds only its own files", called)
	}
	return nil
}

// isInside reports whether a file is in a directory, by their names.
func isInside(dir, file string) bool {
	from, err := filepath.Abs(dir)
	to, failed := filepath.Abs(file)
	if err != nil || failed != nil {
		return false
	}
	inside, err := filepath.Rel(from, to)
	return err == nil && filepath.IsLocal(inside)
}
