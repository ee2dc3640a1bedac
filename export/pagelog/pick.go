package pagelog

import (
	"slices"

	"mailerlake/schema"
)

// span is a run of rows, [from, to).
type span struct{ from, to int }

// orderedRows returns the rows in key order; of those with the same key the last comes first.
func orderedRows(keys schema.Keys) []int {
	rows := make([]int, keys.Len())
	for i := range rows {
		rows[i] = i
	}
	slices.SortFunc(rows, func(a, b int) int {
		if d := keys.Compare(a, keys, b); d != 0 {
			return d
		}
		return b - a
	})
	return rows
}

// latestRows returns, of sorted rows with the same key, only the first.
func latestRows(sorted []int, keys schema.Keys) []span {
	var rows []int
	for i, row := range sorted {
		if i == 0 || keys.Compare(sorted[i-1], keys, row) != 0 {
			rows = append(rows, row)
		}
	}
	return spansOf(rows)
}

// spansOf joins rows that follow each other.
func spansOf(rows []int) []span {
	var spans []span
	for _, row := range rows {
		if n := len(spans); n > 0 && spans[n-1].to == row {
			spans[n-1].to++
		} else {
			spans = append(spans, span{row, row + 1})
		}
	}
	return spans
}

// pickPage returns the rows of the spans, with their child rows, in vectors that were free.
func (f *freeVectors) pickPage(page *schema.Page, spans []span) *schema.Page {
	out := &schema.Page{Rows: f.pickBatch(page.Rows, spans), Dropped: page.Dropped}
	if page.Absent != nil {
		for _, s := range spans {
			out.Absent = append(out.Absent, page.Absent[s.from:s.to]...)
		}
	}
	for _, c := range page.Children {
		out.Children = append(out.Children, f.pickChildren(c, spans))
	}
	return out
}

func (f *freeVectors) pickChildren(c schema.Children, spans []span) schema.Children {
	offsets, inner := []uint32{0}, make([]span, len(spans))
	for i, s := range spans {
		inner[i] = span{int(c.Offsets[s.from]), int(c.Offsets[s.to])}
		for row := s.from; row < s.to; row++ {
			offsets = append(offsets, offsets[len(offsets)-1]+c.Offsets[row+1]-c.Offsets[row])
		}
	}
	return schema.Children{Rows: f.pickBatch(c.Rows, inner), Offsets: offsets}
}

func (f *freeVectors) pickBatch(b *schema.Batch, spans []span) *schema.Batch {
	out := &schema.Batch{Columns: b.Columns, Vectors: make([]*schema.Vector, len(b.Vectors)), Missing: b.Missing}
	for _, s := range spans {
		out.Rows += s.to - s.from
	}
	for i, v := range b.Vectors {
		if v == nil {
			continue
		}
		out.Vectors[i] = f.take(v.Kind)
		for _, s := range spans {
			out.Vectors[i].AppendRows(v, s.from, s.to)
		}
	}
	return out
}
