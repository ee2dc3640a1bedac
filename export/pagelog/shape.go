package pagelog

import "mailerlake/schema"

// Shape is what a log knows of the declaration of its table.
type Shape struct {
	// Order names the columns that rows are sorted by, the key.
	Order []string
	// Marks are the API paths of the columns that add up: where rows with the same key were met, such a column is true if
	// it is true in any of them. In all other columns the row that was met last counts.
	Marks []string
}

// ShapeOf returns the shape of a table's log.
func ShapeOf(t *schema.Table) Shape { return Shape{Order: t.Order, Marks: t.MarkPaths()} }
