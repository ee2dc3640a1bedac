package pagelog

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"mailerlake/schema"
)

// encoder encodes a page into the sections of a frame.
type encoder struct {
	head       head
	keys, rest []byte // blocks
	lengths    []int  // of the columns' blocks, batch by batch
	numbers    []uint64
}

var encoders = sync.Pool{New: func() any { return new(encoder) }}

// batches returns the rows of a page and those of its children.
func batches(page *schema.Page) []*schema.Batch {
	list := []*schema.Batch{page.Rows}
	for _, child := range page.Children {
		list = append(list, child.Rows)
	}
	return list
}

// encode makes the blocks of a page.
func (e *encoder) encode(page *schema.Page, order []string) error {
	e.head = head{absences: e.head.absences[:0], children: e.head.children[:0], columns: e.head.columns[:0]}
	e.keys, e.rest, e.lengths = e.keys[:0], e.rest[:0], e.lengths[:0]
	if page == nil {
		return nil
	}
	if page.Rows.Rows > 0 && !ascending(page.Rows.Keys(order)) {
		return errors.New("rows of a page are not in key order")
	}
	if err := e.encodeNumbers(page); err != nil {
		return err
	}
	for i, batch := range batches(page) {
		if err := e.encodeBatch(i, batch, order); err != nil {
			return err
		}
	}
	return nil
}

// encodeBatch makes the blocks of a batch's columns.
func (e *encoder) encodeBatch(number int, batch *schema.Batch, order []string) error {
	if batch.Rows > maxRows {
		return fmt.Errorf("page has %d rows, the limit is %d", batch.Rows, maxRows)
	}
	for i, c := range batch.Columns {
		v := batch.Vectors[i]
		if v != nil && v.Size() > maxColumn {
			return fmt.Errorf("page has a column of %d bytes, the limit is %d", v.Size(), maxColumn)
		}
		section := &e.rest
		if inKeys(columnID{number, c}, order) {
			section = &e.keys
		}
		n := len(*section)
		*section = appendVector(*section, v)
		e.lengths = append(e.lengths, len(*section)-n)
	}
	return nil
}

// inKeys reports whether a column is one of those that rows are found by.
func inKeys(c columnID, order []string) bool {
	return c.Required || c.Batch == 0 && slices.Contains(order, c.Name)
}

// encodeNumbers makes the blocks that belong to no column.
func (e *encoder) encodeNumbers(page *schema.Page) error {
	if page.Absent != nil {
		e.keys = appendVarints(e.keys, page.Absent)
		e.head.absent = len(e.keys)
	}
	for _, child := range page.Children {
		if !offsetsFit(&child, page.Rows.Rows) {
			return errors.New("a page's child rows do not fit its rows")
		}
		e.numbers = e.numbers[:0]
		for i := 1; i < len(child.Offsets); i++ {
			e.numbers = append(e.numbers, uint64(child.Offsets[i]-child.Offsets[i-1]))
		}
		n := len(e.keys)
		e.keys = appendVarints(e.keys, e.numbers)
		e.head.children = append(e.head.children, headChild{child.Rows.Rows, len(e.keys) - n})
	}
	return nil
}

// offsetsFit reports whether the offsets divide the child rows among the rows.
func offsetsFit(c *schema.Children, rows int) bool {
	return len(c.Offsets) == rows+1 && c.Offsets[0] == 0 && slices.IsSorted(c.Offsets) && int(c.Offsets[rows]) == c.Rows.Rows
}

// describe makes the head of a page's frame.
func (e *encoder) describe(page *schema.Page, m Mark, c *columns) error {
	h := &e.head
	h.mark = m
	if page == nil {
		return nil
	}
	h.page, h.rows, h.dropped = true, page.Rows.Rows, page.Dropped
	if h.rows > 0 {
		keys := page.Rows.Keys(c.order)
		h.first, h.last = keys.At(0), keys.At(h.rows-1)
	}
	h.absences = countAbsences(page.Absent)
	c.frame++
	for i, batch := range batches(page) {
		for k, column := range batch.Columns {
			number := c.intern(columnID{i, column})
			if !c.meet(number) {
				return errors.New("page has a column twice")
			}
			missing := batch.Missing != nil && batch.Missing[k]
			h.columns = append(h.columns, headColumn{number, e.lengths[len(h.columns)], missing})
		}
	}
	var err error
	h.defines, err = c.describe()
	return err
}
