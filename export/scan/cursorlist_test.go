package scan

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"mailerlake/client"
	"mailerlake/export/disk"
	"mailerlake/export/pagelog"
	"mailerlake/schema"
)

// counted declares a list that states how many rows it has.
func counted(limits ...int) *schema.Table {
	return thing(func(_ *schema.Table, l *schema.List) {
		l.Limits, l.Counts = limits, []url.Values{{"s": {"a"}}, {"s": {"b"}}}
	})
}

// TestLimits walks for newer rows with whatever page sizes a list has. Without any it used to crash.
func TestLimits(t *testing.T) {
	for want, limits := range map[string][]int{"/things": nil, "/things?limit=7": {7}, "/things?limit=3": {7, 3}, "/things?limit=5": {7, 5, 3}} {
		w := newWorld(t, func(_ string, q url.Values) (int, string) {
			if q.Get("limit") == "0" {
				return 200, `{"total":0}`
			}
			return page(q, ids(2, 1)...)
		}, counted(limits...))
		r := w.mustScan("thing")
		if last := w.asked[len(w.asked)-1]; r.Err != nil || last != want {
			t.Errorf("limits %v: %v, asked for %s, want %s", limits, r.Err, last, want)
		}
	}
}

// TestCursorList walks lists to which rows are added, and whose counts differ from what is met.
func TestCursorList(t *testing.T) {
	type answers func(n int, q url.Values) (int, string)
	of := func(a, b int, records ...string) answers { // a and b are the counts
		return func(_ int, q url.Values) (int, string) {
			if q.Get("limit") == "0" {
				return 200, `{"total":` + number(int64(map[string]int{"a": a, "b": b}[q.Get("s")])) + `}`
			}
			return page(q, records...)
		}
	}
	for name, c := range map[string]struct {
		answer     answers
		incomplete string
		keys       string
		requests   int
		more       int // requests that may be made besides: counts travel together
		err        error
	}{
		// 2 pages, 2 counts, a page of newer rows
		"as counted":        {answer: of(2, 1, ids(3, 2, 1)...), keys: "1 2 3", requests: 5},
		"more than counted": {answer: of(1, 1, ids(3, 2, 1)...), keys: "1 2 3", requests: 5},
		"no rows":           {answer: of(0, 0), keys: "", requests: 4},
		// twice counted and looked for newer, then both filters, a page each, and twice again
		"fewer than counted": {answer: of(3, 1, ids(3, 2, 1)...), keys: "1 2 3", requests: 16, incomplete: "3 of 4 rows met"},
		"a filter shows another": {answer: func(n int, q url.Values) (int, string) {
			if q.Get("s") == "b" && q.Get("limit") != "0" {
				return page(q, ids(9, 8, 7, 6, 5)...)
			}
			return of(3, 5, ids(3, 2, 1)...)(n, q)
		}, keys: "1 2 3 5 6 7 8 9", requests: 2 + 3 + 3 + 1 + 3 + 3},
		"a filter shows nothing new, on a later page": {answer: func(n int, q url.Values) (int, string) {
			if q.Get("s") == "b" && q.Get("limit") != "0" {
				return page(q, ids(9, 8, 3, 2, 7, 6)...)
			}
			return of(3, 4, ids(3, 2, 1)...)(n, q)
		}, keys: "1 2 3 6 7 8 9", requests: 2 + 3 + 3 + 1 + 3 + 3},
		"a filter fails": {answer: func(n int, q url.Values) (int, string) {
			if q.Get("s") == "b" && q.Get("limit") != "0" {
				return 500, missing
			}
			return of(3, 4, ids(3, 2, 1)...)(n, q)
		}, keys: "1 2 3", requests: 2 + 3 + 3 + 2, incomplete: "the rows could not be counted: "},
		"a filter meets the rate limit": {answer: func(n int, q url.Values) (int, string) {
			if q.Get("s") == "b" && q.Get("limit") != "0" {
				return 429, missing
			}
			return of(3, 4, ids(3, 2, 1)...)(n, q)
		}, keys: "1 2 3", requests: 2 + 3 + 3 + 2, err: errAny},
		"rows come where there were none": {answer: func(n int, q url.Values) (int, string) {
			if n == 1 {
				return page(q)
			}
			return of(2, 2, ids(4, 3, 2, 1)...)(n, q)
		}, keys: "1 2 3 4", requests: 1 + 2 + 2},
		"an empty page of newer rows": {answer: func(n int, q url.Values) (int, string) {
			if n > 4 && q.Get("limit") != "0" && q.Get("cursor") == "" {
				return 200, `{"data":[],"meta":{"next_cursor":"at0"}}`
			}
			return of(2, 1, ids(3, 2, 1)...)(n, q)
		}, keys: "1 2 3", requests: 2 + 2 + 2},
		"rows are added": {answer: func(n int, q url.Values) (int, string) {
			if n <= 2 {
				return of(2, 2, ids(3, 2, 1)...)(n, q)
			}
			return of(3, 3, ids(6, 5, 4, 3, 2, 1)...)(n, q)
		}, keys: "1 2 3 4 5 6", requests: 2 + 2 + 2},
		"counting refused":  {answer: func(n int, q url.Values) (int, string) { return code(q, 422, ids(3, 2, 1)) }, keys: "1 2 3", requests: 3, more: 3, incomplete: "the rows could not be counted: "},
		"counting fails":    {answer: func(n int, q url.Values) (int, string) { return code(q, 500, ids(3, 2, 1)) }, keys: "1 2 3", requests: 3, more: 3, incomplete: "the rows could not be counted: "},
		"counting unusable": {answer: func(n int, q url.Values) (int, string) { return code(q, 200, ids(3, 2, 1)) }, keys: "1 2 3", requests: 3, more: 3, incomplete: "the rows could not be counted: "},
		"rate limit":        {answer: func(n int, q url.Values) (int, string) { return code(q, 429, ids(3, 2, 1)) }, keys: "1 2 3", requests: 3, more: 3, err: errAny},
		"a circle of pages": {answer: func(_ int, q url.Values) (int, string) {
			return 200, `{"data":[{"id":"1"}],"meta":{"next_cursor":"x"}}`
		}, keys: "1", requests: 2, incomplete: "points back"},
		"newer rows in a circle": {answer: func(n int, q url.Values) (int, string) {
			if n > 4 && q.Get("limit") != "0" {
				return 200, `{"data":[{"id":"9"}],"meta":{"next_cursor":"x"}}`
			}
			return of(2, 1, ids(3, 2, 1)...)(n, q)
		}, keys: "1 2 3 9", requests: 6, incomplete: "the rows could not be counted: "},
	} {
		t.Run(name, func(t *testing.T) {
			n := 0
			w := newWorld(t, func(_ string, q url.Values) (int, string) { n++; return c.answer(n, q) }, counted())
			r := w.mustScan("thing")
			if (r.Err != nil) != (c.err != nil) || !strings.Contains(r.Incomplete, c.incomplete) || (c.incomplete == "") != (r.Incomplete == "") {
				t.Errorf("%v, incomplete %q", r.Err, r.Incomplete)
			}
			if got := strings.Join(keysIn(t, r.Log), " "); got != c.keys || n < c.requests || n > c.requests+c.more {
				t.Errorf("keys %s, want %s; %d requests, want %d: %q", got, c.keys, n, c.requests, w.asked)
			}
		})
	}
}

