package scan

import (
	"context"
	"time"

	"mailerlake/export/pagelog"
	"mailerlake/schema"
)

// Lists says which lists of a table are read, of those that it has for each row of another table.
type Lists struct {
	// Of holds the keys of the rows whose lists are read; nil for all rows that were scanned.
	Of *pagelog.Log
	// From leaves out the rows below a key.
	From schema.Key
	// First are read before the others: their lists could not be read in an earlier run. They are in key order.
	First []schema.Key
	// Until is when no further list is begun, so that what was read can be committed; the zero time never comes.
	Until time.Time
}

// parentLists are lists that are read for each row of a parent.
type parentLists struct {
	Lists
	list   *schema.List
	parent *Result
	pages  int // of the parent's log, when its rows were walked
}

// expectLists counts the lists. Those that were chosen are in their log once; a row of the parent may be in its own twice.
func (p *parentWalks) expectLists(ctx context.Context) error {
	if of := p.r.lists.Of; of != nil {
		p.pace.expect(of.Stats().Rows)
		return nil
	}
	lists, err := p.parent.Log.Count(ctx)
	p.pace.expect(lists)
	return err
}

// lists returns the log with the keys of all parents whose lists are to be read.
func (p *parentWalks) lists() *pagelog.Log {
	if of := p.r.lists.Of; of != nil {
		return of
	}
	return p.parent.Log
}
