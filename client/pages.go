package client

import (
	"context"
	"errors"
	"hash/maphash"
	"iter"
	"net/url"
	"strconv"
)

// maxPages bounds a walk by page numbers.
const maxPages = 100_000

// Pages walks a list by page numbers; read reads the records of each page. It ends
// at the last page that the server states, at a page that names no next one, or
// at an empty page. A list that is not paged is one page. A list that changes
// during the walk may yield a record twice, which its key shows, or leave one
// out, which Page.Total shows. Once the first page states how many there are, the
// others are requested ahead of the caller; read is called in their order all the
// same. The walk ends with the first error:
// RepeatedCursorError if a page equals the one before, EndlessListError if
// there are too many, or the reason why a page failed.
func (c *Client) Pages(ctx context.Context, l List, read ReadRecords) iter.Seq2[*Page, error] {
	return func(yield func(*Page, error) bool) {
		w := newPageWalk(c, l, read)
		defer w.ahead.stop()
		for {
			p, err := w.next(ctx)
			if err != nil {
				yield(nil, err)
				return
			}
			// The caller may change the page once it has it.
			last := w.last(p)
			if !yield(p, nil) || last {
				return
			}
		}
	}
}

// pageWalk is the state of a walk by page numbers.
type pageWalk struct {
	walk
	number  int // of the page to fetch
	perPage int // records on a page of the size in use, 0 before the first page
	seed    maphash.Seed
	hash    uint64 // of the records just read
	before  uint64 // of the last page with records
	ahead   *ahead
}

func newPageWalk(c *Client, l List, read ReadRecords) *pageWalk {
	w := &pageWalk{number: 1, seed: maphash.MakeSeed()}
	w.walk = newWalk(c, l, func(body []byte, at int) (int, int, error) {
		rows, end, err := read(body, at)
		if err == nil && end >= at && end <= len(body) {
			w.hash = maphash.Bytes(w.seed, body[at:end])
		}
		return rows, end, err
	})
	w.kind = inSmall
	w.ahead = &ahead{w: w}
	return w
}

// next fetches the page at the number and moves on to the one after it.
func (w *pageWalk) next(ctx context.Context) (*Page, error) {
	if w.pages >= maxPages {
		return nil, &EndlessListError{Path: w.list.Path, Pages: w.pages, Why: "too many pages"}
	}
	p, err := w.following(ctx)
	if err != nil {
		return nil, err
	}
	if err := w.check(p); err != nil {
		return nil, err
	}
	w.perPage = orDefault(p.PerPage, w.size.limit())
	w.pages++
	w.number++
	w.ahead.ask(ctx, p.LastPage)
	return p, nil
}

// check stops a walk that would not end.
func (w *pageWalk) check(p *Page) error {
	if p.Rows == 0 {
		if w.empty++; w.empty > maxEmptyPages {
			return &EndlessListError{Path: w.list.Path, Pages: w.pages, Why: "only empty pages come, and the server states more"}
		}
		return nil
	}
	if w.hash == w.before {
		return &RepeatedCursorError{Path: w.list.Path, Cursor: strconv.Itoa(w.number), Pages: w.pages}
	}
	w.before, w.empty = w.hash, 0
	return nil
}

func (w *pageWalk) following(ctx context.Context) (*Page, error) {
	for {
		p, err := w.at(ctx)
		if err == nil {
			return p, nil
		}
		if !w.shrink(err) {
			return nil, err
		}
		w.ahead.stop() // they have another size
		w.renumber()
	}
}

// at returns the page at the number: the one that was read ahead, if it is good.
func (w *pageWalk) at(ctx context.Context) (*Page, error) {
	r := w.request(url.Values{"page": {strconv.Itoa(w.number)}})
	early := w.ahead.take(w.number)
	if early == nil {
		return w.fetch(ctx, r)
	}
	if early.err != nil {
		return nil, early.err
	}
	if ctx.Err() != nil {
		return nil, stopped(ctx, r)
	}
	p, err := w.accept(early.answer, r)
	if err != nil { // it was not read before: ask again
		r.doubted = errors.Is(err, errDoubt)
		return w.fetch(ctx, r)
	}
	return p, nil
}

// renumber finds the page of the new size that holds the next record. If one
// size does not divide the other, some records are read twice rather than left
// out.
func (w *pageWalk) renumber() {
	done := (w.number - 1) * w.perPage
	w.perPage = min(w.size.limit(), orDefault(w.perPage, w.size.limit()))
	w.number = done/w.perPage + 1
}

// last reports whether no page follows the one just fetched. An empty page is
// the last one unless the server states that there are more.
func (w *pageWalk) last(p *Page) bool {
	more := p.LastPage >= w.number
	return !more && (p.Rows == 0 || !p.link)
}
