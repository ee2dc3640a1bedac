package progress

import (
	"testing"
	"time"

	"mailerlake/client"
	"mailerlake/export"
)

// world is a run in a time that a test moves, with a rate limit of which the test says how long it holds requests back.
type world struct {
	*Tracker
	time   time.Time
	stats  client.Stats
	limits time.Duration // for each request
}

func newWorld() *world {
	w := &world{time: time.Date(2026, 3, 2, 6, 0, 0, 0, time.UTC)}
	w.Tracker = New(func() time.Time { return w.time })
	w.Watch(w)
	return w
}

func (w *world) pass(d time.Duration) { w.time = w.time.Add(d) }

func (w *world) Stats() client.Stats         { return w.stats }
func (w *world) Usage() client.Usage         { return client.Usage{Requests: 3, PerMinute: 108} }
func (w *world) TimeFor(n int) time.Duration { return time.Duration(n) * w.limits }

// read tells of a page of a table.
func (w *world) read(e export.Event) { w.Event(e) }

// table returns the state of a table.
func (w *world) table(t *testing.T, name string) Table {
	t.Helper()
	for _, one := range w.State().Tables {
		if one.Name == name {
			return one
		}
	}
	t.Fatalf("no table %s", name)
	return Table{}
}

func (w *world) wantShare(t *testing.T, when, name string, want float64) {
	t.Helper()
	if got := w.table(t, name).Share; got != want {
		t.Errorf("%s: got a share of %v, want %v", when, got, want)
	}
}
