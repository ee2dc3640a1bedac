package progress

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"mailerlake/client"
	"mailerlake/export"
)

// TestSharesNeverFall has tables be read in any order, with estimates that are wrong, totals that change, lists that are walked
// again, and events that come late: no share falls or exceeds 1, and every time left is unknown or a time to be told.
func TestSharesNeverFall(t *testing.T) {
	for seed := range uint64(300) {
		m := &model{world: newWorld(), t: t, random: rand.New(rand.NewPCG(seed, 7)), seen: map[string]float64{}, run: Unknown}
		if m.random.IntN(5) > 0 {
			m.Expect(m.expected())
		}
		for range 200 {
			m.step()
			m.check(seed)
		}
		if t.Failed() {
			return
		}
	}
}

type model struct {
	*world
	t      *testing.T
	random *rand.Rand
	last   [6]export.Event
	seen   map[string]float64
	run    float64
}

func (m *model) expected() (e export.Expected) {
	for i := range m.last {
		one := export.ExpectedTable{Name: fmt.Sprint("t", i), Rows: m.random.Int64N(3000) * m.random.Int64N(2), Rough: m.random.IntN(2) == 0,
			Requests: float64(m.random.IntN(40)), Units: m.random.Float64() * 20}
		e.Requests, e.Units = e.Requests+int64(one.Requests), e.Units+int64(one.Units)
		e.Tables = append(e.Tables, one)
	}
	e.Units += m.random.Int64N(30)
	return e
}

// step tells of something that may happen.
func (m *model) step() {
	m.pass(time.Duration(m.random.Int64N(int64(5 * time.Second))))
	m.limits = time.Duration(m.random.Int64N(int64(time.Second)))
	m.stats.Requests += m.random.Int64N(3)
	i := m.random.IntN(len(m.last))
	e := &m.last[i]
	e.Table, e.Done = fmt.Sprint("t", i), false
	switch m.random.IntN(12) {
	case 0:
		e.Done, e.ListsRead = true, e.Lists
	case 1:
		e.Done = true // a part of its lists
	case 2:
		e.Of, e.Rough = m.random.Int64N(5000), m.random.IntN(2) == 0
	case 3:
		e.Rows /= 2 // read twice
	case 4:
		e.Lists = m.random.Int64N(20)
		e.ListsRead = min(e.ListsRead, e.Lists)
	case 5:
		late := *e
		late.Pages, late.Rows = late.Pages/2, late.Rows/3
		m.Event(late)
	case 6:
		m.Wait(client.Wait{Reason: client.WaitRate, Duration: time.Duration(m.random.Int64N(int64(time.Minute)))})
	case 7:
		m.Event(export.Event{Phase: export.Comparing, Table: e.Table, Step: i, Steps: len(m.last)})
	case 8:
		m.Event(export.Event{Phase: export.Reading})
	default:
		e.Rows, e.Pages = e.Rows+m.random.Int64N(400), e.Pages+1
		if e.ListsRead < e.Lists {
			e.ListsRead++
		}
	}
	m.Event(*e)
}

// check compares the state with the one before.
func (m *model) check(seed uint64) {
	s := m.State()
	m.share(seed, "the run", s.Share, m.run)
	m.left(seed, "the run", s.Left)
	m.run = s.Share
	for _, one := range s.Tables {
		before, known := m.seen[one.Name]
		if !known {
			before = Unknown
		}
		m.share(seed, one.Name, one.Share, before)
		m.left(seed, one.Name, one.Left)
		m.seen[one.Name] = one.Share
		if one.Of > 0 && one.Rows > one.Of || one.RowsPerSecond < 0 || math.IsNaN(one.RowsPerSecond) || math.IsInf(one.RowsPerSecond, 0) {
			m.t.Errorf("seed %d: %+v", seed, one)
		}
	}
}

func (m *model) share(seed uint64, what string, now, before float64) {
	if now < before || now > 1 || now < 0 && now != Unknown || math.IsNaN(now) {
		m.t.Errorf("seed %d: %s is at %v, after %v", seed, what, now, before)
	}
}

func (m *model) left(seed uint64, what string, d time.Duration) {
	if d != Unknown && (d < time.Second || d > longest) {
		m.t.Errorf("seed %d: %s has %s left", seed, what, d)
	}
}
