package schema

import "slices"

// Batch is a run of rows, column by column.
type Batch struct {
	Columns []Column
	Vectors []*Vector // beside Columns; nil stands for a column of nulls
	Rows    int
}

// Vector returns the column of the name, nil if the batch has none.
func (b *Batch) Vector(name string) *Vector {
	for i := range b.Columns {
		if b.Columns[i].Name == name {
			return b.Vectors[i]
		}
	}
	return nil
}

// Keys returns the named columns, the table's key in row order.
func (b *Batch) Keys(order []string) Keys {
	keys := make(Keys, len(order))
	for i, name := range order {
		keys[i] = b.Vector(name)
	}
	return keys
}

// Size returns the bytes the batch's values take in memory.
func (b *Batch) Size() int {
	n := 0
	for _, v := range b.Vectors {
		if v != nil {
			n += v.Size()
		}
	}
	return n
}

// Page is one page of the API decoded: rows of a table in key order, each key once (of a key sent twice the later
// record counts), and the rows of its child table that came inside them.
type Page struct {
	// Rows holds the key, the declared columns, `_rescued` and, after them, a Raw column for each custom field and
	// undeclared attribute met in the page, whose Name and Path both are the API path.
	Rows *Batch
	// Child holds the rows of Table.Child in its own order, nil if the table has none.
	Child *Batch
	// Offsets[i] to Offsets[i+1] are the child rows of row i; Rows.Rows+1 entries, nil if the table has no child.
	Offsets []uint32
	// Absent has, per row, a bit for each object of Table.Always that the row lacked (bit i for Always[i]); nil if
	// no row lacked any.
	Absent []uint8
	// Dropped counts records that are no rows (no object, or without a usable key), and in a row's array of child rows
	// the elements that are none; such a row has the array's bit in Absent, and yet the child rows that could be read.
	Dropped int
}

// Append appends rows [from, to) of src to a batch made by Append alone. Columns are matched as a whole, for an
// undeclared attribute may have the name of a declared column; one that b lacks is added, null in the rows before, and
// one that src lacks is null in the new rows.
func (b *Batch) Append(src *Batch, from, to int) {
	for _, c := range src.Columns {
		if !slices.Contains(b.Columns, c) {
			v := NewVector(c.Kind)
			v.AppendNull(b.Rows)
			b.Columns, b.Vectors = append(b.Columns, c), append(b.Vectors, v)
		}
	}
	for i, c := range b.Columns {
		var v *Vector
		if at := slices.Index(src.Columns, c); at >= 0 {
			v = src.Vectors[at]
		}
		b.Vectors[i].AppendRows(v, from, to)
	}
	b.Rows += to - from
}

// Append appends rows [from, to) of src, with their child rows.
func (p *Page) Append(src *Page, from, to int) {
	rows := p.Rows.Rows
	p.Rows.Append(src.Rows, from, to)
	if src.Child != nil {
		p.appendChild(src, from, to)
	}
	if src.Absent == nil && p.Absent == nil {
		return
	}
	p.Absent = append(p.Absent, make([]uint8, p.Rows.Rows-len(p.Absent))...)
	if src.Absent != nil {
		copy(p.Absent[rows:], src.Absent[from:to])
	}
}

func (p *Page) appendChild(src *Page, from, to int) {
	if p.Child == nil {
		p.Child, p.Offsets = &Batch{}, []uint32{0}
	}
	shift := uint32(p.Child.Rows) - src.Offsets[from] // wraps around; so do the sums below
	p.Child.Append(src.Child, int(src.Offsets[from]), int(src.Offsets[to]))
	for _, offset := range src.Offsets[from+1 : to+1] {
		p.Offsets = append(p.Offsets, offset+shift)
	}
}
