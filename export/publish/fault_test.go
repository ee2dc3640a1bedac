package publish_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mailerlake/export/dataset"
	"mailerlake/export/publish"
)

var errBroken = errors.New("the connection is broken")

// formats are those of destinations.
var formats = []string{publish.Parquet, publish.Delta}

// scene is a destination at snapshot 2, and the dataset at 3, which lacks a change file that 2 has.
type scene struct {
	there  *memory
	dir    string
	before objects // that the destination holds
	after  objects // that it is to hold
}

func newScene(t *testing.T, format string) scene {
	m := &memory{summed: true}
	mustPublish(t, datasetAt(t, 2), m, inFormat(format))
	dir := datasetAt(t, 3)
	return scene{m, dir, m.content(), treeOf(t, dir)}
}

// intact fails if an object is neither as before nor as after, or if the manifest says what is not there.
func (s *scene) intact(t *testing.T, m *memory) {
	t.Helper()
	now := m.content()
	if isDelta(m) {
		s.readable(t, now)
		return
	}
	for key, data := range now {
		if data != s.before[key] && data != s.after[key] && key != "publishing.json" {
			t.Errorf("%s is of neither snapshot", key)
		}
	}
	if now["manifest.json"] == s.after["manifest.json"] {
		delete(now, "publishing.json")
		if len(now) != len(s.after) {
			t.Errorf("the manifest is there, and %d objects instead of %d", len(now), len(s.after))
		}
		for key, data := range s.after {
			if now[key] != data {
				t.Errorf("the manifest is there, but not %s", key)
			}
		}
	}
	_, under := now["publishing.json"]
	if now["manifest.json"] == s.before["manifest.json"] && !under {
		for key, data := range s.before {
			if now[key] != data {
				t.Errorf("%s has changed, but neither manifest nor journal say so", key)
			}
		}
	}
}

// readable fails if an object that was there has changed or has gone: all files are for readers of any version.
func (s *scene) readable(t *testing.T, now objects) {
	t.Helper()
	for key, data := range s.before {
		if now[key] != data && key != "manifest.json" && dataset.ChangesOf(key) == "" {
			t.Errorf("%s has changed", key)
		}
	}
}

// faults are what can happen to a request.
var faults = map[string]func(c *connection, at int){
	"fails": func(c *connection, at int) {
		c.before = func(n int, _, _ string) error { return when(n == at) }
	},
	"answer lost": func(c *connection, at int) {
		c.after = func(n int, _, _ string) error { return when(n == at) }
	},
	"killed before": func(c *connection, at int) {
		c.before = func(n int, _, _ string) error { return when(n >= at) }
	},
	"killed after": func(c *connection, at int) {
		c.before = func(n int, _, _ string) error { return when(n > at) }
		c.after = func(n int, _, _ string) error { return when(n >= at) }
	},
}

func when(broken bool) error {
	if broken {
		return errBroken
	}
	return nil
}

// next returns the request that a test takes after another: all of the first ones, which differ, then a seventh; or all, with
// MAILERLAKE_EVERY_REQUEST=1.
func next(at int) int {
	if at < 6 || os.Getenv("MAILERLAKE_EVERY_REQUEST") != "" {
		return at + 1
	}
	return at + 7
}

// TestFaults breaks the requests of a publish, in every way, and checks that the next publish brings the destination to the
// state of the dataset: one of the same dataset at once, one of a copy after the lease.
func TestFaults(t *testing.T) {
	for _, format := range formats {
		s, later := newScene(t, format), datasetAt(t, 4)
		for name, fault := range faults {
			t.Run(format+"/"+name, func(t *testing.T) {
				for at := 1; !t.Failed(); at = next(at) {
					c := connect(s.there.clone())
					fault(c, at)
					_, err := publishing(t.Context(), s.dir, c)
					if err == nil && at > c.requests {
						break
					}
					if err != nil && !errors.Is(err, errBroken) {
						t.Errorf("%v", err)
					}
					s.finished(t, c.memory, later)
					if t.Failed() {
						t.Errorf("at request %d (%s): %v", at, c.ops[min(at, len(c.ops))-1], err)
					}
				}
			})
		}
	}
}

// finished fails unless the next publish finishes what was left: one of the same dataset, and one of a later snapshot.
func (s *scene) finished(t *testing.T, m *memory, later string) {
	t.Helper()
	s.intact(t, m)
	copied := m.clone()
	mustPublish(t, s.dir, m)
	holds(t, m, s.dir)
	_, left := copied.content()["publishing.json"]
	synctest.Test(t, func(t *testing.T) {
		if r := mustPublish(t, later, copied); left != (r.TookOver != nil) {
			t.Errorf("a journal was left: %v; taken over: %+v", left, r.TookOver)
		}
	})
	holds(t, copied, later)
}

// TestTwoPublishers stops a publisher at a request, lets another one of a later snapshot take over and end, and then lets
// the first go on: its request, which was under way, takes effect.
func TestTwoPublishers(t *testing.T) {
	for _, format := range formats {
		t.Run(format, func(t *testing.T) {
			s, later := newScene(t, format), datasetAt(t, 4)
			for at, more := 1, true; more && !t.Failed(); at = next(at) {
				synctest.Test(t, func(t *testing.T) { more = s.interleave(t, later, at) })
			}
		})
	}
}

