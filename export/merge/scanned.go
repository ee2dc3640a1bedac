package merge

import (
	"context"
	"slices"

	"mailerlake/export/pagelog"
	"mailerlake/schema"
)

const (
	// maxBytes bounds the scanned rows in memory at a time, as does the size of a row group.
	maxBytes = 30 << 20
	// fewRows is the length below which runs are copied together: thousands of runs of a row or two would cost more
	// than the copies.
	fewRows = 32
)

// scanned reads a table's scanned rows in key order, a bounded number at a time.
type scanned struct {
	table    *Table
	keysOnly bool
	only     []string // names of the columns to read beside the key; nil for all
	cursor   *pagelog.Cursor
	child    int // index in the pages' Children of the rows; -1 if they are the pages' own rows

	page     rowRange // what is left of the rows that the cursor returned
	size     int      // average bytes of a row of page
	gone     []goneIDs
	parents  schema.Keys // of the rows of page, if some parents are gone; else nil
	gathered *rowRange   // the last of the runs that Next returns, if further rows may be added to it

	rescued int64 // values that did not fit their column, so far
	updated int64 // greatest updated_at so far, microseconds; 0 if none
}

// goneIDs are a reference column and the ids in it that no longer exist.
type goneIDs struct {
	v   *schema.Vector
	ids map[string]bool
}

// scanned returns a reader of the scanned rows.
func (t *Table) scanned(ctx context.Context, keysOnly bool) *scanned {
	return (&scanned{table: t, keysOnly: keysOnly}).begun(ctx)
}

// begun makes a new reader ready to read.
func (s *scanned) begun(ctx context.Context) *scanned {
	t := s.table
	s.child = -1
	want := func(child int, c schema.Column) bool { return child < 0 && s.wants(c) }
	switch {
	case t.derive() != nil:
		s.child = 0
		want = func(child int, _ schema.Column) bool { return child < 0 }
	case t.Nested:
		s.child = t.Table.Child()
		want = func(child int, c schema.Column) bool {
			return child == s.child && s.wants(c) || child < 0 && (c.Required || t.GoneParents.named(c))
		}
	}
	s.cursor = pagelog.NewCursor(ctx, t.Log, want, s.prepare)
	s.cursor.Reuse()
	return s
}

// derive returns the function that derives a table's rows; nil for other tables.
func (t *Table) derive() func(*schema.Batch, []*schema.Batch) schema.Children {
	if d, ok := t.Table.Source.(*schema.Derived); ok {
		return d.Rows
	}
	return nil
}

// wants reports whether a column of the scanned rows is read.
func (s *scanned) wants(c schema.Column) bool {
	if s.only != nil {
		return c.Required || slices.Contains(s.only, c.Name) && c.Kind != schema.Raw
	}
	return !s.keysOnly || c.Required || s.table.Gone[c.Name] != nil || s.table.GoneParents.named(c)
}

// prepare brings a page's rows into the layout.
func (s *scanned) prepare(page *schema.Page) error {
	rows := &page.Rows
	switch derive := s.table.derive(); {
	case derive != nil:
		page.Children = []schema.Children{derive(page.Rows, s.table.Definitions)}
		link(s.table.Table, page.Rows, &page.Children[0])
		s.table.GoneParents.empty(page, 0)
		rows = &page.Children[0].Rows
	case s.table.Nested && s.child >= len(page.Children): // nothing in the page has the array
		page.Children = slices.Grow(page.Children, s.child+1)[:s.child+1]
		page.Children[s.child] = schema.Children{Rows: &schema.Batch{}, Offsets: make([]uint32, page.Rows.Rows+1)}
		return nil
	case s.table.Nested:
		s.table.Table.Link(page)
		s.table.GoneParents.empty(page, s.child)
		rows = &page.Children[s.child].Rows
	}
	if s.keysOnly {
		return nil
	}
	converted := s.table.Layout.Convert(*rows)
	detach(converted, *rows)
	*rows = converted
	return nil
}

// detach copies the vectors that a batch shares with a page, because the cursor reuses their memory.
func detach(b, page *schema.Batch) {
	for i, v := range b.Vectors {
		if v != nil && slices.Contains(page.Vectors, v) {
			b.Vectors[i] = schema.NewVector(v.Kind)
			b.Vectors[i].AppendRows(v, 0, v.Len())
		}
	}
}

// link fills the columns of derived rows that repeat the parent's key, where they are not filled yet.
func link(t *schema.Table, parents *schema.Batch, c *schema.Children) {
	columns := t.ParentColumns()
	for i, key := range parents.Keys(t.Parent().Order) {
		at := slices.IndexFunc(c.Rows.Columns, func(c schema.Column) bool { return c.Name == columns[i] })
		if at < 0 || c.Rows.Vectors[at] != nil {
			continue
		}
		v := schema.NewVector(schema.String)
		for row := range parents.Rows {
			for range c.Offsets[row+1] - c.Offsets[row] {
				v.AppendText(key.Text(row))
			}
		}
		c.Rows.Vectors[at] = v
	}
}

