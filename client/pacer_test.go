package client

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// limiter is the server's side: a fixed window of a minute that begins with the
// first request after the last one ended.
type limiter struct {
	mu      sync.Mutex
	limit   int
	began   time.Time
	used    int
	refused int
	times   []time.Time // arrivals of ours
}

func (l *limiter) arrive(ours bool) reply {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if l.began.IsZero() || !now.Before(l.began.Add(time.Minute)) {
		l.began, l.used = now, 0
	}
	if ours {
		l.times = append(l.times, now)
	}
	l.used++
	a := ok(`{"data":{}}`)
	if l.used > l.limit {
		if ours {
			l.refused++
		}
		left := l.began.Add(time.Minute).Sub(now)
		a = status(429, `{}`).with("Retry-After", strconv.Itoa(int(left/time.Second)+1))
	}
	return a.with("X-RateLimit-Limit", strconv.Itoa(l.limit)).
		with("X-RateLimit-Remaining", strconv.Itoa(max(l.limit-l.used, 0)))
}

// most returns the largest number of arrivals within a minute.
func (l *limiter) most() int {
	best, from := 0, 0
	for i, t := range l.times {
		for !l.times[from].Add(time.Minute).After(t) {
			from++
		}
		best = max(best, i-from+1)
	}
	return best
}

type pacing struct {
	rate, limit, workers int
	latency              time.Duration // at most, each way
	others               time.Duration // between requests of others, 0 = none
	phase                time.Duration // from the start of the window to our first request
	spent                int           // used by others in that window
}

// run has workers ask for ten minutes and returns the server's view.
func (p pacing) run(t *testing.T, rnd *rand.Rand) (*limiter, Stats) {
	l := &limiter{limit: p.limit}
	var mu sync.Mutex
	delay := func() time.Duration {
		mu.Lock()
		defer mu.Unlock()
		return time.Duration(rnd.Int64N(int64(p.latency) + 1))
	}
	c, _ := newTestClient(t, nil, Options{Rate: p.rate})
	c.transport = tripper(func(r *http.Request) (*http.Response, error) {
		time.Sleep(delay())
		a := l.arrive(true)
		time.Sleep(delay())
		return a.response(r), nil
	})
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	if p.spent > 0 {
		for range p.spent {
			l.arrive(false)
		}
		time.Sleep(p.phase)
	}
	if p.others > 0 {
		wg.Go(func() {
			for ctx.Err() == nil {
				pause(ctx, p.others)
				l.arrive(false)
			}
		})
	}
	for range p.workers {
		wg.Go(func() {
			for ctx.Err() == nil {
				c.Get(ctx, "/x", nil)
			}
		})
	}
	time.Sleep(10 * time.Minute)
	cancel()
	wg.Wait()
	return l, c.Stats()
}

type tripper func(*http.Request) (*http.Response, error)

func (f tripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// For any start of the server's window, any latency and any number of workers
// there is no 429, no minute with more requests than the rate, and little of the
// budget is wasted.
func TestPacing(t *testing.T) {
	for seed := range uint64(60) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		p := pacing{rate: -1, limit: 120, workers: 2 + rnd.IntN(11), latency: time.Duration(rnd.IntN(500)) * time.Millisecond}
		allowed := 108
		switch seed % 4 {
		case 1: // a window begun by others, any phase
			p.spent, p.phase = 1+rnd.IntN(60), time.Duration(rnd.Int64N(int64(time.Minute)))
		case 2: // the whole limit
			p.rate, allowed = 120, 120
		case 3: // headers alone
			p.rate, allowed = 0, 120
		}
		t.Run(fmt.Sprintf("seed %d %+v", seed, p), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, stats := p.run(t, rnd)
				if l.refused > 0 || stats.RateLimited > 0 {
					t.Errorf("met 429 %d times", l.refused)
				}
				// Ten minutes hold ten windows of work, less what others had used of the first.
				if got, want := len(l.times), (allowed*10-p.spent)*95/100; got < want {
					t.Errorf("sent %d requests, want at least %d", got, want)
				}
				if got := l.most(); p.rate != 0 && got > allowed {
					t.Errorf("sent %d requests within a minute, want at most %d", got, allowed)
				}
			})
		})
	}
}

