package schema

import "slices"

// The names of sets of tables.
const (
	// SetCore are the tables that are declared as core.
	SetCore = "core"
	// SetDefault are all tables but those that take a request, or more, for each row of a list that is read by cursor: there
	// may be millions of these.
	SetDefault = "default"
	// SetAll are all tables.
	SetAll = "all"
)

// Sets are the names of the sets of tables, the smallest first.
var Sets = []string{SetCore, SetDefault, SetAll}

// Set returns the names of the tables of a set, in the catalog's order; false if there is no such set.
func (c *Catalog) Set(name string) (tables []string, ok bool) {
	for _, t := range c.tables {
		if name == SetAll || name == SetCore && t.Core || name == SetDefault && !t.perCursorRow() {
			tables = append(tables, t.Name)
		}
	}
	return tables, slices.Contains(Sets, name)
}

// perCursorRow reports whether the table has a list for each row of a list that is read by cursor, or comes out of a table
// that has.
func (t *Table) perCursorRow() bool {
	if per := t.PerRow(); per != nil {
		if list, ok := per.Source.(*List); ok && list.Paging == ByCursor {
			return true
		}
	}
	return t.parent != nil && t.parent.perCursorRow()
}

// Needed returns the tables for which do reports true, and all that have to be read for their sake, in the catalog's order.
func (c *Catalog) Needed(do func(*Table) bool) []*Table {
	needed := map[*Table]bool{}
	for _, t := range c.tables {
		if do(t) {
			c.need(t, needed)
		}
	}
	return slices.DeleteFunc(c.Tables(), func(t *Table) bool { return !needed[t] })
}

// need adds a table, and those that are needed to read it, to needed.
func (c *Catalog) need(t *Table, needed map[*Table]bool) {
	if needed[t] {
		return
	}
	needed[t] = true
	if t.parent != nil {
		c.need(t.parent, needed)
	}
	if t.Open != nil {
		c.need(c.Lookup(t.Open.DefinedBy), needed)
	}
}
