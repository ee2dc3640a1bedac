package scan

import (
	"context"
	"sync"

	"golang.org/x/sync/errgroup"

	"mailerlake/client"
	"mailerlake/schema"
)

// walkCursors reads all walks of one parent's cursor list: side by side where many requests are to be under way, once the
// first shows that there is such a list.
func (p *parentWalks) walkCursors(ctx context.Context, of *parentRow) error {
	walks := p.list.EachWalk()
	g, ctx := errgroup.WithContext(ctx)
	others := sync.OnceFunc(func() {
		for _, walk := range walks[1:] {
			g.Go(func() error { return p.walkCursor(ctx, of, walk, func() {}) })
		}
	})
	g.Go(func() error {
		err := p.walkCursor(ctx, of, walks[0], func() {
			if p.Client.Calls() > len(walks) {
				others()
			}
		})
		if err == nil {
			others()
		}
		return err
	})
	return g.Wait()
}

// walkCursor reads one walk of a parent's cursor list: in ranges, where that saves time and only few lists are under way.
// visit is called after each page of its beginning.
func (p *parentWalks) walkCursor(ctx context.Context, of *parentRow, walk schema.Walk, visit func()) error {
	w := p.newWalk(p.nameOf(walk))
	w.marks, w.again = walk.Marks, walk.Marks != ""
	of.begin(w)
	done := p.r.Log.Walk(w.mark.Walk)
	if done.Ended && !p.again {
		return nil
	}
	c := p.newRanges(w.mark.Walk, walk, of)
	c.whole = c.whole || p.again
	cut := !p.again && c.worthy
	read := func(from string) error {
		list := c.list
		list.From = from
		return w.each(ctx, p.Client.Cursor(ctx, list, w.decode), func(page *client.Page, rows *schema.Page) (more bool, err error) {
			visit()
			cut = c.worth(page, rows) && p.under.running.Load() <= fewLists
			return !cut, nil
		})
	}
	from := done.Cursor
	if p.again {
		from = ""
	}
	var err error
	if !cut {
		err = read(from)
	}
	if cut && err == nil {
		err = c.walk(ctx)
	}
	if from != "" && refused(err) { // the cursor of an earlier run
		c.whole, cut = true, false
		err = read("")
	}
	return err
}

// fewLists is how many lists are under way at most when one of them is cut: more fill batches as they are.
const fewLists = 8
