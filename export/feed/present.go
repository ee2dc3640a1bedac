package feed

import (
	"context"
	"errors"
	"fmt"

	"mailerlake/export/dataset"
	"mailerlake/export/part"
	"mailerlake/schema"
)

// segment is a run of a table's present rows, of one row group, beside the changed keys of the same range.
type segment struct {
	reader   *part.Reader // nil where there are no rows
	group    int
	keys     schema.Keys // of the whole row group; nil if nothing in it has changed
	from, to int         // the segment's rows of the row group
	net      *Net
	last     bool // it is the row group's last
}

// walk goes through a table's present rows beside a window.
type walk struct {
	data   *dataset.Dataset
	table  *dataset.TableState
	window *Window
	limit  int // greatest number of changed keys in a segment
	visit  func(*segment) error
}

// run visits all segments in key order.
func (w *walk) run(ctx context.Context) error {
	for i := range w.table.Parts {
		if err := w.part(ctx, i); err != nil {
			return err
		}
	}
	return w.groupOf(ctx, &segment{}, nil) // what was deleted beyond the last row
}

// PartError says that a part of a table cannot be read.
type PartError struct {
	Path string // in the dataset
	Err  error
}

func (e *PartError) Error() string { return fmt.Sprintf("part %s is damaged: %v", e.Path, e.Err) }

func (e *PartError) Unwrap() error { return e.Err }

func (w *walk) part(ctx context.Context, i int) error {
	p := &w.table.Parts[i]
	if len(p.RowGroups) == 0 {
		return nil
	}
	r, err := w.data.OpenPart(ctx, w.table, i)
	if err != nil {
		return InPart(p, err)
	}
	defer r.Close()
	for g := range p.RowGroups {
		if err := w.groupOf(ctx, &segment{reader: r, group: g, to: int(p.RowGroups[g].Rows)}, groupEnd(w.table, i, g)); err != nil {
			return InPart(p, err)
		}
	}
	return nil
}

// InPart says that an error is about a part, unless it is about something else.
func InPart(p *part.Part, err error) error {
	file, known := (*FileError)(nil), (*PartError)(nil)
	if errors.As(err, &file) || errors.As(err, &known) || errors.Is(err, errEnough) || errors.Is(err, errPresent) || outside(err) {
		return err
	}
	return &PartError{p.Path, err}
}

// groupEnd returns the first key of the row group that follows one; nil if none does.
func groupEnd(t *dataset.TableState, i, g int) schema.Key {
	if groups := t.Parts[i].RowGroups; g+1 < len(groups) {
		return groups[g+1].First
	}
	for _, p := range t.Parts[i+1:] {
		if len(p.RowGroups) > 0 {
			return p.RowGroups[0].First
		}
	}
	return nil
}

// groupOf visits the segments of one row group, whose range ends before a key.
func (w *walk) groupOf(ctx context.Context, s *segment, end schema.Key) (err error) {
	rows := s.to
	for !s.last {
		if err := ctx.Err(); err != nil {
			return err
		}
		if s.net, err = w.window.Next(ctx, end, w.limit); err != nil {
			return err
		}
		s.last = s.net.Len() < w.limit
		if s.to = rows; s.net.Len() > 0 && s.reader != nil {
			if err := s.place(); err != nil {
				return err
			}
		}
		if err := w.visit(s); err != nil {
			return err
		}
		s.from = s.to
	}
	return nil
}

// place reads the keys of the row group and finds where the segment ends.
func (s *segment) place() (err error) {
	if s.keys == nil {
		if s.keys, err = s.reader.Keys(s.group); err != nil {
			return err
		}
	}
	if !s.last {
		s.to = s.keys.Search(s.from, s.net.Keys.At(s.net.Len()-1).Next())
	}
	return nil
}

// errEnough says that no more rows are wanted.
var errEnough = errors.New("enough")

// errPresent says that the change files and the parts of a table do not fit each other.
var errPresent = errors.New("the change files do not fit the rows")

// match finds the segment's rows that have its changed keys: the number of the row beside each key, -1 for one that was
// deleted.
func (s *segment) match() ([]int32, error) {
	at, found := s.from, make([]int32, s.net.Len())
	for i, kind := range s.net.Kinds {
		there := false
		for ; at < s.to && s.keys != nil; at++ {
			order := s.keys.Compare(at, s.net.Keys, i)
			if there = order == 0; order >= 0 {
				break
			}
		}
		if there != (kind != Delete) {
			return nil, errPresent
		}
		if found[i] = -1; there {
			found[i] = int32(at)
			at++
		}
	}
	return found, nil
}