var errAny = errors.New("any")

// code answers a count with a status, and the rest with a page.
func code(q url.Values, status int, records []string) (int, string) {
	if q.Get("limit") == "0" {
		return status, missing
	}
	return page(q, records...)
}

// TestCursorWalks: a list whose rows only several walks show together is read by all of them, resumed each where it
// stopped, and read for newer rows each.
func TestCursorWalks(t *testing.T) {
	lists := map[string][]string{"a": ids(9, 7, 5, 3, 1), "b": ids(8, 6, 4, 2)}
	cut := true
	w := newWorld(t, func(_ string, q url.Values) (int, string) {
		if cut && q.Get("s") == "b" && q.Get("cursor") == "at2" {
			return 401, missing
		}
		return page(q, lists[q.Get("s")]...)
	}, thing(func(_ *schema.Table, l *schema.List) {
		l.Walks = schema.Each(url.Values{"s": {"a"}}, url.Values{"s": {"b"}})
	}))
	if err := w.scan(); !errors.Is(err, client.ErrUnauthorized) {
		t.Fatal(err)
	}
	cut = false
	lists["a"], lists["b"] = append(ids(11), lists["a"]...), append(ids(12), lists["b"]...)
	r := w.mustScan("thing")
	// b at its second page, then newer rows of both.
	if got := strings.Join(keysIn(t, r.Log), " "); got != "1 2 3 4 5 6 7 8 9 11 12" && got != "1 2 3 4 5 6 7 8 9 11 12 " {
		t.Errorf("keys %s", got)
	}
	if !r.Resumed || w.asked[0] != "/things?cursor=at2&s=b" {
		t.Errorf("resumed %t, asked for %q", r.Resumed, w.asked)
	}
}

