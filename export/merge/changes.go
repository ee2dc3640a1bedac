package merge

import (
	"errors"

	"mailerlake/export/part"
	"mailerlake/schema"
)

// Changes takes the changes that Table.Write makes, in key order: each key once. The rows have the layout's columns and
// are those that are written, or were stored; a vector may be nil, for nulls. They are valid during the call only. An
// error ends Write.
type Changes interface {
	// Whole reports whether whole rows are wanted, not only keys.
	Whole() bool
	// Inserted takes rows that are new.
	Inserted(rows part.Rows) error
	// Updated takes rows that replace as many others of the same keys. Unless Whole, before has no batch.
	Updated(before, after part.Rows) error
	// Deleted takes rows that are gone. Unless Whole, they have only the key columns' vectors.
	Deleted(rows part.Rows) error
}

// errUnknownChanges says that parts are written from the scan alone, so that it is not known what changes in them.
var errUnknownChanges = errors.New("the changes in parts that are written from the scan alone are not known")

// changed is a run of rows of a segment that change in the same way.
type changed struct {
	run      *rowRange // of the rows as they are written; nil if they are deleted
	updated  bool      // else inserted, unless they are deleted
	from, to int       // rows of the run's batch, or deleted rows of the row group
}

// emit passes on what changes in a segment whose scanned rows are as they are written.
func (w *writer) emit(s *segment) error {
	if w.changes == nil {
		return nil
	}
	list := w.changed(s)
	before, err := w.before(s, list)
	for at := 0; err == nil && len(list) > 0; list = list[1:] {
		c := list[0]
		n := c.to - c.from
		switch {
		case c.run != nil && !c.updated:
			err = w.changes.Inserted(part.Rows{Batch: c.run.Batch, From: c.from, To: c.to})
			continue
		case c.run != nil && before == nil:
			err = w.changes.Updated(part.Rows{}, part.Rows{Batch: c.run.Batch, From: c.from, To: c.to})
		case c.run != nil:
			err = w.changes.Updated(part.Rows{Batch: before, From: at, To: at + n}, part.Rows{Batch: c.run.Batch, From: c.from, To: c.to})
		case before == nil:
			err = w.changes.Deleted(part.Rows{Batch: w.keysAlone(s.stored), From: c.from, To: c.to})
		default:
			err = w.changes.Deleted(part.Rows{Batch: before, From: at, To: at + n})
		}
		at += n
	}
	return err
}

// changed returns what changes in a segment, in key order.
func (w *writer) changed(s *segment) (list []changed) {
	add := func(c changed) {
		if n := len(list); n > 0 && list[n-1].run == c.run && list[n-1].updated == c.updated && list[n-1].to == c.from {
			list[n-1].to = c.to
			return
		}
		list = append(list, c)
	}
	_, gone := w.unmet(s)
	s.walk(gone, func(r *rowRange, from, to int) {
		for row := from; row < to; row++ {
			i := r.first + row - r.from
			if updated := s.match[i] >= 0; !updated || w.updated(s, i) {
				add(changed{r, updated, row, row + 1})
			}
		}
	}, func(k int) { add(changed{nil, false, int(gone[k]), int(gone[k]) + 1}) })
	return list
}

// before returns the stored rows of updates and deletes, one after another; nil if only keys are wanted.
func (w *writer) before(s *segment, list []changed) (*schema.Batch, error) {
	if !w.changes.Whole() {
		return nil, nil
	}
	var places []int32
	for _, c := range list {
		for row := c.from; row < c.to && (c.run == nil || c.updated); row++ {
			if at := int32(row); c.run == nil {
				places = append(places, at)
			} else {
				places = append(places, s.match[c.run.first+row-c.run.from])
			}
		}
	}
	if len(places) == 0 {
		return nil, nil
	}
	return w.gather(s, places)
}

// keysAlone returns a batch of the layout's columns that has keys and nothing else.
func (w *writer) keysAlone(keys schema.Keys) *schema.Batch {
	b := &schema.Batch{Columns: w.table.Layout.Columns, Vectors: make([]*schema.Vector, len(w.table.Layout.Columns)), Rows: keys.Len()}
	for i, name := range w.table.Table.Order {
		b.Vectors[w.table.index(b.Columns, name)] = keys[i]
	}
	return b
}
