package schema

import "slices"

// Batch is a run of rows, column by column.
type Batch struct {
	Columns []Column
	Vectors []*Vector // beside Columns; nil stands for a column of nulls
	Rows    int
	// Missing marks, beside Columns, the attributes that no record of the batch had, not even as null; nil if there are
	// none.
	Missing []bool
}

// Vector returns the column with a name, nil if the batch has none.
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

// Size returns how many bytes the batch's values take in memory.
func (b *Batch) Size() int {
	n := 0
	for _, v := range b.Vectors {
		if v != nil {
			n += v.Size()
		}
	}
	return n
}

// Page is a page of the API, decoded: rows of a table in row order, each key once (if a key was sent twice, the later
// record counts), and the child rows nested in them.
type Page struct {
	// Rows holds the key, the declared columns, `_rescued` and, after them, a Raw column for each custom field and
	// undeclared attribute met in the page, whose Name and Path both are the API path.
	Rows *Batch
	// Children holds the rows nested in Rows, one entry for each of Table.Children; nil if there are none.
	Children []Children
	// Absent has, per row, a bit for each object of Table.Expected that the row lacked (bit i for Expected[i]); nil if
	// no row lacked any.
	Absent []uint64
	// Dropped counts records that are not rows (not an object, or without a usable key), and likewise elements of a
	// row's array of child rows. A row with such elements has the array's bit in Absent, and still the child rows that
	// could be read.
	Dropped int
}

// Children are the rows of a child table that are nested in the rows of a page.
type Children struct {
	// Rows are in the order of the rows they came in, and among those of one row in the order of their own key. The
	// columns that repeat the parent's key are nil: Table.Link fills them.
	Rows *Batch
	// Offsets[i] to Offsets[i+1] are the child rows of row i; one entry more than the page has rows.
	Offsets []uint32
}

// Append appends rows [from, to) of src to a batch that was made by Append alone. Columns are matched as a whole,
// because an undeclared attribute may have the name of a declared column. A column that b lacks is added, null in the
// earlier rows; one that src lacks is null in the new rows. An attribute that is missing in both stays missing.
func (b *Batch) Append(src *Batch, from, to int) {
	for i, c := range src.Columns {
		at := slices.Index(b.Columns, c)
		if at < 0 {
			v := NewVector(c.Kind)
			v.AppendNull(b.Rows)
			at = len(b.Columns)
			b.Columns, b.Vectors = append(b.Columns, c), append(b.Vectors, v)
			b.Missing = append(b.Missing, true)
		}
		b.Missing[at] = b.Missing[at] && src.missing(i)
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

func (b *Batch) missing(column int) bool { return b.Missing != nil && b.Missing[column] }

// Append appends rows [from, to) of src, with their child rows.
func (p *Page) Append(src *Page, from, to int) {
	rows := p.Rows.Rows
	p.Rows.Append(src.Rows, from, to)
	for len(p.Children) < len(src.Children) {
		p.Children = append(p.Children, Children{&Batch{}, make([]uint32, rows+1)})
	}
	for i := range src.Children {
		p.Children[i].append(&src.Children[i], from, to)
	}
	if src.Absent == nil && p.Absent == nil {
		return
	}
	p.Absent = append(p.Absent, make([]uint64, p.Rows.Rows-len(p.Absent))...)
	if src.Absent != nil {
		copy(p.Absent[rows:], src.Absent[from:to])
	}
}

// append appends the child rows of rows [from, to) of src.
func (c *Children) append(src *Children, from, to int) {
	shift := uint32(c.Rows.Rows) - src.Offsets[from] // wraps around; so do the sums below
	c.Rows.Append(src.Rows, int(src.Offsets[from]), int(src.Offsets[to]))
	for _, offset := range src.Offsets[from+1 : to+1] {
		c.Offsets = append(c.Offsets, offset+shift)
	}
}
