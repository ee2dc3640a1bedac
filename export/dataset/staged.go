package dataset

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"strings"

	"mailerlake/export/disk"
	"mailerlake/export/part"
)

// stagedName is the name of a part or change file until it is renamed into place. It does not end in .parquet.
func stagedName(path, token string) string {
	return StagedDir + "/" + strings.ReplaceAll(strings.TrimSuffix(path, part.Suffix), "/", ".") + "." + token
}

// Create creates a new part, a new version of one, or a change file. path is the path that it will have. It is safe for
// concurrent use.
func (c *Commit) Create(path string) (*Staged, error) {
	if !ours(path) {
		return nil, fmt.Errorf("create file: %s is not the path of a part or of a change file", quote(path))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.staged[path] != nil || c.over {
		return nil, fmt.Errorf("create file %s: it was created before, or the commit is over", path)
	}
	name := c.d.path(stagedName(path, c.token))
	file, err := c.d.fsys.Create(name, disk.Shared)
	if err != nil {
		return nil, fmt.Errorf("create file %s: %w", path, err)
	}
	s := &Staged{fsys: c.d.fsys, name: name, file: file, sum: sha256.New()}
	c.staged[path] = s
	return s, nil
}

// Staged is a new part or change file that is being written. It keeps its size and checksum, for the manifest.
type Staged struct {
	fsys  disk.FS
	name  string
	file  disk.File
	sum   hash.Hash
	bytes int64

	closed bool
	whole  bool // closed, and durable
}

// Write appends to the file.
func (s *Staged) Write(p []byte) (int, error) {
	n, err := s.file.Write(p)
	s.sum.Write(p[:n])
	s.bytes += int64(n)
	return n, err
}

// Close makes the file durable. It is called once, after the last Write and before Commit.
func (s *Staged) Close() error {
	err := s.file.Sync()
	err = errors.Join(err, s.file.Close())
	s.closed, s.whole = true, err == nil
	if err != nil {
		return fmt.Errorf("close file: %w", err)
	}
	return nil
}

// Bytes returns the bytes written so far.
func (s *Staged) Bytes() int64 { return s.bytes }

// Sum returns the SHA-256 of the bytes written so far, in hexadecimal as manifests have it.
func (s *Staged) Sum() string { return hex.EncodeToString(s.sum.Sum(nil)) }

// discard removes the file, if another run has not.
func (s *Staged) discard() error {
	if !s.closed {
		_ = s.file.Close()
	}
	return disk.RemoveFile(s.fsys, s.name)
}
