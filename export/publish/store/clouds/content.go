//go:build !noclouds

package clouds

import (
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path"
	"sync/atomic"

	"mailerlake/export/publish/store"
)

// largest is the size in bytes up to which every cloud takes an object in one request: 5000 MiB.
const largest = 5000 << 20

// content is a body whose sums are known. It can be read from the start any number of times, as the clouds' clients do: first to
// sign what they send, then to send it.
type content struct {
	body   store.Body
	size   int64
	sha256 [sha256.Size]byte
	md5    [md5.Size]byte

	attempt *attempt      // that reads it
	sent    *atomic.Int64 // counts bytes
	failed  error         // of reading it: that is no fault of the server

	file   io.ReadCloser // nil if it is not open
	offset int64         // of file
	wanted int64         // where to read on
}

// measure reads a body to learn its sums, before anything is sent, and checks that it is what it says.
func measure(ctx context.Context, body store.Body, sent *atomic.Int64) (*content, error) {
	c := &content{body: body, size: body.Bytes, sent: sent}
	if c.size > largest {
		return nil, fmt.Errorf("it has %d bytes; an object is written in one request of at most %d", c.size, int64(largest))
	}
	sum := md5.New()
	text, err := body.Copy(ctx, sum)
	if err != nil {
		return nil, err
	}
	sum.Sum(c.md5[:0])
	_, err = hex.Decode(c.sha256[:], []byte(text))
	return c, err
}

func (c *content) sum() string { return fmt.Sprintf("%x", c.sha256) }

func (c *content) metadata() map[string]string { return map[string]string{sumName: c.sum()} }

// mediaType returns the type by the name's end: browsers and some engines look at it.
func mediaType(key string) string {
	switch path.Ext(key) {
	case ".json":
		return "application/json"
	case ".parquet":
		return "application/vnd.apache.parquet"
	}
	return "application/octet-stream"
}

func (c *content) Read(p []byte) (int, error) {
	if c.wanted >= c.size {
		return 0, io.EOF
	}
	c.attempt.moved()
	n, err := c.readFile(p)
	c.sent.Add(int64(n))
	if err == io.EOF && c.wanted < c.size {
		err = io.ErrUnexpectedEOF
	}
	if err != nil && err != io.EOF {
		c.failed = fmt.Errorf("read what is to be written: %w", err)
		return n, c.failed
	}
	return n, nil
}

func (c *content) readFile(p []byte) (int, error) {
	if c.file != nil && c.offset != c.wanted {
		_ = c.Close()
	}
	if c.file == nil {
		f, err := c.body.Open()
		if err != nil {
			return 0, err
		}
		c.file = f
		if c.offset, err = io.CopyN(io.Discard, f, c.wanted); err != nil {
			return 0, err
		}
	}
	n, err := c.file.Read(p[:min(int64(len(p)), c.size-c.wanted)])
	c.offset += int64(n)
	c.wanted = c.offset
	return n, err
}

// Seek opens nothing: the clients also ask for the size with it.
func (c *content) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += c.wanted
	case io.SeekEnd:
		offset += c.size
	}
	if offset < 0 || offset > c.size {
		return c.wanted, errors.New("seek outside of the content")
	}
	c.wanted = offset
	return offset, nil
}

func (c *content) Close() error {
	if c.file == nil {
		return nil
	}
	err := c.file.Close()
	c.file, c.offset = nil, 0
	return err
}
