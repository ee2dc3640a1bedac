package client

import (
	"net/url"
	"strconv"
	"strings"
	"testing"
)

// Sizes halve when a batch fails, once for batches that were sent together, and
// double after some that came well; each size that fails again takes longer.
func TestBatchSize(t *testing.T) {
	s := newBatchSize(50, 50)
	want := func(when string, n int) {
		t.Helper()
		if s.n != n {
			t.Errorf("%s: got %d, want %d", when, s.n, n)
		}
	}
	good := func(times, parts int) {
		for range times {
			s.grow(parts)
		}
	}
	good(1000, 50)
	want("at the start", 50)
	s.shrink(50)
	s.shrink(50)
	want("after two that left together", 25)
	good(100, 24)
	want("small ones show nothing", 25)
	good(sizeAfter-1, 25)
	want("soon", 25)
	good(1, 25)
	want("after some", 50)
	s.shrink(50)
	good(2*sizeAfter-1, 25)
	want("again, soon", 25)
	good(1, 25)
	want("again", 50)
	for range 10 {
		s.shrink(s.n)
	}
	want("at least", 1)
	good(6*maxSizeAfter, 50)
	want("at most", 50)
}

// Answers weigh what those of the same pattern did, for each record asked for.
func TestWeights(t *testing.T) {
	at := func(path, limit string) request {
		r := request{method: "GET", path: path}
		if limit != "" {
			r.params = url.Values{"limit": {limit}}
		}
		return r
	}
	w := make(weights)
	for _, tc := range []struct {
		r    request
		want int
	}{{at("/groups", ""), 100 << 11}, {at("/groups", "25"), 25 << 11}, {at("/groups", "0"), 1 << 11}, {at("/groups", "-3"), 100 << 11}} {
		if got := w.of(tc.r); got != tc.want+1 {
			t.Errorf("%v: got %d, want %d", tc.r.params, got, tc.want)
		}
	}
	for i := range 100 {
		w.learn(at("/segments/"+strconv.Itoa(i)+"/subscribers", "1000"), 5000)
	}
	if got := w.of(at("/segments/999/subscribers", "100")); got < 500 || got > 502 {
		t.Errorf("got %d after answers of 5 bytes a record", got)
	}
	if len(w) != 1 || w.of(at("/segments/999", "100")) != 100<<11+1 {
		t.Errorf("got weights %v", w)
	}
	for i := range 2 * maxPatterns {
		w.learn(at("/"+strings.Repeat("a", i+1), ""), 1)
	}
	if len(w) != maxPatterns {
		t.Errorf("keeps %d patterns", len(w))
	}
}
