package progress

import (
	"math"
	"time"

	"mailerlake/export"
)

// table is what is known about the reading of one table.
type table struct {
	expected export.ExpectedTable
	last     export.Event
	stage    Stage
	share    float64 // greatest so far, Unknown if nothing is known
	speed    speed
}

func newTable(name string) *table {
	return &table{expected: export.ExpectedTable{Name: name}, share: Unknown}
}

// take takes over a step. Steps of several goroutines may come out of order.
func (t *table) take(e export.Event, now time.Time) {
	if t.stage == Reading && !e.Done && e.Pages < t.last.Pages {
		return
	}
	t.last, t.stage = e, Reading
	if e.Done {
		t.stage = Read
	}
	t.share = max(t.share, t.measure())
	t.speed.note(sample{now, float64(e.Rows), max(t.share, 0)})
}

// rows returns how many rows there are, 0 if nobody knows.
func (t *table) rows() (of int64, rough bool) {
	of, rough = t.last.Of, t.last.Rough
	if of == 0 && t.last.Lists == 0 {
		of, rough = t.expected.Rows, t.expected.Rough
	}
	if of > 0 && t.last.Rows > of {
		of = t.last.Rows
	}
	if t.stage == Read {
		return t.last.Rows, false
	}
	return of, rough
}

// measure returns the share that is done, as it seems now.
func (t *table) measure() float64 {
	e := t.last
	lists := 1.0
	if e.Lists > 0 {
		lists = float64(e.ListsRead) / float64(e.Lists)
	}
	if t.stage == Read {
		return lists // those that are left follow
	}
	of, _ := t.rows()
	switch {
	case e.Share > 0:
		return min(e.Share, almost)
	case of > 0:
		return min(float64(e.Rows)/float64(of), almost)
	case t.expected.Requests > 0:
		share := float64(e.Pages) / t.expected.Requests
		if e.Lists > 0 {
			share = max(share, lists)
		}
		return min(share, almost)
	case e.Lists > 0:
		return min(lists, almost)
	}
	return Unknown
}

// done returns the share that is done, 0 if it is not known.
func (t *table) done() float64 { return max(t.share, 0) }

// units returns how many units of the rate limit are left to use.
func (t *table) units() float64 { return t.expected.Units * (1 - t.done()) }

// left returns the time left, if it is known.
func (t *table) left(now time.Time, m Meter) time.Duration {
	if t.stage != Reading || t.share >= almost {
		return Unknown
	}
	left := t.speed.left(now, t.share)
	if m != nil && t.expected.Units > 0 {
		left = max(left, budgeted(m, t.units()))
	}
	return left
}

// budgeted returns how long the rate limit holds some requests back; Unknown if it does not.
func budgeted(m Meter, units float64) time.Duration {
	if d := m.TimeFor(int(math.Ceil(units))); d > 0 {
		return told(d.Seconds())
	}
	return Unknown
}

func (t *table) state(now time.Time, m Meter) Table {
	s := Table{Name: t.expected.Name, Stage: t.stage, Rows: t.last.Rows, Pages: t.last.Pages, Lists: t.last.Lists, ListsRead: t.last.ListsRead,
		Share: t.share, Left: t.left(now, m)}
	s.Of, s.Rough = t.rows()
	if t.stage == Reading {
		rate, _ := t.speed.since(now)
		s.RowsPerSecond = max(rate, 0) // rows that were read twice are taken back
	}
	return s
}
