// Package store reads and writes the objects of a destination: files of a directory, or objects of a bucket. The two names
// you want are Open and Store.
//
// What holds for every store:
//
//   - An object is there whole or not at all, and never half. Put replaces it in one step.
//   - A condition of Put is checked by the store in the same step: of any number of writers one wins, and the others get
//     ErrConflict.
//   - A request whose answer is lost is asked again. If the condition of a Put then fails and the object is what was to be
//     written, byte for byte, the Put has succeeded.
package store

import (
	"context"
	"errors"
	"io"
	"iter"
	"time"
)

// ErrConflict says that the condition of a Put did not hold: nothing was written. A missing object is fs.ErrNotExist.
var ErrConflict = errors.New("the object is not the one that was expected")

// Object is what a store says about an object.
type Object struct {
	Key      string // relative to the store's URL, with slashes
	Bytes    int64
	Version  string // changes whenever the object is written: an ETag or a generation
	SHA256   string // as Put was told, in lower-case hexadecimal; empty if it is not known. List does not know it.
	Modified time.Time
}

// Body is what an object is written from. It is opened again for each attempt.
type Body struct {
	Open   func() (io.ReadCloser, error)
	Bytes  int64
	SHA256 string // of the content, in lower-case hexadecimal
}

// Condition says what Put may replace.
type Condition struct {
	absent  bool
	version string
}

// Always writes an object whatever there is.
func Always() Condition { return Condition{} }

// IfAbsent writes an object only if there is none.
func IfAbsent() Condition { return Condition{absent: true} }

// IfVersion replaces an object only if it still has a version.
func IfVersion(version string) Condition { return Condition{version: version} }

// Store is a directory or a bucket, or the part of a bucket below a prefix. It is safe for concurrent use.
type Store interface {
	// String returns the store's URL, without credentials.
	String() string
	// Head describes an object. A missing one is fs.ErrNotExist.
	Head(ctx context.Context, key string) (Object, error)
	// Get opens an object for reading. A missing one is fs.ErrNotExist.
	Get(ctx context.Context, key string) (io.ReadCloser, Object, error)
	// Put writes an object. If the condition does not hold, it is ErrConflict.
	Put(ctx context.Context, key string, body Body, condition Condition) (Object, error)
	// List lists the objects whose keys begin with a prefix, by key.
	List(ctx context.Context, prefix string) iter.Seq2[Object, error]
	// Delete removes an object. It is not an error if there is none.
	Delete(ctx context.Context, key string) error
	Close() error
}
