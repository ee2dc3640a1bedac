package merge

import (
	"mailerlake/export/part"
	"mailerlake/schema"
)

// keepStored gives the scanned rows of a segment the stored values that they keep.
func (w *writer) keepStored(s *segment) error {
	var columns []int
	for c := range w.table.Layout.Columns {
		if w.keep.concerns(c, s) {
			columns = append(columns, c)
		}
	}
	kept := make([][]*schema.Vector, len(columns))
	err := eachColumn(w.ctx, len(columns), func(i int, buf *schema.Vector) error {
		stored, err := w.table.read(s.reader, s.part, s.group, columns[i], buf)
		if err != nil {
			return err
		}
		for _, r := range s.runs {
			v, _ := w.keep.column(s, r, columns[i], stored)
			kept[i] = append(kept[i], v)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i, vectors := range kept {
		for k, v := range vectors {
			s.runs[k].replace(columns[i], v)
		}
	}
	return nil
}

// stampSynced gives the scanned rows of a segment their _synced_at: the stored one if the row has not changed.
func (w *writer) stampSynced(s *segment) error {
	column := w.table.ownColumn(schema.SyncedAt)
	var stored *schema.Vector
	if s.matched {
		var err error
		if stored, err = w.table.read(s.reader, s.part, s.group, column, &schema.Vector{}); err != nil {
			return err
		}
	}
	for _, r := range s.runs {
		v := schema.NewVector(schema.Timestamp)
		v.AppendNull(r.from)
		for i := range r.rows() {
			at := s.match[r.first+i]
			if at < 0 || w.updated(s, r.first+i) {
				v.AppendInt(w.now)
			} else {
				v.AppendRows(stored, int(at), int(at)+1)
			}
		}
		v.AppendNull(r.Rows - r.to)
		r.replace(column, v)
	}
	return nil
}

// updated reports whether scanned row i of a segment, which matches a stored row, differs from it.
func (w *writer) updated(s *segment, i int) bool {
	return w.plan.Parts[s.part].updated.has(s.earlier + int64(i))
}

// rows returns the rows of the segment's new state in key order: the scanned rows and the stored rows that stay.
func (w *writer) rows(s *segment) ([]part.Rows, error) {
	stay, _ := w.unmet(s)
	if len(stay) == 0 {
		return interleave(s, nil, nil), nil
	}
	old, err := w.gather(s, stay)
	if err != nil {
		return nil, err
	}
	return interleave(s, old, stay), nil
}

// unmet returns, of the stored rows that the scan did not meet, those that stay and those that are deleted.
func (w *writer) unmet(s *segment) (stay, gone []int32) {
	if w.plan.Withheld != "" || len(s.unmet) == 0 {
		return s.unmet, nil
	}
	for _, at := range s.unmet {
		if w.plan.Parts[s.part].candidates.has(s.before + int64(at)) {
			gone = append(gone, at)
		} else {
			stay = append(stay, at)
		}
	}
	return stay, gone
}

// gather reads stored rows, in the layout's columns.
func (w *writer) gather(s *segment, rows []int32) (*schema.Batch, error) {
	columns := w.table.Layout.Columns
	b := &schema.Batch{Columns: columns, Vectors: make([]*schema.Vector, len(columns)), Rows: len(rows)}
	err := eachColumn(w.ctx, len(columns), func(c int, buf *schema.Vector) error {
		stored, err := w.table.read(s.reader, s.part, s.group, c, buf)
		if err != nil || stored == nil {
			return err
		}
		v := schema.NewVector(columns[c].Kind)
		for from := 0; from < len(rows); {
			to := from + 1
			for to < len(rows) && rows[to] == rows[to-1]+1 {
				to++
			}
			v.AppendRows(stored, int(rows[from]), int(rows[to-1])+1)
			from = to
		}
		b.Vectors[c] = v
		return nil
	})
	return b, err
}

// interleave arranges the scanned rows of a segment and stored rows by key; old holds the latter, which have the given
// places in the row group.
func interleave(s *segment, old *schema.Batch, places []int32) []part.Rows {
	var rows []part.Rows
	add := func(b *schema.Batch, from, to int) {
		if last := len(rows) - 1; last >= 0 && rows[last].Batch == b && rows[last].To == from {
			rows[last].To = to
		} else if from < to {
			rows = append(rows, part.Rows{Batch: b, From: from, To: to})
		}
	}
	s.walk(places, func(r *rowRange, from, to int) { add(r.Batch, from, to) }, func(k int) { add(old, k, k+1) })
	return rows
}

// walk calls scanned with the scanned rows of a segment, a run at a time, and stored with the number of each of the given
// places in the row group, all in key order.
func (s *segment) walk(places []int32, scanned func(r *rowRange, from, to int), stored func(k int)) {
	k := 0
	for _, r := range s.runs {
		from := r.from
		for ; k < len(places); k++ {
			at := r.searchRow(from, s.stored, int(places[k]))
			scanned(r, from, at)
			if from = at; from == r.to {
				break
			}
			stored(k)
		}
		scanned(r, from, r.to)
	}
	for ; k < len(places); k++ {
		stored(k)
	}
}

// searchRow returns the first row of the run, starting at from, whose key is not below key number at of keys.
func (r *rowRange) searchRow(from int, keys schema.Keys, at int) int {
	for from < r.to && r.keys.Compare(from, keys, at) < 0 {
		from++
	}
	return from
}
