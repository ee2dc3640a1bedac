package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
)

// Parameters are sent with every page; the caller's map is not changed.
func TestCursorParams(t *testing.T) {
	c, f := newTestClient(t, func(_ int, r *http.Request) reply { return cursorPage(r) }, Options{})
	params := url.Values{"include": {"groups"}, "filter[status]": {"active"}}
	got, err := collect(t.Context(), c.Cursor, List{Path: "/subscribers", Params: params, Limits: []int{1000, 100}})
	if err != nil || got != wholeList {
		t.Errorf("got %s, error %v", got, err)
	}
	const query = "filter%5Bstatus%5D=active&include=groups&limit=1000"
	want := []string{"GET /api/subscribers?" + query, "GET /api/subscribers?cursor=c2&" + query, "GET /api/subscribers?cursor=c3&" + query}
	if diff := cmp.Diff(want, f.requests()); diff != "" {
		t.Errorf("requests differ (-want +got):\n%s", diff)
	}
	if len(params) != 2 {
		t.Errorf("the caller's parameters became %v", params)
	}
}

func TestCursorFrom(t *testing.T) {
	c, f := newTestClient(t, func(_ int, r *http.Request) reply { return cursorPage(r) }, Options{})
	got, err := collect(t.Context(), c.Cursor, List{Path: "/subscribers", From: "c3"})
	if want := `[{"id":"5"},{"id":"6"}]`; err != nil || got != want {
		t.Errorf("got %s, error %v, want %s", got, err, want)
	}
	if got := f.requests(); !slices.Equal(got, []string{"GET /api/subscribers?cursor=c3"}) {
		t.Errorf("got requests %v", got)
	}
}

// A caller that stops early causes no further request.
func TestCursorStopsEarly(t *testing.T) {
	c, f := newTestClient(t, func(_ int, r *http.Request) reply { return cursorPage(r) }, Options{})
	for p, err := range c.Cursor(t.Context(), List{Path: "/subscribers"}, skip) {
		if err != nil || p.Cursor != "c2" {
			t.Errorf("got cursor %q, error %v", p.Cursor, err)
		}
		break
	}
	if n := len(f.requests()); n != 1 {
		t.Errorf("sent %d requests, want 1", n)
	}
}

// A repeated cursor is noticed after any number of pages, List.From included.
func TestRepeatedCursor(t *testing.T) {
	c, _ := newTestClient(t, func(_ int, r *http.Request) reply {
		next := map[string]string{"a": "b", "b": "c", "c": "a"}[r.URL.Query().Get("cursor")]
		return ok(`{"data":[{"id":"1"}],"meta":{"next_cursor":"` + next + `"}}`)
	}, Options{})
	_, err := collect(t.Context(), c.Cursor, List{Path: "/subscribers", From: "a"})
	var repeated *RepeatedCursorError
	if !errors.As(err, &repeated) || repeated.Pages != 2 || repeated.Cursor != "a" {
		t.Errorf("got error %v", err)
	}
}

// Some empty pages that name a next one are accepted, too many are not.
func TestEmptyPages(t *testing.T) {
	answer := func(empty int) func(int, *http.Request) reply {
		return func(n int, _ *http.Request) reply {
			switch {
			case n == 1:
				return ok(`{"data":[{"id":"1"}],"meta":{"next_cursor":"x1"}}`)
			case n <= 1+empty:
				return ok(fmt.Sprintf(`{"data":[],"meta":{"next_cursor":"x%d"}}`, n))
			}
			return ok(`{"data":[{"id":"2"}],"meta":{"next_cursor":null}}`)
		}
	}
	c, _ := newTestClient(t, answer(maxEmptyPages), Options{})
	if got, err := collect(t.Context(), c.Cursor, List{Path: "/s"}); err != nil || !strings.HasSuffix(got, `[{"id":"2"}]`) {
		t.Errorf("got %s, error %v", got, err)
	}
	c, _ = newTestClient(t, func(n int, _ *http.Request) reply {
		switch {
		case n == 5*maxEmptyPages:
			return ok(`{"data":[]}`)
		case n%maxEmptyPages == 0: // never too many in a row
			return ok(fmt.Sprintf(`{"data":[1],"meta":{"next_cursor":"x%d"}}`, n))
		}
		return ok(fmt.Sprintf(`{"data":[],"meta":{"next_cursor":"x%d"}}`, n))
	}, Options{})
	if _, err := collect(t.Context(), c.Cursor, List{Path: "/s"}); err != nil {
		t.Errorf("with pages between the empty ones: got error %v", err)
	}
	c, _ = newTestClient(t, answer(1<<30), Options{})
	_, err := collect(t.Context(), c.Cursor, List{Path: "/s"})
	var endless *EndlessListError
	if !errors.As(err, &endless) || endless.Pages != 1+maxEmptyPages {
		t.Errorf("got error %v", err)
	}
}

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

