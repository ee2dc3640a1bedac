package feed

import (
	"slices"

	"mailerlake/schema"
)

// The columns that change files begin with.
const (
	ChangeColumn    = "_change"
	SnapshotColumn  = "_snapshot"
	ChangedAtColumn = "_changed_at"
)

// ownColumns is how many columns a change file has before those of the key.
const ownColumns = 3

// What the column _change says.
const (
	inserted     = "insert"
	updated      = "update"
	deleted      = "delete"
	updateBefore = "update_before"
	updateAfter  = "update_after"
)

// Table is the table that changes are of.
type Table struct {
	Name    string
	Order   []string // the columns of the key, in the order that rows are sorted by
	Columns []schema.Column
}

// fileColumns returns the columns of a change file, and beside those of the table their places in it.
func (t *Table) fileColumns(history bool) (columns []schema.Column, places []int) {
	columns = []schema.Column{{Name: ChangeColumn, Kind: schema.String, Required: true},
		{Name: SnapshotColumn, Kind: schema.Int64, Required: true}, {Name: ChangedAtColumn, Kind: schema.Timestamp, Required: true}}
	for _, name := range t.Order {
		at := slices.IndexFunc(t.Columns, func(c schema.Column) bool { return c.Name == name })
		columns, places = append(columns, t.Columns[at]), append(places, at)
	}
	for at, c := range t.Columns {
		if history && !slices.Contains(t.Order, c.Name) {
			columns, places = append(columns, c), append(places, at)
		}
	}
	return columns, places
}
