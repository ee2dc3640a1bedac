package client

import (
	"math/rand/v2"
	"testing"
	"time"
)

// TestTimeFor: the time that is foretold for some requests is when the last of them may go, if each is sent as soon as it may
// and answered at once.
func TestTimeFor(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, rate := range []int{1, 7, 60, -1} {
		for range 50 {
			c := newClock(rate)
			send := func() {
				for d := c.q.delay(c.now); d > 0; d = c.q.delay(c.now) {
					c.pass(d)
				}
				c.q.receive(c.now, c.q.send(), limitHeaders{})
			}
			for range random.IntN(150) {
				send()
				c.pass(time.Duration(random.IntN(2000)) * time.Millisecond)
			}
			n := 1 + random.IntN(300)
			began, want := c.now, c.q.timeFor(c.now, n)
			for range n {
				send()
			}
			if got := c.now.Sub(began); got != want {
				t.Fatalf("rate %d: %d requests took %s, foretold were %s", rate, n, got, want)
			}
		}
	}
}

// TestTimeForByHeaders: without a count of our own, the server's windows tell.
func TestTimeForByHeaders(t *testing.T) {
	c := newClock(0)
	if got := c.q.timeFor(c.now, 1000); got != 0 {
		t.Errorf("before the server states its limit: %s", got)
	}
	c.ask(20)
	c.pass(10 * time.Second)
	for n, want := range map[int]time.Duration{0: 0, 20: 0, 21: 50 * time.Second, 140: 50 * time.Second, 141: 110 * time.Second} {
		if got := c.q.timeFor(c.now, n); got != want {
			t.Errorf("%d requests: got %s, want %s", n, got, want)
		}
	}
	if got, want := c.q.usage(c.now), (Usage{Requests: 100, PerMinute: 120}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// TestUsage counts what was sent in the last minute, answered or not.
func TestUsage(t *testing.T) {
	c := newClock(-1)
	c.ask(119)
	c.pass(40 * time.Second)
	c.ask(118)
	c.q.send()
	if got, want := c.q.usage(c.now), (Usage{Requests: 3, PerMinute: 108}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	c.pass(30 * time.Second)
	if got := c.q.usage(c.now).Requests; got != 2 {
		t.Errorf("a minute later: got %d requests, want 2", got)
	}
}
