package delta

import (
	"context"
	"iter"

	"mailerlake/export/dataset"
	"mailerlake/export/feed"
	"mailerlake/export/part"
)

// historyKeys are the changed keys whose rows are held at once.
const historyKeys = 8192

// History returns what a dataset's change files say of a table's rows, for Input.Changes. Changes are known if the files
// reach back to the snapshot with whole rows, and no column got another type since: a loader has to take all rows then.
func History(d *dataset.Dataset, t *dataset.TableState) func(context.Context, int64) (iter.Seq2[Change, error], bool, error) {
	return func(ctx context.Context, since int64) (iter.Seq2[Change, error], bool, error) {
		if feed.KnownSince(t, since) != feed.Kept || since < feed.HistorySince(t) {
			return nil, false, nil
		}
		return func(yield func(Change, error) bool) {
			w, err := feed.Open(ctx, d, t, since)
			if err != nil {
				yield(Change{}, err)
				return
			}
			defer w.Close()
			for more := true; more; {
				if more, err = yieldRun(ctx, w, t, yield); err != nil {
					yield(Change{}, err)
				}
			}
		}, true, nil
	}
}

// yieldRun passes on the next run of changes. It reports whether there may be more that are wanted.
func yieldRun(ctx context.Context, w *feed.Window, t *dataset.TableState, yield func(Change, error) bool) (more bool, err error) {
	n, err := w.Next(ctx, nil, historyKeys)
	if err != nil || n.Len() == 0 {
		return false, err
	}
	before, err := w.Before(ctx, n, t.Columns)
	if err != nil {
		return false, err
	}
	after, err := w.After(ctx, n, t.Columns)
	if err != nil {
		return false, err
	}
	for i, kind := range n.Kinds {
		c := Change{Before: part.Rows{Batch: before, From: i, To: i + 1}, After: part.Rows{Batch: after, From: i, To: i + 1}}
		switch kind {
		case feed.Insert:
			c.Before = part.Rows{}
		case feed.Delete:
			c.After = part.Rows{}
		}
		if !yield(c, nil) {
			return false, nil
		}
	}
	return true, nil
}
