package insights

import (
	"context"
	"fmt"
	"slices"

	"mailerlake/export/dataset"
	"mailerlake/export/feed"
	"mailerlake/schema"
)

// table reads some columns of a table.
type table struct {
	data    *dataset.Dataset
	name    string
	state   *dataset.TableState // nil if the dataset lacks it
	columns []int               // to read, their places in the table
	vectors []*schema.Vector    // beside columns
}

func tableOf(d *dataset.Dataset, name string) *table {
	return &table{data: d, name: name, state: d.Manifest.Table(name)}
}

// absent returns why figures that need these columns cannot be computed; empty if they can.
func (t *table) absent(columns ...string) string {
	if t.state == nil {
		return fmt.Sprintf("The table %s is not in the dataset: it was not exported, or the account does not have it.", t.name)
	}
	for _, c := range columns {
		if why := t.lacks(c); why != "" {
			return why
		}
	}
	return ""
}

// lacks returns why a column has no values to count; empty if it has.
func (t *table) lacks(column string) string {
	if why := t.hidden(column); why != "" {
		return why
	}
	switch at := t.place(column); {
	case at < 0:
		return fmt.Sprintf("The dataset has no column %s.%s.", t.name, column)
	case t.state.Columns[at].Kind != kindOf(column):
		return fmt.Sprintf("The column %s.%s has another type in this dataset.", t.name, column)
	}
	return ""
}

// hidden returns how a column was kept out of the dataset; empty if it was not.
func (t *table) hidden(column string) string {
	name, p := t.name+"."+column, t.data.Manifest.Privacy
	switch {
	case p != nil && slices.Contains(p.Drop, name):
		return fmt.Sprintf("The column %s was left out of the export (--drop).", name)
	case p != nil && slices.Contains(p.Hash, name):
		return fmt.Sprintf("The column %s was replaced by tokens (--hash).", name)
	}
	return ""
}

// needed are the columns, other than of text, that a section cannot do without.
var needed = map[string]schema.Kind{"active_count": schema.Int64, "stats_sent": schema.Int64, "opened": schema.Bool, "total_price": schema.Double,
	"created_at": schema.Timestamp, "subscribed_at": schema.Timestamp, "started_at": schema.Timestamp}

func kindOf(column string) schema.Kind {
	if kind, known := needed[column]; known {
		return kind
	}
	return schema.String
}

func (t *table) place(column string) int {
	return slices.IndexFunc(t.state.Columns, func(c schema.Column) bool { return c.Name == column })
}

// column asks for a column; its values are there while rows visits. A column that the table lacks, that has tokens instead of
// values or another type, has no values: see column.
func (t *table) column(name string, kind schema.Kind) *column {
	at := t.place(name)
	if at < 0 || t.state.Columns[at].Kind != kind || t.hidden(name) != "" {
		return nil
	}
	v := schema.NewVector(kind)
	t.columns, t.vectors = append(t.columns, at), append(t.vectors, v)
	return (*column)(v)
}

func (t *table) text(name string) *column  { return t.column(name, schema.String) }
func (t *table) count(name string) *column { return t.column(name, schema.Int64) }
func (t *table) share(name string) *column { return t.column(name, schema.Double) }
func (t *table) when(name string) *column  { return t.column(name, schema.Timestamp) }
func (t *table) flag(name string) *column  { return t.column(name, schema.Bool) }

// rows reads the columns that were asked for, a row group at a time, and calls a function for each row of it.
func (t *table) rows(ctx context.Context, visit func(row int)) error {
	for i := range t.state.Parts {
		if len(t.state.Parts[i].RowGroups) == 0 {
			continue
		}
		if err := t.part(ctx, i, visit); err != nil {
			return err
		}
	}
	return nil
}

func (t *table) part(ctx context.Context, i int, visit func(row int)) error {
	p := &t.state.Parts[i]
	r, err := t.data.OpenPart(ctx, t.state, i)
	if err != nil {
		return feed.InPart(p, err)
	}
	defer r.Close()
	for g := range p.RowGroups {
		if err := ctx.Err(); err != nil {
			return err
		}
		for c, v := range t.vectors {
			if err := r.Read(g, t.columns[c], v); err != nil {
				return feed.InPart(p, err)
			}
		}
		for row := range int(p.RowGroups[g].Rows) {
			visit(row)
		}
	}
	return nil
}

// column is a column of the present row group. A nil one is null in every row.
type column schema.Vector

func (c *column) has(row int) bool { return c != nil && c.Valid[row] }

func (c *column) int(row int) int64 {
	if !c.has(row) {
		return 0
	}
	return c.Nums[row]
}

func (c *column) float(row int) float64 {
	if !c.has(row) {
		return 0
	}
	return (*schema.Vector)(c).Float(row)
}

// text returns a slice of the column's memory; empty where null.
func (c *column) text(row int) []byte {
	if !c.has(row) {
		return nil
	}
	return (*schema.Vector)(c).Text(row)
}

// first returns the first of some instants that is known, in microseconds.
func first(row int, instants ...*column) (micros int64, known bool) {
	for _, c := range instants {
		if c.has(row) {
			return c.int(row), true
		}
	}
	return 0, false
}

// pointer returns a share, nil where null.
func (c *column) pointer(row int) *float64 {
	if !c.has(row) {
		return nil
	}
	f := c.float(row)
	return &f
}
