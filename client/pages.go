package client

import (
	"context"
	"hash/maphash"
	"iter"
	"strconv"
)

// maxPages bounds a walk by page numbers.
const maxPages = 100_000

// Pages walks a list by page numbers, to the last page that the server names, a
// page that names no next one, or an empty page. Lists shift under the walk when
// records come and go: the same record may come twice (the caller drops it by
// key) or be missed (Page.Total tells). A list that is not paged is one page.
// The walk ends early with RepeatedCursorError if a page equals the one before,
// EndlessListError if there are too many, or whatever made a page fail.
func (c *Client) Pages(ctx context.Context, l List) iter.Seq2[*Page, error] {
	return func(yield func(*Page, error) bool) {
		w := &pageWalk{c: c, list: l, size: newSizer(l.Limits), number: 1, seed: maphash.MakeSeed()}
		for {
			p, err := w.next(ctx)
			if err != nil {
				yield(nil, err)
				return
			}
			// The page is the caller's once it is handed on.
			last := w.last(p)
			if !yield(p, nil) || last {
				return
			}
		}
	}
}

// pageWalk is the state of a walk by page numbers.
type pageWalk struct {
	c       *Client
	list    List
	size    *sizer
	number  int // page to fetch
	perPage int // records on a page of the size in use, 0 before the first
	pages   int
	empty   int // pages without a record in a row
	seed    maphash.Seed
	hash    uint64 // of the last page with records
}

// next fetches the page at the number and moves on.
func (w *pageWalk) next(ctx context.Context) (*Page, error) {
	if w.pages >= maxPages {
		return nil, &EndlessListError{Path: w.list.Path, Pages: w.pages, Why: "too many pages"}
	}
	p, err := w.fetch(ctx)
	if err != nil {
		return nil, err
	}
	if err := w.check(p); err != nil {
		p.Release()
		return nil, err
	}
	w.perPage = orDefault(p.PerPage, w.size.limit())
	w.pages++
	w.number++
	return p, nil
}

// check stops a walk that would not end.
func (w *pageWalk) check(p *Page) error {
	if p.Rows == 0 {
		if w.empty++; w.empty > maxEmptyPages {
			return &EndlessListError{Path: w.list.Path, Pages: w.pages, Why: "only empty pages come, while the server counts more"}
		}
		return nil
	}
	hash := maphash.Bytes(w.seed, p.Data)
	if w.pages > 0 && hash == w.hash {
		return &RepeatedCursorError{Path: w.list.Path, Cursor: strconv.Itoa(w.number), Pages: w.pages}
	}
	w.hash, w.empty = hash, 0
	return nil
}

func (w *pageWalk) fetch(ctx context.Context) (*Page, error) {
	for {
		extra := w.size.params()
		extra.Set("page", strconv.Itoa(w.number))
		p, err := w.c.page(ctx, w.list, extra, w.size.smaller())
		if err == nil {
			return p, nil
		}
		if !w.size.shrink(err) {
			return nil, err
		}
		w.renumber()
		w.c.log.Debug("smaller pages", "path", w.list.Path, "limit", w.size.limit(), "cause", err)
	}
}

// renumber finds the page of the new size that holds the record where the walk
// stands; where sizes do not divide, some records come again rather than none.
func (w *pageWalk) renumber() {
	done := (w.number - 1) * w.perPage
	w.perPage = min(w.size.limit(), orDefault(w.perPage, w.size.limit()))
	w.number = done/w.perPage + 1
	w.hash = 0
}

// last reports whether nothing follows the page just fetched. An empty page is
// the end unless the server still counts pages beyond it.
func (w *pageWalk) last(p *Page) bool {
	more := p.LastPage >= w.number
	return !more && (p.Rows == 0 || !p.link)
}
