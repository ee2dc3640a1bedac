package publish

import (
	"context"
	"fmt"
	"io"
	"io/fs"

	"mailerlake/export/dataset"
	"mailerlake/export/publish/store"
)

// Copies are the files that a destination has of a dataset.
type Copies struct {
	store store.Store
	at    keys
	files map[string]dataset.File // by path
}

// CopiesAt looks at what a destination has. A destination that is not one of the account has nothing.
func CopiesAt(ctx context.Context, s store.Store, account string) (*Copies, error) {
	there, err := readState(ctx, s, false)
	if err != nil {
		return nil, err
	}
	c := &Copies{store: s, files: map[string]dataset.File{}}
	if there.manifest == nil || there.manifest.Account.ID != account {
		return c, nil
	}
	c.at = layoutFor(there.manifest)
	for f := range there.manifest.Files() {
		c.files[f.Path] = f
	}
	return c, nil
}

// Open opens the copy of a file that the destination says to have with the same content, else fs.ErrNotExist. Whoever reads it
// compares the checksum.
func (c *Copies) Open(ctx context.Context, f dataset.File) (io.ReadCloser, error) {
	copied, ok := c.files[f.Path]
	if !ok || copied.SHA256 != f.SHA256 || copied.Bytes != f.Bytes {
		return nil, fs.ErrNotExist
	}
	r, _, err := c.store.Get(ctx, c.at.key(copied))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", c.at.key(copied), err)
	}
	return r, nil
}
