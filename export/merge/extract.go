package merge

import (
	"context"
	"slices"

	"mailerlake/export/pagelog"
	"mailerlake/schema"
)

// pageRows is the greatest number of rows in a page of extracted rows.
const pageRows = 1000

// Extract copies the rows of table t, which are nested in the rows of another table's log, into an empty log of their
// own. It reads only the last version of each row of the other table, and leaves out those that were read for a parent
// that is gone. It is for tables whose rows are not in the order of their parents.
func Extract(ctx context.Context, scratch, from *pagelog.Log, t *schema.Table, gone GoneParents) error {
	child := t.Child()
	want := func(c int, column schema.Column) bool {
		return c == child || c < 0 && (column.Required || gone.named(column))
	}
	cursor := pagelog.NewCursor(ctx, from, want, func(page *schema.Page) error {
		if child < len(page.Children) {
			t.Link(page)
			gone.empty(page, child)
		}
		return nil
	})
	cursor.Reuse()
	e := extraction{scratch, t, &schema.Batch{}}
	for {
		run, ok, err := cursor.Next()
		if err != nil {
			return err
		}
		if !ok {
			return e.flush(true)
		}
		if child >= len(run.Page.Children) {
			continue
		}
		c := &run.Page.Children[child]
		if err := e.add(c.Rows, int(c.Offsets[run.From]), int(c.Offsets[run.To])); err != nil {
			return err
		}
	}
}

type extraction struct {
	log   *pagelog.Log
	table *schema.Table
	page  *schema.Batch // not sorted yet
}

// add adds rows [from, to) of a batch.
func (e *extraction) add(b *schema.Batch, from, to int) error {
	for from < to {
		end := min(to, from+pageRows-e.page.Rows)
		e.page.Append(b, from, end)
		from = end
		if e.page.Rows == pageRows {
			if err := e.flush(false); err != nil {
				return err
			}
		}
	}
	return nil
}

// flush appends the rows collected to the log as a page.
func (e *extraction) flush(end bool) error {
	var page *schema.Page
	if e.page.Rows > 0 {
		page = &schema.Page{Rows: sorted(e.page, e.page.Keys(e.table.Order))}
	}
	e.page = &schema.Batch{}
	return e.log.Append(page, pagelog.Mark{Walk: "rows", End: end})
}

// sorted returns rows in the order of their keys; of rows with the same key, only the last.
func sorted(b *schema.Batch, keys schema.Keys) *schema.Batch {
	order := make([]int, b.Rows)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return keys.Compare(i, keys, j) })
	out := &schema.Batch{Columns: b.Columns, Missing: b.Missing, Vectors: make([]*schema.Vector, len(b.Vectors))}
	for c := range out.Vectors {
		out.Vectors[c] = schema.NewVector(b.Columns[c].Kind)
	}
	for k, row := range order {
		if k+1 < len(order) && keys.Compare(row, keys, order[k+1]) == 0 {
			continue
		}
		for c, v := range b.Vectors {
			out.Vectors[c].AppendRows(v, row, row+1)
		}
		out.Rows++
	}
	return out
}
