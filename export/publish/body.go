package publish

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"path/filepath"

	"mailerlake/export/dataset"
	"mailerlake/export/disk"
	"mailerlake/export/publish/store"
)

// body returns what an object is uploaded from: a file of the dataset, which is compared with what the manifest says while
// it is read.
func (p *publisher) body(f dataset.File, sent *sending) store.Body {
	name := filepath.Join(p.Dataset.Dir(), filepath.FromSlash(f.Path))
	open := func() (io.ReadCloser, error) {
		sent.reset()
		file, err := p.Dataset.OpenFile(f.Path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, damaged(name, "it is missing")
		}
		if err != nil {
			return nil, err
		}
		return &checkedFile{file: file, name: name, want: f, sum: sha256.New(), sent: sent}, nil
	}
	return store.Body{Open: open, Bytes: f.Bytes, SHA256: f.SHA256}
}

func damaged(name, reason string) error {
	return &dataset.DamagedError{Path: name, Reason: reason, Hint: "run mailerlake export --repair to rebuild it from a fresh scan, then publish again"}
}

// checkedFile is a file whose last bytes are given out only if all of it is what the manifest says.
type checkedFile struct {
	file  disk.File
	name  string
	want  dataset.File
	sum   hash.Hash
	bytes int64
	sent  *sending
	bad   error
}

func (c *checkedFile) Read(b []byte) (int, error) {
	if c.bad != nil {
		return 0, c.bad
	}
	n, err := c.file.Read(b)
	c.sum.Write(b[:n])
	c.bytes += int64(n)
	c.sent.add(n)
	switch ended := errors.Is(err, io.EOF); {
	case err != nil && !ended:
		return n, err
	case c.bytes > c.want.Bytes || ended && c.bytes < c.want.Bytes:
		c.bad = damaged(c.name, fmt.Sprintf("the manifest says that it has %d bytes", c.want.Bytes))
	case c.bytes == c.want.Bytes && hex.EncodeToString(c.sum.Sum(nil)) != c.want.SHA256:
		c.bad = damaged(c.name, "its checksum differs from the manifest's")
	}
	if c.bad != nil {
		return 0, c.bad
	}
	return n, err
}

func (c *checkedFile) Close() error { return c.file.Close() }
