package scan

import (
	"context"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"mailerlake/client"
	"mailerlake/export/pagelog"
	"mailerlake/schema"
)

// ranges reads a cursor list, whose pages may take seconds, in several ranges of ids side by side: as many as the client
// asks for. It makes the cursors at which ranges start, so the list must be in the order of its ids,
// newest first, and its own cursors must be exactly those that would be made: every page is checked for that. If one is
// not, or does not start below the id that was asked for, the ranges do not count, and the main walk goes on alone from
// where it is.
//
// What was read is what the log shows: a range is a walk that is named by where it starts, and is read down to the
// cursor that its last page names. Gaps between them are read by whichever run comes to it, so that no bound has to be
// remembered.
type ranges struct {
	t    *tableScan
	of   *parentRow  // whose list it is; nil for a list of the account
	list client.List // without a place to start
	name string      // of the main walk
	// walks returns how many ranges the client asks for: from one call to the next it may be another number.
	walks func() int

	mu     sync.Mutex
	all    []*keyRange // the newest ids first; the first is the main walk
	read   func(*keyRange)
	busy   int   // ranges that are being read
	stored scale // of the rows in the dataset; nil if there are none
	floor  uint64
	page   float64 // rows of the largest page
	pages  int     // read in this run
	wasted float64 // pages whose rows another range has as well, or that had none

	proven bool // a made cursor led to rows below its id
	unmade bool // no more cursors are made: one was not answered
	alone  bool // one range after the other: a request failed
	whole  bool // the list is no such list, or too short: only the main walk counts
	worthy bool // it is worth while to read the rest in ranges
}

// newRanges returns what the log shows of a list, whose main walk has the name, or a plain main walk if it is none that
// could be cut.
func (t *tableScan) newRanges(name string, walk schema.Walk, of *parentRow) *ranges {
	c := &ranges{t: t, of: of, name: name, list: client.List{Path: of.path(walk.Path), Params: walk.Params, Limits: t.list.Limits, Small: of != nil}}
	c.walks = func() int { return t.Client.CutWalks(c.list) }
	if of != nil { // their pages share batches in any case
		c.walks = t.Client.Walks
	}
	begun := t.r.Log.Walk(name)
	if begun.Begun {
		c.all = loggedRanges(t.r.Log, name)
	}
	if !t.cuttable(walk, of) || begun.Begun && c.all == nil || t.r.Log.Walk(name+wholeMark).Begun {
		c.whole = true
		c.all = nil
	}
	if c.all == nil {
		main := newRange(name, maxID)
		main.cursor = begun.Cursor
		c.all = []*keyRange{main}
	}
	c.proven = len(c.all) > 1
	c.worthy = c.proven
	if t.Stored != nil && !c.whole && of == nil {
		c.stored = newScale(t.Stored(t.r.Table))
	}
	if len(c.stored) > 0 {
		c.floor = c.stored[0].id
	}
	return c
}

// cuttable reports whether a list is in the order of single ids: beside the parent's key, its rows have one.
func (t *tableScan) cuttable(walk schema.Walk, of *parentRow) bool {
	if of != nil {
		return walk.Marks == "" && len(t.r.Table.Order) == len(of.key)+1
	}
	return len(t.list.Walks) == 0 && len(t.r.Table.Order) == 1
}

// id names the column that ids are in.
func (c *ranges) id() []string { return c.t.r.Table.Order[len(c.t.r.Table.Order)-1:] }

// worth notes a page of the main walk, and reports whether the rest is worth reading in ranges. Without stored rows, a
// second page shows first that there are many.
func (c *ranges) worth(p *client.Page, page *schema.Page) bool {
	if c.whole {
		return false
	}
	main, s := c.all[0], see(p, page, c.id())
	if !c.fits(0, s) {
		c.whole = true
		return false
	}
	c.note(main, s, p.Cursor)
	last := s.rows == 0 || c.of != nil && float64(s.rows) < c.page // lists of members name a page that follows their last one
	if s.end || last || c.walks() == 1 || c.stored == nil && c.pages < 2 {
		return false
	}
	c.worthy = max(c.left(0), c.stored.at(main.pos)) >= leastPages*c.page
	return c.worthy
}

// leastPages is the number of pages that a list must be expected to have left to be cut.
const leastPages = 3

// note notes a page of a range.
func (c *ranges) note(r *keyRange, s sight, cursor string) {
	r.take(s, cursor)
	c.pages++
	c.page = max(c.page, float64(s.rows))
}

