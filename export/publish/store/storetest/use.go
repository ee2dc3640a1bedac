package storetest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"testing"

	"mailerlake/export/publish/store"
)

// put writes an object that must be written, and checks what the store says of it.
func put(t *testing.T, s store.Store, key, content string, condition store.Condition) store.Object {
	t.Helper()
	object, err := s.Put(t.Context(), key, store.BytesBody([]byte(content)), condition)
	if err != nil {
		t.Fatalf("put %s: %v", key, err)
	}
	if object.Key != key || object.Bytes != int64(len(content)) || object.SHA256 != sum([]byte(content)) || object.Version == "" {
		t.Errorf("put %s returned %+v", key, object)
	}
	return object
}

// refused checks that a condition does not hold.
func refused(t *testing.T, s store.Store, key, content string, condition store.Condition) {
	t.Helper()
	if _, err := s.Put(t.Context(), key, store.BytesBody([]byte(content)), condition); !errors.Is(err, store.ErrConflict) {
		t.Errorf("put %s: %v, want a conflict", key, err)
	}
}

// holds checks the content of an object and that Get and Head agree about it.
func holds(t *testing.T, s store.Store, key, content string) store.Object {
	t.Helper()
	r, object, err := s.Get(t.Context(), key)
	if err != nil {
		t.Fatalf("get %s: %v", key, err)
	}
	got, err := io.ReadAll(r)
	if err = errors.Join(err, r.Close()); err != nil {
		t.Fatalf("read %s: %v", key, err)
	}
	if string(got) != content {
		t.Errorf("%s has %d bytes, %.40q, want %.40q", key, len(got), got, content)
	}
	head, err := s.Head(t.Context(), key)
	if err != nil {
		t.Fatalf("head %s: %v", key, err)
	}
	if !head.Modified.Equal(object.Modified) {
		t.Errorf("head says that %s is of %v, get %v", key, head.Modified, object.Modified)
	}
	if head.Modified = object.Modified; head != object || head.Bytes != int64(len(content)) || head.Key != key {
		t.Errorf("head of %s is %+v, get %+v", key, head, object)
	}
	return head
}

// missing checks that there is no object.
func missing(t *testing.T, s store.Store, key string) {
	t.Helper()
	if _, err := s.Head(t.Context(), key); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("head %s: %v, want no object", key, err)
	}
	if r, _, err := s.Get(t.Context(), key); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("get %s: %v, want no object", key, err)
		if err == nil {
			r.Close()
		}
	}
}

// keys lists the keys of a store.
func keys(t *testing.T, s store.Store, prefix string) []string {
	t.Helper()
	keys := []string{}
	for object, err := range s.List(t.Context(), prefix) {
		if err != nil {
			t.Fatalf("list %q: %v", prefix, err)
		}
		keys = append(keys, object.Key)
	}
	return keys
}

func sum(data []byte) string { return fmt.Sprintf("%x", sha256.Sum256(data)) }

// random returns bytes that do not compress, the same for a seed.
func random(n int64, seed byte) []byte {
	data := make([]byte, n)
	rand.NewChaCha8([32]byte{seed}).Read(data)
	return data
}

// breaking is a body with which something happens when half of it is read, the at-th time that it is opened. A store may read a
// body more than once: to sum it, to sign it, to send it.
type breaking struct {
	store.Body
	opened, at int
}

func newBreaking(data []byte, at int, then func() error) *breaking {
	b := &breaking{Body: store.BytesBody(data), at: at}
	b.Open = func() (io.ReadCloser, error) {
		if b.opened++; b.opened != b.at {
			return io.NopCloser(bytes.NewReader(data)), nil
		}
		half := len(data) / 2
		return io.NopCloser(io.MultiReader(bytes.NewReader(data[:half]), event(then), bytes.NewReader(data[half:]))), nil
	}
	return b
}

// happened reports whether the body was opened that often.
func (b *breaking) happened() bool { return b.opened >= b.at }

// event is a reader without bytes.
type event func() error

func (f event) Read([]byte) (int, error) {
	if err := f(); err != nil {
		return 0, err
	}
	return 0, io.EOF
}

// cancelledHere is a context that the returned function cancels.
func cancelledHere(t *testing.T) (context.Context, func()) {
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	return ctx, cancel
}
