package client

import (
	"context"
	"hash/maphash"
	"iter"
)

// maxEmptyPages is how many pages without a record a walk bears in a row while
// the server says that more follow.
const maxEmptyPages = 10

// Cursor walks a list by its cursors, from List.From to the end. The walk ends
// with an error, after which nothing follows: RepeatedCursorError if the server
// leads in a circle, EndlessListError if nothing but empty pages comes, else
// whatever made a page fail. Each page before it is whole, and its Cursor can
// be handed to List.From to go on later.
func (c *Client) Cursor(ctx context.Context, l List) iter.Seq2[*Page, error] {
	return func(yield func(*Page, error) bool) {
		w := newCursorWalk(c, l)
		for {
			p, err := w.next(ctx)
			if err != nil {
				yield(nil, err)
				return
			}
			// The page is the caller's once it is handed on.
			last := p.Cursor == ""
			if !yield(p, nil) || last {
				return
			}
		}
	}
}

// cursorWalk is the state of a walk by cursors.
type cursorWalk struct {
	c      *Client
	list   List
	size   *sizer
	cursor string
	pages  int
	empty  int // pages without a record in a row
	// seen holds a hash of each cursor: a walk may have many thousands.
	seen map[uint64]struct{}
	seed maphash.Seed
}

func newCursorWalk(c *Client, l List) *cursorWalk {
	w := &cursorWalk{c: c, list: l, size: newSizer(l.Limits), cursor: l.From,
		seen: make(map[uint64]struct{}), seed: maphash.MakeSeed()}
	if l.From != "" {
		w.met(l.From)
	}
	return w
}

// met notes a cursor and reports whether it came before.
func (w *cursorWalk) met(cursor string) bool {
	h := maphash.String(w.seed, cursor)
	_, before := w.seen[h]
	w.seen[h] = struct{}{}
	return before
}

// next fetches the page at the cursor and moves on.
func (w *cursorWalk) next(ctx context.Context) (*Page, error) {
	p, err := w.fetch(ctx)
	if err != nil {
		return nil, err
	}
	if err := w.check(p); err != nil {
		p.Release()
		return nil, err
	}
	w.pages++
	w.cursor = p.Cursor
	return p, nil
}

func (w *cursorWalk) fetch(ctx context.Context) (*Page, error) {
	for {
		extra := w.size.params()
		if w.cursor != "" {
			extra.Set("cursor", w.cursor)
		}
		p, err := w.c.page(ctx, w.list, extra, w.size.smaller())
		if err == nil {
			w.size.grow()
			return p, nil
		}
		if !w.size.shrink(err) {
			return nil, err
		}
		w.c.log.Debug("smaller pages", "path", w.list.Path, "limit", w.size.limit(), "cause", err)
	}
}

// check stops a walk that would not end.
func (w *cursorWalk) check(p *Page) error {
	if p.Cursor == "" {
		return nil
	}
	if w.met(p.Cursor) {
		return &RepeatedCursorError{Path: w.list.Path, Cursor: p.Cursor, Pages: w.pages}
	}
	if p.Rows > 0 {
		w.empty = 0
		return nil
	}
	if w.empty++; w.empty > maxEmptyPages {
		return &EndlessListError{Path: w.list.Path, Pages: w.pages, Why: "only empty pages come, each naming a next one"}
	}
	return nil
}
