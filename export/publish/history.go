package publish

import (
	"context"
	"iter"

	"mailerlake/export/dataset"
	"mailerlake/export/feed"
	"mailerlake/export/part"
	"mailerlake/export/publish/delta"
)

// changedRows bounds the changed rows that are held at once.
const changedRows = 4096

// changesOf returns what a table's rows changed by since a snapshot, if the dataset has the history of that.
func changesOf(ctx context.Context, d *dataset.Dataset, t *dataset.TableState, since int64) (changes iter.Seq2[delta.Change, error], known bool, err error) {
	if since < max(1, t.CreatedIn, feed.HistorySince(t)) {
		return nil, false, nil
	}
	w, err := feed.Open(ctx, d, t, since)
	if err != nil {
		return nil, false, err
	}
	if !w.Whole() {
		w.Close()
		return nil, false, nil
	}
	return func(yield func(delta.Change, error) bool) {
		defer w.Close()
		for {
			net, err := w.Next(ctx, nil, changedRows)
			if err != nil {
				yield(delta.Change{}, err)
				return
			}
			if net.Len() == 0 || !eachChange(ctx, w, net, t, yield) {
				return
			}
		}
	}, true, nil
}

// eachChange passes on the rows of some keys. It reports whether more are wanted.
func eachChange(ctx context.Context, w *feed.Window, net *feed.Net, t *dataset.TableState, yield func(delta.Change, error) bool) bool {
	before, err := w.Before(ctx, net, t.Columns)
	if err != nil {
		return yield(delta.Change{}, err) && false
	}
	after, err := w.After(ctx, net, t.Columns)
	if err != nil {
		return yield(delta.Change{}, err) && false
	}
	for i, kind := range net.Kinds {
		var c delta.Change
		if kind != feed.Insert {
			c.Before = part.Rows{Batch: before, From: i, To: i + 1}
		}
		if kind != feed.Delete {
			c.After = part.Rows{Batch: after, From: i, To: i + 1}
		}
		if !yield(c, nil) {
			return false
		}
	}
	return true
}
