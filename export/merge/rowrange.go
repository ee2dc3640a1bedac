package merge

import (
	"slices"

	"mailerlake/schema"
)

// rowRange is a run of scanned rows, [from, to) of a batch. The batch has the layout's columns, or the key columns
// alone if only those are read.
type rowRange struct {
	*schema.Batch
	keys     schema.Keys
	absent   []uint64 // as in schema.Page; nil if no row lacks an object
	from, to int
	first    int  // number of row from within the segment
	own      bool // no other run shares the batch: it may be changed
}

func (r *rowRange) rows() int { return r.to - r.from }

// lacks returns the objects that a row of the batch lacks, as in schema.Page.
func (r *rowRange) lacks(row int) uint64 {
	if row < len(r.absent) {
		return r.absent[row]
	}
	return 0
}

// replace puts a vector in the place of a column.
func (r *rowRange) replace(column int, v *schema.Vector) {
	if !r.own {
		b := *r.Batch
		b.Vectors = slices.Clone(b.Vectors)
		r.Batch, r.own = &b, true
	}
	r.Vectors[column] = v
}

// append copies rows to the end of a run.
func (r *rowRange) append(more *rowRange) {
	for i, v := range r.Vectors {
		v.AppendRows(more.Vectors[i], more.from, more.to)
	}
	if more.absent != nil {
		r.absent = append(r.absent, make([]uint64, r.to-len(r.absent))...)
		r.absent = append(r.absent, more.absent[more.from:more.to]...)
	}
	r.to += more.rows()
	r.Rows = r.to
}
