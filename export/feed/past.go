package feed

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"mailerlake/export/dataset"
	"mailerlake/schema"
)

// pastKeys bounds the changed rows that are put back at once.
var pastKeys = 8192

// RowsAt returns the rows that a table had at a snapshot, in key order and in the columns that it has now: its present rows,
// with every change since undone. The history must reach back that far: see HistorySince. A person who was taken out of the
// history is not in it, but for the keys.
func RowsAt(ctx context.Context, d *dataset.Dataset, t *dataset.TableState, snapshot int64) iter.Seq2[*schema.Batch, error] {
	return func(yield func(*schema.Batch, error) bool) {
		if since := HistorySince(t); snapshot < since {
			yield(nil, fmt.Errorf("the history of %s reaches back to snapshot %d, not to %d", t.Name, since, snapshot))
			return
		}
		window, err := Open(ctx, d, t, snapshot)
		if err != nil {
			yield(nil, err)
			return
		}
		defer window.Close()
		w := &walk{data: d, table: t, window: window, limit: pastKeys}
		pass := passer(func(b *schema.Batch) bool { return b.Rows == 0 || yield(b, nil) })
		w.visit = func(s *segment) error {
			b, err := w.past(ctx, s)
			if err != nil {
				return err
			}
			return pass(b)
		}
		if err := w.run(ctx); err != nil && !errors.Is(err, errEnough) {
			yield(nil, err)
		}
	}
}

// span is a run of rows, of the present ones or of those before the window.
type span struct {
	past     bool
	from, to int
}

// past returns the rows that a segment had before the window.
func (w *walk) past(ctx context.Context, s *segment) (*schema.Batch, error) {
	columns := w.table.Columns
	before, err := w.window.Before(ctx, s.net, columns)
	if err != nil {
		return nil, err
	}
	spans, rows, err := s.undo()
	if err != nil {
		return nil, err
	}
	b := &schema.Batch{Columns: columns, Vectors: make([]*schema.Vector, len(columns)), Rows: rows}
	err = eachColumn(ctx, len(columns), func(c int) error {
		v, present := schema.NewVector(columns[c].Kind), schema.NewVector(columns[c].Kind)
		if s.reader != nil {
			if err := s.reader.Read(s.group, c, present); err != nil {
				return err
			}
		}
		for _, r := range spans {
			if r.past {
				v.AppendRows(before.Vectors[c], r.from, r.to)
			} else {
				v.AppendRows(present, r.from, r.to)
			}
		}
		b.Vectors[c] = v
		return nil
	})
	return b, err
}

// undo arranges the rows that a segment had before the window.
func (s *segment) undo() (spans []span, rows int, err error) {
	found, err := s.match()
	if err != nil {
		return nil, 0, err
	}
	add := func(past bool, from, to int) {
		rows += to - from
		if n := len(spans); n > 0 && spans[n-1].past == past && spans[n-1].to == from {
			spans[n-1].to = to
		} else if from < to {
			spans = append(spans, span{past, from, to})
		}
	}
	at := s.from
	for i, kind := range s.net.Kinds {
		to, next := 0, 0
		if found[i] >= 0 {
			to, next = int(found[i]), int(found[i])+1
		} else if to = at; s.keys != nil {
			to = min(s.to, s.keys.Search(at, s.net.Keys.At(i)))
			next = to
		}
		add(false, at, to)
		at = max(at, next)
		if kind != Insert {
			add(true, i, i+1)
		}
	}
	add(false, at, s.to)
	return spans, rows, nil
}
