package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// One long list fills batches too: its pages are asked for ahead, each once, and are
// read in order.
func TestAhead(t *testing.T) {
	for _, tc := range []struct{ total, requests int }{
		{0, 1}, {10, 1}, {11, 2}, {21, 2}, {510, 2}, {511, 3}, {1000, 3}, {5000, 11},
	} {
		synctest.Test(t, func(t *testing.T) {
			var mu sync.Mutex
			asked := map[string]int{}
			c, f := newBatchClient(t, latency(time.Second, api(func(path string, params url.Values) reply {
				mu.Lock()
				defer mu.Unlock()
				asked[params.Get("page")]++
				return pageOf(path, tc.total, params)
			}).server(t)), Options{})
			got, err := collect(t.Context(), c.Pages, List{Path: "/groups", Limits: []int{10}})
			if err != nil || got != rowsOf("/groups", tc.total, 10) {
				t.Errorf("%d records: got %s, error %v", tc.total, got, err)
			}
			for page, n := range asked {
				if n != 1 {
					t.Errorf("%d records: page %s was asked for %d times", tc.total, page, n)
				}
			}
			if want := max((tc.total+9)/10, 1); len(asked) != want || len(f.requests()) != tc.requests {
				t.Errorf("%d records: got %d pages in %d requests, want %d in %d", tc.total, len(asked), len(f.requests()), want, tc.requests)
			}
			if n := c.early.Load(); n != 0 {
				t.Errorf("%d records: %d bytes stay reserved", tc.total, n)
			}
		})
	}
}

// Several batches of one list are in flight if the budget asks for it, and no more
// pages wait for the reader than the window holds.
func TestAheadWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		asked := 0
		c, f := newBatchClient(t, latency(4*time.Second, api(func(path string, params url.Values) reply {
			mu.Lock()
			defer mu.Unlock()
			asked++
			return pageOf(path, 4010, params)
		}).server(t)), Options{})
		c.walks = 2
		start, read := time.Now(), 0
		for _, err := range c.Pages(t.Context(), List{Path: "/groups", Limits: []int{10}}, skip) {
			if err != nil {
				t.Fatal(err)
			}
			read++
			mu.Lock()
			if asked-read > 2*MaxBatch {
				t.Errorf("%d pages ahead", asked-read)
			}
			mu.Unlock()
		}
		if took := time.Since(start); read != 401 || len(f.requests()) != 9 || took > 4*(1+4)*time.Second+time.Second {
			t.Errorf("read %d pages in %d requests and %s", read, len(f.requests()), took)
		}
	})
}

// A caller that stops early, or whose context ends, leaves nothing behind.
func TestAheadStops(t *testing.T) {
	for _, after := range []int{1, 2, 30, 52} {
		synctest.Test(t, func(t *testing.T) {
			c, f := newBatchClient(t, latency(time.Second, api(func(path string, params url.Values) reply {
				return pageOf(path, 2000, params)
			}).server(t)), Options{})
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			n := 0
			for _, err := range c.Pages(ctx, List{Path: "/groups", Limits: []int{10}}, skip) {
				if n++; err != nil || n == after {
					break
				}
			}
			synctest.Wait()
			if got := c.early.Load(); n != after || got != 0 || c.small.calls != 0 || len(c.small.waiting) != 0 {
				t.Errorf("after %d of %d pages: %d bytes, %d calls stay", n, after, got, c.small.calls)
			}
			sent := len(f.requests())
			n = 0
			for _, err := range c.Pages(ctx, List{Path: "/groups", Limits: []int{10}}, skip) {
				if err != nil {
					if !errors.Is(err, context.Canceled) || n != after {
						t.Errorf("got error %v after %d pages", err, n)
					}
					break
				}
				if n++; n == after {
					cancel()
				}
			}
			if n := len(f.requests()); n == sent || c.early.Load() != 0 || c.small.calls != 0 {
				t.Errorf("after %d pages: %d requests, %d calls stay", after, n, c.small.calls)
			}
		})
	}
}

// A list that changes under the walk ends where its last page says, as without
// reading ahead.
func TestAheadChanges(t *testing.T) {
	for name, tc := range map[string]struct {
		totals []int // by page, from the first; the last one from there on
		pages  int
		want   any
	}{
		"shrinks":                    {[]int{200, 200, 50}, 5, nil},
		"shrinks below what is read": {[]int{200, 200, 200, 30}, 4, nil},
		"grows":                      {[]int{30, 30, 45, 45, 45}, 5, nil},
	} {
		synctest.Test(t, func(t *testing.T) {
			c, _ := newBatchClient(t, api(func(path string, params url.Values) reply {
				page, _ := strconv.Atoi(params.Get("page"))
				return pageOf(path, tc.totals[min(page, len(tc.totals))-1], params)
			}).server(t), Options{})
			pages := 0
			for p, err := range c.Pages(t.Context(), List{Path: "/groups", Limits: []int{10}}, skip) {
				if err != nil {
					t.Fatal(err)
				}
				pages++
				if want := int64(tc.totals[min(pages, len(tc.totals))-1]); p.Number != pages || p.Total != want {
					t.Errorf("%s: got page %+v", name, p)
				}
			}
			if pages != tc.pages {
				t.Errorf("%s: got %d pages, want %d", name, pages, tc.pages)
			}
		})
	}
}

