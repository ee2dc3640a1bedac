package scan

import (
	"cmp"
	"math"
	"slices"
)

// A range is cut only where that can save time, and hardly costs a request: where a range ends, the last page shows rows
// of the next one, half a page of them on average, and where there are no rows a page is wasted. What ranges may waste
// is bounded, in pages, whatever the estimates are worth.
const (
	leastPart   = 0.75 // pages that a part of a range has at least, to be worth a cut
	wasteAtEnd  = 0.5  // pages that the end of a range wastes, on average
	wasteFree   = 6.0  // pages that may be wasted in any case, and as many as are read at a time where they share requests
	wasteShare  = 16   // and one in so many pages read
	wildPages   = 64   // a range of more pages than this is not taken for one whose rows lie as densely all over it
	coarsePages = 4    // how far its rows are taken to lie as densely, at least
	fineMarks   = 4    // stretches of stored rows that tell better than a guess where the rows of a range lie
)

// bound returns the id at which the next range starts, 0 for the last.
func (c *ranges) bound(i int) uint64 {
	if i+1 < len(c.all) {
		return c.all[i+1].start
	}
	return 0
}

// open reports whether a range has rows left to read.
func (c *ranges) open(i int) bool { return c.all[i].pos > c.bound(i) }

// scaleOf returns the scale for a range, and down to which id it has rows. Where the dataset does not show it, it is
// guessed from how densely rows lie where the range has come to, and where the next one starts.
func (c *ranges) scaleOf(i int) (s scale, down uint64, guess bool) {
	r, down := c.all[i], max(c.bound(i), c.floor)
	switch {
	case r.pos <= down:
		return scale{{r.pos, 0}}, r.pos, true
	case c.stored.marks(down, r.pos) >= fineMarks:
		return c.stored, down, false
	}
	dense := r.last
	if i+1 < len(c.all) {
		dense = (r.last + cmp.Or(c.all[i+1].first, r.last)) / 2
	}
	return scale{{down, 0}, {r.pos, float64(r.pos-down) * dense}}, down, true
}

// left returns about how many rows of a range are left to read.
func (c *ranges) left(i int) float64 {
	s, down, _ := c.scaleOf(i)
	return s.at(c.all[i].pos) - s.at(down)
}

// ahead is left without the page that is being read.
func (c *ranges) ahead(i int) float64 {
	rows := c.left(i)
	if c.all[i].busy {
		rows -= c.page
	}
	return rows
}

// next returns a range that nobody reads: one that was just cut, or else the longest; nil if there is none.
func (c *ranges) next() *keyRange {
	var best *keyRange
	rows := -1.0
	for i, r := range c.all {
		if r.busy || !c.open(i) {
			continue
		}
		if !r.answered() {
			return r
		}
		if left := c.left(i); left > rows {
			best, rows = r, left
		}
	}
	return best
}

// divisible reports whether it is known well enough what a range may hold. Until a made cursor was seen to work there is
// one of them only, and a guess waits for the answer to the one before it.
func (c *ranges) divisible(i int) bool {
	if !c.open(i) || !c.all[i].answered() || !c.proven && len(c.all) > 1 {
		return false
	}
	_, _, guess := c.scaleOf(i)
	return !guess || i+1 == len(c.all) || c.all[i+1].answered()
}

// split cuts the longest range, for up to so many more readers. It reports whether it did.
func (c *ranges) split(readers int) bool {
	if c.whole || c.alone || c.unmade || c.page == 0 {
		return false
	}
	best, longest, total, divisible := -1, 0.0, 0.0, 0
	for i := range c.all {
		if !c.divisible(i) {
			continue
		}
		rows := c.ahead(i)
		divisible++
		total += max(rows, 0)
		if rows > longest {
			best, longest = i, rows
		}
	}
	if best < 0 {
		return false
	}
	cuts := int(math.Round(float64(readers+divisible)*longest/total)) - 1
	least := leastPart * c.page * float64(c.busy+1) / float64(c.busy+readers) // the fewer readers are left, the more a guess may cost
	cuts = min(max(cuts, 1), readers, int(longest/least)-1, c.affordable())
	if cuts < 1 {
		return false
	}
	return c.cut(best, c.points(best, cuts))
}

// affordable returns how many more ranges the waste allows.
func (c *ranges) affordable() int {
	wasted := c.wasted
	for i := range c.all {
		if i > 0 && c.open(i-1) {
			wasted += wasteAtEnd
		}
	}
	free := max(wasteFree, float64(c.readers()))
	return int((free + float64(c.pages)/wasteShare - wasted) / wasteAtEnd)
}

// points returns where to cut a range so often, the greatest id first. Where there may be no rows, it is cut once.
func (c *ranges) points(i, cuts int) []uint64 {
	s, down, guess := c.scaleOf(i)
	low, rows := s.at(down), c.ahead(i)
	part := rows / float64(cuts+1)
	once := !c.proven || guess && i+1 == len(c.all) && c.stored == nil
	if guess && rows > wildPages*c.page {
		once = true
		part = min(part, math.Sqrt(part*coarsePages*c.page))
	}
	if once {
		cuts = 1
	}
	var points []uint64
	for n := range cuts {
		points = append(points, s.id(low+rows-float64(n+1)*part))
	}
	return points
}

// cut makes ranges that start at ids within range i. It reports whether there is one.
func (c *ranges) cut(i int, points []uint64) (made bool) {
	for _, id := range points {
		if id <= c.bound(i) || id >= c.all[i].pos {
			continue
		}
		r := newRange(rangeWalk(c.name, id), id)
		i++
		c.all = slices.Insert(c.all, i, r)
		made = true
	}
	return made
}
