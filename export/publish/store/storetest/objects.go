package storetest

import (
	"errors"
	"io"
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

func brokenBody(t *testing.T, p place) {
	s, broken := p.open(t), errors.New("the disk is broken")
	for _, size := range []int64{1000, p.Big} {
		body := ending(random(size, 1), func() error { return broken })
		if _, err := s.Put(t.Context(), "new", body, store.IfAbsent()); !errors.Is(err, broken) {
			t.Errorf("put: %v, want what reading said", err)
		}
		unchanged(t, p, s, body)
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
			unchanged(t, p, s, body)
		}
	}
}

func cancelled(t *testing.T, p place) {
	s := p.open(t)
	for _, size := range []int64{1000, p.Big} {
		ctx, cancel := cancelledHere(t)
		body := ending(random(size, 1), func() error { cancel(); return nil })
		if _, err := s.Put(ctx, "new", body, store.IfAbsent()); !errors.Is(err, ctx.Err()) {
			t.Errorf("put: %v, want a cancelled context", err)
		}
		unchanged(t, p, s, body)
		if _, err := s.Head(ctx, "new"); !errors.Is(err, ctx.Err()) {
			t.Errorf("head: %v, want a cancelled context", err)
		}
	}
}

// unchanged checks that what went wrong with a new object left nothing, and that it leaves another as it was.
func unchanged(t *testing.T, p place, s store.Store, body store.Body) {
	t.Helper()
	missing(t, s, "new")
	put(t, s, "old", "old", store.Always())
	ctx, cancel := cancelledHere(t)
	body.Open = ending(random(body.Bytes, 3), func() error { cancel(); return nil }).Open
	if _, err := s.Put(ctx, "old", body, store.Always()); err == nil {
		t.Error("an object was replaced by a body that breaks off")
	}
	holds(t, s, "old", "old")
	if got := keys(t, p.open(t), ""); !slices.Equal(got, []string{"old"}) {
		t.Errorf("there is %q, want the old object alone", got)
	}
}
