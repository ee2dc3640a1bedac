package publish

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mailerlake/export/publish/store"
)

// changes is a store that notes what was changed in it.
type changes struct {
	store.Store
	made  []string
	taken bool // the journal is another publisher's
	hangs bool // removals get no answer
}

func (c *changes) Put(ctx context.Context, key string, body store.Body, _ store.Condition) (store.Object, error) {
	if err := ctx.Err(); err != nil {
		return store.Object{}, err
	}
	if key == journalKey && c.taken {
		return store.Object{}, store.ErrConflict
	}
	r, err := body.Open()
	if err != nil {
		return store.Object{}, err
	}
	if _, err := io.ReadAll(r); err != nil {
		return store.Object{}, err
	}
	c.made = append(c.made, "PUT "+key)
	return store.Object{Version: "1"}, r.Close()
}

func (c *changes) Delete(ctx context.Context, key string) error {
	if c.hangs {
		<-ctx.Done()
		return ctx.Err()
	}
	c.made = append(c.made, "DELETE "+key)
	return nil
}

// slow is content that comes in two halves, with a pause between them.
type slow struct {
	io.Reader
	pause time.Duration
	read  bool
}

func (s *slow) Read(b []byte) (int, error) {
	if s.read {
		time.Sleep(s.pause)
	}
	s.read = true
	return s.Reader.Read(b[:1])
}

// TestFenced has a program go on that was stopped for a while, as a signal or a machine that sleeps does it: nothing of it
// runs, and nothing renews its lease meanwhile.
func TestFenced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &changes{}
		l := &lease{store: c, length: time.Minute, turn: make(chan struct{}, 1)}
		l.note(time.Now())
		f := fenced{c, l}
		put := func(key string, pause time.Duration) error {
			open := func() (io.ReadCloser, error) {
				return io.NopCloser(&slow{Reader: strings.NewReader("ab"), pause: pause}), nil
			}
			_, err := f.Put(t.Context(), key, store.Body{Open: open, Bytes: 2}, store.Always())
			return err
		}
		if err := errors.Join(put("at once", 0), f.Delete(t.Context(), "at once")); err != nil {
			t.Error(err)
		}
		time.Sleep(40 * time.Second)
		if err := put("later", 10*time.Second); err != nil {
			t.Error(err)
		}
		if err := put("stopped half-way", time.Minute); !errors.Is(err, errLost) {
			t.Errorf("got %v, want the upload to be given up", err)
		}
		l.note(time.Now())
		time.Sleep(40 * time.Second)
		c.taken = true
		if err := put("lost", 0); !errors.Is(err, errLost) {
			t.Errorf("put: got %v, want to learn that the journal is lost", err)
		}
		if err := f.Delete(t.Context(), "lost"); !errors.Is(err, errLost) {
			t.Errorf("delete: got %v, want to learn that the journal is lost", err)
		}
		want := []string{"PUT at once", "DELETE at once", "PUT " + journalKey, "PUT later"}
		if !slices.Equal(c.made, want) {
			t.Errorf("got %q, want %q", c.made, want)
		}
	})
}

// TestSlowRemoval has the removal of a journal get no answer: it is given up before another publisher can have written its own.
func TestSlowRemoval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &lease{store: &changes{hangs: true}, length: 5 * time.Second, turn: make(chan struct{}, 1)}
		l.note(time.Now())
		ctx, cancel := context.WithTimeout(t.Context(), letGoWithin)
		defer cancel()
		began := time.Now()
		if err := l.release(ctx); err == nil || time.Since(began) >= l.length {
			t.Errorf("got %v after %v, want an end within the lease", err, time.Since(began))
		}
	})
}
