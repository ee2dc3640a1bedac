package schema

import (
	"bytes"
	"slices"
)

// assemble fills the page's columns, one after the other, with its rows in key order.
func (d *Decoder) assemble() *Page {
	rows := d.sorted()
	p := &Page{Dropped: d.dropped, Rows: d.columns(rows)}
	for _, c := range d.children {
		p.Children = append(p.Children, c.childRows(rows))
	}
	if d.anyAbsent {
		p.Absent = make([]uint64, len(rows))
		for i, row := range rows {
			p.Absent[i] = d.absent[row]
		}
	}
	return p
}

// columns returns the columns of the given rows.
func (d *Decoder) columns(rows []int32) *Batch {
	declared, n := d.table.Columns, len(d.table.Columns)+1+len(d.dynamic)
	b := &Batch{Columns: make([]Column, 0, n), Vectors: make([]*Vector, 0, n), Rows: len(rows), Missing: d.missing()}
	var rescues []rescue
	for i, c := range declared {
		v := d.fill(&rescues, d.cells[i], rows, c)
		switch {
		case c.marked():
			v = d.marked(c.Name == d.marking, len(rows))
		case !d.own[i]:
			v = d.parentKey(c.Name, len(rows))
		case c.Required && v == nil:
			v = d.vector(c.Kind)
		}
		b.Columns, b.Vectors = append(b.Columns, c), append(b.Vectors, v)
	}
	for i, path := range d.second {
		column := slices.IndexFunc(declared, func(c Column) bool { return c.Path == d.table.Same[path] })
		b.Vectors[column] = d.unify(&rescues, b.Vectors[column], d.cells[len(declared)+i], rows, declared[column], path)
	}
	b.Columns, b.Vectors = append(b.Columns, rescuedDeclaration), append(b.Vectors, nil)
	for _, m := range d.dynamic {
		c := Column{Name: m.path, Kind: Raw, Path: m.path}
		b.Columns, b.Vectors = append(b.Columns, c), append(b.Vectors, d.fill(&rescues, d.cells[m.cell], rows, c))
	}
	rescues = d.appendStrays(rescues, rows)
	if len(rescues) > 0 {
		b.Vectors[len(declared)] = rescuedColumn(d.vector(String), rescues, d.ranks, len(rows))
	}
	return b
}

// missing marks the declared columns whose attribute no record had; nil if there are none, no records, or if each record may
// lack any.
func (d *Decoder) missing() []bool {
	if d.table.Sparse {
		return nil
	}
	var missing []bool
	for i, c := range d.table.Columns {
		second := slices.IndexFunc(d.second, func(path string) bool { return d.table.Same[path] == c.Path })
		met := len(d.cells[i]) > 0 || second >= 0 && len(d.cells[len(d.table.Columns)+second]) > 0
		if met || !d.own[i] || d.rows == 0 {
			continue
		}
		if missing == nil {
			missing = make([]bool, len(d.table.Columns)+1+len(d.dynamic))
		}
		missing[i] = true
	}
	return missing
}

// parentKey returns a column of the parent's key, the same in every row; nil if the parent is not known yet.
func (d *Decoder) parentKey(column string, rows int) *Vector {
	if d.parent == nil {
		return nil
	}
	v := d.vector(String)
	v.repeat([]byte(d.parent[slices.Index(d.parentColumns, column)]), rows)
	return v
}

// marked returns a marked column, the same in every row.
func (d *Decoder) marked(is bool, rows int) *Vector {
	v, x := d.vector(Bool), int64(0)
	if is {
		x = 1
	}
	for range rows {
		v.AppendInt(x)
	}
	return v
}

// fill makes a column from its cells, nil if they are all null.
func (d *Decoder) fill(rescues *[]rescue, values cells, rows []int32, c Column) *Vector {
	if len(values) == 0 {
		return nil
	}
	v, f, omit, ids, filled := d.vector(c.Kind), formOf(c), d.table.Omit[c.Path], slices.Contains(d.table.IDs, c.Path), 0
	guard := d.table.protected.at(c.Path)
	for i, row := range rows {
		s := values.at(row)
		if s.end == 0 {
			v.AppendNull(1)
			continue
		}
		raw := d.clean(s)
		if omit != nil {
			raw = omitMembers(raw, omit)
		}
		if ids {
			raw = idsOf(raw)
		}
		if guard.of(raw) == hashed {
			raw = d.token(c.Path, raw)
		}
		if appendValue(v, raw, f) {
			filled++
			continue
		}
		v.AppendNull(1)
		*rescues = append(*rescues, rescue{i, c.Path, raw})
	}
	if filled == 0 {
		v.Reset()
		d.spare.vectors = append(d.spare.vectors, v)
		return nil
	}
	return v
}

