package publish

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"mailerlake/export/publish/store"
)

// errReplaced says that an object was replaced while it was read.
var errReplaced = errors.New("it was replaced meanwhile")

// sumOfObject describes an object with its checksum: the one that it was written with, or that of its content if the store
// does not know, or if read is set.
func sumOfObject(ctx context.Context, s store.Store, key string, read bool) (store.Object, error) {
	if !read {
		object, err := s.Head(ctx, key)
		if err != nil {
			return object, fmt.Errorf("look at %s: %w", key, err)
		}
		if object.SHA256 != "" {
			return object, nil
		}
	}
	sum := sha256.New()
	object, err := download(ctx, s, key, sum)
	if err != nil {
		return object, err
	}
	object.SHA256 = hex.EncodeToString(sum.Sum(nil))
	return object, nil
}

// download writes the content of an object to w. If it breaks off, it is read again from where it was, as long as the
// object is the same.
func download(ctx context.Context, s store.Store, key string, w io.Writer) (first store.Object, err error) {
	var done int64
	for try := range readTries {
		r, object, err := s.Get(ctx, key)
		if err != nil {
			return first, fmt.Errorf("read %s: %w", key, err)
		}
		if try == 0 {
			first = object
		} else if object.Version != first.Version {
			r.Close()
			return first, fmt.Errorf("read %s: %w", key, errReplaced)
		}
		_, err = io.CopyN(io.Discard, r, done)
		if err == nil {
			var n int64
			n, err = io.Copy(w, r)
			done += n
		}
		r.Close()
		if err == nil && done == object.Bytes {
			return first, nil
		}
		if ctx.Err() != nil {
			return first, ctx.Err()
		}
		if err == nil {
			err = io.ErrUnexpectedEOF
		}
		if try == readTries-1 {
			return first, fmt.Errorf("read %s: %w", key, err)
		}
	}
	return first, nil
}
