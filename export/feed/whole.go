package feed

import (
	"context"
	"errors"
	"iter"

	"mailerlake/export/dataset"
	"mailerlake/schema"
)

// WholeChanged are changed rows, in key order, with what they were and what they are.
type WholeChanged struct {
	Kinds []Kind
	// Before and After are beside Kinds, in the table's columns as they are now: all null where there was or is no row.
	Before, After *schema.Batch
}

// HasWhole reports whether WholeChanges knows what changed in a table since a snapshot.
func HasWhole(t *dataset.TableState, since int64) bool {
	return since >= max(1, t.CreatedIn, HistorySince(t), t.ChangesSince)
}

// WholeChanges returns what the snapshots after since changed in a table's rows, as Changes does, with the rows before them, which
// come from the history. Those of a person who was taken out of it have only their keys. HasWhole must say that they are
// known.
func WholeChanges(ctx context.Context, d *dataset.Dataset, t *dataset.TableState, since int64) iter.Seq2[*WholeChanged, error] {
	return func(yield func(*WholeChanged, error) bool) {
		window, err := Open(ctx, d, t, since)
		if err != nil {
			yield(nil, err)
			return
		}
		defer window.Close()
		w := &walk{data: d, table: t, window: window, limit: pastKeys}
		pass := passer(func(c *WholeChanged) bool { return yield(c, nil) })
		w.visit = func(s *segment) error { return w.whole(ctx, s, pass) }
		if err := w.run(ctx); err != nil && !errors.Is(err, errEnough) {
			yield(nil, err)
		}
	}
}

// whole passes on the segment's changed rows.
func (w *walk) whole(ctx context.Context, s *segment, pass func(*WholeChanged) error) error {
	found, err := s.match()
	if err != nil || len(found) == 0 {
		return err
	}
	columns := w.table.Columns
	r := &WholeChanged{Kinds: s.net.Kinds, After: &schema.Batch{Columns: columns, Vectors: make([]*schema.Vector, len(columns)), Rows: len(found)}}
	if r.Before, err = w.window.Before(ctx, s.net, columns); err != nil {
		return err
	}
	err = eachColumn(ctx, len(columns), func(c int) error {
		v, err := s.pick(c, columns[c].Kind, found)
		r.After.Vectors[c] = v
		return err
	})
	if err != nil {
		return err
	}
	return pass(r)
}
