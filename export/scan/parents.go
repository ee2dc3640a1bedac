package scan

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"mailerlake/client"
	"mailerlake/export/pagelog"
	"mailerlake/schema"
)

// maxFailed is the number of parents that may fail before the rest is left to the next run.
const maxFailed = 100

// walkOfParent names, in the log, all walks of a parent together.
func walkOfParent(key schema.Key) string { return strings.Join(key, "\x00") }

// readPerParent reads a list for each row of another table. Parents are independent of each other: one that fails, or
// is gone, does not affect the others.
func (s *Scanner) readPerParent(ctx context.Context, r *Result, list *schema.List, parent *Result) error {
	switch {
	case parent.Err != nil:
		return fmt.Errorf("read %s: %w", parent.Table.Name, parent.Err)
	case parent.Unavailable != "":
		r.Unavailable = parent.Unavailable
	}
	r.lists = &parentLists{list: list, parent: parent}
	if s.Lists != nil {
		lists, err := s.Lists(ctx, r.Table, parent)
		if err != nil {
			return err
		}
		r.lists.Lists = lists
	}
	return s.fillLog(ctx, r, list, resumable, s.walkParents)
}

// ReadNewParents reads the lists of those parent rows that were found after the others were walked, if all of them were
// to be read. It reports whether there are any. Rows that are nested in those of a parent take over what its own lists proved;
// these must have been read before.
func (s *Scanner) ReadNewParents(ctx context.Context, r *Result) (read bool, err error) {
	if r.Nested && r.parent.lists != nil {
		above := &r.parent.Outcome
		r.Failed, r.Gone, r.Stopped, r.Partial = above.Failed, above.Gone, above.Stopped, above.Partial
	}
	if r.lists == nil || r.lists.Of != nil || r.Unavailable != "" || r.lists.parent.Log.Stats().Pages == r.lists.pages {
		return false, nil
	}
	t := &tableScan{Scanner: s, r: r, list: r.lists.list}
	t.pace.begin(r.Log, t.list, tally{})
	incomplete, err := s.walkParents(ctx, t)
	if err != nil {
		return true, errors.Join(err, r.Log.Sync())
	}
	return true, t.conclude(incomplete)
}

// walkParents walks the list of each row of the parent for which it was not walked yet.
func (s *Scanner) walkParents(ctx context.Context, t *tableScan) (incomplete string, err error) {
	p := &parentWalks{tableScan: t, parent: t.r.lists.parent, under: newGate()}
	t.r.lists.pages = p.parent.Log.Stats().Pages
	if err := p.expectLists(ctx); err != nil {
		return "", err
	}
	defer func() { t.r.counted = t.pace.count() }()
	if err := p.walkAll(ctx); err != nil {
		return "", err
	}
	return "", p.judge()
}

// parentWalks are the walks of one table over all rows of its parent.
type parentWalks struct {
	*tableScan
	parent *Result
	again  bool  // from their beginning, whatever was read before
	under  *gate // the parents under way

	mu       sync.Mutex
	answered int     // parents whose list was read to the end, in this run or before
	refused  []error // of the failed, those that say that there is no such list
	failed   []error // one for each parent that failed
}

// walkAll walks the parents, several at a time: first those that failed in an earlier run, then all in the order of their
// keys.
func (p *parentWalks) walkAll(ctx context.Context) error {
	p.r.Failed, p.r.Gone, p.r.Stopped, p.r.Left, p.r.Partial = nil, nil, false, nil, ""
	g, ctx := errgroup.WithContext(ctx)
	walk := func(key, left schema.Key) (more bool) {
		if p.r.Log.Walk(walkOfParent(key)).Ended {
			p.count()
			p.pace.state(p.pace.walks, 0, 0) // its rows are in the log
			p.pace.end()
			return true
		}
		if !p.under.enter(ctx, p.Client.Calls) || p.stopped(left) {
			return false
		}
		g.Go(func() error {
			defer p.under.leave()
			return p.walkParent(ctx, key)
		})
		return true
	}
	err := p.eachParent(ctx, walk)
	return cmp.Or(g.Wait(), err) // a walk that ends the scan cuts the reading of parents off as well
}

// eachParent calls walk for each parent whose list is to be read, until it returns false. left is the key from which on
// lists are left to a later scan if it ends there.
func (p *parentWalks) eachParent(ctx context.Context, walk func(key, left schema.Key) (more bool)) error {
	log, lists := p.lists(), p.r.lists.Lists
	begun, more, err := walkFirst(ctx, p.parent.Log, p.begun(), walk)
	if err != nil || !more {
		return err
	}
	failed := slices.DeleteFunc(slices.Clone(lists.First), func(key schema.Key) bool { return key.In(begun) })
	failed, more, err = walkFirst(ctx, log, failed, walk)
	if err != nil || !more {
		return err
	}
	cursor := pagelog.NewCursor(ctx, log, pagelog.KeysOnly, nil)
	if len(lists.From) > 0 {
		if err := cursor.Seek(lists.From); err != nil {
			return err
		}
	}
	for {
		run, ok, err := cursor.Next()
		if err != nil || !ok {
			return err
		}
		for i := run.From; i < run.To; i++ {
			key := run.Keys.At(i)
			if key.In(begun) || key.In(failed) {
				continue
			}
			if !walk(key, key) {
				return ctx.Err()
			}
		}
	}
}

