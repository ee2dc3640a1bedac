package client

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// List names a list to walk.
type List struct {
	// Path is relative to the API's address, like "/subscribers".
	Path string
	// Params (include, filter[...]) are sent with every page: the server's own
	// links leave them out.
	Params url.Values
	// Limits are the page sizes to ask for, largest first. The walk moves to the
	// next one when the server refuses a size, or cannot deliver such a page in
	// time or within Options.MaxBody. Empty leaves the size to the server.
	Limits []int
	// From is the cursor to start at, "" for the beginning. Pages ignores it.
	From string
	// Small says that a cursor list is one of many small ones, as the members of a
	// segment or a form: its pages may share a batch with other requests. The pages
	// of a list by page numbers always may.
	Small bool
	// Cut says that a cursor list is one of several ranges of a long list, which are
	// read side by side: their pages may share a batch if Options.BatchPages is set.
	Cut bool
}

// ReadRecords reads the records of one page: the list that begins at body[at],
// with its bracket. It checks their JSON, so that nobody has to read it twice,
// and returns the number of records and the offset after the list's closing
// bracket.
//
// When an attempt is repeated, ReadRecords is called again with another body.
// What it read counts only once the walk yields the page; until then the next
// call replaces it. It must not keep body.
//
// Names in records may repeat and text may be invalid UTF-8. Any error makes
// the answer unusable, so that the page is requested again: a
// *jsontext.SyntacticError is reported without the body's content, any other
// error with its own text, as BodyError.Err.
type ReadRecords func(body []byte, at int) (records, end int, err error)

// Page is what the server says about one page of a list.
type Page struct {
	// Rows is the number of records that ReadRecords returned.
	Rows int
	// Cursor leads to the next page, "" on the last one.
	Cursor string
	// Number, LastPage and PerPage are the server's, 0 if it does not state them.
	Number, LastPage, PerPage int
	// Total is the number of records in the list, -1 if the server does not state it.
	Total int64
	// Aggregations are further counts by name, nil if there are none.
	Aggregations map[string]int64
	// Date is the server's time of the answer, zero if it does not state it.
	Date time.Time

	link bool // the server names a next page
}

// walk is what walks by cursor and by page number share.
type walk struct {
	c    *Client
	list List
	read ReadRecords
	size *pageSize
	json *reader // one for all pages
	kind travel  // of its requests

	pages int // pages yielded
	empty int // pages in a row without a record
}

func newWalk(c *Client, l List, read ReadRecords) walk {
	return walk{c: c, list: l, read: read, size: newPageSize(l.Limits), json: new(reader)}
}

// request asks for the page at a position: a cursor, a page number, or nothing for
// the first page.
func (w *walk) request(position url.Values) request {
	params := url.Values{}
	maps.Copy(params, w.list.Params)
	maps.Copy(params, w.size.params())
	maps.Copy(params, position)
	return request{method: http.MethodGet, path: w.list.Path, params: params, shrinkable: w.size.smaller(), kind: w.kind}
}

func (w *walk) fetch(ctx context.Context, r request) (*Page, error) {
	var p *Page
	err := w.c.do(ctx, r, func(resp *response) (err error) {
		p, err = w.accept(resp, r)
		return err
	})
	return p, err
}

// accept reads the answer to a request for a page.
func (w *walk) accept(resp *response, r request) (*Page, error) {
	w.json.reset(resp.body)
	env, err := w.json.envelope(w.read)
	if err == nil {
		err = w.c.batching.check(resp, position{path: env.path, page: env.number, perPage: env.perPage, rows: env.rows})
	}
	if err != nil {
		return nil, err
	}
	p, err := newPage(env, r.params.Get("page"))
	if err == nil {
		p.Date, _ = http.ParseTime(resp.header.Get("Date"))
	}
	return p, err
}

// shrink moves to a smaller page size if that may cure the error.
func (w *walk) shrink(err error) bool {
	if !w.size.shrink(err) {
		return false
	}
	w.c.log.Debug("smaller pages", "path", w.list.Path, "limit", w.size.limit(), "cause", err)
	return true
}

// newPage makes a page of an answer. In a page list, want is the number that was
// asked for; in a cursor list it is "".
func newPage(env *envelope, want string) (*Page, error) {
	if want != "" && env.number > 0 && strconv.Itoa(env.number) != want {
		return nil, badBody("it is page %d instead of %s", env.number, want)
	}
	if want == "" && env.cursor == "" && env.nextLink != "" {
		// Ending the walk here would silently lose what follows.
		return nil, badBody("it names a next page but no cursor")
	}
	return &Page{
		Rows: env.rows, Cursor: env.cursor,
		Number: env.number, LastPage: env.lastPage, PerPage: env.perPage,
		Total: env.total, Aggregations: env.aggregations,
		link: env.nextLink != "",
	}, nil
}

// growAfter is how many pages of a smaller size must succeed before the larger
// one is tried again; it doubles with each try.
const growAfter = 10

// pageSize chooses the page size of a walk among List.Limits.
type pageSize struct {
	limits []int
	index  int // of the size in use
	first  int // sizes before this index were refused for good
	good   int // pages since the last change
	after  int // pages until the larger size is tried again
}

func newPageSize(limits []int) *pageSize {
	s := &pageSize{after: growAfter}
	for _, n := range limits {
		if n > 0 {
			s.limits = append(s.limits, n)
		}
	}
	return s
}

// limit returns the page size to ask for, 0 to leave it to the server.
func (s *pageSize) limit() int {
	if len(s.limits) == 0 {
		return 0
	}
	return s.limits[s.index]
}

func (s *pageSize) params() url.Values {
	if n := s.limit(); n > 0 {
		return url.Values{"limit": {strconv.Itoa(n)}}
	}
	return url.Values{}
}

// smaller reports whether there is a smaller size to move to.
func (s *pageSize) smaller() bool { return s.index+1 < len(s.limits) }

// shrink moves to the next smaller size if that may cure the error.
func (s *pageSize) shrink(err error) bool {
	refused := errors.Is(err, ErrLimitRefused)
	if !s.smaller() || !refused && !smallerMayHelp(err) {
		return false
	}
	s.index++
	s.good = 0
	if refused {
		s.first = s.index
	}
	return true
}

// grow counts a page that succeeded. Small pages cost many requests, and what
// made them necessary may pass: after a while the larger size is tried again.
func (s *pageSize) grow() {
	s.good++
	if s.index > s.first && s.good >= s.after {
		s.index--
		s.good = 0
		s.after *= 2
	}
}