// Faults of pages that are read ahead are those of the walk: passing ones are cured,
// and others end it after the pages before.
func TestAheadFaults(t *testing.T) {
	for name, tc := range map[string]struct {
		fault reply
		times int // how often page 4 is answered with it
		pages int
		want  any
	}{
		"500 once":     {status(500, html2), 1, 10, nil},
		"500 for ever": {status(500, html2), 99, 3, new(*Error)},
		"404":          {status(404, `{"message":"x"}`), 99, 3, new(*Error)},
		"no meta":      {ok(`{"data":[1,2,"x"],"meta":5}`), 99, 4, nil}, // it states no page and no next one
		"no list":      {ok(`{"data":null,"meta":{"current_page":4}}`), 1, 10, nil},
		"another page": {ok(`{"data":[],"meta":{"current_page":7,"last_page":10}}`), 1, 10, nil},
		"same page":    {ok(rowsPage(3)), 99, 3, new(*RepeatedCursorError)},
		"size refused": {status(422, `{"message":"The selected limit is invalid."}`), 99, 3 + 14, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var mu sync.Mutex
				times := 0
				c, _ := newBatchClient(t, api(func(path string, params url.Values) reply {
					mu.Lock()
					defer mu.Unlock()
					if params.Get("page") == "4" && params.Get("limit") == "10" {
						if times++; times <= tc.times {
							return tc.fault
						}
					}
					return pageOf(path, 100, params)
				}).server(t), Options{})
				pages := 0
				var failed error
				for _, err := range c.Pages(t.Context(), List{Path: "/groups", Limits: []int{10, 5}}, skip) {
					if failed = err; err == nil {
						pages++
					}
				}
				if pages != tc.pages || tc.want == nil && failed != nil || tc.want != nil && !errors.As(failed, tc.want) {
					t.Errorf("got %d pages, error %v, want %d, %v", pages, failed, tc.pages, reflect.TypeOf(tc.want))
				}
			})
		})
	}
}

// html2 is a web page as a part of a batch holds it.
const html2 = `"<html>"`

// rowsPage returns page 4 of a list of ten pages, with the rows of another page.
func rowsPage(n int) string {
	body := pageOf("/groups", 100, url.Values{"page": {strconv.Itoa(n)}, "limit": {"10"}}).body
	return strings.Replace(body, fmt.Sprintf(`"current_page":%d`, n), `"current_page":4`, 1)
}

// Without batches pages are read ahead only if several requests should be in flight.
func TestAheadWithoutBatches(t *testing.T) {
	for walks, seconds := range map[int]int{1: 41, 4: 11} {
		synctest.Test(t, func(t *testing.T) {
			c, f := newTestClient(t, latency(time.Second, api(func(path string, params url.Values) reply {
				return pageOf(path, 410, params)
			}).server(t)), Options{})
			c.walks = walks
			start := time.Now()
			got, err := collect(t.Context(), c.Pages, List{Path: "/groups", Limits: []int{10}})
			if took := time.Since(start); err != nil || got != rowsOf("/groups", 410, 10) || len(f.requests()) != 41 || took > time.Duration(seconds+4)*time.Second {
				t.Errorf("%d walks: error %v, %d requests in %s", walks, err, len(f.requests()), took)
			}
		})
	}
}

// All walks together read ahead no more than is allowed, and large pages are not
// read ahead by the batch.
func TestAheadMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var most int64
		large := strings.Repeat("x", 400_000)
		var c *Client
		c, _ = newBatchClient(t, latency(time.Second, func(n int, r *http.Request) reply {
			most = max(most, c.early.Load())
			return api(func(path string, params url.Values) reply {
				a := pageOf(path, 100, params)
				a.body = strings.Replace(a.body, `{"data"`, `{"x":"`+large+`","data"`, 1)
				return a
			}).server(t)(n, r)
		}), Options{})
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				path := fmt.Sprintf("/groups/%d", i)
				got, err := collect(t.Context(), c.Pages, List{Path: path, Limits: []int{2}})
				if err != nil || got != rowsOf(path, 100, 2) {
					t.Errorf("got %.100s, error %v", got, err)
				}
			})
		}
		wg.Wait()
		if most > allAheadBytes || most < allAheadBytes/4 || c.early.Load() != 0 {
			t.Errorf("%d bytes ahead at most", most)
		}
		if s := c.Stats(); s.Requests > 8*50/20 {
			t.Errorf("got stats %+v", s)
		}
	})
}