// The account's shop and forms share the limit: they keep the reserve, and we stop
// before the limit is reached.
func TestPacingAmongOthers(t *testing.T) {
	for _, others := range []time.Duration{500 * time.Millisecond, time.Second, 5 * time.Second} {
		t.Run(others.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := pacing{rate: -1, limit: 120, workers: 4, latency: 200 * time.Millisecond, others: others}
				l, _ := p.run(t, rand.New(rand.NewPCG(1, 2)))
				if l.refused > 0 {
					t.Errorf("met 429 %d times", l.refused)
				}
				theirs := int(10 * time.Minute / others)
				if got, want := len(l.times), max(10*108-theirs, 0)*6/10; got < want {
					t.Errorf("sent %d requests, want at least %d", got, want)
				}
			})
		})
	}
}

// The whole budget may be used at once, so that a small account needs no wait.
func TestPacingBurst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := newTestClient(t, func(int, *http.Request) reply { return ok(`{"data":{}}`) }, Options{Rate: -1})
		start := time.Now()
		for range defaultRate {
			if _, err := c.Get(t.Context(), "/x", nil); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("%d requests took %s, want no wait", defaultRate, took)
		}
		c.Get(t.Context(), "/x", nil)
		if took := time.Since(start); took != time.Minute {
			t.Errorf("one more was sent after %s, want 1m", took)
		}
		time.Sleep(time.Hour)
		if got := c.Stats().Waited; got != time.Minute {
			t.Errorf("waited %s, want 1m", got)
		}
	})
}

// The stated limit counts, whether higher or lower than the default.
func TestPacingStatedLimit(t *testing.T) {
	for _, limit := range []int{1, 5, 60, 600} {
		t.Run(strconv.Itoa(limit), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := pacing{rate: -1, limit: limit, workers: 1, latency: 10 * time.Millisecond}
				l, _ := p.run(t, rand.New(rand.NewPCG(3, 4)))
				allowed := max(limit*9/10, 1)
				if got := len(l.times); l.refused > 0 || got < allowed*10*95/100 || got > allowed*11 {
					t.Errorf("sent %d requests with %d refused, want about %d and 0", got, l.refused, allowed*10)
				}
			})
		})
	}
}

// An answer that allows more requests wakes those that wait.
func TestPacingWakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := newTestClient(t, func(int, *http.Request) reply {
			a := ok(`{"data":{}}`).with("X-RateLimit-Limit", "600").with("X-RateLimit-Remaining", "400")
			a.delay = time.Second
			return a
		}, Options{Rate: -1})
		c.pace.flying = make(chan struct{}, defaultRate+1)
		start := time.Now()
		var wg sync.WaitGroup
		for range defaultRate + 1 {
			wg.Go(func() {
				if _, err := c.Get(t.Context(), "/x", nil); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if took := time.Since(start); took != 2*time.Second {
			t.Errorf("took %s, want 2s: the last one waits for the first answer", took)
		}
	})
}

// However many callers there are, few requests are in flight at the same time; one that is given up makes room.
func TestPacerFlying(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var flying gauge
		c, _ := newTestClient(t, nil, Options{Rate: 1 << 30})
		c.transport = tripper(func(r *http.Request) (*http.Response, error) {
			flying.add(1)
			defer flying.add(-1)
			return ok(`{"data":{}}`).response(r), pause(r.Context(), time.Second)
		})
		var wg sync.WaitGroup
		for i := range 100 {
			wg.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				if i%3 == 0 {
					ctx, cancel = context.WithTimeout(t.Context(), time.Duration(i)*100*time.Millisecond)
				}
				defer cancel()
				if _, err := c.Get(ctx, "/x", nil); err != nil && ctx.Err() == nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if flying.most != maxWalks || len(c.pace.flying) > 0 {
			t.Errorf("got %d requests in flight, %d at last", flying.most, len(c.pace.flying))
		}
	})
}

