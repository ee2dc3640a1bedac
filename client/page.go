package client

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// List names a list to walk.
type List struct {
	// Path is relative to the API's address, like "/subscribers".
	Path string
	// Params (include, filter[...]) are sent with every page, as the server's
	// own links drop them.
	Params url.Values
	// Limits are the page sizes to ask for, largest first. A smaller one is
	// taken when the server refuses one, or cannot deliver it in time or within
	// Options.MaxBody. Empty leaves the size to the server.
	Limits []int
	// From is the cursor to go on from, "" for the beginning. Pages ignores it.
	From string
}

// Page is one page of a list. It owns its memory: it may be handed to another
// goroutine, and Release gives the memory back for later pages.
type Page struct {
	// Data is the JSON array of records, checked for syntax only: names may
	// repeat, text may be invalid UTF-8. It is void after Release.
	Data jsontext.Value
	// Rows is the number of records in Data.
	Rows int
	// Cursor leads to the next page, "" after the last one.
	Cursor string
	// Number, LastPage and PerPage are what the server says, 0 where it does not.
	Number, LastPage, PerPage int
	// Total is the number of records in the list, -1 if the server does not say.
	Total int64
	// Aggregations are further counts by name, nil if there are none.
	Aggregations map[string]int64
	// Date is the server's time of the answer, zero if it does not say.
	Date time.Time

	body *bytes.Buffer
	link bool // the server names a next page
}

// Release gives the page's memory back. Data must not be used any more; calling
// it is optional, and harmless a second time.
func (p *Page) Release() {
	freeBody(p.body)
	p.body, p.Data = nil, nil
}

// page fetches one page. shrinkable says that a smaller one could be asked for.
func (c *Client) page(ctx context.Context, l List, extra url.Values, shrinkable bool) (*Page, error) {
	params := maps.Clone(l.Params)
	if params == nil {
		params = url.Values{}
	}
	maps.Copy(params, extra)
	r := request{method: http.MethodGet, path: l.Path, params: params, shrinkable: shrinkable}
	var p *Page
	err := c.do(ctx, r, func(resp *response) (err error) {
		p, err = newPage(resp, extra.Get("page"))
		return err
	})
	return p, err
}

// newPage reads a page out of an answer and takes over its body. Want is the
// number asked for, "" in a cursor list.
func newPage(r *response, want string) (*Page, error) {
	env, err := parseEnvelope(r.body.Bytes())
	if err != nil {
		return nil, err
	}
	if want != "" && env.number > 0 && strconv.Itoa(env.number) != want {
		return nil, badBody("it is page %d instead of %s", env.number, want)
	}
	if want == "" && env.cursor == "" && env.nextLink != "" {
		// Ending the walk here would silently lose what follows.
		return nil, badBody("it names a next page but no cursor")
	}
	date, _ := http.ParseTime(r.header.Get("Date"))
	return &Page{
		Data: env.data, Rows: env.rows, Cursor: env.cursor,
		Number: env.number, LastPage: env.lastPage, PerPage: env.perPage,
		Total: env.total, Aggregations: env.aggregations, Date: date,
		link: env.nextLink != "", body: r.keep(),
	}, nil
}

// climbAfter is how many pages of a smaller size have to go well before the
// larger one is tried again; it doubles with each try.
const climbAfter = 10

// sizer chooses the page size of a walk among List.Limits.
type sizer struct {
	limits []int
	step   int // index of the size in use
	floor  int // sizes before this index were refused for good
	good   int // pages since the last change
	after  int // pages until the larger size is tried again
}

func newSizer(limits []int) *sizer {
	s := &sizer{after: climbAfter}
	for _, n := range limits {
		if n > 0 {
			s.limits = append(s.limits, n)
		}
	}
	return s
}

// limit returns the page size to ask for, 0 to leave it to the server.
func (s *sizer) limit() int {
	if len(s.limits) == 0 {
		return 0
	}
	return s.limits[s.step]
}

func (s *sizer) params() url.Values {
	if n := s.limit(); n > 0 {
		return url.Values{"limit": {strconv.Itoa(n)}}
	}
	return url.Values{}
}

func (s *sizer) smaller() bool { return s.step+1 < len(s.limits) }

// shrink takes the next smaller size if that may cure the error.
func (s *sizer) shrink(err error) bool {
	refused := errors.Is(err, ErrLimitRefused)
	if !s.smaller() || !refused && !tooMuch(err) {
		return false
	}
	s.step++
	s.good = 0
	if refused {
		s.floor = s.step
	}
	return true
}

// grow notes a page that went well. Trouble with a size may pass, and small
// pages cost many requests: after a while the larger size gets another chance.
func (s *sizer) grow() {
	s.good++
	if s.step > s.floor && s.good >= s.after {
		s.step--
		s.good = 0
		s.after *= 2
	}
}
