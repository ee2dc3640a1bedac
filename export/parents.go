package export

import (
	"context"
	"slices"

	"mailerlake/export/merge"
	"mailerlake/export/scan"
	"mailerlake/schema"
)

// owner returns the table that a table's scanned rows belong to, and the link to it: each row is nested in, derived
// from or was listed for one of the owner's rows. Both are nil for a list of the account.
func (ts tables) owner(t *table) (*table, *schema.Link) {
	switch source := t.Source.(type) {
	case *schema.Nested:
		if !t.scan.Nested { // listed otherwise
			return ts.find(source.Otherwise.Per.Table), source.Otherwise.Per
		}
		return t.parent, &source.In
	case *schema.Derived:
		return t.parent, &source.From
	case *schema.List:
		if source.Per != nil {
			return t.parent, source.Per
		}
	}
	return nil, nil
}

// parentsOf returns for which parents the scan met every row, and which columns name the parent. Both are nil if the
// table has no owner.
func (ts tables) parentsOf(ctx context.Context, t *table) (merge.Parents, []string, error) {
	owner, link := ts.owner(t)
	if link == nil {
		return nil, nil, nil
	}
	columns, gone := columnsOf(link, owner), ts.goneParents(t)
	if !t.scan.Nested && owner == nil {
		return &listedParents{t.scan, gone.Keys, nil}, columns, nil
	}
	log, err := owner.sortedLog(ctx)
	if err != nil {
		return nil, nil, err
	}
	if !t.scan.Nested {
		return &listedParents{t.scan, gone.Keys, merge.WithList(log, t.unread(), ts.deletesUnmet(owner), t.SortedBy(columns))}, columns, nil
	}
	return merge.InRows(log, t.Table, t.absentBit(), ts.deletesUnmet(owner), gone), columns, nil
}

// referred returns the rows of other tables that a table's keys refer to, of those tables that this run has read whole, and
// exports: nothing was proved about the rows of others. They matter to lists that are not read again.
func (ts tables) referred(ctx context.Context, t *table) ([]merge.Referred, error) {
	if !t.Watched() || t.scan.Nested {
		return nil, nil
	}
	var referred []merge.Referred
	for _, ref := range t.References {
		other := ts.find(ref.Table)
		if !slices.Contains(t.Key, ref.Column) || other == nil || other.auxiliary || other == t.parent || len(other.Key) != 1 || other.Parent() != nil || !ts.deletesUnmet(other) {
			continue
		}
		log, err := other.sortedLog(ctx)
		if err != nil {
			return nil, err
		}
		referred = append(referred, merge.Referred{Column: ref.Column, Rows: merge.WithList(log, merge.Outside, true, false)})
	}
	return referred, nil
}

// unread is the standing of rows whose list was not read although it is there: they were left out on purpose if only some
// lists are read.
func (t *table) unread() merge.Standing {
	if t.Watched() {
		return merge.Outside
	}
	return merge.Unknown
}

// columnsOf returns the columns of a link in the order of the owner's rows. owner is nil while a plan is committed that
// left that table out.
func columnsOf(link *schema.Link, owner *table) []string {
	if owner == nil {
		return link.Columns
	}
	return link.InOrder(owner.Table)
}

// deletesUnmet reports whether this run deletes every row of a table that its scan did not meet. For an auxiliary table
// it reports whether the scan allows that. A nil table is one that is not part of the run.
func (ts tables) deletesUnmet(t *table) bool {
	if t == nil || !t.scanned() || !t.scan.Complete() {
		return false
	}
	if owner, link := ts.owner(t); link != nil && !ts.deletesUnmet(owner) {
		return false
	}
	return t.auxiliary || t.plan != nil && t.plan.Unproven == 0
}

// absentBit returns the bit, in schema.Page.Absent, of the array that the table's rows come in; -1 if there is none.
func (t *table) absentBit() int {
	nested, ok := t.Source.(*schema.Nested)
	if !ok {
		return -1
	}
	return slices.Index(t.Parent().Expected, nested.Attribute)
}

// listedParents says for which parents a list was read to its end.
type listedParents struct {
	scan *scan.Result
	gone []schema.Key  // sorted
	met  merge.Parents // the parents' own rows; nil if they are not known
}

// Standing returns what the scan proved about the rows of one parent. If its list was not to be read, they stay as they
// are.
func (l *listedParents) Standing(ctx context.Context, parent schema.Key) (merge.Standing, error) {
	switch {
	case l.scan.Read(parent), parent.In(l.gone):
		return merge.Read, nil
	case l.scan.FailedFor(parent), l.met == nil:
		return merge.Unknown, nil
	}
	return l.met.Standing(ctx, parent)
}

// leftOut returns the parents whose rows in the log do not count: those that are gone, and those whose lists could not be
// read to the end if only all walks together give a row.
func (ts tables) leftOut(t *table) merge.GoneParents {
	out := ts.goneParents(t)
	list, ok := t.Source.(*schema.List)
	if !ok || list.Per == nil || !list.Marks() || len(t.scan.Failed) == 0 {
		return out
	}
	out.Columns = columnsOf(list.Per, t.parent)
	out.Keys = slices.SortedFunc(slices.Values(slices.Concat(out.Keys, t.scan.Failed)), schema.Key.Compare)
	return out
}

// goneParents returns the parents that were deleted while their lists were read into the log that has the rows of a table:
// lists of the table itself, or of the table that its rows are nested in.
func (ts tables) goneParents(t *table) merge.GoneParents {
	if t.scan.Nested {
		t = t.parent
	}
	owner, link := ts.owner(t)
	if link == nil || len(t.scan.Gone) == 0 {
		return merge.GoneParents{}
	}
	return merge.GoneParents{Columns: columnsOf(link, owner), Keys: slices.SortedFunc(slices.Values(t.scan.Gone), schema.Key.Compare)}
}