// interleave stops a publisher at a request. It reports whether there is such a request.
func (s *scene) interleave(t *testing.T, later string, at int) bool {
	c, stopped, resume := connect(s.there.clone()), make(chan string, 1), make(chan struct{})
	c.before = func(n int, op, key string) error {
		if n == at {
			stopped <- op + " " + key
		}
		if n >= at {
			<-resume // whatever becomes of the context
		}
		return nil
	}
	ended := make(chan error, 1)
	go func() {
		_, err := publishing(context.WithoutCancel(t.Context()), s.dir, c)
		ended <- err
	}()
	synctest.Wait()
	if len(stopped) == 0 {
		return false
	}
	op := <-stopped
	r := mustPublish(t, later, c.memory)
	close(resume)
	first := <-ended
	if first == nil && r.Before != 3 {
		t.Errorf("the first publisher says that it ended well")
	}
	holds(t, c.memory, later)
	if t.Failed() {
		t.Errorf("at request %d (%s): %v", at, op, first)
	}
	return true
}

// TestLateManifest has a publisher that was taken for dead replace the manifest at the last moment.
func TestLateManifest(t *testing.T) {
	s, later := newScene(t, publish.Parquet), datasetAt(t, 4)
	for late, want := range map[string]string{s.after["manifest.json"]: "", treeOf(t, later)["manifest.json"]: "", `{"format": 99}`: "format version 99"} {
		c, once := connect(s.there.clone()), false
		c.before = func(_ int, op, key string) error {
			if op == "PUT" && key == "manifest.json" && !once {
				once = true
				c.set("manifest.json", late)
			}
			return nil
		}
		_, err := publishing(t.Context(), later, c)
		if want == "" && err == nil {
			holds(t, c.memory, later)
		} else if want == "" || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// TestDistrust has a dead publisher leave an object that has the size which the manifest says, and another content.
func TestDistrust(t *testing.T) {
	s := newScene(t, publish.Parquet)
	c := connect(s.there)
	c.before = func(_ int, op, key string) error { return when(op == "PUT" && key != "publishing.json") }
	if _, err := publishing(t.Context(), s.dir, c); err == nil {
		t.Fatal("the publish was not broken")
	}
	data := []byte(s.before["subscriber/part-00000.parquet"])
	data[len(data)/2]++
	s.there.set("subscriber/part-00000.parquet", string(data))
	dir := datasetAt(t, 2)
	synctest.Test(t, func(t *testing.T) { mustPublish(t, dir, s.there) })
	holds(t, s.there, dir)
}

// TestBusy checks that a publisher that lives is not disturbed, however long it takes.
func TestBusy(t *testing.T) {
	s := newScene(t, publish.Parquet)
	synctest.Test(t, func(t *testing.T) {
		m := s.there.clone()
		slow := connect(m)
		slow.before = func(_ int, op, key string) error {
			if op == "PUT" && key != "publishing.json" {
				time.Sleep(10 * time.Minute)
			}
			return nil
		}
		ended := make(chan error, 1)
		go func() {
			_, err := publishing(context.WithoutCancel(t.Context()), s.dir, slow)
			ended <- err
		}()
		time.Sleep(time.Second)
		for range 3 {
			_, err := publishing(t.Context(), datasetAt(t, 4), connect(m))
			var busy *publish.BusyError
			if !errors.As(err, &busy) || busy.Path != s.dir {
				t.Errorf("got %v, want to be told who is at work", err)
			}
		}
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		same(t, m, s.after)
	})
}

// TestLost checks that a publisher that cannot renew its journal stops before another may take it over.
func TestLost(t *testing.T) {
	s := newScene(t, publish.Parquet)
	synctest.Test(t, func(t *testing.T) {
		m := s.there.clone()
		c := connect(m)
		renewals := 0
		c.before = func(n int, op, key string) error {
			switch {
			case key == "publishing.json" && n <= 3:
			case key == "publishing.json":
				renewals++
				return errBroken
			case op == "PUT":
				time.Sleep(10 * time.Minute)
			}
			return nil
		}
		began := time.Now()
		_, err := publishing(t.Context(), s.dir, c)
		took := time.Since(began)
		// The sleeps of the fake do not end with the context; all uploads of the first step are under way.
		if err == nil || took > 11*time.Minute || renewals == 0 {
			t.Errorf("got %v after %v and %d renewals, want an end", err, took, renewals)
		}
		if _, left := m.content()["publishing.json"]; !left {
			t.Error("the journal is gone")
		}
		s.intact(t, m)
	})
}

// TestSamePlace has a dataset in the place of the one whose publish has not ended, as in another container: a copy from before. It
// cannot know that the publisher is dead.
func TestSamePlace(t *testing.T) {
	s := newScene(t, publish.Parquet)
	backup := filepath.Join(t.TempDir(), "backup")
	if err := os.CopyFS(backup, os.DirFS(s.dir)); err != nil {
		t.Fatal(err)
	}
	c := connect(s.there)
	c.before = func(_ int, op, key string) error { return when(op == "PUT" && key != "publishing.json") }
	if _, err := publishing(t.Context(), s.dir, c); err == nil {
		t.Fatal("the publish was not broken")
	}
	took := func(m *memory) (took time.Duration) {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			if r := mustPublish(t, s.dir, m); r.TookOver == nil || r.TookOver.Path != s.dir {
				t.Errorf("got %+v, want to be told what was taken over", r)
			}
			took = time.Since(began)
		})
		return took
	}
	left := s.there.clone()
	if err := os.Rename(s.dir, s.dir+".away"); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(backup, s.dir); err != nil {
		t.Fatal(err)
	}
	if got := took(left.clone()); got < publish.DefaultLease {
		t.Errorf("the copy took over after %v", got)
	}
	if err := os.Rename(s.dir, backup); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(s.dir+".away", s.dir); err != nil {
		t.Fatal(err)
	}
	if got := took(left); got > 0 {
		t.Errorf("the dataset itself took over after %v", got)
	}
}
