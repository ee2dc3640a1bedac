package export

import (
	"mailerlake/export/pagelog"
	"mailerlake/schema"
)

// fillBytes bounds the rows of a log that are in memory at a time; so does the size of a row group.
const fillBytes = 48 << 20

// incoming is a run of scanned rows in key order, with the columns of the table's layout.
type incoming struct {
	*schema.Batch
	keys   schema.Keys
	absent []uint8 // as in schema.Page; nil if no row lacks an object
}

// filler reads a table's scanned rows in key order, a bounded number at a time.
type filler struct {
	layout *schema.Layout
	cursor *pagelog.Cursor
	child  bool // the rows come inside the log's rows
	gone   map[string]bool
	max    int // rows in memory at a time
	out    incoming

	stretch  pagelog.Run   // being read; its rows from stretch.From on are left
	rows     *schema.Batch // of the stretch
	keys     schema.Keys   // of rows
	from, to int           // rows of the stretch that are left

	rescued int64 // values that did not fit their column, so far
	updated int64 // greatest updated_at so far, microseconds; 0 if none
}

// newFiller returns a filler of table t. Rows of a child table whose Child.Column is in gone are left out.
func newFiller(t *tableRun) (*filler, error) {
	log, err := t.sortedLog()
	if err != nil {
		return nil, err
	}
	f := &filler{layout: t.layout, child: t.inParentLog(), gone: t.goneGroups, max: int(t.sizes.Group)}
	want := func(child bool, c schema.Column) bool { return !child }
	if f.child {
		want = func(child bool, c schema.Column) bool { return child || c.Required }
	}
	f.cursor = pagelog.NewCursor(log, want, f.prepare)
	f.out.Batch = &schema.Batch{Columns: t.layout.Columns, Vectors: make([]*schema.Vector, len(t.layout.Columns))}
	for i, c := range t.layout.Columns {
		f.out.Vectors[i] = schema.NewVector(c.Kind)
	}
	f.out.keys = f.out.Keys(t.table.Order)
	return f, nil
}

// prepare brings a page's rows into the layout.
func (f *filler) prepare(page *schema.Page) error {
	if f.child {
		if len(f.gone) > 0 {
			dropGone(page, f.layout.Table.Parent.Child.Column, f.gone)
		}
		rows, rescued := f.layout.Convert(page.Child)
		page.Child = rows
		f.rescued += int64(rescued)
		return nil
	}
	rows, rescued := f.layout.Convert(page.Rows)
	page.Rows = rows
	f.rescued += int64(rescued)
	return nil
}

// Fill returns the rows that follow, below the key limit (nil: all), until enough are in memory; more says that there
// are others below the limit. The rows are valid until the next call.
func (f *filler) Fill(limit schema.Key) (in *incoming, more bool, err error) {
	for _, v := range f.out.Vectors {
		v.Reset()
	}
	f.out.Rows, f.out.absent = 0, nil
	for f.out.Rows < f.max && (f.out.Rows == 0 || f.out.Size() < fillBytes) {
		ok, err := f.next()
		if err != nil {
			return nil, false, err
		}
		if !ok {
			return &f.out, false, nil
		}
		end := f.to
		if limit != nil {
			end = min(end, f.keys.Search(f.from, limit))
		}
		if end == f.from {
			return &f.out, false, nil
		}
		f.take(min(end, f.from+f.max-f.out.Rows))
	}
	return &f.out, true, nil
}

// next makes sure that there are rows left to take; false after the last.
func (f *filler) next() (bool, error) {
	for f.from == f.to {
		s, ok, err := f.cursor.Next()
		if err != nil || !ok {
			return false, err
		}
		f.stretch = s
		f.rows, f.from, f.to = s.Page.Rows, s.From, s.To
		if f.child {
			f.rows, f.from, f.to = s.Page.Child, int(s.Page.Offsets[s.From]), int(s.Page.Offsets[s.To])
		}
		f.keys = f.rows.Keys(f.layout.Table.Order)
	}
	return true, nil
}

// take appends the rows up to end to what Fill returns.
func (f *filler) take(end int) {
	for c, v := range f.out.Vectors {
		v.AppendRows(f.rows.Vectors[c], f.from, end)
	}
	if !f.child {
		f.takeAbsent(f.stretch.Page.Absent, end)
	}
	f.noteUpdated(end)
	f.out.Rows += end - f.from
	f.from = end
}

func (f *filler) takeAbsent(absent []uint8, end int) {
	if absent == nil && f.out.absent == nil {
		return
	}
	f.out.absent = append(f.out.absent, make([]uint8, f.out.Rows-len(f.out.absent))...)
	if absent == nil {
		absent = make([]uint8, f.rows.Rows)
	}
	f.out.absent = append(f.out.absent, absent[f.from:end]...)
}

func (f *filler) noteUpdated(end int) {
	for c, column := range f.layout.Columns {
		if column.Name != "updated_at" || column.Kind != schema.Timestamp || f.rows.Vectors[c] == nil {
			continue
		}
		for _, at := range f.rows.Vectors[c].Nums[f.from:end] {
			f.updated = max(f.updated, at)
		}
	}
}

// Skip leaves out all rows below the key.
func (f *filler) Skip(key schema.Key) error {
	if f.from == f.to || f.keys.Search(f.from, key) >= f.to {
		f.from, f.to = 0, 0
		if err := f.cursor.Seek(key); err != nil {
			return err
		}
		if ok, err := f.next(); !ok {
			return err
		}
	}
	f.from = min(f.to, f.keys.Search(f.from, key))
	return nil
}

// dropGone leaves out the child rows of a page whose column is among the gone.
func dropGone(page *schema.Page, column string, gone map[string]bool) {
	ids := page.Child.Vector(column)
	kept := &schema.Batch{Columns: page.Child.Columns, Vectors: make([]*schema.Vector, len(page.Child.Vectors))}
	for c, v := range page.Child.Vectors {
		kept.Vectors[c] = schema.NewVector(v.Kind)
	}
	offsets := make([]uint32, 1, len(page.Offsets))
	for row := range page.Rows.Rows {
		for i := int(page.Offsets[row]); i < int(page.Offsets[row+1]); i++ {
			if gone[string(ids.Text(i))] {
				continue
			}
			for c, v := range page.Child.Vectors {
				kept.Vectors[c].AppendRows(v, i, i+1)
			}
			kept.Rows++
		}
		offsets = append(offsets, uint32(kept.Rows))
	}
	page.Child, page.Offsets = kept, offsets
}
