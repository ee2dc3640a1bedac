package client

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// Batches whose parts are counted are given up after a few, without a 429; those
// that cost one unit are kept, however busy others are with the same budget.
func TestBatchCost(t *testing.T) {
	for _, tc := range []struct {
		name   string
		dear   bool
		others time.Duration // between requests of others, 0 for none
		spent  int           // by others before the first request
		walks  int
	}{
		{"one unit", false, 0, 0, 1},
		{"one unit, eight at a time", false, 0, 0, 8},
		{"one unit, others are busy", false, 700 * time.Millisecond, 30, 2},
		{"one unit, others are busier still", false, 400 * time.Millisecond, 0, 1},
		{"one for each part", true, 0, 0, 1},
		{"one for each part, eight at a time", true, 0, 0, 8},
		{"one for each part, others are busy", true, 7 * time.Second, 40, 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := &limiter{limit: 120}
				for range tc.spent {
					l.arrive(false)
				}
				c, _ := newBatchClient(t, latency(300*time.Millisecond, metered(t, l, tc.dear, logs)), Options{Rate: -1})
				c.walks = tc.walks
				ctx, cancel := context.WithCancel(t.Context())
				var others sync.WaitGroup
				if tc.others > 0 {
					others.Go(func() {
						for pause(ctx, tc.others) == nil {
							l.arrive(false)
						}
					})
				}
				lists := 20_000
				if tc.dear {
					lists = 600
				}
				if _, err := c.Get(t.Context(), "/subscribers/1/x", nil); err != nil {
					t.Error(err)
				}
				readLists(t, c, lists, 400)
				cancel()
				others.Wait()
				s := c.Stats()
				if l.refused != 0 || s.RateLimited != 0 || (s.BatchesOff == 1) != tc.dear || tc.dear && s.Batches > 8 {
					t.Errorf("got stats %+v, %d refused", s, l.refused)
				}
			})
		})
	}
}

// One batch that may have cost its parts shows nothing, nor does one when the
// headers are silent.
func TestBill(t *testing.T) {
	for _, tc := range []struct {
		name  string
		notes []struct {
			parts int
			spent cost
		}
		dear, cheap bool
	}{
		{"silent", []struct {
			parts int
			spent cost
		}{{50, cost{-1, -1}}, {50, cost{-1, -1}}, {50, cost{-1, -1}}, {50, cost{-1, -1}}}, false, false},
		{"dear three times", []struct {
			parts int
			spent cost
		}{{50, cost{50, 60}}, {9, cost{9, 69}}, {8, cost{8, 77}}}, true, false},
		{"dear, but few parts", []struct {
			parts int
			spent cost
		}{{7, cost{9, 60}}, {3, cost{3, 65}}, {2, cost{3, 68}}, {2, cost{3, 68}}}, false, false},
		{"cheap between", []struct {
			parts int
			spent cost
		}{{50, cost{50, 60}}, {50, cost{50, 110}}, {50, cost{1, 60}}, {50, cost{50, 60}}, {50, cost{50, 60}}}, false, false},
		{"a new window", []struct {
			parts int
			spent cost
		}{{50, cost{-1, 1}}}, false, true},
		{"all spent: not known how much", []struct {
			parts int
			spent cost
		}{{50, cost{7, -1}}}, false, false},
	} {
		var b bill
		dear := false
		for _, n := range tc.notes {
			dear = b.note(n.parts, n.spent)
		}
		if dear != tc.dear || b.cheap != tc.cheap {
			t.Errorf("%s: got dear %t, cheap %t", tc.name, dear, b.cheap)
		}
	}
}

// Answers show what was spent since the one before, if both belong to one window.
func TestQuotaCost(t *testing.T) {
	c := newClock(-1)
	answer := func(sent uint64, remaining int) cost {
		return c.q.receive(c.now, sent, limitHeaders{ok: true, limit: 120, remaining: remaining})
	}
	want := func(when string, got, want cost) {
		t.Helper()
		if got != want {
			t.Errorf("%s: got %+v, want %+v", when, got, want)
		}
	}
	want("the first", answer(c.q.send(), 117), cost{-1, 3})
	want("the next", answer(c.q.send(), 67), cost{50, 53})
	a, b := c.q.send(), c.q.send()
	want("out of order, the later first", answer(b, 64), cost{3, 56})
	want("out of order, the earlier last", answer(a, 66), cost{-1, 54})
	if got := c.q.room(); got != 64-12+1 {
		t.Errorf("got room %d", got)
	}
	want("all", answer(c.q.send(), 0), cost{64, -1})
	late := c.q.send()
	c.pass(time.Minute)
	c.q.delay(c.now)
	if got := c.q.room(); got != 120-12 {
		t.Errorf("in a new window: got room %d", got)
	}
	want("a late one", answer(late, 5), cost{-1, -1})
	want("no headers", c.q.receive(c.now, c.q.send(), limitHeaders{}), cost{-1, -1})
}
