package merge

import (
	"slices"

	"mailerlake/schema"
)

// GoneParents are rows of another table that were deleted while the lists of their rows were read. What was read of such a
// list is left out, and so is what was nested in its rows.
type GoneParents struct {
	Columns []string     // of the rows of the log: they hold the parent's key
	Keys    []schema.Key // in that order of columns, sorted
}

// named reports whether a column is needed to recognize the rows.
func (g *GoneParents) named(c schema.Column) bool {
	return len(g.Keys) > 0 && slices.Contains(g.Columns, c.Name)
}

// holds reports whether a row belongs to a parent that is gone; parents are the columns that hold the parent's key.
func (g *GoneParents) holds(parents schema.Keys, row int) bool {
	for _, v := range parents {
		if v == nil || v.Null(row) {
			return false
		}
	}
	_, gone := slices.BinarySearchFunc(g.Keys, row, func(key schema.Key, row int) int { return -parents.CompareKey(row, key) })
	return gone
}

// empty removes the child rows nested in those rows of the page that belong to a parent that is gone.
func (g *GoneParents) empty(page *schema.Page, child int) {
	if len(g.Keys) == 0 {
		return
	}
	parents, of := page.Rows.Keys(g.Columns), &page.Children[child]
	kept := schema.Children{Rows: &schema.Batch{}, Offsets: []uint32{0}}
	for row := range page.Rows.Rows {
		if !g.holds(parents, row) {
			kept.Rows.Append(of.Rows, int(of.Offsets[row]), int(of.Offsets[row+1]))
		}
		kept.Offsets = append(kept.Offsets, uint32(kept.Rows.Rows))
	}
	*of = kept
}

// keysNamed returns columns of a batch by their declared names, nil for one that is not there.
func (t *Table) keysNamed(b *schema.Batch, names []string) schema.Keys {
	keys := make(schema.Keys, len(names))
	for i, name := range names {
		if at := t.index(b.Columns, name); at >= 0 {
			keys[i] = b.Vectors[at]
		}
	}
	return keys
}
