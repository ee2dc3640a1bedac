package dataset

import (
	"context"
	"io/fs"
	"os"
	"sync"

	"mailerlake/export/disk"
	"mailerlake/export/part"
)

// OpenPart opens part i of a table's committed state, and compares it with everything that the manifest says about it.
// It is safe for concurrent use.
//
// The checksum of a file is compared the first time that this Dataset opens it, and not again while it is the same file
// with the same size and modification time. That is enough, because a part is never changed in place: a commit replaces
// the file with another. Besides, every page has a checksum of its own, which is compared whenever the page is read.
func (d *Dataset) OpenPart(ctx context.Context, t *TableState, i int) (*part.Reader, error) {
	p := &t.Parts[i]
	f, err := d.fsys.Open(d.path(p.Path))
	if err != nil {
		return nil, err
	}
	if err := d.checked.check(ctx, f, p); err != nil {
		f.Close()
		return nil, err
	}
	return part.OpenChecked(f, p, t.Columns, t.RowOrder())
}

// OpenDamaged opens part i of a table's committed state, which is damaged, to read what of it is sound.
func (d *Dataset) OpenDamaged(t *TableState, i int) (*part.Reader, error) {
	f, err := d.fsys.Open(d.path(t.Parts[i].Path))
	if err != nil {
		return nil, err
	}
	return part.OpenDamaged(f, &t.Parts[i], t.Columns, t.RowOrder())
}

// checkedFiles are the parts whose checksums were compared, by path.
type checkedFiles struct {
	mu    sync.Mutex
	files map[string]checkedFile
}

// check compares a file's checksum, unless that was done before.
func (c *checkedFiles) check(ctx context.Context, f disk.File, p *part.Part) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	c.mu.Lock()
	was, known := c.files[p.Path]
	c.mu.Unlock()
	if known && was.same(info, p) {
		return nil
	}
	if err := part.CheckFile(ctx, f, p); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.files == nil {
		c.files = make(map[string]checkedFile)
	}
	c.files[p.Path] = checkedFile{info, p.SHA256}
	return nil
}

// checkedFile is a file whose checksum was compared.
type checkedFile struct {
	info fs.FileInfo // before that
	sum  string
}

func (c checkedFile) same(info fs.FileInfo, p *part.Part) bool {
	return c.sum == p.SHA256 && os.SameFile(c.info, info) && c.info.Size() == info.Size() && c.info.ModTime().Equal(info.ModTime())
}
