package client

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
)

// A server that does not read the parameters of parts is noticed before a wrong
// page is taken for a right one, and asked singly from then on.
func TestParametersIgnored(t *testing.T) {
	ignoring := func(answer api) func(int, *http.Request) reply {
		return func(n int, r *http.Request) reply {
			if r.Method == "GET" {
				return answer.server(t)(n, r)
			}
			return api(func(path string, _ url.Values) reply { return answer(path, url.Values{}) }).batch(t, r)
		}
	}
	long := func(path string, params url.Values) reply {
		if params.Get("limit") == "0" {
			return ok(`{"total":230}`)
		}
		return pageOf(path, 230, params)
	}
	filtered := func(path string, params url.Values) reply {
		if params.Get("filter[status]") == "" {
			return status(422, `{"message":"The filter.status field is required."}`)
		}
		return pageOf(path, 3, params)
	}
	for name, tc := range map[string]struct {
		answer api
		call   func(ctx context.Context, c *Client, i int) error
		off    int64
	}{
		"a later page": {long, func(ctx context.Context, c *Client, i int) error {
			path := fmt.Sprintf("/groups/%d", i)
			got, err := collect(ctx, c.Pages, List{Path: path, Limits: []int{50}}) // the server's own size
			if want := rowsOf(path, 230, 50); err == nil && got != want {
				return fmt.Errorf("got %s", got)
			}
			return err
		}, 1},
		"page size": {long, func(ctx context.Context, c *Client, i int) error {
			path := fmt.Sprintf("/segments/%d/subscribers", i)
			got, err := collect(ctx, c.Cursor, List{Path: path, Limits: []int{1000}, Small: true})
			if want := rowsOf(path, 230, 1000); err == nil && got != want {
				return fmt.Errorf("got %s", got)
			}
			return err
		}, 1},
		"count": {long, func(ctx context.Context, c *Client, i int) error {
			n, err := c.Count(ctx, fmt.Sprintf("/groups/%d", i), nil)
			if err == nil && n != 230 {
				return fmt.Errorf("got %d", n)
			}
			return err
		}, 1},
		"filter": {filtered, func(ctx context.Context, c *Client, i int) error {
			path := fmt.Sprintf("/automations/%d/activity", i)
			got, err := collect(ctx, c.Pages, List{Path: path, Params: url.Values{"filter[status]": {"completed"}}})
			if want := rowsOf(path, 3, 50); err == nil && got != want {
				return fmt.Errorf("got %s", got)
			}
			return err
		}, 0}, // only this list goes alone
	} {
		t.Run(name, func(t *testing.T) {
			for _, ignores := range []bool{true, false} {
				synctest.Test(t, func(t *testing.T) {
					answer := tc.answer.server(t)
					if ignores {
						answer = ignoring(tc.answer)
					}
					c, _ := newBatchClient(t, answer, Options{})
					for range 2 {
						places := c.small.announce(1)
						var wg sync.WaitGroup
						for i := range 40 {
							wg.Go(func() {
								if err := tc.call(t.Context(), c, i); err != nil {
									t.Error(err)
								}
							})
						}
						wg.Wait()
						places[0].leave()
					}
					if s := c.Stats(); ignores && (s.BatchesOff != tc.off || s.Batches > 8) || !ignores && s.BatchesOff != 0 || !ignores && s.Requests-s.Batches > 2 {
						t.Errorf("ignoring %t: got stats %+v", ignores, s)
					}
				})
			}
		})
	}
}

// A list that lowers the page size, or states no page, is told apart from
// parameters that are not read.
func TestParametersInTheirOwnWay(t *testing.T) {
	clamping := func(path string, params url.Values) reply {
		params.Set("limit", "50")
		return pageOf(path, 3, params)
	}
	for name, tc := range map[string]struct {
		answer  api
		batched bool // after the first time
	}{
		"lowers the page size": {clamping, true},
		"states no page": {func(path string, _ url.Values) reply {
			return ok(`{"data":["` + path + `#1","` + path + `#2","` + path + `#3"]}`)
		}, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			c, f := newBatchClient(t, tc.answer.server(t), Options{})
			for round := range 3 {
				before := len(f.requests())
				got, errs := crowd(t, c, 40, logList)
				for i := range got {
					if want := rowsOf(logList(i).Path, 3, 50); errs[i] != nil || got[i] != want {
						t.Errorf("%s: got %s, error %v", name, got[i], errs[i])
					}
				}
				if n := len(f.requests()) - before; round > 0 && tc.batched != (n == 1) {
					t.Errorf("%s: %d requests", name, n)
				}
			}
			if s := c.Stats(); s.BatchesOff != 0 {
				t.Errorf("%s: got stats %+v", name, s)
			}
		})
	}
}

// Refusals that are confirmed alone count in batches from then on.
func TestRefusalsConfirmed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := newBatchClient(t, api(func(string, url.Values) reply { return status(422, `{"message":"Not with this plan."}`) }).server(t), Options{})
		_, errs := crowd(t, c, 500, logList)
		for _, err := range errs {
			if !isStatus(422)(err) {
				t.Errorf("got error %v", err)
			}
		}
		if s := c.Stats(); s.Requests > 10+2+maxAgreed || s.BatchesOff != 0 {
			t.Errorf("got stats %+v", s)
		}
	})
}

// A list that batches do not serve goes alone from then on, and the others stay;
// webhooks are never part of a batch.
func TestListNotServed(t *testing.T) {
	for _, code := range []int{403, 404, 405, 422} {
		synctest.Test(t, func(t *testing.T) {
			answer := api(func(path string, params url.Values) reply { return pageOf(path, 3, params) })
			refused := 0
			c, _ := newBatchClient(t, func(n int, r *http.Request) reply {
				if r.Method == "GET" {
					return answer.server(t)(n, r)
				}
				return api(func(path string, params url.Values) reply {
					if strings.HasPrefix(path, "/webhooks") {
						t.Error("webhooks in a batch")
					}
					if strings.HasPrefix(path, "/odd/") {
						refused++
						return status(code, `{"message":"No."}`)
					}
					return answer(path, params)
				}).batch(t, r)
			}, Options{})
			for range 3 {
				got, errs := crowd(t, c, 60, func(i int) List {
					return List{Path: fmt.Sprintf("/%s/%d", []string{"odd", "groups", "webhooks"}[i%3], i)}
				})
				for i := range got {
					if want := rowsOf(fmt.Sprintf("/%s/%d", []string{"odd", "groups", "webhooks"}[i%3], i), 3, 50); errs[i] != nil || got[i] != want {
						t.Errorf("%d: list %d: got %s, error %v", code, i, got[i], errs[i])
					}
				}
			}
			if s := c.Stats(); refused > 40 || s.BatchesOff != 0 || s.Requests > 3*20+3*20+10 {
				t.Errorf("%d: got stats %+v, %d refused", code, s, refused)
			}
		})
	}
}