// Next returns the next rows below the key limit (empty means all), as many as may be in memory. more says that others
// may follow below the limit.
func (s *scanned) Next(limit schema.Key) (runs []*rowRange, more bool, err error) {
	rows, bytes := 0, 0
	s.gathered = nil
	for rows < int(s.table.Sizes.Group) && bytes < maxBytes {
		ok, err := s.load()
		if err != nil || !ok {
			return runs, false, err
		}
		end := s.page.to
		if len(limit) > 0 {
			end = min(end, s.page.keys.Search(s.page.from, limit))
		}
		if end == s.page.from {
			return runs, false, nil
		}
		end = s.leaveOutGone(min(end, s.page.from+int(s.table.Sizes.Group)-rows))
		if n := end - s.page.from; n > 0 {
			runs = s.take(runs, end)
			rows, bytes = rows+n, bytes+n*s.size
		}
	}
	return runs, true, nil
}

// load makes sure that there are rows left; false after the last.
func (s *scanned) load() (bool, error) {
	for s.page.from >= s.page.to {
		r, ok, err := s.cursor.Next()
		if err != nil || !ok {
			return false, err
		}
		s.begin(r)
	}
	return true, nil
}

// begin makes the rows that the cursor returned the next ones.
func (s *scanned) begin(r pagelog.Rows) {
	s.page = rowRange{Batch: r.Page.Rows, absent: r.Page.Absent, from: r.From, to: r.To}
	if s.child >= 0 {
		c := &r.Page.Children[s.child]
		s.page = rowRange{Batch: c.Rows, from: int(c.Offsets[r.From]), to: int(c.Offsets[r.To])}
	}
	if s.page.from == s.page.to {
		return
	}
	s.page.keys = s.table.keysOf(s.page.Batch)
	s.findGone()
	if s.keysOnly {
		s.page.Batch = &schema.Batch{Columns: s.columns(), Vectors: s.page.keys, Rows: s.page.Rows}
	}
	s.size = s.page.Size()/s.page.Rows + 1
}

// findGone finds the columns of the page that may refer to what is gone, or belong to it.
func (s *scanned) findGone() {
	s.gone = s.gone[:0]
	for column, ids := range s.table.Gone {
		if i := s.table.index(s.page.Columns, column); i >= 0 && s.page.Vectors[i] != nil {
			s.gone = append(s.gone, goneIDs{s.page.Vectors[i], ids})
		}
	}
	s.parents = nil
	if s.child < 0 && len(s.table.GoneParents.Keys) > 0 {
		s.parents = s.table.keysNamed(s.page.Batch, s.table.GoneParents.Columns)
	}
}

// columns returns the columns of the runs.
func (s *scanned) columns() []schema.Column {
	if !s.keysOnly {
		return s.table.Layout.Columns
	}
	return s.table.Table.KeysInOrder()
}

// leaveOutGone skips rows at the front that refer to what is gone. It returns the end of the following rows, up to the
// given end, that do not.
func (s *scanned) leaveOutGone(end int) int {
	if len(s.gone) == 0 && s.parents == nil {
		return end
	}
	for s.page.from < end && s.refersToGone(s.page.from) {
		s.page.from++
	}
	for row := s.page.from; row < end; row++ {
		if s.refersToGone(row) {
			return row
		}
	}
	return end
}

func (s *scanned) refersToGone(row int) bool {
	return slices.ContainsFunc(s.gone, func(g goneIDs) bool { return !g.v.Null(row) && g.ids[string(g.v.Text(row))] }) ||
		s.parents != nil && s.table.GoneParents.holds(s.parents, row)
}

// take moves the rows up to end to the runs.
func (s *scanned) take(runs []*rowRange, end int) []*rowRange {
	s.noteUpdated(end)
	s.noteRescued(end)
	r := s.page
	r.to, s.page.from = end, end
	if r.rows() >= fewRows && !s.keysOnly { // keys are still in the cursor's memory
		s.gathered = nil
		return append(runs, &r)
	}
	if s.gathered == nil {
		s.gathered = s.empty()
		runs = append(runs, s.gathered)
	}
	s.gathered.append(&r)
	return runs
}

// empty returns a run to which rows can be appended.
func (s *scanned) empty() *rowRange {
	b := &schema.Batch{Columns: s.columns()}
	for _, c := range b.Columns {
		b.Vectors = append(b.Vectors, schema.NewVector(c.Kind))
	}
	return &rowRange{Batch: b, keys: s.table.keysOf(b), own: true}
}

func (s *scanned) noteUpdated(end int) {
	if s.keysOnly {
		return
	}
	i := slices.IndexFunc(s.page.Columns, func(c schema.Column) bool { return c.Name == "updated_at" && c.Kind == schema.Timestamp })
	if i < 0 || s.page.Vectors[i] == nil {
		return
	}
	for _, at := range s.page.Vectors[i].Nums[s.page.from:end] {
		s.updated = max(s.updated, at)
	}
}

// noteRescued counts the values that did not fit. It counts rows that are taken, not pages: a row may be in several.
func (s *scanned) noteRescued(end int) {
	i := s.table.ownColumn(schema.Rescued)
	if s.keysOnly || i < 0 || s.page.Vectors[i] == nil {
		return
	}
	texts := s.page.Vectors[i]
	for row := s.page.from; row < end; row++ {
		if !texts.Null(row) {
			s.rescued += int64(schema.CountRescued(texts.Text(row)))
		}
	}
}

// Skip skips all rows below the key.
func (s *scanned) Skip(key schema.Key) error {
	if s.page.from == s.page.to || s.page.keys.Search(s.page.from, key) >= s.page.to {
		s.page.from, s.page.to = 0, 0
		if err := s.cursor.Seek(key); err != nil {
			return err
		}
		if ok, err := s.load(); !ok {
			return err
		}
	}
	s.page.from = min(s.page.to, s.page.keys.Search(s.page.from, key))
	return nil
}
