package client

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

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

// A next page without a cursor must not end the walk as if there were none.
func TestNextWithoutCursor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, f := newTestClient(t, func(n int, r *http.Request) reply {
			if n == 2 {
				return ok(`{"data":[{"id":"9"}],"links":{"next":"https://x/api/s?page=2"}}`)
			}
			return cursorPage(r)
		}, Options{})
		got, err := collect(t.Context(), c.Cursor, List{Path: "/s"})
		if err != nil || got != wholeList || len(f.requests()) != 4 {
			t.Errorf("got %s, error %v after %d requests", got, err, len(f.requests()))
		}
	})
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
