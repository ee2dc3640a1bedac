package export

import (
	"fmt"
	"slices"

	"mailerlake/export/dataset"
	"mailerlake/export/part"
	"mailerlake/schema"
)

// tables are the tables of a run, a parent before the tables that depend on it.
type tables []*table

// choose returns the tables to export and those that are needed to read them.
func choose(catalog *schema.Catalog, exports func(*schema.Table) bool, data *dataset.Dataset, sizes part.Sizes, rewrite bool) tables {
	var chosen tables
	for _, t := range catalog.Needed(exports) {
		chosen = append(chosen, newTable(t, data, sizes, rewrite, !exports(t)))
	}
	return chosen.arranged()
}

// arranged returns the tables in order of their depth below other tables, each linked to its parent.
func (ts tables) arranged() tables {
	var arranged tables
	for depth := 0; len(arranged) < len(ts); depth++ {
		for _, t := range ts {
			if depthOf(t.Table) == depth {
				arranged = append(arranged, t)
			}
		}
	}
	for _, t := range arranged {
		if t.Parent() != nil {
			t.parent = arranged.find(t.Parent().Name)
		}
	}
	return arranged
}

func depthOf(t *schema.Table) int {
	if t.Parent() == nil {
		return 0
	}
	return 1 + depthOf(t.Parent())
}

// find returns a table of the run, nil if it is not read.
func (ts tables) find(name string) *table {
	for _, t := range ts {
		if t.Name == name {
			return t
		}
	}
	return nil
}

// inOrder returns the tables in the order of their declaration.
func (ts tables) inOrder(catalog *schema.Catalog) tables {
	var ordered tables
	for _, declared := range catalog.Tables() {
		if t := ts.find(declared.Name); t != nil {
			ordered = append(ordered, t)
		}
	}
	return ordered
}

// failTogether makes a table fail if its rows are in the same log as those of one that failed.
func (ts tables) failTogether() {
	for _, t := range slices.Backward(ts) { // those furthest below first
		if t.inParent() && t.parent.err == nil && !t.auxiliary {
			t.parent.err = t.err
		}
	}
	for _, t := range ts {
		if t.inParent() && t.err == nil {
			t.err = t.parent.err
		}
	}
}

// inParent reports whether the table's rows are in the log of its parent.
func (t *table) inParent() bool { return t.parent != nil && t.scanned() && t.scan.Nested }

// failed returns an error if there is no table left to export.
func (ts tables) failed() error {
	var first error
	for _, t := range ts {
		switch {
		case t.auxiliary:
		case t.err == nil:
			return nil
		case first == nil:
			first = t.err
		}
	}
	if first == nil {
		return nil
	}
	return fmt.Errorf("no table could be exported: %w", first)
}