func (c cells) at(row int32) span {
	if int(row) < len(c) {
		return c[row]
	}
	return span{}
}

// unify merges the values that came under a column's second path into the column: they fill its nulls. Where both have
// a value, the column keeps its own, and a different second value is rescued.
func (d *Decoder) unify(rescues *[]rescue, first *Vector, values cells, rows []int32, c Column, path string) *Vector {
	c.Path = path
	second := d.fill(rescues, values, rows, c)
	if first == nil || second == nil {
		if first == nil {
			return second
		}
		return first
	}
	v, guard := d.vector(c.Kind), d.table.protected.at(path)
	for i, row := range rows {
		if first.Null(i) {
			v.AppendRows(second, i, i+1)
			continue
		}
		v.AppendRows(first, i, i+1)
		if !second.Null(i) && !second.Equal(i, first, i) {
			*rescues = append(*rescues, rescue{i, path, d.guarded(guard, path, d.clean(values.at(row)))})
		}
	}
	return v
}

// appendStrays adds the values that have no column; rows are the kept ones, in order.
func (d *Decoder) appendStrays(rescues []rescue, rows []int32) []rescue {
	if len(d.strays) == 0 {
		return rescues
	}
	place := make([]int, d.rows)
	for i := range place {
		place[i] = -1
	}
	for i, row := range rows {
		place[row] = i
	}
	var list []rescue
	for _, s := range d.strays {
		if place[s.row] >= 0 {
			list = append(list, rescue{place[s.row], s.path, d.strayValue(s)})
		}
	}
	for _, r := range sortRescues(list, d.ranks) { // the last value of a path counts, even if it is null
		if len(r.raw) > 0 {
			rescues = append(rescues, r)
		}
	}
	return rescues
}

// strayValue returns the value of a stray, or its token; empty for null.
func (d *Decoder) strayValue(s stray) []byte {
	raw := d.clean(s.value)
	if len(raw) > 0 && d.strayTreatment(s.object, s.path, raw) == hashed {
		return bytes.Clone(d.token(s.path, raw))
	}
	return raw
}

// guarded returns a value, or its token if it is to be hashed.
func (d *Decoder) guarded(v pathTreatment, path string, raw []byte) []byte {
	if v.of(raw) == hashed {
		return bytes.Clone(d.token(path, raw))
	}
	return raw
}

// token returns the token of a value; it is overwritten by the next.
func (d *Decoder) token(path string, raw []byte) []byte {
	return d.tokens.token(raw, d.table.protected.kinds[path])
}

// sorted returns the rows in key order; of rows with the same key, only the last to arrive.
func (d *Decoder) sorted() []int32 {
	keys := d.rowKeys()
	rows := make([]int32, d.rows)
	for i := range rows {
		rows[i] = int32(i)
	}
	compare := func(a, b int32) int { return slices.CompareFunc(keys[a], keys[b], compareText) }
	if d.rows > 1 && compare(0, 1) > 0 { // lists come newest first
		slices.Reverse(rows)
	}
	byKey := func(a, b int32) int {
		if c := compare(a, b); c != 0 {
			return c
		}
		return int(a - b)
	}
	if !slices.IsSortedFunc(rows, byKey) {
		slices.SortFunc(rows, byKey)
	}
	return lastOfKey(rows, keys)
}

// rowKeys returns the key of each row, in the order that rows are sorted by, without the columns that repeat the
// parent's key.
func (d *Decoder) rowKeys() [][][]byte {
	var columns []int
	for _, name := range d.table.Order {
		if i := d.table.column(name); d.own[i] {
			columns = append(columns, i)
		}
	}
	n := len(columns)
	texts := make([][]byte, d.rows*n)
	keys := make([][][]byte, d.rows)
	for c, column := range columns {
		for i := range keys {
			texts[i*n+c] = d.text(d.cells[column][i])
		}
	}
	for i := range keys {
		keys[i] = texts[i*n : (i+1)*n]
	}
	return keys
}

// vector returns an empty vector, a recycled one if there is any.
func (d *Decoder) vector(k Kind) *Vector { return d.spare.vector(k) }

var rescuedDeclaration = Column{Name: Rescued, Kind: String, JSON: true}
