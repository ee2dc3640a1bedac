package client

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
)

func limitOf(r *http.Request) int {
	n, _ := strconv.Atoi(r.URL.Query().Get("limit"))
	return n
}

// limits returns the page sizes that were asked for, without repeats in a row.
func limits(f *fake) []string {
	var sizes []string
	for _, line := range f.requests() {
		_, query, _ := strings.Cut(line, "?")
		v, _ := url.ParseQuery(query)
		sizes = append(sizes, v.Get("limit"))
	}
	return slices.Compact(sizes)
}

// A page size that does not work is replaced by a smaller one.
func TestStepDown(t *testing.T) {
	sizes := []int{1000, 100, 25}
	for _, tc := range []struct {
		name   string
		refuse func(*http.Request) (reply, bool)
		want   []string // sizes asked for
		fails  bool
	}{
		{"refused by field", func(r *http.Request) (reply, bool) {
			return status(422, `{"message":"The given data was invalid.","errors":{"limit":["too large"]}}`), limitOf(r) > 100
		}, []string{"1000", "100"}, false},
		{"refused by message", func(r *http.Request) (reply, bool) {
			return status(422, `{"message":"The selected limit is invalid."}`), limitOf(r) > 25
		}, []string{"1000", "100", "25"}, false},
		{"refused as documented", func(r *http.Request) (reply, bool) {
			return status(404, `{"message":"The limit must be one of following: 10, 25, 50, 100"}`), limitOf(r) > 100
		}, []string{"1000", "100"}, false},
		{"refused at any size", func(r *http.Request) (reply, bool) {
			return status(422, `{"message":"The selected limit is invalid."}`), true
		}, []string{"1000", "100", "25"}, true},
		{"another field refused", func(r *http.Request) (reply, bool) {
			return status(422, `{"message":"Your limit of something","errors":{"filter.x":["bad"]}}`), true
		}, []string{"1000"}, true},
		{"too slow", func(r *http.Request) (reply, bool) { return reply{delay: forever}, limitOf(r) > 100 }, []string{"1000", "100"}, false},
		{"too large", func(r *http.Request) (reply, bool) { return reply{reader: endless}, limitOf(r) > 25 }, []string{"1000", "100", "25"}, false},
		{"413", func(r *http.Request) (reply, bool) { return status(413, html), limitOf(r) > 100 }, []string{"1000", "100"}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, f := newTestClient(t, func(_ int, r *http.Request) reply {
					if a, bad := tc.refuse(r); bad {
						return a
					}
					return cursorPage(r)
				}, Options{MaxBody: 1 << 16})
				got, err := collect(t.Context(), c.Cursor, List{Path: "/s", Limits: sizes})
				if tc.fails != (err != nil) || !tc.fails && got != wholeList {
					t.Errorf("got %s, error %v", got, err)
				}
				if got := limits(f); !slices.Equal(got, tc.want) {
					t.Errorf("asked for sizes %v, want %v", got, tc.want)
				}
			})
		})
	}
}

// After a passing fault the walk returns to large pages; a size that the server
// refused is not tried again.
func TestStepUp(t *testing.T) {
	for _, tc := range []struct {
		name  string
		fault reply
		want  []string
	}{
		{"slow", reply{delay: forever}, []string{"1000", "100", "1000"}},
		{"refused", status(422, `{"message":"The selected limit is invalid."}`), []string{"1000", "100"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, f := newTestClient(t, func(n int, r *http.Request) reply {
					if n <= 2 && limitOf(r) == 1000 {
						return tc.fault
					}
					next := fmt.Sprintf(`"c%d"`, n)
					if n > 40 {
						next = "null"
					}
					return ok(`{"data":[{"id":"1"}],"meta":{"next_cursor":` + next + `}}`)
				}, Options{})
				if _, err := collect(t.Context(), c.Cursor, List{Path: "/s", Limits: []int{1000, 100}}); err != nil {
					t.Error(err)
				}
				if got := limits(f); !slices.Equal(got, tc.want) {
					t.Errorf("asked for sizes %v, want %v", got, tc.want)
				}
			})
		})
	}
}

// A list without page sizes has no smaller one to fall back to.
func TestNoLimits(t *testing.T) {
	for name, fault := range map[string]reply{
		"limit refused": status(422, `{"message":"The selected limit is invalid."}`),
		"too large":     {reader: endless},
		"413":           status(413, html),
		"too slow":      {delay: forever},
	} {
		for _, limits := range [][]int{nil, {}, {0}, {-1, 0}} {
			t.Run(fmt.Sprint(name, limits), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					c, f := newTestClient(t, func(int, *http.Request) reply { return fault }, Options{MaxBody: 1 << 16})
					for _, by := range []func(context.Context, List, ReadRecords) iter.Seq2[*Page, error]{c.Cursor, c.Pages} {
						if got, err := collect(t.Context(), by, List{Path: "/s", Limits: limits}); err == nil || got != "" {
							t.Errorf("got %s, error %v", got, err)
						}
					}
					for _, line := range f.requests() {
						if strings.Contains(line, "limit") {
							t.Errorf("got request %s", line)
						}
					}
				})
			})
		}
	}
}

// The larger size is tried again after 10 pages, then after twice as many, and
// never if the server refused it.
func TestPageSize(t *testing.T) {
	s := newPageSize([]int{1000, 100, 25})
	pages := func(n int) {
		for range n {
			s.grow()
		}
	}
	want := func(when string, want int) {
		t.Helper()
		if got := s.limit(); got != want {
			t.Errorf("%s: got size %d, want %d", when, got, want)
		}
	}
	pages(50)
	want("at the start", 1000)
	slow, refused := error(ErrTimeout), error(&Error{Status: 422, limit: true})
	if s.shrink(errors.New("other")) || !s.shrink(slow) {
		t.Error("not every error calls for smaller pages")
	}
	want("after a time-out", 100)
	pages(growAfter - 1)
	want("before another try", 100)
	pages(1)
	want("another try", 1000)
	s.shrink(slow)
	pages(2*growAfter - 1)
	want("before the next try", 100)
	pages(1)
	want("the next try", 1000)
	pages(4*growAfter - 1)
	s.shrink(slow)
	pages(4*growAfter - 1)
	want("pages before the change do not count", 100)
	s = newPageSize([]int{1000, 100, 25})
	s.shrink(slow)
	s.shrink(slow)
	pages(growAfter + 2*growAfter - 1)
	want("one size up", 100)
	pages(1)
	want("and another", 1000)
	s.shrink(slow)
	s.shrink(refused)
	pages(100 * growAfter)
	want("after a refusal", 25)
	if s.smaller() || s.shrink(slow) {
		t.Error("there is no smaller size")
	}
}

func TestOddLimits(t *testing.T) {
	c, f := newTestClient(t, func(_ int, r *http.Request) reply { return cursorPage(r) }, Options{})
	if _, err := collect(t.Context(), c.Cursor, List{Path: "/s", Limits: []int{0, -5, 100}}); err != nil {
		t.Error(err)
	}
	if got := limits(f); !slices.Equal(got, []string{"100"}) {
		t.Errorf("asked for sizes %v, want 100", got)
	}
}
