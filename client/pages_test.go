package client

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
)

// numbered answers with a page of rows 1 to total.
func numbered(total, limit int, r *http.Request) reply {
	page, _ := strconv.Atoi(r.URL.Query().Get("page"))
	var rows []string
	for i := (page-1)*limit + 1; i <= min(page*limit, total); i++ {
		rows = append(rows, strconv.Itoa(i))
	}
	last := max((total+limit-1)/limit, 1)
	next := "null"
	if page < last {
		next = fmt.Sprintf(`"https://connect.mailerlite.com/api/groups?page=%d"`, page+1)
	}
	return ok(fmt.Sprintf(`{"data":[%s],"links":{"next":%s},"meta":{"current_page":%d,"last_page":%d,"per_page":%d,"total":%d,"aggregations":{"all":%d}}}`,
		strings.Join(rows, ","), next, page, last, limit, total, total))
}

func TestPages(t *testing.T) {
	for _, total := range []int{0, 1, 4, 5, 6, 23} {
		c, f := newTestClient(t, func(_ int, r *http.Request) reply { return numbered(total, 5, r) }, Options{})
		rows, pages := 0, 0
		for p, err := range c.Pages(t.Context(), List{Path: "/groups", Limits: []int{5}, Params: url.Values{"sort": {"name"}}}, skip) {
			if err != nil {
				t.Fatal(err)
			}
			pages++
			rows += p.Rows
			if p.Number != pages || p.PerPage != 5 || p.Total != int64(total) || p.Aggregations["all"] != int64(total) {
				t.Errorf("total %d, page %d: got %+v", total, pages, p)
			}
		}
		if want := max((total+4)/5, 1); rows != total || pages != want {
			t.Errorf("total %d: got %d rows on %d pages, want %d pages", total, rows, pages, want)
		}
		for i, line := range f.requests() {
			if want := fmt.Sprintf("GET /api/groups?limit=5&page=%d&sort=name", i+1); line != want {
				t.Errorf("got request %s, want %s", line, want)
			}
		}
	}
}

// A walk by page numbers that changes to smaller pages misses no record.
func TestPagesStepDown(t *testing.T) {
	for _, sizes := range [][]int{{100, 25}, {100, 30}, {50, 10, 5}} {
		synctest.Test(t, func(t *testing.T) {
			const total = 333
			c, _ := newTestClient(t, func(_ int, r *http.Request) reply {
				page, _ := strconv.Atoi(r.URL.Query().Get("page"))
				if limit := limitOf(r); limit > sizes[len(sizes)-1] && page > 2 {
					return reply{delay: forever}
				}
				return numbered(total, limitOf(r), r)
			}, Options{})
			got, err := collect(t.Context(), c.Pages, List{Path: "/groups", Limits: sizes})
			if err != nil {
				t.Fatal(err)
			}
			ids := strings.FieldsFunc(got, func(r rune) bool { return r < '0' || r > '9' })
			seen := map[string]bool{}
			for _, id := range ids {
				seen[id] = true
			}
			if len(seen) != total {
				t.Errorf("sizes %v: got %d different records, want %d", sizes, len(seen), total)
			}
			// At most one page is read in part again, and none if the sizes divide.
			if again := len(ids) - total; again >= sizes[len(sizes)-1] || sizes[0]%sizes[1] == 0 && again != 0 {
				t.Errorf("sizes %v: read %d records again", sizes, again)
			}
		})
	}
}

// Pages ends where the list does, or with an error.
func TestPagesEnd(t *testing.T) {
	for _, tc := range []struct {
		name   string
		answer func(n int, r *http.Request) reply
		pages  int
		want   any // type of the error
	}{
		{"not paged", func(int, *http.Request) reply { return ok(`{"data":[1,2]}`) }, 1, nil},
		{"no last page, ends by link", func(n int, _ *http.Request) reply {
			if n == 3 {
				return ok(`{"data":[3],"links":{"next":null}}`)
			}
			return ok(fmt.Sprintf(`{"data":[%d],"links":{"next":"?page=2"}}`, n))
		}, 3, nil},
		{"no last page, ends by an empty page", func(n int, _ *http.Request) reply {
			if n == 3 {
				return ok(`{"data":[],"links":{"next":"?page=9"}}`)
			}
			return ok(fmt.Sprintf(`{"data":[%d],"links":{"next":"?page=2"}}`, n))
		}, 3, nil},
		{"empty page before the last", func(n int, _ *http.Request) reply {
			if n == 2 {
				return ok(`{"data":[],"meta":{"last_page":3}}`)
			}
			return ok(fmt.Sprintf(`{"data":[%d],"meta":{"last_page":3}}`, n))
		}, 3, nil},
		{"list shrinks meanwhile", func(n int, _ *http.Request) reply {
			return ok(fmt.Sprintf(`{"data":[%d],"meta":{"last_page":%d}}`, n, 4-n))
		}, 2, nil},
		{"page number ignored", func(int, *http.Request) reply { return ok(`{"data":[1],"links":{"next":"?page=2"}}`) }, 1, new(*RepeatedCursorError)},
		{"another page comes", func(int, *http.Request) reply { return ok(`{"data":[1],"meta":{"current_page":7}}`) }, 0, new(*BodyError)},
		{"grows for ever, empty", func(n int, _ *http.Request) reply {
			return ok(fmt.Sprintf(`{"data":[],"meta":{"last_page":%d}}`, n+1))
		}, 10, new(*EndlessListError)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, _ := newTestClient(t, tc.answer, Options{})
				pages := 0
				var failed error
				for _, err := range c.Pages(t.Context(), List{Path: "/groups"}, skip) {
					if failed = err; err == nil {
						pages++
					}
				}
				if pages != tc.pages {
					t.Errorf("got %d pages, want %d", pages, tc.pages)
				}
				if tc.want == nil && failed != nil || tc.want != nil && !errors.As(failed, tc.want) {
					t.Errorf("got error %v, want %v", failed, reflect.TypeOf(tc.want))
				}
			})
		})
	}
}

// A list that never ends is abandoned after a bounded number of pages.
func TestPagesBound(t *testing.T) {
	c, f := newTestClient(t, func(n int, _ *http.Request) reply {
		return ok(fmt.Sprintf(`{"data":[%d],"meta":{"last_page":%d}}`, n, n+1))
	}, Options{})
	_, err := collect(t.Context(), c.Pages, List{Path: "/groups"})
	var endless *EndlessListError
	if !errors.As(err, &endless) || f.n != maxPages {
		t.Errorf("got error %v after %d requests", err, f.n)
	}
}
