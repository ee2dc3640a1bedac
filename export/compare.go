package export

import (
	"runtime"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"mailerlake/schema"
)

// comparer tells which scanned rows differ from the stored rows of the same key: by content, column by column, never
// by a timestamp. Columns are compared side by side, so that one stored column at a time is in memory per processor.
type comparer struct {
	run     *tableRun
	columns map[string]int64 // per column, how many rows differ in it
	changed []bool
	mu      sync.Mutex
}

// compare returns, per scanned row of the segment, whether it differs from the stored row that it matches. Where a
// row lacks an object that its table always has, its columns are given the stored values first.
func (c *comparer) compare(s *segment) ([]bool, error) {
	c.changed = append(c.changed[:0], make([]bool, s.in.Rows)...)
	if !s.matches() {
		return c.changed, nil
	}
	var next atomic.Int64
	var g errgroup.Group
	columns := c.run.layout.Columns
	for range runtime.GOMAXPROCS(0) {
		g.Go(func() error {
			changed := make([]bool, s.in.Rows)
			var stored schema.Vector
			for {
				i := int(next.Add(1)) - 1
				if i >= len(columns) {
					c.merge(changed)
					return nil
				}
				if columns[i].Required || columns[i].Name == schema.SyncedAt {
					continue
				}
				n, err := c.column(s, i, &stored, changed)
				if err != nil {
					return err
				}
				c.count(columns[i].Name, n)
			}
		})
	}
	return c.changed, g.Wait()
}

func (s *segment) matches() bool {
	for _, i := range s.match {
		if i >= 0 {
			return true
		}
	}
	return false
}

func (c *comparer) merge(changed []bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, x := range changed {
		c.changed[i] = c.changed[i] || x
	}
}

func (c *comparer) count(column string, n int64) {
	if n == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.columns[column] += n
}

// column marks the rows that differ in column i and returns their number.
func (c *comparer) column(s *segment, i int, stored *schema.Vector, changed []bool) (int64, error) {
	v, err := c.run.storedColumn(s.reader, s.group, i, stored)
	if err != nil {
		return 0, err
	}
	if bit := c.run.absentBit(i); bit != 0 && s.in.absent != nil {
		s.in.Vectors[i] = keepStored(s, s.in.Vectors[i], v, bit)
	}
	in, n := s.in.Vectors[i], int64(0)
	for j := 0; j < len(s.match); {
		run := s.stretch(j)
		if run == 0 {
			j++
			continue
		}
		at := int(s.match[j])
		if v != nil && v.EqualRows(at, in, j, run) {
			j += run
			continue
		}
		for k := range run {
			if !same(v, at+k, in, j+k) {
				changed[j+k] = true
				n++
			}
		}
		j += run
	}
	return n, nil
}

// compareRows is how many rows are compared at once, before a difference is looked for row by row.
const compareRows = 256

// stretch returns how many scanned rows from j on stand beside stored rows that follow each other; 0 if j has no match.
func (s *segment) stretch(j int) int {
	n := 0
	for n < compareRows && j+n < len(s.match) && s.match[j+n] >= 0 && s.match[j+n] == s.match[j]+int32(n) {
		n++
	}
	return n
}

// same compares row i of the stored column, nil for a column that is not stored yet, and row j of the scanned one.
func same(stored *schema.Vector, i int, in *schema.Vector, j int) bool {
	if stored == nil {
		return in.Null(j)
	}
	return stored.Equal(i, in, j)
}

// keepStored returns the scanned column with the stored values in the rows that lack the object of the bit.
func keepStored(s *segment, in, stored *schema.Vector, bit uint8) *schema.Vector {
	v := schema.NewVector(in.Kind)
	for j := range s.in.Rows {
		if i := s.match[j]; s.in.absent[j]&bit != 0 && i >= 0 {
			v.AppendRows(stored, int(i), int(i)+1)
		} else {
			v.AppendRows(in, j, j+1)
		}
	}
	return v
}

// absentBit returns the bit, in schema.Page.Absent, of the object that column i is a member of; 0 if of none.
func (t *tableRun) absentBit(i int) uint8 {
	for b, object := range t.table.Always {
		if strings.HasPrefix(t.layout.Columns[i].Path, object+".") {
			return 1 << b
		}
	}
	return 0
}