// begun returns the parents whose walks had begun, and not all ended, when an earlier run stopped. Without the walks that
// mark them, their rows in the log would be wrong.
func (p *parentWalks) begun() []schema.Key {
	var keys []schema.Key
	for _, name := range p.r.Log.Unfinished() { // names of other walks are no keys of parents
		if key := strings.Split(name, "\x00"); p.list.Marks() && len(key) == len(p.parent.Table.Order) {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, schema.Key.Compare)
	return keys
}

// walkFirst walks those of some parents, in key order, that a log has, and returns them.
func walkFirst(ctx context.Context, log *pagelog.Log, first []schema.Key, walk func(key, left schema.Key) (more bool)) (begun []schema.Key, more bool, err error) {
	cursor := pagelog.NewCursor(ctx, log, pagelog.KeysOnly, nil)
	run, ok := pagelog.Rows{}, true
	for _, key := range first {
		for ok && (run.Page == nil || run.Keys.CompareKey(run.To-1, key) < 0) {
			if run, ok, err = cursor.Next(); err != nil {
				return nil, false, err
			}
		}
		if !ok {
			break
		}
		if row := run.Keys.Search(run.From, key); row == run.To || run.Keys.CompareKey(row, key) != 0 {
			continue
		}
		if !walk(key, make(schema.Key, len(key))) { // nothing else has been read
			return nil, false, ctx.Err()
		}
		begun = append(begun, key)
	}
	return begun, true, nil
}

func (p *parentWalks) count() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answered++
}

// stopped reports whether no more lists are to be begun: too many have failed, or the time is up. The lists of the parents
// from the key left on are then left to a later scan.
func (p *parentWalks) stopped(left schema.Key) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.r.Stopped = len(p.failed) >= maxFailed
	late := !p.r.lists.Until.IsZero() && p.now().After(p.r.lists.Until)
	if !p.r.Stopped && !late {
		return false
	}
	p.r.Left = left
	return true
}

// walkParent reads the lists of one parent. An error concerns the run.
func (p *parentWalks) walkParent(ctx context.Context, key schema.Key) error {
	name := walkOfParent(key)
	if p.list.Marks() {
		if err := p.append(nil, pagelog.Mark{Walk: name, Parent: true}, false); err != nil {
			return err
		}
	}
	err := p.walkLists(ctx, key)
	p.pace.end()
	if err == nil {
		p.count()
		return p.append(nil, pagelog.Mark{Walk: name, Parent: true, End: true}, false)
	}
	if stopsRun(err) || ctx.Err() != nil {
		return err
	}
	gone := false
	if errors.Is(err, client.ErrNotFound) {
		if gone, err = p.isGone(ctx, key, err); stopsRun(err) {
			return err
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case gone:
		p.r.Gone = append(p.r.Gone, key)
		return nil
	case notOffered(err):
		p.refused = append(p.refused, err)
	}
	p.failed = append(p.failed, err)
	p.r.Failed = append(p.r.Failed, key)
	return nil
}

// isGone asks whether a parent whose list was not found is gone itself. If it is not, or that is unknown, isGone
// returns the list's own error.
func (p *parentWalks) isGone(ctx context.Context, key schema.Key, notFound error) (bool, error) {
	list, ok := p.parent.Table.Source.(*schema.List)
	if !ok || list.Item == "" {
		return false, notFound
	}
	found, err := p.Ask(ctx, p.parent, []schema.Key{key})
	if stopsRun(err) {
		return false, err
	}
	if err != nil || found[0] != nil {
		return false, notFound
	}
	return true, notFound
}

// walkLists reads all walks of one parent's list.
func (p *parentWalks) walkLists(ctx context.Context, key schema.Key) error {
	of := &parentRow{key, p.list.Per.Columns, inKeyOrder(p.parent.Table, key)}
	switch p.list.Paging {
	case schema.ByPage:
		incomplete, err := p.walkPages(ctx, of)
		if err == nil && incomplete != "" {
			err = errors.New(incomplete)
		}
		return err
	case schema.InObject:
		return p.walkObject(ctx, of)
	}
	return p.walkCursors(ctx, of)
}

// judge says what the walks prove together. A list that was refused for every parent does not exist.
func (p *parentWalks) judge() error {
	slices.SortFunc(p.r.Failed, schema.Key.Compare)
	if len(p.failed) == 0 {
		if p.r.Left != nil {
			p.r.Partial = fmt.Sprintf("the lists of further rows of %s are read after this commit", p.parent.Table.Name)
			return nil
		}
		if why := p.parent.Incomplete + p.parent.Partial; why != "" { // nothing is known about the rows of parents not met
			p.r.Partial = fmt.Sprintf("%s is incomplete: %s", p.parent.Table.Name, why)
		}
		return nil
	}
	if p.answered == 0 && len(p.refused) == len(p.failed) {
		if p.r.Table.Optional {
			p.r.Unavailable, p.r.Failed = p.refused[0].Error(), nil
			return nil
		}
		if len(p.failed) > 1 || errors.Is(p.refused[0], client.ErrNotFound) {
			return fmt.Errorf("the list was refused for every row of %s: %w", p.parent.Table.Name, p.refused[0])
		}
	}
	p.r.Partial = fmt.Sprintf("the lists of %s of %s could not be read: %v", count(int64(len(p.failed)), "row"), p.parent.Table.Name, p.failed[0])
	if p.r.Stopped {
		p.r.Partial += "; the others were left to the next run"
	}
	return nil
}
