package pagelog

import (
	"context"
	"slices"

	"mailerlake/schema"
)

// Count returns the number of distinct keys in the log. It reads keys only, and only those of pages that overlap.
func (l *Log) Count(ctx context.Context) (int64, error) {
	l.mu.Lock()
	segments, ld := slices.Clone(l.index), newLoader(l, KeysOnly)
	l.mu.Unlock()
	var rows int64
	for _, group := range segments.overlapping() {
		n, err := countGroup(ctx, ld, group)
		if err != nil {
			return 0, err
		}
		rows += n
	}
	return rows, nil
}

// overlapping divides segments into groups that do not overlap each other.
func (x index) overlapping() []index {
	var groups []index
	var last schema.Key
	for _, i := range x.byFirst() {
		if n := len(groups); n > 0 && x[i].first.Compare(last) <= 0 {
			groups[n-1] = append(groups[n-1], x[i])
		} else {
			groups, last = append(groups, index{x[i]}), nil
		}
		if last == nil || x[i].last.Compare(last) > 0 {
			last = x[i].last
		}
	}
	return groups
}

func countGroup(ctx context.Context, ld *loader, group index) (int64, error) {
	if len(group) == 1 && !group[0].mixed {
		return int64(group[0].rows), ctx.Err()
	}
	c := newCursor(ctx, ld, group, nil)
	c.Reuse()
	var rows int64
	for {
		run, ok, err := c.Next()
		if err != nil || !ok {
			return rows, err
		}
		rows += int64(run.To - run.From)
	}
}