func TestPageDate(t *testing.T) {
	c, _ := newTestClient(t, func(_ int, r *http.Request) reply {
		return ok(`{"data":[]}`).with("Date", "Fri, 19 Sep 2025 11:10:41 GMT")
	}, Options{})
	for p, err := range c.Cursor(t.Context(), List{Path: "/s"}, skip) {
		if want := time.Date(2025, 9, 19, 11, 10, 41, 0, time.UTC); err != nil || !p.Date.Equal(want) {
			t.Errorf("got date %s, error %v, want %s", p.Date, err, want)
		}
	}
}

// Walks side by side share a pool of bodies, and each reads its own.
func TestWalksSideBySide(t *testing.T) {
	c, _ := newTestClient(t, func(_ int, r *http.Request) reply {
		q := r.URL.Query()
		n, _ := strconv.Atoi(q.Get("cursor"))
		row := strings.Repeat(q.Get("walk")+"-"+strconv.Itoa(n)+" ", 500)
		next := strconv.Quote(strconv.Itoa(n + 1))
		if n == 50 {
			next = "null"
		}
		return ok(`{"data":["` + row + `"],"meta":{"next_cursor":` + next + `}}`)
	}, Options{})
	var wg sync.WaitGroup
	for walk := range 8 {
		wg.Go(func() {
			got, err := collect(t.Context(), c.Cursor, List{Path: "/s", Params: url.Values{"walk": {strconv.Itoa(walk)}}})
			var want strings.Builder
			for n := range 51 {
				want.WriteString(`["` + strings.Repeat(fmt.Sprintf("%d-%d ", walk, n), 500) + `"]`)
			}
			if err != nil || got != want.String() {
				t.Errorf("walk %d: got %.40s, error %v", walk, got, err)
			}
		})
	}
	wg.Wait()
}

// An error of ReadRecords is a fault of the body: the page is requested again, and
// the error shows no text of the body.
func TestReadRecordsFails(t *testing.T) {
	tooMany := errors.New("more than 10 records")
	for _, tc := range []struct {
		name string
		read ReadRecords
		why  string
		is   error
	}{
		{"plain error", func(*jsontext.Decoder, []byte) (int, error) { return 0, tooMany }, "more than 10 records", tooMany},
		{"syntax error", func(dec *jsontext.Decoder, _ []byte) (int, error) {
			return 0, fmt.Errorf("decode secret: %w", jsontext.NewDecoder(strings.NewReader(`{"secret":x`)).SkipValue())
		}, "not valid JSON at byte", nil},
		{"cut short", func(*jsontext.Decoder, []byte) (int, error) { return 0, io.ErrUnexpectedEOF }, "cut short", nil},
		{"nothing read", func(*jsontext.Decoder, []byte) (int, error) { return 0, nil }, "not read to their end", nil},
		{"half read", func(dec *jsontext.Decoder, _ []byte) (int, error) { _, err := dec.ReadToken(); return 0, err }, "not read to their end", nil},
		{"typed", func(*jsontext.Decoder, []byte) (int, error) { return 0, &BodyError{Why: "it is odd"} }, "it is odd", nil},
	} {
		for name, passes := range map[string]bool{"once": true, "for ever": false} {
			t.Run(tc.name+" "+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					c, f := newTestClient(t, func(_ int, r *http.Request) reply { return cursorPage(r) }, Options{})
					var page records
					calls := 0
					read := func(dec *jsontext.Decoder, body []byte) (int, error) {
						if calls++; calls == 2 || calls > 2 && !passes {
							return tc.read(dec, body)
						}
						return page.read(dec, body)
					}
					got, failed := "", error(nil)
					for _, err := range c.Cursor(t.Context(), List{Path: "/subscribers"}, read) {
						if failed = err; err == nil {
							got += page.raw
						}
					}
					if passes {
						if failed != nil || got != wholeList || len(f.requests()) != 4 {
							t.Errorf("got %s, error %v after %d requests", got, failed, len(f.requests()))
						}
						return
					}
					if !isBody(tc.why)(failed) || strings.Contains(failed.Error(), "secret") || tc.is != nil && !errors.Is(failed, tc.is) {
						t.Errorf("got error %v, want %q", failed, tc.why)
					}
					if got != wholeList[:len(wholeList)/3] || len(f.requests()) != 7 {
						t.Errorf("got %s after %d requests", got, len(f.requests()))
					}
				})
			})
		}
	}
}

