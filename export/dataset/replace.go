package dataset

import (
	"errors"
	"fmt"
	"io"
	"path"

	"mailerlake/export/disk"
)

// Replace puts a copy of a file of the committed state in the place of one that is damaged or missing, if the copy has the size
// and the checksum that the manifest says; else nothing changes. The lock must be held, and no commit may be pending.
func (d *Dataset) Replace(f File, from io.Reader) error {
	if err := d.ready(); err != nil {
		return fmt.Errorf("replace %s: %w", f.Path, err)
	}
	if err := d.replace(f, from); err != nil {
		return fmt.Errorf("replace %s: %w", f.Path, err)
	}
	return nil
}

func (d *Dataset) replace(f File, from io.Reader) error {
	if !ours(f.Path) || d.Manifest.files()[f.Path] != (content{f.Bytes, f.SHA256}) {
		return errors.New("it is not a file of the dataset")
	}
	c, err := d.Begin()
	if err != nil {
		return err
	}
	staged, err := c.Create(f.Path)
	if err == nil {
		_, err = io.Copy(staged, io.LimitReader(from, f.Bytes+1))
	}
	if err == nil {
		err = staged.Close()
	}
	if err == nil && (staged.Bytes() != f.Bytes || staged.Sum() != f.SHA256) {
		err = errors.New("the copy differs from what the manifest says")
	}
	if err != nil {
		return errors.Join(err, c.Abort())
	}
	dir := path.Dir(f.Path)
	err = d.fsys.MkdirAll(d.path(dir), disk.Shared)
	if err == nil {
		err = d.fsys.Rename(d.path(stagedName(f.Path, c.token)), d.path(f.Path))
	}
	if err == nil {
		err = errors.Join(d.fsys.SyncDir(d.path(dir)), d.fsys.SyncDir(d.dir))
	}
	return errors.Join(err, c.Abort())
}
