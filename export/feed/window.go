package feed

import (
	"container/heap"
	"context"
	"errors"

	"mailerlake/export/dataset"
	"mailerlake/schema"
)

// keptChunks bounds what is kept in memory of the footers of files that stay open: about 1 KiB for each column of a row
// group. Files beyond that are opened whenever they are read.
var keptChunks int64 = 16 << 10

// Window is the change files of a table's snapshots since one of them, merged by key.
type Window struct {
	table   *dataset.TableState
	sources []*source
	cursors cursors // those with rows left, as a heap
	key     schema.Keys
}

// Net is what the changes of a window add up to, for keys one after another. A row that came and went in it is left out.
type Net struct {
	Keys  schema.Keys
	Kinds []Kind // beside Keys

	before []place // beside Keys, in files with history: the rows before the window
}

// Len returns the number of keys.
func (n *Net) Len() int { return len(n.Kinds) }

// Open opens the changes that snapshots after since made in a table's rows. Known says whether they are all there.
func Open(ctx context.Context, d *dataset.Dataset, t *dataset.TableState, since int64) (*Window, error) {
	w := &Window{table: t, key: newKeys(len(t.Key))}
	chunks := int64(0)
	for i, c := range t.Changes {
		if c.Snapshot <= since {
			continue
		}
		s := &source{data: d, table: t, index: i}
		chunks += s.chunks()
		s.keep = chunks <= keptChunks
		w.sources = append(w.sources, s)
	}
	for i, s := range w.sources {
		c := &cursor{source: s, number: i, row: -1}
		more, err := c.next(ctx)
		if err != nil {
			w.Close()
			return nil, err
		}
		if more {
			w.cursors = append(w.cursors, c)
		}
	}
	heap.Init(&w.cursors)
	return w, nil
}

// Close closes the files.
func (w *Window) Close() {
	for _, s := range w.sources {
		s.close()
	}
}

// Next returns the changes of the next keys, at most limit, which are below until; an empty until stands for no bound. There
// are none left if it returns none.
func (w *Window) Next(ctx context.Context, until schema.Key, limit int) (*Net, error) {
	n := &Net{Keys: newKeys(len(w.table.Key))}
	for len(w.cursors) > 0 && n.Len() < limit {
		if first := w.cursors[0]; len(until) > 0 && first.keys.CompareKey(first.row, until) >= 0 {
			break
		}
		s, err := w.sum(ctx)
		if err != nil {
			return nil, err
		}
		if s.kind() != 0 {
			n.add(w.key, s)
		}
	}
	return n, nil
}

// sum takes the changes of the least key, and leaves that in w.key.
func (w *Window) sum(ctx context.Context) (s sum, err error) {
	for i, v := range w.key {
		v.Reset()
		v.AppendText(w.cursors[0].keys[i].Text(w.cursors[0].row))
	}
	for len(w.cursors) > 0 {
		c := w.cursors[0]
		if c.keys.Compare(c.row, w.key, 0) != 0 {
			break
		}
		if !s.add(c.changes[c.row], c.place()) {
			return s, &FileError{c.source.path(), errors.New("it does not follow the change file before it")}
		}
		more, err := c.next(ctx)
		switch {
		case err != nil:
			return s, err
		case more:
			heap.Fix(&w.cursors, 0)
		default:
			heap.Pop(&w.cursors)
		}
	}
	return s, nil
}

// add appends a key and its change.
func (n *Net) add(key schema.Keys, s sum) {
	for i, v := range n.Keys {
		v.AppendRows(key[i], 0, 1)
	}
	n.Kinds = append(n.Kinds, s.kind())
	n.before = append(n.before, s.old)
}

// sum adds up the changes of one key.
type sum struct {
	began, was, is bool  // whether there was any change; whether the row was there before the first and is after the last
	old            place // the row before the first
}

// add adds a change. It reports false if that cannot follow the ones before.
func (s *sum) add(k Kind, at place) bool {
	if s.began && s.is == (k == Insert) {
		return false
	}
	if !s.began {
		s.began, s.was, s.old = true, k != Insert, nowhere
		if s.was {
			s.old = at
		}
	}
	s.is = k != Delete
	return true
}

// kind returns what the changes add up to, 0 for nothing.
func (s *sum) kind() Kind {
	switch {
	case s.was && s.is:
		return Update
	case s.was:
		return Delete
	case s.is:
		return Insert
	}
	return 0
}

// newKeys returns empty columns for a key.
func newKeys(columns int) schema.Keys {
	k := make(schema.Keys, columns)
	for i := range k {
		k[i] = schema.NewVector(schema.String)
	}
	return k
}

// cursors are a heap by key and, of one key, by snapshot.
type cursors []*cursor

func (h cursors) Len() int      { return len(h) }
func (h cursors) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h cursors) Less(i, j int) bool {
	if order := h[i].keys.Compare(h[i].row, h[j].keys, h[j].row); order != 0 {
		return order < 0
	}
	return h[i].number < h[j].number
}
func (h *cursors) Push(c any) { *h = append(*h, c.(*cursor)) }
func (h *cursors) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}