// The decoder counts its offsets from the start of the body that it reads.
func TestReadRecordsBody(t *testing.T) {
	c, _ := newTestClient(t, func(_ int, r *http.Request) reply { return cursorPage(r) }, Options{})
	pages := 0
	for p, err := range c.Cursor(t.Context(), List{Path: "/s"}, func(dec *jsontext.Decoder, body []byte) (int, error) {
		v, err := dec.ReadValue()
		end := int(dec.InputOffset())
		if got := string(body[end-len(v) : end]); got != string(v) {
			t.Errorf("got %s in the body, read %s", got, v)
		}
		pages++
		return 7, err
	}) {
		if err != nil || p.Rows != 7 {
			t.Errorf("got %d rows, error %v, want what was returned", p.Rows, err)
		}
	}
	if pages != 3 {
		t.Errorf("read %d pages, want 3", pages)
	}
}

// ReadRecords is called only for a list, and once for each body.
func TestReadRecordsNotCalled(t *testing.T) {
	for body, want := range map[string]int{
		`{"data":null}`:           0,
		`{"data":{"0":{}}}`:       0,
		`{"data":x}`:              0,
		`{"meta":{}}`:             0,
		`{"data":[],"data":[{}]}`: 1,
	} {
		calls := 0
		_, err := newReader([]byte(body)).envelope(func(dec *jsontext.Decoder, _ []byte) (int, error) {
			calls++
			return 0, dec.SkipValue()
		})
		if err == nil || calls != want {
			t.Errorf("%s: got error %v after %d calls, want %d", body, err, calls, want)
		}
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

// A refused list is an error that callers can tell apart, and the client keeps
// working.
func TestListRefused(t *testing.T) {
	for _, tc := range []struct {
		code    int
		body    string
		is      error
		not     []error
		missing bool
	}{
		{403, `{"message":"This action is unauthorized."}`, ErrForbidden, []error{ErrUnauthorized, ErrNotFound, ErrLimitRefused}, false},
		{403, html, ErrForbidden, []error{ErrUnauthorized, ErrNotFound}, false},
		{404, `{"message":"Resource does not exist."}`, ErrNotFound, []error{ErrForbidden, ErrLimitRefused}, false},
		{404, `{"message":"The route api/shops could not be found."}`, ErrNotFound, []error{ErrForbidden, ErrLimitRefused}, true},
		{422, `{"message":"Only available on Premium plan.","errors":{"plan":["x"]}}`, nil, []error{ErrForbidden, ErrNotFound, ErrLimitRefused}, false},
	} {
		for by := range 2 {
			c, f := newTestClient(t, func(_ int, r *http.Request) reply {
				if r.URL.Path == "/api/shops" {
					return status(tc.code, tc.body)
				}
				return ok(`{"data":[1]}`)
			}, Options{})
			walk := []func(context.Context, List, ReadRecords) iter.Seq2[*Page, error]{c.Cursor, c.Pages}[by]
			_, err := collect(t.Context(), walk, List{Path: "/shops", Limits: []int{100, 25}})
			var refused *Error
			if !errors.As(err, &refused) || refused.Status != tc.code || refused.RouteMissing() != tc.missing || tc.is != nil && !errors.Is(err, tc.is) {
				t.Errorf("%d %s: got error %v", tc.code, tc.body, err)
			}
			for _, not := range tc.not {
				if errors.Is(err, not) {
					t.Errorf("%d %s: error %v matches %q", tc.code, tc.body, err, not)
				}
			}
			if got, err := collect(t.Context(), walk, List{Path: "/groups"}); err != nil || got != "[1]" || len(f.requests()) != 2 {
				t.Errorf("after it: got %s, error %v, %d requests", got, err, len(f.requests()))
			}
		}
	}
}