// TestErrorsOfRequests sorts what a request may end with.
func TestErrorsOfRequests(t *testing.T) {
	status := func(code int) error { return errors.Join(errors.New("x"), &client.Error{Status: code}) }
	body := error(&client.BodyError{Why: "x"})
	limit := error(&client.RateLimitError{})
	all := []error{nil, errAny, body, limit}
	for _, code := range []int{400, 401, 403, 404, 422, 429, 500} {
		all = append(all, status(code))
	}
	for name, c := range map[string]struct {
		is   func(error) bool
		want string // of all
	}{
		"refused":    {refused, "0000 1000100"},
		"notOffered": {notOffered, "0000 0011100"},
		"unanswered": {unanswered, "0010 1011101"},
		"stopsRun":   {StopsRun, "0000 0100000"},
	} {
		got := ""
		for i, err := range all {
			if i == 4 {
				got += " "
			}
			got += map[bool]string{true: "1", false: "0"}[c.is(err)]
		}
		if got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
	for err, want := range map[error]bool{context.Canceled: true, context.DeadlineExceeded: true, client.ErrAccountChanged: true, client.ErrTimeout: false, errAny: false} {
		if stopsRun(fmt.Errorf("x: %w", err)) != want {
			t.Errorf("%v stops the run: %t", err, !want)
		}
	}
	if stopsRun(errors.Join(client.ErrTimeout, context.DeadlineExceeded)) {
		t.Error("a request that takes too long stops the run")
	}
	if !endless(&client.RepeatedCursorError{}) || !endless(&client.EndlessListError{}) || endless(errAny) || endless(nil) {
		t.Error("endless")
	}
}

// TestOptionalThatFails: a list that was answered once is available, whatever comes then.
func TestOptionalThatFails(t *testing.T) {
	w := newWorld(t, func(_ string, q url.Values) (int, string) {
		if q.Get("cursor") != "" {
			return 403, missing
		}
		return page(q, ids(3, 2, 1)...)
	}, thing(func(table *schema.Table, _ *schema.List) { table.Optional = true }))
	if r := w.mustScan("thing"); r.Unavailable != "" || !errors.Is(r.Err, client.ErrForbidden) {
		t.Errorf("unavailable %q, error %v", r.Unavailable, r.Err)
	}
	if !strings.Contains(w.said("thing"), "not exported: ") {
		t.Errorf("said %q", w.said("thing"))
	}
}

// TestUnusablePage: a page that cannot be decoded is none, and fails its table.
func TestUnusablePage(t *testing.T) {
	many := strings.TrimSuffix(strings.Repeat(`{"id":"1"},`, schema.MaxRecords+1), ",")
	w := newWorld(t, func(string, url.Values) (int, string) {
		return 200, `{"data":[` + many + `],"meta":{"next_cursor":null}}`
	}, thing(nil))
	if r := w.mustScan("thing"); r.Err == nil {
		t.Error("no error")
	}
}

// TestPageNotWritten: a page that could not be written to the log fails the scan, also if those after it can be.
func TestPageNotWritten(t *testing.T) {
	for name, change := range map[string]func(*schema.Table, *schema.List){
		"cursor": nil,
		"page":   func(_ *schema.Table, l *schema.List) { l.Paging = schema.ByPage },
	} {
		for n := 2; n <= 5; n++ { // the first write is the log's own
			writes := 0
			w := newWorld(t, func(_ string, q url.Values) (int, string) {
				if q.Get("page") != "" {
					return numbered(q, 7, ids(7, 6, 5, 4, 3, 2, 1)...)
				}
				return page(q, ids(7, 6, 5, 4, 3, 2, 1)...)
			}, thing(change))
			w.options.Logs = pagelog.NewStore(failFS{disk.OS(false), func() error {
				if writes++; writes == n+1 {
					return errAny
				}
				return nil
			}}, w.dir+"/scan", w.dir+"/scratch")
			if r := w.mustScan("thing"); !errors.Is(r.Err, errAny) {
				t.Errorf("%s, write %d: error %v", name, n, r.Err)
			}
		}
	}
}

// failFS lets writes fail.
type failFS struct {
	disk.FS
	fail func() error
}

type failFile struct {
	disk.File
	fail func() error
}

func (f failFS) Create(name string, access disk.Access) (disk.File, error) {
	file, err := f.FS.Create(name, access)
	return failFile{file, f.fail}, err
}

func (f failFile) Write(p []byte) (int, error) {
	if err := f.fail(); err != nil {
		return 0, err
	}
	return f.File.Write(p)
}