// fits reports whether a page is what the list has below the place that range i has come to.
func (c *ranges) fits(i int, s sight) bool {
	r := c.all[i]
	if !s.fits || s.rows > 0 && s.greatest >= r.pos {
		return false
	}
	return i+1 == len(c.all) || !c.all[i+1].answered() || s.joins(c.all[i+1])
}

// walk reads all ranges to their ends.
func (c *ranges) walk(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	c.read = func(r *keyRange) { g.Go(func() error { return c.readRange(ctx, r) }) }
	c.mu.Lock()
	c.fill()
	c.mu.Unlock()
	if err := g.Wait(); err != nil {
		return err
	}
	if c.t.r.Log.Walk(c.name).Ended {
		return nil
	}
	return c.t.append(nil, pagelog.Mark{Walk: c.name, Parent: c.of != nil, End: true}, false)
}

// fill gives work to as many readers as the client asks for.
func (c *ranges) fill() {
	for c.busy < c.readers() {
		r := c.next()
		if r == nil {
			if !c.split(c.readers() - c.busy) {
				return
			}
			continue
		}
		r.busy = true
		c.busy++
		c.read(r)
	}
}

// readers returns how many ranges are to be read at a time.
func (c *ranges) readers() int {
	if c.whole || c.alone {
		return 1
	}
	return c.walks()
}

// readRange reads a range from where it is, until it has come to its end or its reader is not needed any more.
func (c *ranges) readRange(ctx context.Context, r *keyRange) error {
	w := c.t.newWalk(r.walk)
	w.of, w.mark.Parent = c.of, c.of != nil
	defer w.release()
	list := c.list
	list.From, list.Cut = r.cursor, c.of == nil
	for p, err := range c.t.Client.Cursor(ctx, list, w.decode) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return c.failed(ctx, r, err)
		}
		more, err := c.accept(r, w, p)
		if err != nil || !more {
			return err
		}
		w.decoder.Recycle(w.page)
		w.release()
	}
	return nil
}

// accept checks a page of a range, logs it, and reports whether its reader is to go on.
func (c *ranges) accept(r *keyRange, w *walk, p *client.Page) (more bool, err error) {
	s := see(p, w.page, c.id())
	if use, err := c.check(r, s); err != nil || !use {
		return false, err
	}
	if err := w.log(p, w.page); err != nil {
		return false, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.Index(c.all, r)
	if i < 0 {
		return false, nil
	}
	c.advance(i, s, p.Cursor)
	more = r.busy // before another reader may get the range
	c.fill()
	return more, nil
}

// check reports whether a page belongs into the log.
func (c *ranges) check(r *keyRange, s sight) (use bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.Index(c.all, r)
	switch {
	case i < 0: // it does not count any more
		return false, nil
	case c.whole:
		return true, nil
	case !c.fits(i, s):
		if err := c.distrust("its pages are not in the order of ids that its cursors say"); err != nil {
			return false, err
		}
		c.fill()
		return i == 0, nil
	case !r.answered() && s.rows == 0: // perhaps a cursor not understood: no proof that there are no rows
		c.floor = max(c.floor, r.start)
		c.wasted++
		c.drop(r)
		c.fill()
		return false, nil
	}
	return true, nil
}

// advance notes a page of range i, and stops its reader at its end, or if there are more readers than are asked for.
func (c *ranges) advance(i int, s sight, cursor string) {
	r := c.all[i]
	if c.whole {
		if r.cursor = cursor; s.end {
			r.pos = 0
			c.release(r)
		}
		return
	}
	if bound := c.bound(i); s.least < bound && s.rows > 0 {
		c.wasted += float64(s.below(bound)) / float64(s.rows)
	}
	c.note(r, s, cursor)
	c.proven = c.proven || i > 0
	for i+1 < len(c.all) && !c.all[i+1].busy && r.pos <= c.all[i+1].pos { // read along with this one
		c.all = slices.Delete(c.all, i+1, i+2)
	}
	if !c.open(i) || c.busy > c.readers() {
		c.release(r)
	}
}

// release takes a range's reader away.
func (c *ranges) release(r *keyRange) {
	if r.busy {
		r.busy = false
		c.busy--
	}
}

// drop forgets a range. The one above it goes on in its place.
func (c *ranges) drop(r *keyRange) {
	c.release(r)
	c.all = slices.DeleteFunc(c.all, func(o *keyRange) bool { return o == r })
}
