// Package store reads and writes the objects of a destination: files of a directory, or objects of a bucket. The two names
// you want are Open and Store.
//
// What holds for every store:
//
//   - An object is there whole or not at all, and never half. Put replaces it in one step.
//   - A condition of Put is checked by the store in the same step: of any number of writers one wins, and the others get
//     ErrConflict.
//   - Whatever ends a Put early, a cancelled context or the death of the process, leaves nothing that List shows.
//   - A request whose answer is lost is asked again. If the condition of a Put then fails and the object is what was to be
//     written, byte for byte, the Put has succeeded.
package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"strings"
	"time"
)

// ErrConflict says that the condition of a Put did not hold: nothing was written. A missing object is fs.ErrNotExist.
var ErrConflict = errors.New("the object is not the one that was expected")

// URLError says what is wrong with the URL of a destination: nothing was asked.
type URLError struct{ Reason string }

func (e *URLError) Error() string { return e.Reason }

// Object is what a store says about an object.
type Object struct {
	Key      string // relative to the store's URL, with slashes
	Bytes    int64
	Version  string // changes whenever other content is written: an ETag or a generation. List does not know it.
	SHA256   string // as Put was told, in lower-case hexadecimal; empty if it is not known. List does not know it.
	Modified time.Time
}

// Body is what an object is written from. It is opened again for each attempt, and before the first to check its sum.
type Body struct {
	Open   func() (io.ReadCloser, error)
	Bytes  int64
	SHA256 string // of the content, in lower-case hexadecimal
}

// BytesBody returns a body that is in memory.
func BytesBody(data []byte) Body {
	return Body{
		Open:   func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil },
		Bytes:  int64(len(data)),
		SHA256: Sum(data),
	}
}

// Sum returns the SHA-256 of data, in lower-case hexadecimal.
func Sum(data []byte) string { return fmt.Sprintf("%x", sha256.Sum256(data)) }

// Condition says what Put may replace.
type Condition struct {
	kind    conditionKind
	version string
}

type conditionKind uint8

const (
	always conditionKind = iota
	ifAbsent
	ifVersion
)

// Always writes an object whatever there is.
func Always() Condition { return Condition{} }

// IfAbsent writes an object only if there is none.
func IfAbsent() Condition { return Condition{kind: ifAbsent} }

// IfVersion replaces an object only if it still has a version, as Head, Get or Put told it.
func IfVersion(version string) Condition { return Condition{kind: ifVersion, version: version} }

// Absent reports whether the object must not be there.
func (c Condition) Absent() bool { return c.kind == ifAbsent }

// Version returns the version that the object must have, and whether it must have one.
func (c Condition) Version() (version string, must bool) { return c.version, c.kind == ifVersion }

// Stats counts what a store was asked since it was opened.
type Stats struct {
	Requests int64  // that were sent, with those asked again; for a directory, calls of Store's methods
	Retries  int64  // of them, those asked again
	Trouble  string // why the last of these failed before; empty if none did
	Sent     int64  // bytes of objects, as often as they were sent
	Received int64  // bytes of objects
}

// Store is a directory or a bucket, or the part of a bucket below a prefix. It is safe for concurrent use. CheckKey says which
// keys it takes.
type Store interface {
	// String returns the store's URL, without credentials.
	String() string
	// Head describes an object. A missing one is fs.ErrNotExist.
	Head(ctx context.Context, key string) (Object, error)
	// Get opens an object for reading. A missing one is fs.ErrNotExist. What is read is one version of it, as described;
	// reading ends with an error if not all of it comes.
	Get(ctx context.Context, key string) (io.ReadCloser, Object, error)
	// Put writes an object and returns it as it is now, but for Modified, which not every store tells. If the condition does not hold, it is ErrConflict.
	Put(ctx context.Context, key string, body Body, condition Condition) (Object, error)
	// List lists the objects whose keys begin with a prefix, by key.
	List(ctx context.Context, prefix string) iter.Seq2[Object, error]
	// Delete removes an object. It is not an error if there is none.
	Delete(ctx context.Context, key string) error
	// Stats returns what was asked until now.
	Stats() Stats
	Close() error
}

// CheckKey reports what is wrong with a key. A key is a relative path with slashes, without characters that not every store
// holds as they are.
func CheckKey(key string) error {
	if !fs.ValidPath(key) || key == "." {
		return fmt.Errorf("%q is not the key of an object", key)
	}
	if i := strings.IndexFunc(key, unportable); i >= 0 {
		return fmt.Errorf("the key %q has the character %q, which not every store can hold", key, key[i])
	}
	return nil
}

func unportable(c rune) bool { return c < ' ' || c == 0x7f || strings.ContainsRune(`"#%?\`, c) }
