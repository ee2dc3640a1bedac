package storetest

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"slices"
	"testing"
	"time"

	"mailerlake/export/publish/store"
)

func anObject(t *testing.T, p place) {
	s := p.open(t)
	before := time.Now()
	written := put(t, s, "table/part.parquet", "content", store.Always())
	read := holds(t, p.open(t), "table/part.parquet", "content")
	if read.Version != written.Version {
		t.Errorf("put said version %q, get says %q", written.Version, read.Version)
	}
	if read.SHA256 != sum([]byte("content")) {
		t.Errorf("the sum is %q", read.SHA256)
	}
	if age := read.Modified.Sub(before); age < -2*time.Second || age > time.Minute {
		t.Errorf("modified at %v, put after %v", read.Modified, before)
	}
	put(t, s, "table/part.parquet", "other", store.Always())
	holds(t, s, "table/part.parquet", "other")
}

func emptyObject(t *testing.T, p place) {
	s := p.open(t)
	put(t, s, "empty", "", store.IfAbsent())
	holds(t, s, "empty", "")
	refused(t, s, "empty", "", store.IfAbsent())
}

func missingObject(t *testing.T, p place) {
	s := p.open(t)
	missing(t, s, "none")
	missing(t, s, "none/below")
	if got := keys(t, s, ""); len(got) != 0 {
		t.Errorf("a store without objects has %q", got)
	}
	put(t, s, "dir/below", "x", store.Always())
	missing(t, s, "dir")
	missing(t, s, "dir/below/it")
}

func deletedObject(t *testing.T, p place) {
	s := p.open(t)
	for _, key := range []string{"none", "none/below", "dir/sub/a"} {
		if err := s.Delete(t.Context(), key); err != nil {
			t.Errorf("delete %s, which is not there: %v", key, err)
		}
	}
	put(t, s, "dir/sub/a", "a", store.Always())
	put(t, s, "dir/b", "b", store.Always())
	for range 2 {
		if err := s.Delete(t.Context(), "dir/sub/a"); err != nil {
			t.Fatal(err)
		}
	}
	missing(t, s, "dir/sub/a")
	if got := keys(t, s, ""); !slices.Equal(got, []string{"dir/b"}) {
		t.Errorf("left is %q", got)
	}
	put(t, s, "dir/sub/a", "again", store.IfAbsent())
	holds(t, s, "dir/sub/a", "again")
}

func bigObject(t *testing.T, p place) {
	s := p.open(t)
	first, second := random(p.Big, 1), random(p.Big, 2)
	created := put(t, s, "big", string(first), store.IfAbsent())
	holds(t, s, "big", string(first))
	refused(t, s, "big", string(second), store.IfAbsent())
	replaced := put(t, s, "big", string(second), store.IfVersion(created.Version))
	refused(t, s, "big", string(first), store.IfVersion(created.Version))
	if object := holds(t, s, "big", string(second)); object.Version != replaced.Version {
		t.Errorf("the version is %q, put said %q", object.Version, replaced.Version)
	}
}

func replacedWhileRead(t *testing.T, p place) {
	s := p.open(t)
	first := random(p.Big, 1)
	put(t, s, "big", string(first), store.Always())
	r, object, err := s.Get(t.Context(), "big")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	begun := make([]byte, 1000)
	if _, err := io.ReadFull(r, begun); err != nil {
		t.Fatal(err)
	}
	put(t, s, "big", string(random(p.Big, 2)), store.Always())
	rest, err := io.ReadAll(r)
	if err == nil && sum(append(begun, rest...)) != object.SHA256 && string(append(begun, rest...)) != string(first) {
		t.Errorf("%d bytes were read that are of neither version, without an error", len(begun)+len(rest))
	}
}

// readings is how often a store reads a body at most.
const readings = 3

func brokenBody(t *testing.T, p place) {
	s, broken := p.open(t), errors.New("the disk is broken")
	eachReading(p, func(size int64, at int) {
		body := newBreaking(random(size, 1), at, func() error { return broken })
		_, err := s.Put(t.Context(), "new", body.Body, store.IfAbsent())
		if body.happened() && !errors.Is(err, broken) {
			t.Errorf("put: %v, want what the %dth reading said", err, at)
		}
		unchanged(t, p, s, body)
	})
}

func eachReading(p place, check func(size int64, at int)) {
	for _, size := range []int64{1000, p.Big} {
		for at := 1; at <= readings; at++ {
			check(size, at)
		}
	}
}

func wrongBody(t *testing.T, p place) {
	s := p.open(t)
	for _, size := range []int64{1000, p.Big} {
		data := random(size, 1)
		longer, shorter, other := store.BytesBody(data), store.BytesBody(data), store.BytesBody(data)
		longer.Bytes--
		shorter.Bytes++
		other.SHA256 = sum([]byte("other"))
		for _, body := range []store.Body{longer, shorter, other} {
			if _, err := s.Put(t.Context(), "new", body, store.Always()); err == nil {
				t.Errorf("a body of %d bytes was taken for one of %d with SHA-256 %s", size, body.Bytes, body.SHA256)
			}
			missing(t, s, "new")
		}
	}
}

// cancelled cancels while a body is read. It may have gone as a whole before that is noticed: then the object is there, and
// whole.
func cancelled(t *testing.T, p place) {
	s := p.open(t)
	for at := 1; at <= readings; at++ {
		ctx, cancel := cancelledHere(t)
		body := newBreaking(random(p.Big, 1), at, func() error { cancel(); return nil })
		_, err := s.Put(ctx, "new", body.Body, store.IfAbsent())
		if body.happened() && !errors.Is(err, context.Canceled) {
			t.Errorf("put: %v, want a cancelled context", err)
		}
		switch object, err := s.Head(t.Context(), "new"); {
		case errors.Is(err, fs.ErrNotExist):
			unchanged(t, p, s, body)
		case err != nil || object.Bytes != body.Bytes:
			t.Errorf("there is an object of %d bytes, want %d or none: %v", object.Bytes, body.Bytes, err)
		default:
			if err := s.Delete(t.Context(), "new"); err != nil {
				t.Error(err)
			}
		}
	}
	ctx, cancel := cancelledHere(t)
	cancel()
	if _, err := s.Head(ctx, "new"); !errors.Is(err, context.Canceled) {
		t.Errorf("head: %v, want a cancelled context", err)
	}
}

// unchanged checks that a Put of a new object that ended early left nothing.
func unchanged(t *testing.T, p place, s store.Store, body *breaking) {
	t.Helper()
	if !body.happened() { // the store reads bodies less often: it was written
		if err := s.Delete(t.Context(), "new"); err != nil {
			t.Error(err)
		}
		return
	}
	missing(t, s, "new")
	if got := keys(t, p.open(t), ""); len(got) != 0 {
		t.Errorf("there is %q, want nothing", got)
	}
}

// stays checks that a Put that breaks off leaves the object that was to be replaced.
func stays(t *testing.T, p place) {
	s, broken := p.open(t), errors.New("the disk is broken")
	object := put(t, s, "old", "old", store.Always())
	for _, condition := range []store.Condition{store.Always(), store.IfVersion(object.Version)} {
		for at := 1; at <= readings; at++ {
			body := newBreaking(random(p.Big, 3), at, func() error { return broken })
			_, err := s.Put(t.Context(), "old", body.Body, condition)
			if !body.happened() {
				return
			}
			if err == nil {
				t.Error("an object was replaced by a body that breaks off")
			}
			holds(t, s, "old", "old")
		}
	}
}
