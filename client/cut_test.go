package client

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// walkRanges reads ranges of a cursor list side by side, each of some pages.
func walkRanges(t *testing.T, c *Client, ranges, pages int) {
	t.Helper()
	var wg sync.WaitGroup
	for i := range ranges {
		wg.Go(func() { readRange(t, c, i, pages) })
	}
	wg.Wait()
	if q := c.cut; q != nil && (q.calls != 0 || len(q.waiting) != 0) {
		t.Errorf("%d calls stay", q.calls)
	}
}

// readRange reads range n of a cursor list, which has some pages.
func readRange(t *testing.T, c *Client, n, pages int) {
	var want strings.Builder
	for page := range pages {
		fmt.Fprintf(&want, `["%d"]`, n*1000+page)
	}
	got, err := collect(t.Context(), c.Cursor, List{Path: "/subscribers", From: strconv.Itoa(n * 1000), Limits: []int{1000}, Cut: true})
	if err != nil || got != want.String() {
		t.Errorf("range %d: got %s, error %v", n, got, err)
	}
}

// rangeOf answers with a page of one row, whose id is the cursor, of ranges of some
// pages. extra makes it larger.
func rangeOf(pages int, extra string) api {
	return func(_ string, params url.Values) reply {
		at, _ := strconv.Atoi(params.Get("cursor"))
		next := "null"
		if at%1000+1 < pages {
			next = strconv.Quote(strconv.Itoa(at + 1))
		}
		return ok(fmt.Sprintf(`{"data":["%d"],"x":"%s","meta":{"per_page":1000,"next_cursor":%s}}`, at, extra, next))
	}
}

// Pages of ranges travel together only if that is asked for, 2 in a batch at first.
func TestCutPages(t *testing.T) {
	for most, requests := range map[int]int{0: 800, 1: 800, 2: 402, 8: 110, 100: 110} {
		synctest.Test(t, func(t *testing.T) {
			var sizes []int
			answer := rangeOf(100, "").server(t)
			c, f := newBatchClient(t, latency(time.Second, func(n int, r *http.Request) reply {
				a := answer(n, r)
				if r.Method == "POST" {
					sizes = append(sizes, strings.Count(a.body, `"code"`))
				}
				return a
			}), Options{BatchPages: most})
			walkRanges(t, c, 8, 100)
			if n := len(f.requests()); n > requests || n < requests*90/100 {
				t.Errorf("%d pages: sent %d requests, want about %d", most, n, requests)
			}
			if most > 1 && (sizes[0] != 2 || sizes[len(sizes)/2] != min(most, 8)) {
				t.Errorf("%d pages: got batches of %d", most, sizes)
			}
		})
	}
}

// Their batches become smaller when an answer is slow or large, and no page is lost
// for it.
func TestCutPagesShrink(t *testing.T) {
	// 3 pages take 9 s; 4 of 7 MiB fit
	for name, tc := range map[string]struct {
		extra string
		delay func(parts int) time.Duration
		most  int
		pages int
	}{
		"slow":  {"", func(parts int) time.Duration { return time.Duration(parts) * 3 * time.Second }, 6, 20},
		"large": {strings.Repeat("x", 7<<20), func(int) time.Duration { return 0 }, 5, 6},
	} {
		synctest.Test(t, func(t *testing.T) {
			tail := 0 // largest batch of the second half
			batches := 0
			c, _ := newBatchClient(t, nil, Options{BatchPages: 20})
			c.transport = tripper(func(r *http.Request) (*http.Response, error) {
				a := rangeOf(tc.pages, tc.extra).server(t)(0, r)
				parts := strings.Count(a.body, `"code"`)
				if batches++; batches > tc.pages/2 {
					tail = max(tail, parts)
				}
				pause(r.Context(), tc.delay(parts))
				return a.response(r), nil
			})
			walkRanges(t, c, 8, tc.pages)
			if s := c.Stats(); tail > tc.most || s.Requests > 130 || s.Retries > 10 {
				t.Errorf("%s: got stats %+v, batches of up to %d, at last %d", name, s, tail, c.cut.size.n)
			}
		})
	}
}

// A batch waits for the next page of every range, however long the pages before it take to be read, within reason; one
// that is never asked for holds nothing up for long.
func TestCutPagesOfSlowReaders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, f := newBatchClient(t, rangeOf(50, "").server(t), Options{BatchPages: 8})
		c.cut.size.n = 8
		start := time.Now()
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				pages := 0
				for _, err := range c.Cursor(t.Context(), List{Path: "/subscribers", From: strconv.Itoa(i * 1000), Limits: []int{1000}, Cut: true}, skip) {
					if err != nil {
						t.Error(err)
					}
					if pages++; i == 7 && pages == 10 {
						time.Sleep(time.Hour)
						break
					}
					time.Sleep(time.Duration(i*60) * time.Millisecond)
				}
			})
		}
		wg.Wait()
		// Until the first batch leaves, a page that is there at once is nobody's company: the first of each range may go alone.
		if n, s := len(f.requests()), c.Stats(); n > 50+8 || s.Parts < 7*50 || c.cut.calls != 0 {
			t.Errorf("%d requests, %+v, %d calls stay", n, s, c.cut.calls)
		}
		if took := time.Since(start); took > time.Hour+time.Minute {
			t.Errorf("took %s", took)
		}
	})
}

// A batch that waits a moment for whoever may come waits for a walk that says meanwhile that it will.
func TestCutPageAnnouncedWhileGathering(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, f := newBatchClient(t, rangeOf(1, "").server(t), Options{BatchPages: 8})
		c.cut.landed = time.Now()
		var wg sync.WaitGroup
		wg.Go(func() { readRange(t, c, 0, 1) })
		synctest.Wait()
		late := c.cut.announce(1)[0]
		time.Sleep(10 * gatherQuiet)
		if n := len(f.requests()); n > 0 {
			t.Error("the page was asked for without the other")
		}
		late.leave()
		wg.Wait()
	})
}

// A walk keeps its place in the batches of its queue while a page fails and is asked for again.
func TestCutPlaceOfFailedPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c *Client
		var calls []int
		answer := rangeOf(3, "").server(t)
		c, _ = newBatchClient(t, func(n int, r *http.Request) reply {
			c.cut.mu.Lock()
			calls = append(calls, c.cut.calls)
			c.cut.mu.Unlock()
			if n == 2 {
				return status(http.StatusServiceUnavailable, "")
			}
			return answer(n, r)
		}, Options{BatchPages: 8})
		readRange(t, c, 0, 3)
		if want := []int{1, 1, 1, 1}; !slices.Equal(calls, want) || c.cut.calls != 0 {
			t.Errorf("got %d calls in the queue at each request, want %d; %d stay", calls, want, c.cut.calls)
		}
	})
}
