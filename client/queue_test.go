package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// readLists has workers read one-page lists numbered from 0.
func readLists(t *testing.T, c *Client, lists, workers int) {
	t.Helper()
	numbers := make(chan int)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for i := range numbers {
				path := fmt.Sprintf("/subscribers/%d/activity-log", i)
				got, err := collect(t.Context(), c.Pages, List{Path: path, Limits: []int{100}})
				if want := rowsOf(path, i%3, 100); err != nil || got != want {
					t.Errorf("%s: got %s, error %v, want %s", path, got, err, want)
				}
			}
		})
	}
	for i := range lists {
		numbers <- i
	}
	close(numbers)
	wg.Wait()
}

// logs answers with lists of as many rows as readLists expects.
func logs(path string, params url.Values) reply {
	var n int
	fmt.Sscanf(path, "/subscribers/%d/", &n)
	return pageOf(path, n%3, params)
}

// Many lists of one page each take one unit of the budget for 50 of them, and the
// budget is used in full without a 429, whatever a batch takes.
func TestBatchUnits(t *testing.T) {
	for _, tc := range []struct {
		latency time.Duration
		walks   int
	}{{0, 1}, {20 * time.Millisecond, 1}, {20 * time.Millisecond, 8}, {2 * time.Second, 4}} {
		t.Run(fmt.Sprint(tc), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const lists = 10_000
				l := &limiter{limit: 120}
				c, _ := newBatchClient(t, latency(tc.latency, metered(t, l, false, logs)), Options{Rate: -1})
				c.walks = tc.walks
				start := time.Now()
				readLists(t, c, lists, 400)
				took, s := time.Since(start), c.Stats()
				if s.Requests > lists/50*104/100 || s.RateLimited != 0 || s.Retries != 0 || l.most() > 108 || s.Parts < lists*99/100 || s.BatchesOff != 0 {
					t.Errorf("got stats %+v, %d requests in a minute", s, l.most())
				}
				if took > 2*time.Minute {
					t.Errorf("took %s for %d requests", took, s.Requests)
				}
			})
		})
	}
}

// With as many calls under way as Calls says, batches are full too, although each
// caller takes a while between its calls.
func TestBatchCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &limiter{limit: 120}
		c, _ := newBatchClient(t, latency(time.Second, metered(t, l, false, logs)), Options{Rate: -1})
		c.walks = 2
		if c.Calls() != 100 {
			t.Errorf("got %d calls", c.Calls())
		}
		var wg sync.WaitGroup
		for worker := range c.Calls() {
			wg.Go(func() {
				for i := range 20 {
					if _, err := collect(t.Context(), c.Pages, List{Path: fmt.Sprintf("/subscribers/%d/activity-log", i)}); err != nil {
						t.Error(err)
					}
					time.Sleep(time.Duration(worker%10) * 200 * time.Microsecond)
				}
			})
		}
		wg.Wait()
		if s := c.Stats(); s.Requests > 44 {
			t.Errorf("got stats %+v", s)
		}
		c.batching.giveUp("test")
		if c.Calls() != 2 {
			t.Errorf("without batches: got %d calls", c.Calls())
		}
	})
}

// A request that nobody else waits with is no batch, and waits for nothing.
func TestLoneRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, f := newBatchClient(t, api(func(path string, params url.Values) reply {
			if path == "/account" {
				return ok(`{"data":{"id":"1"}}`)
			}
			return logs(path, params)
		}).server(t), Options{})
		start := time.Now()
		for range 20 {
			if _, err := collect(t.Context(), c.Pages, List{Path: "/subscribers/2/activity-log"}); err != nil {
				t.Error(err)
			}
			if _, err := c.Get(t.Context(), "/subscribers/2/x", nil); err != nil {
				t.Error(err)
			}
		}
		// Requests that may not be part of a batch do not make others wait.
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() { collect(t.Context(), c.Cursor, List{Path: "/subscribers/1/s"}) })
			c.Account(t.Context())
			c.Get(t.Context(), "/subscribers/2/x", nil)
		}
		wg.Wait()
		for _, line := range f.requests() {
			if !strings.HasPrefix(line, "GET ") {
				t.Errorf("got %s", line)
			}
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("took %s", took)
		}
	})
}

