package scan

import (
	"context"
	"fmt"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"mailerlake/client"
	"mailerlake/schema"
)

// Names of walks. Walks of lists by page number are named by their parameters, walks of a parent by its key.
const (
	walkMain  = "main"  // of a cursor list
	walkNewer = "newer" // from the top again, for rows that are newer than the main walk
	walkEach  = "each"  // the list again, with each filter that it is counted by
	walkAsked = "asked" // rows asked for by their key
)

// walkCursorList walks a cursor list once, and when the tables that it comes after were read, looks for rows that are newer
// than the walk's start and compares with the API's own counts, taken in between. If the account changes meanwhile, it tries
// again.
func (s *Scanner) walkCursorList(ctx context.Context, t *tableScan) (incomplete string, err error) {
	for _, walk := range t.list.EachWalk() {
		if t.r.Log.Walk(t.mainWalk(walk)).Ended {
			continue
		}
		err := t.walkMain(ctx, walk)
		switch {
		case endless(err):
			return err.Error(), nil
		case t.r.Table.Optional && t.r.Log.Stats().Pages == 0 && notOffered(err):
			t.r.Unavailable = err.Error()
			return "", nil
		case err != nil:
			return "", err
		}
	}
	if err := s.wait(ctx, t.r.Table); err != nil {
		return "", err
	}
	for round := range 4 {
		if round == 2 {
			err = t.walkFilters(ctx)
		}
		if err == nil {
			incomplete, err = t.compareCounts(ctx)
		}
		if unanswered(err) || endless(err) {
			return fmt.Sprintf("the rows could not be counted: %v", err), nil
		}
		if err != nil || incomplete == "" {
			return "", err
		}
	}
	return incomplete, nil
}

// walkMain walks a list from its top, or from where an earlier run came to, to its end: page by page, or in ranges side
// by side where that saves time.
func (t *tableScan) walkMain(ctx context.Context, walk schema.Walk) error {
	c := t.newRanges(t.mainWalk(walk), walk, nil)
	if !c.worthy { // no earlier run has read ranges
		w, list := t.newWalk(c.name), c.list
		list.From = t.r.Log.Walk(c.name).Cursor
		if err := w.readAhead(ctx, list, c.worth); err != nil || !c.worthy {
			return err
		}
	}
	return c.walk(ctx)
}

// mainWalk names a walk of the list.
func (t *tableScan) mainWalk(w schema.Walk) string {
	if len(t.list.Walks) == 0 {
		return walkMain
	}
	return walkMain + "?" + t.nameOf(w)
}

// compareCounts counts the rows, first by the API's counts, then in the log, and says so if fewer were met.
func (t *tableScan) compareCounts(ctx context.Context) (incomplete string, err error) {
	want, err := t.apiCount(ctx)
	if err != nil {
		return "", err
	}
	for _, walk := range t.list.EachWalk() {
		if err := t.walkNewer(ctx, walk); err != nil {
			return "", err
		}
	}
	got, err := t.r.Log.Count(ctx)
	if err != nil {
		return "", err
	}
	t.pace.correct(got)
	t.pace.settle(max(got, want))
	if got >= want {
		return "", nil
	}
	return tooFew(got, want), nil
}

// apiCount returns the sum of the API's own counts.
func (t *tableScan) apiCount(ctx context.Context) (int64, error) {
	var sum atomic.Int64
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(t.Client.Calls())
	for _, params := range t.list.Counts {
		g.Go(func() error {
			n, err := t.Client.Count(ctx, t.list.Path, params)
			sum.Add(n)
			return err
		})
	}
	err := g.Wait()
	return sum.Load(), err
}

// walkNewer reads the list from its top again, down to a row that was there when the main walk began.
func (t *tableScan) walkNewer(ctx context.Context, walk schema.Walk) error {
	top := t.r.Log.Walk(t.mainWalk(walk)).Top
	w := t.newWalk(walkNewer)
	w.again = true
	list := client.List{Path: walk.Path, Params: walk.Params, Limits: smaller(t.list.Limits)}
	return w.each(ctx, t.Client.Cursor(ctx, list, w.decode), func(_ *client.Page, page *schema.Page) (bool, error) {
		met := top != nil && page.Rows.Rows > 0 && page.Rows.Keys(t.r.Table.Order).CompareKey(0, top) <= 0
		return !met, nil
	})
}

// smaller leaves out the largest of several page sizes.
func smaller(limits []int) []int {
	if len(limits) < 2 {
		return limits
	}
	return limits[1:]
}

// walkFilters walks the list again with each of the filters that it is counted by: unfiltered it may leave rows out, as
// the lists of members do. A walk whose first page shows nothing new ends there.
func (t *tableScan) walkFilters(ctx context.Context) error {
	for _, filter := range t.list.Counts {
		before, err := t.r.Log.Count(ctx)
		if err != nil {
			return err
		}
		w := t.newWalk(walkEach)
		list := client.List{Path: t.list.Path, Params: schema.With(t.list.Params, filter), Limits: t.list.Limits}
		first := true
		err = w.each(ctx, t.Client.Cursor(ctx, list, w.decode), func(*client.Page, *schema.Page) (bool, error) {
			if !first {
				return true, nil
			}
			first = false
			now, err := t.r.Log.Count(ctx)
			return now != before, err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
