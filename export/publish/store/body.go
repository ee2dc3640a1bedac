package store

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"sync/atomic"
)

// Copy writes the body to w and returns its SHA-256. It is an error if the body is not what it says.
func (b Body) Copy(ctx context.Context, w io.Writer) (sum string, err error) {
	r, err := b.Open()
	if err != nil {
		return "", err
	}
	defer r.Close()
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(w, h), &counted{ReadCloser: r, ctx: ctx})
	if err != nil {
		return "", err
	}
	sum = fmt.Sprintf("%x", h.Sum(nil))
	return sum, b.check(n, sum)
}

// check compares what was read of a body with what it says. It returns an error if its file was changed or is damaged.
func (b Body) check(size int64, sum string) error {
	switch {
	case size != b.Bytes:
		return fmt.Errorf("what is to be written has %d bytes in place of %d", size, b.Bytes)
	case b.SHA256 != "" && sum != b.SHA256:
		return fmt.Errorf("what is to be written has SHA-256 %s in place of %s", sum, b.SHA256)
	}
	return nil
}

// Exactly returns a reader that ends with an error unless r has as many bytes as the object.
func Exactly(r io.ReadCloser, o Object) io.ReadCloser { return &exactly{ReadCloser: r, object: o} }

type exactly struct {
	io.ReadCloser
	object Object
	read   int64
}

func (e *exactly) Read(p []byte) (int, error) {
	n, err := e.ReadCloser.Read(p)
	e.read += int64(n)
	if err == io.EOF && e.read < e.object.Bytes {
		return n, fmt.Errorf("read %s: %d of %d bytes came: %w", e.object.Key, e.read, e.object.Bytes, io.ErrUnexpectedEOF)
	}
	if e.read > e.object.Bytes {
		return n, fmt.Errorf("read %s: more than its %d bytes came", e.object.Key, e.object.Bytes)
	}
	return n, err
}

// counted counts the bytes that are read, and stops when its context does.
type counted struct {
	io.ReadCloser
	ctx   context.Context
	count *atomic.Int64 // nil counts nothing
}

func (c *counted) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := c.ReadCloser.Read(p)
	if c.count != nil {
		c.count.Add(int64(n))
	}
	return n, err
}
