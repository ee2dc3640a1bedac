package client

import (
	"context"
	"hash/maphash"
	"iter"
	"net/url"
)

// maxEmptyPages is how many pages in a row may hold no record while the server
// says that more follow.
const maxEmptyPages = 10

// Cursor walks a list by its cursors, from List.From to the end; read reads the
// records of each page. The walk ends with the first error:
// RepeatedCursorError if a cursor leads back to an earlier page,
// EndlessListError if only empty pages come, or the reason why a page failed.
// Every page yielded before it is complete, and its Cursor can be used as
// List.From of a later walk.
func (c *Client) Cursor(ctx context.Context, l List, read ReadRecords) iter.Seq2[*Page, error] {
	return func(yield func(*Page, error) bool) {
		w := newCursorWalk(c, l, read)
		defer w.keep(false)
		for {
			p, err := w.next(ctx)
			if err != nil {
				yield(nil, err)
				return
			}
			// The caller may change the page once it has it.
			last := p.Cursor == ""
			w.keep(!last)
			if !yield(p, nil) || last {
				return
			}
		}
	}
}

// cursorWalk is the state of a walk by cursors.
type cursorWalk struct {
	walk
	cursor string
	// seen holds a hash of each cursor: a walk may have many thousands.
	seen map[uint64]struct{}
	seed maphash.Seed

	place *place // in a batch, for the page that follows; nil for none
}

// keep keeps a place in a batch for the next page of a range, or gives it up.
func (w *cursorWalk) keep(more bool) {
	switch {
	case !more && w.place != nil:
		w.place.leave()
	case more && w.kind == inCut && w.c.cut != nil && (w.place == nil || w.place.left):
		w.place = w.c.cut.announce(1)[0]
	}
}

func newCursorWalk(c *Client, l List, read ReadRecords) *cursorWalk {
	w := &cursorWalk{walk: newWalk(c, l, read), cursor: l.From,
		seen: make(map[uint64]struct{}), seed: maphash.MakeSeed()}
	switch {
	case l.Cut:
		w.kind = inCut
	case l.Small:
		w.kind = inSmall
	}
	if l.From != "" {
		w.repeated(l.From)
	}
	return w
}

// repeated reports whether the walk has seen a cursor before, and remembers it.
func (w *cursorWalk) repeated(cursor string) bool {
	h := maphash.String(w.seed, cursor)
	_, before := w.seen[h]
	w.seen[h] = struct{}{}
	return before
}

// next fetches the page at the cursor and moves on to the one after it.
func (w *cursorWalk) next(ctx context.Context) (*Page, error) {
	p, err := w.following(ctx)
	if err != nil {
		return nil, err
	}
	if err := w.check(p); err != nil {
		return nil, err
	}
	w.pages++
	w.cursor = p.Cursor
	return p, nil
}

func (w *cursorWalk) following(ctx context.Context) (*Page, error) {
	position := url.Values{}
	if w.cursor != "" {
		position.Set("cursor", w.cursor)
	}
	for {
		r := w.request(position)
		r.place = w.place
		p, err := w.fetch(ctx, r)
		if err == nil {
			w.size.grow()
			return p, nil
		}
		if !w.shrink(err) {
			return nil, err
		}
	}
}

// check stops a walk that would not end.
func (w *cursorWalk) check(p *Page) error {
	if p.Cursor == "" {
		return nil
	}
	if w.repeated(p.Cursor) {
		return &RepeatedCursorError{Path: w.list.Path, Cursor: p.Cursor, Pages: w.pages}
	}
	if p.Rows > 0 {
		w.empty = 0
		return nil
	}
	if w.empty++; w.empty > maxEmptyPages {
		return &EndlessListError{Path: w.list.Path, Pages: w.pages, Why: "only empty pages come, and each names a next one"}
	}
	return nil
}
