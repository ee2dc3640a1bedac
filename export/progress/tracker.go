package progress

import (
	"math"
	"slices"
	"sync"
	"time"

	"mailerlake/client"
	"mailerlake/export"
)

// Meter tells what the client has done, and what the rate limit allows. A *client.Client is one.
type Meter interface {
	Stats() client.Stats
	Usage() client.Usage
	TimeFor(requests int) time.Duration
}

// Tracker follows a run. It is safe for concurrent use.
type Tracker struct {
	now   func() time.Time
	began time.Time

	mu       sync.Mutex
	meter    Meter // nil without an account
	expected export.Expected
	tables   []*table
	share    float64 // greatest so far
	phase    export.Event
	until    time.Time // a wait lasts until then
	reason   client.Reason
	sent     []*transfer
}

// New returns a tracker of a run that begins now.
func New(now func() time.Time) *Tracker { return &Tracker{now: now, began: now(), share: Unknown} }

// Watch sets the meter.
func (t *Tracker) Watch(m Meter) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.meter = m
}

// Expect takes over about how much there is to read.
func (t *Tracker) Expect(e export.Expected) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.expected = e
	for _, one := range e.Tables {
		t.table(one.Name).expected = one
	}
}

// Event takes over a step. Messages are for others.
func (t *Tracker) Event(e export.Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case e.Message != "":
	case e.Phase != "":
		t.phase = e
	case e.Table != "":
		t.table(e.Table).take(e, t.now())
	}
}

// table returns what is known about a table.
func (t *Tracker) table(name string) *table {
	i := slices.IndexFunc(t.tables, func(o *table) bool { return o.expected.Name == name })
	if i < 0 {
		i = len(t.tables)
		t.tables = append(t.tables, newTable(name))
	}
	return t.tables[i]
}

// Wait takes over that a request waits.
func (t *Tracker) Wait(w client.Wait) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if until := t.now().Add(w.Duration); until.After(t.until) {
		t.until, t.reason = until, w.Reason
	}
}

// State returns how the run is going.
func (t *Tracker) State() State {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	s := State{Elapsed: now.Sub(t.began), Phase: t.phase.Phase, Table: t.phase.Table, Step: t.phase.Step, Steps: t.phase.Steps, Expected: t.expected.Requests}
	for _, one := range t.tables {
		s.Tables = append(s.Tables, one.state(now, t.meter))
	}
	if t.share = max(t.share, t.measure()); t.share >= 0 {
		s.Share = t.share
	} else {
		s.Share = Unknown
	}
	s.Left = t.left(now)
	if t.meter != nil {
		s.Requests, s.Usage = t.meter.Stats().Requests, t.meter.Usage()
	}
	if left := t.until.Sub(now); left > 0 {
		s.Wait = &Wait{t.reason, left}
	}
	for _, one := range t.sent {
		s.Transfers = append(s.Transfers, one.state(now))
	}
	return s
}

// measure returns the share of the run's requests that is done, as it seems now.
func (t *Tracker) measure() float64 {
	sum, of, open := 0.0, 0.0, false
	for _, one := range t.tables {
		weight := max(one.expected.Requests, 1)
		sum, of = sum+weight*one.done(), of+weight
		open = open || one.share < 1
	}
	switch {
	case of == 0 || t.expected.Tables == nil: // more tables may come
		return Unknown
	case open:
		return min(sum/of, almost)
	}
	return 1
}

// left returns the time left until everything is read, if it is known: that of the slowest table that is being read, or of the
// requests that are left.
func (t *Tracker) left(now time.Time) time.Duration {
	left, waiting := time.Duration(Unknown), false
	for _, one := range t.tables {
		left = max(left, one.left(now, t.meter))
		waiting = waiting || one.stage == Waiting
	}
	if t.meter == nil || t.expected.Units == 0 {
		if waiting { // nobody knows how long those take
			return Unknown
		}
		return left
	}
	units := t.units()
	if units < 0.5 {
		return left
	}
	return max(left, budgeted(t.meter, units), t.answered(now, units))
}

// units returns how many units of the rate limit are left to use: those of the tables, and of what is beside them and of batches
// that are not full in proportion.
func (t *Tracker) units() float64 {
	left, sum, done, of := 0.0, 0.0, 0.0, 0.0
	for _, one := range t.tables {
		left, sum = left+one.units(), sum+one.expected.Units
		done, of = done+one.expected.Requests*one.done(), of+one.expected.Requests
	}
	if beside := float64(t.expected.Units) - sum; beside > 0 && of > 0 {
		left += beside * (1 - done/of)
	}
	return left
}

// answered returns how long requests take at the speed at which they were answered, waits left out; Unknown if it is too early to
// know.
func (t *Tracker) answered(now time.Time, units float64) time.Duration {
	stats := t.meter.Stats()
	busy := (now.Sub(t.began) - stats.Waited).Seconds()
	if stats.Requests == 0 || busy <= 0 || math.IsInf(units, 0) {
		return Unknown
	}
	return told(units / float64(stats.Requests) * busy)
}
