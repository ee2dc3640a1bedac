package merge

import (
	"context"
	"slices"

	"mailerlake/schema"
)

// Parents knows what a scan proved about the rows of each parent, whose key has the order of Table.ParentColumns. If
// the table's rows are in the order of their parents, a plan asks in that order, once for each parent.
type Parents interface {
	Standing(ctx context.Context, parent schema.Key) (Standing, error)
}

// Standing is what a scan proved about the rows of a parent.
type Standing uint8

const (
	// Unknown rows stay: nothing is known about those that the scan did not meet.
	Unknown Standing = iota
	// Outside rows were left out of the scan on purpose: they stay, and are not doubted.
	Outside
	// Read parents had every row met, so that the others are candidates for deletion.
	Read
)

// Referred are the rows of another table that a key column refers to. A row that the scan left out goes when Rows says that
// the row which it refers to is deleted: Read.
type Referred struct {
	Column string
	Rows   Parents
}

// judge asks what the scan proved about stored rows that it did not meet.
type judge struct {
	table  *Table
	parent schema.Key // asked about last
	last   Standing
}

// parentKeys returns the keys of the parents of the rows of a segment's row group; nil if nothing depends on them.
func (t *Table) parentKeys(s *segment) (schema.Keys, error) {
	columns := t.parentColumns()
	if t.Parents == nil {
		return nil, nil
	}
	if t.Table.SortedBy(columns) {
		return s.stored[:len(columns)], nil
	}
	keys := make(schema.Keys, len(columns))
	for k, name := range columns {
		if i := slices.Index(t.Table.Order, name); i >= 0 {
			keys[k] = s.stored[i]
		} else if i := t.index(t.Stored, name); i >= 0 {
			keys[k] = &schema.Vector{}
			if err := t.readStored(s.reader, s.part, s.group, i, keys[k]); err != nil {
				return nil, readError(t.Parts[s.part].Path, err)
			}
		}
	}
	return keys, nil
}

// standing returns what is known about a row's parent: nothing if the row does not name it.
func (j *judge) standing(ctx context.Context, parents schema.Keys, row int) (Standing, error) {
	if j.table.Parents == nil {
		return Read, nil
	}
	for _, v := range parents {
		if v == nil || v.Null(row) {
			return Unknown, nil
		}
	}
	if j.parent != nil && parents.CompareKey(row, j.parent) == 0 {
		return j.last, nil
	}
	parent := parents.At(row)
	last, err := j.table.Parents.Standing(ctx, parent)
	j.parent, j.last = parent, last
	return last, err
}

// standingOf returns what is known about a stored row of a segment that the scan did not meet.
func (j *judge) standingOf(ctx context.Context, s *segment, parents schema.Keys, row int) (Standing, error) {
	standing, err := j.standing(ctx, parents, row)
	if err != nil || standing != Outside {
		return standing, err
	}
	for _, r := range j.table.Referred {
		ids := s.stored[slices.Index(j.table.Table.Order, r.Column)]
		if of, err := r.Rows.Standing(ctx, schema.Key{string(ids.Text(row))}); err != nil || of == Read {
			return of, err
		}
	}
	return Outside, nil
}
