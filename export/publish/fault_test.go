package publish_test

import (
	"context"
	"errors"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"mailerlake/export/publish"
)

var errBroken = errors.New("the connection is broken")

// scene is a destination at snapshot 1, and the dataset at 3.
type scene struct {
	there  *memory
	dir    string
	before objects // that the destination holds
	after  objects // that it is to hold
}

func newScene(t *testing.T) scene {
	m := &memory{summed: true}
	mustPublish(t, datasetAt(t, 1), m)
	dir := datasetAt(t, 3)
	return scene{m, dir, m.content(), treeOf(t, dir)}
}

// intact fails if an object is neither as before nor as after, or if the manifest says what is not there.
func (s *scene) intact(t *testing.T, m *memory) {
	t.Helper()
	now := m.content()
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

// every returns which share of all requests a test takes: each third, and all with MAILERLAKE_EVERY_REQUEST=1.
func every() int {
	if os.Getenv("MAILERLAKE_EVERY_REQUEST") != "" {
		return 1
	}
	return 3
}

// TestFaults breaks the requests of a publish, in every way, and checks that the next publish brings the destination to the
// state of the dataset: one of the same dataset at once, one of a copy after the lease.
func TestFaults(t *testing.T) {
	s := newScene(t)
	other := datasetAt(t, 4)
	want := treeOf(t, other)
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			for at := 1 + len(name)%every(); ; at += every() {
				m := s.there.clone()
				c := connect(m)
				fault(c, at)
				_, err := publishing(t.Context(), s.dir, c)
				if err != nil && !errors.Is(err, errBroken) {
					t.Fatalf("request %d (%s): %v", at, c.ops[at-1], err)
				}
				s.intact(t, m)
				copied := m.clone()
				mustPublish(t, s.dir, m)
				same(t, m, s.after)
				synctest.Test(t, func(t *testing.T) {
					r := mustPublish(t, other, copied)
					if _, left := copied.content()["publishing.json"]; left {
						t.Error("the journal is still there")
					}
					if err != nil && r.TookOver == nil && c.requests > 40 {
						t.Error("nothing was taken over")
					}
				})
				same(t, copied, want)
				if t.Failed() {
					t.Fatalf("at request %d (%s)", at, c.ops[at-1])
				}
				if at >= c.requests && err == nil {
					break
				}
			}
		})
	}
}

// TestTwoPublishers stops a publisher at a request, lets another one of a later snapshot take over and end, and then lets
// the first go on: its request, which was under way, takes effect.
func TestTwoPublishers(t *testing.T) {
	s := newScene(t)
	other := datasetAt(t, 4)
	want := treeOf(t, other)
	for at := 1; ; at += every() {
		more := true
		synctest.Test(t, func(t *testing.T) {
			m := s.there.clone()
			c, stopped, resume := connect(m), make(chan string, 1), make(chan struct{})
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
			select {
			case op := <-stopped:
				r, err := publishing(t.Context(), other, connect(m))
				if err != nil {
					t.Fatalf("at request %d (%s): %v", at, op, err)
				}
				close(resume)
				first := <-ended
				if first == nil && r.Before != 3 {
					t.Errorf("at request %d (%s): the first publisher says that it ended well", at, op)
				}
				same(t, m, want)
				if t.Failed() {
					t.Fatalf("at request %d (%s): %v", at, op, first)
				}
			default:
				more = false
			}
		})
		if !more || t.Failed() {
			break
		}
	}
}

// TestBusy checks that a publisher that lives is not disturbed, however long it takes.
func TestBusy(t *testing.T) {
	s := newScene(t)
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
	s := newScene(t)
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
