package merge

import (
	"context"
	"runtime"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"mailerlake/export/part"
	"mailerlake/schema"
)

// segment is a run of stored rows of one row group beside all scanned rows of the same key range.
type segment struct {
	part, group int
	reader      *part.Reader // nil where nothing is stored
	stored      schema.Keys  // of the whole row group
	before      int64        // rows of the part's earlier row groups
	from, to    int          // the segment's rows of the row group
	runs        []*rowRange  // the scanned rows
	earlier     int64        // scanned rows of the part's earlier segments
	lost        bool         // nothing of the stored rows can be read
	lostRows    bits         // stored rows of the row group of which something cannot be read

	match   []int32 // per scanned row: the stored row of the same key, or absent, or unread
	unmet   []int32 // the other stored rows that can be read, which the scan did not meet
	matched bool    // some scanned row has a match
}

// What segment.match says of scanned rows that match no stored row to compare them with.
const (
	absent = -1 // there was no row of the key
	unread = -2 // there was one, or may have been, that cannot be read
)

// rows returns the number of scanned rows.
func (s *segment) rows() int { return len(s.match) }

// place puts runs of scanned rows beside the stored rows up to the last run's end, or up to the row group's if no more
// rows follow.
func (s *segment) place(runs []*rowRange, more bool) {
	s.runs, s.from = runs, s.to
	switch {
	case s.stored == nil:
	case more:
		last := runs[len(runs)-1]
		s.to = s.stored.Search(s.from, last.keys.At(last.to-1).Next())
	default:
		s.to = s.stored.Len()
	}
	s.align()
}

// align finds, by key, which stored row each scanned row matches.
func (s *segment) align() {
	s.match, s.unmet, s.matched = s.match[:0], s.unmet[:0], false
	at := s.from
	for _, r := range s.runs {
		r.first = len(s.match)
		for row := r.from; row < r.to; row++ {
			order := -1
			for ; at < s.to; at++ {
				if order = s.stored.Compare(at, r.keys, row); order >= 0 {
					break
				}
				s.leave(at)
			}
			switch {
			case s.lost:
				s.match = append(s.match, unread)
			case order != 0:
				s.match = append(s.match, absent)
			case s.lostRows.has(int64(at)):
				s.match = append(s.match, unread)
				at++
			default:
				s.match, s.matched = append(s.match, int32(at)), true
				at++
			}
		}
	}
	for ; at < s.to; at++ {
		s.leave(at)
	}
}

// leave notes a stored row that the scan did not meet. One that cannot be read cannot stay in any case.
func (s *segment) leave(at int) {
	if !s.lostRows.has(int64(at)) {
		s.unmet = append(s.unmet, int32(at))
	}
}

// compareRows is how many rows are compared at once; only if they differ are they compared row by row.
const compareRows = 256

// consecutive returns how many rows of a run, starting at its i-th, match consecutive stored rows, up to compareRows; 0
// if the i-th has no match.
func (s *segment) consecutive(r *rowRange, i int) int {
	match := s.match[r.first+i : r.first+min(r.rows(), i+compareRows)]
	n := 0
	for n < len(match) && match[n] >= 0 && match[n] == match[0]+int32(n) {
		n++
	}
	return n
}

// eachColumn calls do for the columns from 0 to n, side by side on all processors; each call gets a vector to use.
func eachColumn(ctx context.Context, n int, do func(c int, buf *schema.Vector) error) error {
	var next atomic.Int64
	var g errgroup.Group
	for range min(n, runtime.GOMAXPROCS(0)) {
		g.Go(func() error {
			var buf schema.Vector
			for {
				c := int(next.Add(1)) - 1
				if c >= n {
					return nil
				}
				if err := ctx.Err(); err != nil {
					return err
				}
				if err := do(c, &buf); err != nil {
					return err
				}
			}
		})
	}
	return g.Wait()
}