// Which requests are parts of batches, and how their parameters are written.
func TestBatchKinds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		parts := map[string]string{}
		c, f := newBatchClient(t, func(_ int, r *http.Request) reply {
			if r.Method == "GET" {
				return latency(time.Second, api(logs).server(t))(0, r)
			}
			return latency(time.Second, func(_ int, r *http.Request) reply {
				return api(func(path string, params url.Values) reply {
					mu.Lock()
					defer mu.Unlock()
					parts[path] = params.Encode()
					if params.Get("limit") == "0" {
						return ok(`{"total":7}`)
					}
					return logs(path, params)
				}).batch(t, r)
			})(0, r)
		}, Options{})
		filter := url.Values{"filter[status]": {"active"}, "include": {"groups"}}
		var wg sync.WaitGroup
		wg.Go(func() { c.Get(t.Context(), "/first", nil) })
		synctest.Wait()
		for _, l := range []List{
			{Path: "/small", Small: true, Limits: []int{100}, Params: filter}, {Path: "/plain"}, {Path: "/cut", Cut: true},
			{Path: "/odd", Small: true, Params: url.Values{"ids[]": {"1"}}},
		} {
			wg.Go(func() { collect(t.Context(), c.Cursor, l) })
		}
		wg.Go(func() { collect(t.Context(), c.Pages, List{Path: "/pages", Params: filter}) })
		wg.Go(func() { c.Get(t.Context(), "/get", nil) })
		wg.Go(func() {
			if n, err := c.Count(t.Context(), "/count", filter); n != 7 || err != nil {
				t.Errorf("got count %d, error %v", n, err)
			}
		})
		wg.Wait()
		want := map[string]string{"/small": "filter%5Bstatus%5D=active&include=groups&limit=100", "/pages": "filter%5Bstatus%5D=active&include=groups&page=1",
			"/get": "", "/count": "filter%5Bstatus%5D=active&include=groups&limit=0"}
		if fmt.Sprint(parts) != fmt.Sprint(want) {
			t.Errorf("got parts %v, want %v", parts, want)
		}
		if len(f.requests()) != 5 {
			t.Errorf("got requests %q", f.requests())
		}
	})
}

// callers returns a function that reads a list by its number in a goroutine of its own, and wants its rows or an error.
func callers(t *testing.T, c *Client, wg *sync.WaitGroup) func(ctx context.Context, list int, want error) {
	return func(ctx context.Context, list int, want error) {
		wg.Go(func() {
			path := fmt.Sprintf("/subscribers/%d/activity-log", list)
			got, err := collect(ctx, c.Pages, List{Path: path, Limits: []int{100}})
			if !errors.Is(err, want) || err == nil && got != rowsOf(path, list%3, 100) {
				t.Errorf("list %d: got %s, error %v, want %v", list, got, err, want)
			}
		})
	}
}

// One caller that gives up takes only its own part with it; when all have, so does
// the batch.
func TestBatchCancelled(t *testing.T) {
	for _, when := range []time.Duration{0, 500 * time.Millisecond} { // while they wait, and while the batch is on its way
		synctest.Test(t, func(t *testing.T) {
			cause := errors.New("enough")
			began := 0
			var ended error
			c, _ := newBatchClient(t, nil, Options{})
			c.transport = tripper(func(r *http.Request) (*http.Response, error) {
				began++
				a := latency(time.Second, api(logs).server(t))(0, r)
				if ended = pause(r.Context(), a.delay); ended != nil {
					return nil, ended
				}
				return a.response(r), nil
			})
			var wg sync.WaitGroup
			read := callers(t, c, &wg)
			read(t.Context(), 0, nil) // alone: the others wait for it
			synctest.Wait()
			ctx, cancel := context.WithCancelCause(t.Context())
			for i := range 5 {
				read(t.Context(), i, nil)
				read(ctx, i, cause)
			}
			time.Sleep(time.Second + when)
			cancel(cause)
			wg.Wait()
			if s := c.Stats(); s.Batches != 1 || s.Retries != 0 || began != 2 || ended != nil {
				t.Errorf("after %s: got stats %+v, error %v", when, s, ended)
			}

			ctx, cancel = context.WithCancelCause(t.Context())
			time.Sleep(time.Minute)
			read(t.Context(), 0, nil)
			synctest.Wait()
			for i := range 5 {
				read(ctx, i, cause)
			}
			time.Sleep(time.Second + when)
			cancel(cause)
			wg.Wait()
			synctest.Wait()
			if when > 0 && ended == nil {
				t.Error("the batch goes on, and nobody waits for it")
			}
			read(t.Context(), 1, nil)
			read(t.Context(), 2, nil)
			wg.Wait()
		})
	}
}

