package schema

// Convert puts a page's rows into the layout's columns. The vectors of SyncedAt, and of columns that the page has no
// values for, are nil. Raw values get the type of their column; those that do not fit, or have no column, join the
// row's rescued values, beside those that were rescued when the page was decoded. The result shares memory with b.
func (l *Layout) Convert(b *Batch) *Batch {
	c := conversion{layout: l, in: b, sources: map[string]*Vector{}}
	for i, column := range b.Columns {
		if column.Path != "" {
			c.sources[column.Path] = b.Vectors[i]
		}
	}
	c.readRescued()
	out := &Batch{Columns: l.Columns, Vectors: make([]*Vector, len(l.Columns)), Rows: b.Rows}
	for i, column := range l.Columns {
		out.Vectors[i] = c.convert(column)
	}
	c.rescueLeft()
	if len(c.rescues) == 0 {
		return out
	}
	texts := rescuedColumn(NewVector(String), c.rescues, ranks(l.Table), b.Rows)
	for i, column := range l.Columns {
		if column.Path == "" && column.Name == Rescued {
			out.Vectors[i] = texts
		}
	}
	return out
}

type conversion struct {
	layout  *Layout
	in      *Batch
	sources map[string]*Vector // by path, without those already converted
	rescues []rescue
}

// readRescued reads the values that were rescued when the page was decoded. A value rescued because the page had too many
// columns may have a column in the layout, from another page or an earlier run; it goes there.
func (c *conversion) readRescued() {
	texts := c.in.Vector(Rescued)
	if texts == nil {
		return
	}
	var all []rescue
	for i := range c.in.Rows {
		if !texts.Null(i) {
			all = parseRescued(all, i, texts.Text(i))
		}
	}
	if len(all) == 0 {
		return
	}
	dynamic, moved := c.layout.dynamicPaths(), map[string][]rescue{}
	for _, r := range all {
		if dynamic[r.path] {
			moved[r.path] = append(moved[r.path], r)
		} else {
			c.rescues = append(c.rescues, r)
		}
	}
	for path, list := range moved {
		c.sources[path] = overlay(c.sources[path], list, c.in.Rows)
	}
}

// dynamicPaths returns the paths of the undeclared columns.
func (l *Layout) dynamicPaths() map[string]bool {
	paths := map[string]bool{}
	for _, c := range l.Columns {
		if c.Path != "" {
			paths[c.Path] = true
		}
	}
	for _, c := range l.Table.Columns {
		delete(paths, c.Path)
	}
	return paths
}

// overlay returns the raw column with the values of the list, which is in row order, in place of its own.
func overlay(v *Vector, list []rescue, rows int) *Vector {
	out := NewVector(Raw)
	for _, r := range list {
		out.AppendRows(v, out.Len(), r.row)
		out.AppendText(r.raw)
	}
	out.AppendRows(v, out.Len(), rows)
	return out
}

// convert returns the values of a column.
func (c *conversion) convert(column Column) *Vector {
	src := c.sources[column.Path]
	delete(c.sources, column.Path)
	switch {
	case src == nil:
		return nil
	case src.Kind == Raw:
		return c.parse(src, column)
	}
	return Widen(src, column.Kind)
}

// parse converts raw values to the type of their column.
func (c *conversion) parse(src *Vector, column Column) *Vector {
	v := &Vector{Kind: column.Kind, Valid: make([]bool, 0, src.Len())}
	if v.Kind.text() {
		v.Ends, v.Bytes = make([]uint32, 0, src.Len()), make([]byte, 0, len(src.Bytes))
	} else {
		v.Nums = make([]int64, 0, src.Len())
	}
	f := anything
	if column.JSON {
		f = document
	}
	for i := range src.Len() {
		if src.Null(i) {
			v.AppendNull(1)
		} else if raw := src.Text(i); !appendValue(v, raw, f) {
			v.AppendNull(1)
			c.rescues = append(c.rescues, rescue{i, column.Path, raw})
		}
	}
	return v
}

// rescueLeft rescues the values of raw columns that the layout does not have.
func (c *conversion) rescueLeft() {
	for path, src := range c.sources {
		if src == nil || src.Kind != Raw {
			continue
		}
		for i := range src.Len() {
			if !src.Null(i) {
				c.rescues = append(c.rescues, rescue{i, path, src.Text(i)})
			}
		}
	}
}
