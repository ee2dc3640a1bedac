package export

import (
	"context"
	"fmt"

	"mailerlake/export/merge"
)

const (
	// Deletes of more than one in massShare of a table's rows, and of more than massRows, are withheld unless confirmed.
	massShare = 5
	massRows  = 20
	// So are deletes of all rows, if there are as many, and the scan met no other.
	wholeRows = 3
)

// tooMany says why a table's deletes have to be confirmed, and is empty if they need not be.
func (p *prover) tooMany(ctx context.Context, t, owner *table) (withheld string, err error) {
	n := t.plan.Candidates()
	switch {
	case p.yes:
		return "", nil
	case n > massRows && n*massShare > t.stored.Rows:
		return fmt.Sprintf("%d of %d rows would go; --yes deletes them", n, t.stored.Rows), nil
	case !t.wouldBeEmpty():
		return "", nil
	}
	stays, err := p.parentStays(ctx, t, owner)
	if stays {
		withheld = fmt.Sprintf("all %d rows would go; --yes deletes them", n)
	}
	return withheld, err
}

// wouldBeEmpty reports whether all rows of a table that has a few would go, and none come.
func (t *table) wouldBeEmpty() bool {
	rows := t.stored.Rows - t.merge.LostRows()
	return rows >= wholeRows && t.plan.Candidates() == rows && t.plan.Seen == 0
}

// parentStays reports whether a row that would go belongs to one that stays. The rows of one that is gone go with it, such as the
// products of a shop.
func (p *prover) parentStays(ctx context.Context, t, owner *table) (bool, error) {
	if owner == nil {
		return true, nil
	}
	gone := p.tables.goneParents(t)
	var met merge.Parents
	if t.scan.Nested {
		log, err := owner.sortedLog(ctx)
		if err != nil {
			return false, err
		}
		met = merge.InRows(log, t.Table, -1, false, gone)
	}
	for _, parent := range distinct(t.plan.Parents()) {
		if met == nil {
			if t.scan.Read(parent) && !parent.In(gone.Keys) {
				return true, nil
			}
			continue
		}
		if standing, err := met.Standing(ctx, parent); err != nil || standing == merge.Read {
			return true, err
		}
	}
	return false, nil
}
