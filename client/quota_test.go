package client

import (
	"testing"
	"time"
)

// clock steps a quota through time by hand.
type clock struct {
	q   *quota
	now time.Time
}

func newClock(rate int) *clock { return &clock{newQuota(rate), time.Unix(1e9, 0)} }

func (c *clock) pass(d time.Duration) { c.now = c.now.Add(d) }

// ask sends a request that is answered at once with the count left of 120.
func (c *clock) ask(remaining int) { c.answer(c.q.send(), remaining) }

func (c *clock) answer(sent uint64, remaining int) {
	c.q.receive(c.now, sent, limitHeaders{ok: true, limit: 120, remaining: remaining})
}

func (c *clock) want(t *testing.T, when string, want time.Duration) {
	t.Helper()
	if got := c.q.delay(c.now); got != want {
		t.Errorf("%s: got delay %s, want %s", when, got, want)
	}
}

// Once only the reserve is left, the quota waits for the end of the server's
// window, a minute after the first answer in it.
func TestQuotaWindow(t *testing.T) {
	c := newClock(-1)
	c.ask(60)
	c.pass(20 * time.Second)
	c.want(t, "plenty left", 0)
	c.ask(12)
	c.want(t, "at the reserve", 40*time.Second)
	c.pass(40 * time.Second)
	c.want(t, "a minute after the first answer", 0)
}

// A count that rises shows that a new window has begun, earlier than expected.
func TestQuotaWindowBeginsAnew(t *testing.T) {
	c := newClock(-1)
	c.ask(14)
	c.pass(30 * time.Second)
	c.ask(118) // the window was older than it seemed
	c.pass(10 * time.Second)
	c.ask(12)
	c.want(t, "at the reserve of the new window", 50*time.Second)
}

// A late answer says nothing about a window that began after its request was sent,
// whether or not that is known yet.
func TestQuotaStaleAnswers(t *testing.T) {
	c := newClock(-1)
	c.ask(60)
	slow, slower := c.q.send(), c.q.send()
	c.pass(time.Minute)
	c.want(t, "the window has ended", 0)
	c.answer(slow, 13)
	c.want(t, "a late answer of the old window", 0)
	c.ask(118)
	c.answer(slower, 12)
	c.want(t, "another, in the new window", 0)

	c = newClock(0)
	c.ask(60)
	out := c.q.send()
	c.ask(58)
	c.answer(out, 59) // sent before the count of 58: no new window
	c.pass(50 * time.Second)
	c.ask(0)
	c.want(t, "the window counts from its first answer", 10*time.Second)
}

// Requests in flight count as if the server had counted them.
func TestQuotaInFlight(t *testing.T) {
	c := newClock(0)
	c.ask(2)
	c.want(t, "two left", 0)
	c.q.send()
	c.want(t, "one left", 0)
	sent := c.q.send()
	c.want(t, "none left but for luck", time.Minute)
	c.answer(sent, 1)
	c.want(t, "one out, one left", time.Minute)
}

// A refusal holds everything back and ends the window.
func TestQuotaHold(t *testing.T) {
	c := newClock(-1)
	c.ask(0)
	c.want(t, "nothing left", time.Minute)
	c.q.hold(c.now, 20*time.Second)
	c.want(t, "told to come back in 20s", 20*time.Second)
	c.q.hold(c.now, 5*time.Second)
	c.want(t, "a shorter hold changes nothing", 20*time.Second)
	c.pass(20 * time.Second)
	c.want(t, "after it", 0)
}

func TestQuotaRates(t *testing.T) {
	for _, tc := range []struct{ rate, limit, most, reserve int }{
		{-1, 0, 108, 0}, {-1, 120, 108, 12}, {-1, 1, 1, 0}, {-1, 600, 540, 60},
		{0, 0, 0, 0}, {0, 120, 0, 0},
		{30, 0, 30, 0}, {30, 120, 30, 12}, {115, 120, 115, 5}, {500, 120, 500, 0},
	} {
		q := newQuota(tc.rate)
		q.limit = tc.limit
		if q.perMinute() != tc.most || q.reserve() != tc.reserve {
			t.Errorf("rate %d, limit %d: got most %d and reserve %d, want %d and %d", tc.rate, tc.limit, q.perMinute(), q.reserve(), tc.most, tc.reserve)
		}
	}
}