// A batch may fail just after one of its callers gave up: the others are tried again. The race
// detector sees whether what is aboard is counted under the lock.
func TestFailedBatchLosesCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		failed := false
		serve := api(logs).server(t)
		c, _ := newBatchClient(t, func(n int, r *http.Request) reply {
			if r.Method == http.MethodPost && !failed {
				failed = true
				return reply{status: http.StatusServiceUnavailable, delay: time.Second}
			}
			return latency(100*time.Millisecond, serve)(n, r)
		}, Options{})
		var wg sync.WaitGroup
		read := callers(t, c, &wg)
		read(t.Context(), 0, nil) // alone: the others wait for it
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		for i := range 5 {
			read(t.Context(), i, nil)
			read(ctx, i, context.DeadlineExceeded)
		}
		wg.Wait()
		if s := c.Stats(); !failed || s.Retries == 0 {
			t.Errorf("no batch failed: got stats %+v", s)
		}
	})
}

// What a failed batch puts back in line may fill the one that gathers: it leaves, and does not wait for walks that are
// late.
func TestPutBackFillsNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var sent []time.Duration
		start, answer := time.Now(), rangeOf(1, "").server(t)
		c, _ := newBatchClient(t, func(n int, r *http.Request) reply {
			mu.Lock()
			defer mu.Unlock()
			if sent = append(sent, time.Since(start)); n == 1 {
				return reply{status: http.StatusServiceUnavailable, delay: time.Second}
			}
			return answer(n, r)
		}, Options{BatchPages: 4})
		c.walks, c.cut.size.n = 2, 4
		c.cut.announce(2) // of walks that are late
		var wg sync.WaitGroup
		for i := range 6 {
			wg.Go(func() { readRange(t, c, i, 1) })
		}
		wg.Wait()
		if sent[0] != 0 || sent[1] != time.Second {
			t.Errorf("sent after %s, want 0s, 1s and some later", sent)
		}
	})
}

// However many batches the budget asks for, their answers together stay within the bound.
func TestBatchesOfLargeAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		page := ok(`{"data":[],"links":{"next":null},"x":"` + strings.Repeat("x", 200<<10) + `"}`)
		var flying gauge
		c, _ := newBatchClient(t, nil, Options{})
		c.walks = 8
		c.transport = tripper(func(r *http.Request) (*http.Response, error) {
			a := api(func(string, url.Values) reply { return page }).server(t)(0, r)
			flying.add(len(a.body))
			defer flying.add(-len(a.body))
			return a.response(r), pause(r.Context(), time.Second)
		})
		var wg sync.WaitGroup
		for i := range 600 {
			wg.Go(func() {
				if _, err := collect(t.Context(), c.Pages, logList(i)); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if flying.most > allBytes || flying.most < allBytes/2 {
			t.Errorf("%d bytes of answers in flight", flying.most)
		}
	})
}

// gauge is a number that goes up and down, and the most that it was.
type gauge struct {
	mu        sync.Mutex
	now, most int
}

func (g *gauge) add(n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.now += n
	g.most = max(g.most, g.now)
}
