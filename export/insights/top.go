package insights

import (
	"cmp"
	"slices"
)

// topCounter counts rows by a value, in bounded memory. It is exact up to its limit of different values. Beyond, it forgets
// the rarer half whenever it is full: a value that is met again later may lack as many rows as any forgotten one had.
type topCounter struct {
	limit  int // of different values
	values map[string]*topValue
	floor  int64 // no value that is not in the map was met in more rows
}

type topValue struct {
	name   string
	missed int64 // at most so many rows came before the value was counted
	audience
}

func newTopCounter(limit int) *topCounter {
	return &topCounter{limit: limit, values: map[string]*topValue{}}
}

// of returns where the rows of a value are counted.
func (c *topCounter) of(name []byte) *audience {
	v := c.values[string(name)]
	if v == nil {
		if len(c.values) >= c.limit {
			c.forget()
		}
		v = &topValue{name: string(name), missed: c.floor}
		c.values[v.name] = v
	}
	return &v.audience
}

// forget drops the half of the values that have the fewest rows.
func (c *topCounter) forget() {
	all := c.sorted()
	for _, v := range all[len(all)/2:] {
		c.floor = max(c.floor, v.rows+v.missed)
		delete(c.values, v.name)
	}
}

// sorted returns the values, those with most rows first.
func (c *topCounter) sorted() []*topValue {
	all := make([]*topValue, 0, len(c.values))
	for _, v := range c.values {
		all = append(all, v)
	}
	slices.SortFunc(all, func(a, b *topValue) int {
		return cmp.Or(cmp.Compare(b.rows, a.rows), cmp.Compare(a.name, b.name))
	})
	return all
}

// ranking returns the n most frequent values of so many rows.
func (c *topCounter) ranking(n int, rows int64) Ranking {
	r := Ranking{Top: []Ranked{}, Others: rows, Values: int64(len(c.values))}
	all := c.sorted()
	for _, v := range all[:min(n, len(all))] {
		r.Top = append(r.Top, Ranked{v.name, v.audience.figures()})
		r.Others -= v.rows
		r.Error = max(r.Error, v.missed)
	}
	if c.floor > 0 {
		r.Values = 0
		if len(all) <= n || c.floor >= all[n-1].rows { // one that was forgotten may belong here
			r.Error = max(r.Error, c.floor)
		}
	}
	return r
}

// best keeps the n greatest of the things that are put into it.
type best[T any] struct {
	n       int
	compare func(a, b T) int // negative if a comes first
	kept    []T
}

func (b *best[T]) put(x T) {
	if len(b.kept) == b.n && b.compare(x, b.kept[b.n-1]) >= 0 {
		return
	}
	at, _ := slices.BinarySearchFunc(b.kept, x, b.compare)
	b.kept = slices.Insert(b.kept, at, x)
	b.kept = b.kept[:min(len(b.kept), b.n)]
}