// Requests that wait are served in the order in which they came.
func TestPacerOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPacer(1, time.Hour)
		var order []int
		var wg sync.WaitGroup
		for i := range 6 {
			wg.Go(func() {
				sent, err := p.enter(t.Context(), func(time.Duration) {}, func() {})
				if err != nil {
					t.Error(err)
				}
				order = append(order, i)
				p.leave(sent, nil)
			})
			synctest.Wait() // i has queued before the next one comes
		}
		wg.Wait()
		for i, got := range order {
			if got != i {
				t.Fatalf("served in order %v", order)
			}
		}
	})
}

// A request that stops waiting lets the next one pass.
func TestPacerCancelInLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPacer(1, time.Hour)
		enter := func(ctx context.Context) error {
			sent, err := p.enter(ctx, func(time.Duration) {}, func() {})
			if err == nil {
				p.leave(sent, nil)
			}
			return err
		}
		if err := enter(t.Context()); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		start := time.Now()
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				if err := enter(ctx); err == nil || time.Since(start) != 10*time.Second {
					t.Errorf("got error %v after %s, want the context's after 10s", err, time.Since(start))
				}
			})
		}
		synctest.Wait()
		if err := enter(t.Context()); err != nil || time.Since(start) != time.Minute {
			t.Errorf("entered after %s, error %v, want 1m", time.Since(start), err)
		}
		wg.Wait()
	})
}

// A hold of MaxWait is waited for. One beyond it fails all requests at once, also
// those that wait already.
func TestPacerHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPacer(1, time.Hour)
		enter := func() error {
			ticket, err := p.enter(t.Context(), func(time.Duration) {}, func() {})
			if err == nil {
				p.leave(ticket, nil)
			}
			return err
		}
		start := time.Now()
		p.hold(time.Hour)
		if err := enter(); err != nil || time.Since(start) != time.Hour {
			t.Errorf("entered after %s, error %v, want 1h", time.Since(start), err)
		}
		start = time.Now()
		time.AfterFunc(10*time.Second, func() { p.hold(time.Hour + time.Second) })
		var limit *RateLimitError
		if err := enter(); !errors.As(err, &limit) || limit.Wait != time.Hour+time.Second || time.Since(start) != 10*time.Second {
			t.Errorf("got error %v after %s, want one after 10s", err, time.Since(start))
		}
	})
}

func TestReadLimitHeaders(t *testing.T) {
	for _, tc := range []struct {
		limit, remaining string
		want             limitHeaders
	}{
		{"120", "119", limitHeaders{true, 120, 119}},
		{"120", "-3", limitHeaders{true, 120, 0}},
		{"120", "", limitHeaders{}},
		{"", "5", limitHeaders{}},
		{"0", "0", limitHeaders{}},
		{"x", "1", limitHeaders{}},
		{"99999999", "99999998", limitHeaders{true, maxLimit, maxLimit}},
		{"99999999999999999999999", "1", limitHeaders{}},
	} {
		h := http.Header{}
		h.Set("X-RateLimit-Limit", tc.limit)
		h.Set("X-RateLimit-Remaining", tc.remaining)
		if got := readLimitHeaders(h); got != tc.want {
			t.Errorf("limit %q, remaining %q: got %+v, want %+v", tc.limit, tc.remaining, got, tc.want)
		}
	}
}

// Overlapping waits count once.
func TestStopwatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s stopwatch
		s.begin()
		time.Sleep(2 * time.Second)
		s.begin()
		time.Sleep(3 * time.Second)
		s.end()
		time.Sleep(time.Second)
		if got := s.total(); got != 6*time.Second {
			t.Errorf("while waiting: got %s, want 6s", got)
		}
		s.end()
		time.Sleep(time.Hour)
		if got := s.total(); got != 6*time.Second {
			t.Errorf("afterwards: got %s, want 6s", got)
		}
	})
}
