package feed

import (
	"context"
	"errors"
	"iter"
	"slices"

	"mailerlake/export/dataset"
	"mailerlake/export/part"
	"mailerlake/schema"
)

// Changed are rows of a table that changed, in key order.
type Changed struct {
	Kinds []Kind        // beside the rows
	Rows  *schema.Batch // in the table's columns, as they are now; of a deleted row only its key
}

// changedKeys bounds the changed keys that are held at once.
var changedKeys = 65536

// Changes returns what the snapshots after since changed in a table's rows: each key once, in key order, a bounded run at a
// time. Where all rows are new, it is all rows. KnownSince must say that the changes are known.
func Changes(ctx context.Context, d *dataset.Dataset, t *dataset.TableState, since int64) iter.Seq2[*Changed, error] {
	return func(yield func(*Changed, error) bool) {
		w := &walk{data: d, table: t, limit: changedKeys, window: &Window{table: t, key: newKeys(len(t.Key))}}
		pass := passer(func(c *Changed) bool { return c.Rows.Rows == 0 || yield(c, nil) })
		if KnownSince(t, since) == All {
			w.visit = func(s *segment) error { return w.all(ctx, s, pass) }
		} else {
			w.visit = func(s *segment) error { return w.changed(ctx, s, pass) }
			var err error
			if w.window, err = Open(ctx, d, t, since); err != nil {
				yield(nil, err)
				return
			}
			defer w.window.Close()
		}
		if err := w.run(ctx); err != nil && !errors.Is(err, errEnough) {
			yield(nil, err)
		}
	}
}

// passer makes a function that passes something on of one that says whether more is wanted.
func passer[T any](yield func(T) bool) func(T) error {
	return func(v T) error {
		if !yield(v) {
			return errEnough
		}
		return nil
	}
}

// all passes on the rows of a segment as new ones.
func (w *walk) all(ctx context.Context, s *segment, pass func(*Changed) error) error {
	if s.reader == nil {
		return nil
	}
	rows, err := readRows(ctx, s.reader, s.group, w.table.Columns)
	if err != nil {
		return err
	}
	return pass(&Changed{slices.Repeat([]Kind{Insert}, rows.Rows), rows})
}

// readRows reads a row group.
func readRows(ctx context.Context, r *part.Reader, group int, columns []schema.Column) (*schema.Batch, error) {
	b := &schema.Batch{Columns: columns, Vectors: make([]*schema.Vector, len(columns))}
	err := eachColumn(ctx, len(columns), func(c int) error {
		b.Vectors[c] = &schema.Vector{}
		return r.Read(group, c, b.Vectors[c])
	})
	b.Rows = b.Vectors[0].Len()
	return b, err
}

// changed passes on the segment's changed rows.
func (w *walk) changed(ctx context.Context, s *segment, pass func(*Changed) error) error {
	if s.net.Len() == 0 {
		return nil
	}
	found, err := s.match()
	if err != nil {
		return err
	}
	columns := w.table.Columns
	b := &schema.Batch{Columns: columns, Vectors: make([]*schema.Vector, len(columns)), Rows: len(found)}
	err = eachColumn(ctx, len(columns), func(c int) error {
		if k := slices.Index(w.table.RowOrder(), columns[c].Name); k >= 0 {
			b.Vectors[c] = s.net.Keys[k]
			return nil
		}
		v, err := s.pick(c, columns[c].Kind, found)
		b.Vectors[c] = v
		return err
	})
	if err != nil {
		return err
	}
	return pass(&Changed{s.net.Kinds, b})
}

// pick reads rows of a column, null for those that are not there.
func (s *segment) pick(c int, kind schema.Kind, rows []int32) (*schema.Vector, error) {
	v, from := schema.NewVector(kind), &schema.Vector{}
	if slices.ContainsFunc(rows, func(at int32) bool { return at >= 0 }) {
		if err := s.reader.Read(s.group, c, from); err != nil {
			return nil, err
		}
	}
	for len(rows) > 0 {
		at, n := rows[0], 1
		for n < len(rows) && (at < 0 && rows[n] < 0 || at >= 0 && rows[n] == at+int32(n)) {
			n++
		}
		if at < 0 {
			v.AppendNull(n)
		} else {
			v.AppendRows(from, int(at), int(at)+n)
		}
		rows = rows[n:]
	}
	return v, nil
}
