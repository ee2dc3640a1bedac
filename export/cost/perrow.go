package cost

import (
	"maps"
	"slices"

	"mailerlake/schema"
)

// moving is the share of lists that are taken to have moved since the last run where nobody counted them.
const moving = 0.05

// perRow returns the work of a table that has a list for each row of its parent: that of the lists of the rows that were seen,
// and their mean for the others.
func (e *estimator) perRow(t *schema.Table, list *schema.List) work {
	l := &lists{estimator: e, table: t, list: list, parent: e.of(t.Parent())}
	l.measure()
	switch {
	case l.count == 0:
		return work{}
	case !e.standStill(t, list):
		return e.readAgain(t, list, l.mean.times(l.count))
	case l.compared:
		return l.ofMoved.beside(l.mean.times((l.count - l.seen) * l.shareUnseen()))
	}
	return l.mean.times(min(l.count, max(1, l.count*e.share(t, moving))))
}

// shareUnseen returns the share of lists that have moved, of the rows that were not seen. These are old, and so move less often
// than those seen, or than all of them do.
func (l *lists) shareUnseen() float64 {
	share := 1.0
	if l.still+l.moved > 0 {
		share = l.moved / (l.still + l.moved)
	}
	return min(share, l.share(l.table, share))
}

// readAgain adds the second reading of lists that are always read. Rows that cannot be asked for by their key are gone only if it
// does not show them either, and in lists that change on their own some row is gone whenever they are read.
func (e *estimator) readAgain(t *schema.Table, list *schema.List, w work) work {
	if list.Item == "" && len(list.Still) == 0 && !e.first(t) {
		return w.then(w)
	}
	return w
}

// first reports whether the run exports a table for the first time, or as if it did.
func (e *estimator) first(t *schema.Table) bool {
	return e.run.Reads == All || e.run.Reads == Due && e.stored.Table(t.Name) == nil
}

// standStill reports whether lists that stand still are left out.
func (e *estimator) standStill(t *schema.Table, list *schema.List) bool {
	return len(list.Still) > 0 && e.run.Exports(t.Parent()) && !e.first(t) && !e.first(t.Parent())
}

// share returns the share of the lists of a table that the last run read; otherwise if it left none.
func (e *estimator) share(t *schema.Table, otherwise float64) float64 {
	if state := e.stored.Table(t.Name); state != nil && state.Counted.Still > 0 {
		return float64(state.Counted.Read) / float64(state.Counted.Read+state.Counted.Still)
	}
	return otherwise
}

// lists are the lists that a table has for each row of its parent.
type lists struct {
	*estimator
	table  *schema.Table
	list   *schema.List
	parent *facts

	count, seen  float64 // of lists, and of those of rows that were seen
	mean         work    // of one list
	compared     bool    // the rows seen were compared with those stored
	still, moved float64 // of the lists seen; those of rows that are new are neither
	ofMoved      work    // of the lists seen that are read again, new ones included
}

// measure counts the lists and adds up their work.
func (l *lists) measure() {
	known, moves := l.known(), l.of(l.table).moves
	if known == 0 {
		l.count, l.mean = max(0, l.parent.rows), l.work(-1)
		return
	}
	l.compared = moves != nil
	var sum work
	for row := range known {
		if !l.hasList(row) {
			continue
		}
		w := l.work(row)
		l.seen++
		sum = sum.beside(w)
		if l.compared {
			l.note(moves[row], w)
		}
	}
	if l.seen > 0 {
		l.mean, l.count = sum.times(1/l.seen), l.seen*max(1, l.parent.rows/float64(known))
	}
}

// note notes what has become of a row with a list.
func (l *lists) note(m move, w work) {
	switch m {
	case still:
		l.still++
		return
	case moved:
		l.moved++
	}
	l.ofMoved = l.ofMoved.beside(w)
}

