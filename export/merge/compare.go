package merge

import (
	"context"
	"slices"
	"sync"

	"mailerlake/schema"
)

// comparer finds out which scanned rows differ from the stored rows of the same key: by content, column by column,
// never by a timestamp.
type comparer struct {
	table *Table
	keep  *keeping

	mu      sync.Mutex       // guards what follows while columns are compared side by side
	columns map[string]int64 // per column, how many rows differ in it
	kept    map[string]int64 // per column, how many rows kept a stored value because no record had the column
	changed []bool           // per scanned row of the segment
}

func (t *Table) comparer() *comparer {
	return &comparer{table: t, keep: t.keeping(), columns: map[string]int64{}, kept: map[string]int64{}}
}

// compare returns, per scanned row of the segment, whether it differs from the stored row that it matches.
func (c *comparer) compare(ctx context.Context, s *segment) ([]bool, error) {
	c.changed = append(c.changed[:0], make([]bool, s.rows())...)
	if !s.matched {
		return c.changed, nil
	}
	columns := c.table.Layout.Columns
	err := eachColumn(ctx, len(columns), func(i int, buf *schema.Vector) error {
		if columns[i].Required || columns[i].Path == "" && columns[i].Name == schema.SyncedAt {
			return nil
		}
		stored, err := c.table.read(s.reader, s.part, s.group, i, buf)
		if err == nil {
			c.column(s, i, stored)
		}
		return err
	})
	return c.changed, err
}

// column notes the rows that differ in a column.
func (c *comparer) column(s *segment, i int, stored *schema.Vector) {
	var differ []int
	var kept int64
	for _, r := range s.runs {
		in, n := c.keep.column(s, r, i, stored)
		kept += n
		differ = appendDiffering(differ, s, r, in, stored)
	}
	if len(differ) == 0 && kept == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	name := c.table.Layout.Columns[i].Name
	if kept > 0 {
		c.kept[name] += kept
	}
	if len(differ) > 0 {
		c.columns[name] += int64(len(differ))
	}
	for _, row := range differ {
		c.changed[row] = true
	}
}

// appendDiffering appends the numbers, within the segment, of a run's rows that differ from the stored rows that they
// match. in is the column of the run, nil for nulls; stored is nil for a column that is not stored yet.
func appendDiffering(differ []int, s *segment, r *rowRange, in, stored *schema.Vector) []int {
	for i := 0; i < r.rows(); {
		n := s.consecutive(r, i)
		if n == 0 {
			i++
			continue
		}
		row, at := r.from+i, int(s.match[r.first+i])
		if !equalRows(stored, at, in, row, n) {
			for k := range n {
				if !equalRows(stored, at+k, in, row+k, 1) {
					differ = append(differ, r.first+i+k)
				}
			}
		}
		i += n
	}
	return differ
}

// equalRows compares n rows of two columns of the same kind, starting at the rows i and j; nil is a column of nulls.
func equalRows(a *schema.Vector, i int, b *schema.Vector, j, n int) bool {
	switch {
	case a != nil && b != nil:
		return a.EqualRows(i, b, j, n)
	case a != nil:
		return !slices.Contains(a.Valid[i:i+n], true)
	case b != nil:
		return !slices.Contains(b.Valid[j:j+n], true)
	}
	return true
}
