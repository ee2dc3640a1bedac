package delta

import (
	"context"
	"iter"

	"mailerlake/export/dataset"
	"mailerlake/export/feed"
	"mailerlake/export/part"
)

// History returns what a dataset's change files and parts say of a table's changed rows, for Input.Changes.
func History(d *dataset.Dataset, t *dataset.TableState) func(context.Context, int64) (iter.Seq2[Change, error], bool, error) {
	return func(ctx context.Context, since int64) (iter.Seq2[Change, error], bool, error) {
		if !feed.HasWhole(t, since) {
			return nil, false, nil
		}
		return func(yield func(Change, error) bool) {
			for run, err := range feed.WholeChanges(ctx, d, t, since) {
				if err != nil {
					yield(Change{}, err)
					return
				}
				if !yieldRun(run, yield) {
					return
				}
			}
		}, true, nil
	}
}

// yieldRun passes on changes. It reports whether more are wanted.
func yieldRun(run *feed.WholeChanged, yield func(Change, error) bool) bool {
	for i, kind := range run.Kinds {
		c := Change{Before: part.Rows{Batch: run.Before, From: i, To: i + 1}, After: part.Rows{Batch: run.After, From: i, To: i + 1}}
		switch kind {
		case feed.Insert:
			c.Before = part.Rows{}
		case feed.Delete:
			c.After = part.Rows{}
		}
		if !yield(c, nil) {
			return false
		}
	}
	return true
}