// known returns how many rows of the parent were seen.
func (l *lists) known() int {
	if l.parent.seen == nil {
		return 0
	}
	return l.parent.seen.Rows
}

// hasList reports whether a row of the parent has a list.
func (l *lists) hasList(row int) bool { return has(l.list, l.parent.seen, row) }

func has(list *schema.List, rows *schema.Batch, row int) bool {
	if list.Of == nil {
		return true
	}
	v := rows.Vector(list.Of.Column)
	return v != nil && !v.Null(row) && slices.Contains(list.Of.Values, string(v.Text(row)))
}

// work returns the work of the list of one row of the parent. Row -1 is one of which nothing is known.
func (l *lists) work(row int) (sum work) {
	walks := l.list.EachWalk()
	sizes := l.sizes(row, walks)
	for i, w := range walks {
		n := sizes[i]
		if n == 0 && w.Counted != "" {
			continue
		}
		if n < 0 {
			sum = sum.then(l.sampled(i))
			continue
		}
		sum = sum.then(walk(l.list, n))
	}
	return sum
}

// sizes returns the rows of each walk of the list of a row, unknown for some.
func (l *lists) sizes(row int, walks []schema.Walk) []float64 {
	sizes := make([]float64, len(walks))
	for i, w := range walks {
		sizes[i] = l.number(w.Size, row)
	}
	for _, s := range l.of(l.table).samples {
		if s.row == row {
			for i, n := range s.walks {
				sizes[i] = max(sizes[i], n)
			}
		}
	}
	l.spread(sizes, l.number(l.list.Size, row), walks)
	return sizes
}

// number returns the value of a column of a row of the parent; unknown without one.
func (l *lists) number(column string, row int) float64 {
	if column == "" || row < 0 {
		return unknown
	}
	v := l.parent.seen.Vector(column)
	if v == nil || v.Kind != schema.Int64 || v.Null(row) {
		return unknown
	}
	return float64(max(0, v.Int(row)))
}

// spread fills the sizes of walks that no column tells: the rows of all walks, or those of the walks that are told, fall to them as
// the rows that they refer to fall to the API's counts with the same parameters.
func (l *lists) spread(sizes []float64, all float64, walks []schema.Walk) {
	shares := l.shares(walks)
	if shares == nil {
		if all >= 0 {
			sizes[0] = all
		}
		return
	}
	told, of := 0.0, 0.0
	for i, n := range sizes {
		if n >= 0 {
			told, of = told+n, of+shares[i]
		}
	}
	if all >= 0 {
		told, of = all, 1
	}
	for i, n := range sizes {
		if n < 0 && of > 0 {
			sizes[i] = told * shares[i] / of
		}
	}
}

// shares returns the share that each walk has of the rows that the table refers to, nil if it is not known.
func (l *lists) shares(walks []schema.Walk) []float64 {
	for _, ref := range l.table.References {
		other := l.run.Catalog.Lookup(ref.Table)
		list, ok := other.Source.(*schema.List)
		counts := l.of(other).counts
		if !ok || len(list.Counts) == 0 || counts == nil {
			continue
		}
		shares, sum := make([]float64, len(walks)), 0.0
		for i, w := range walks {
			for j, params := range list.Counts {
				if maps.EqualFunc(params, w.Params, slices.Equal) {
					shares[i] = float64(counts[j])
					sum += shares[i]
				}
			}
		}
		if sum > 0 {
			for i := range shares {
				shares[i] /= sum
			}
			return shares
		}
	}
	return nil
}

// sampled returns the mean work of a walk in the lists that were sampled; a page if there are none.
func (l *lists) sampled(i int) work {
	sum, n := work{}, 0.0
	for _, s := range l.of(l.table).samples {
		if rows := s.walks[i]; rows >= 0 {
			sum = sum.beside(walk(l.list, rows))
			n++
		}
	}
	if n == 0 {
		return together(1, 0)
	}
	return sum.times(1 / n)
}
