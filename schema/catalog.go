package schema

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Catalog is a set of table declarations that fit together.
type Catalog struct{ tables []*Table }

// NewCatalog checks declarations, links each to its parent and children, and returns them as a catalog. It keeps
// copies.
func NewCatalog(tables ...*Table) (*Catalog, error) {
	c := &Catalog{}
	for _, t := range tables {
		own := *t
		if len(own.Order) == 0 {
			own.Order = own.Key
		}
		own.parent, own.children = nil, nil
		c.tables = append(c.tables, &own)
	}
	for _, t := range c.tables {
		if err := c.link(t); err != nil {
			return nil, fmt.Errorf("table %s: %w", t.Name, err)
		}
	}
	for _, t := range c.tables {
		if err := c.check(t); err != nil {
			return nil, fmt.Errorf("table %s: %w", t.Name, err)
		}
	}
	return c, nil
}

// Tables returns all tables, in order of declaration.
func (c *Catalog) Tables() []*Table { return slices.Clone(c.tables) }

// Lookup returns the table with a name, nil if there is none.
func (c *Catalog) Lookup(name string) *Table {
	if i := slices.IndexFunc(c.tables, func(t *Table) bool { return t.Name == name }); i >= 0 {
		return c.tables[i]
	}
	return nil
}

// link sets the parent of a table.
func (c *Catalog) link(t *Table) error {
	link := linkOf(t.Source)
	if link == nil {
		return nil
	}
	if t.parent = c.Lookup(link.Table); t.parent == nil {
		return fmt.Errorf("there is no table %s", link.Table)
	}
	if len(link.Columns) != len(t.parent.Key) {
		return fmt.Errorf("%d columns repeat the key of %s", len(link.Columns), link.Table)
	}
	if !hasOwnRows(t.parent) {
		return fmt.Errorf("the rows of %s are not read by themselves", link.Table)
	}
	nested, ok := t.Source.(*Nested)
	if !ok {
		return nil
	}
	t.parent.children = append(t.parent.children, t)
	if list := nested.Otherwise; list != nil && (list.Per == nil || c.Lookup(list.Per.Table) == nil || !hasOwnRows(c.Lookup(list.Per.Table))) {
		return errors.New("the list to read instead is not one for each row of a table")
	}
	return nil
}

// hasOwnRows reports whether a table's rows are read by themselves, so that other rows can be nested in them or listed for
// each of them.
func hasOwnRows(t *Table) bool {
	switch t.Source.(type) {
	case *List, *Single:
		return true
	}
	return false
}

// check returns what is wrong with a declaration.
func (c *Catalog) check(t *Table) error {
	if slices.Contains(Sets, t.Name) {
		return errors.New("this is the name of a set of tables")
	}
	if t.Source == nil || len(t.Key) == 0 || len(t.Expected) > MaxExpected {
		return fmt.Errorf("no source, no key, or more than %d expected objects", MaxExpected)
	}
	if !slices.Equal(slices.Sorted(slices.Values(t.Key)), slices.Sorted(slices.Values(t.Order))) {
		return errors.New("rows are not sorted by the key")
	}
	names := slices.Clone(t.Key)
	if link := linkOf(t.Source); link != nil {
		names = append(names, link.Columns...)
	}
	if t.Address != "" {
		names = append(names, t.Address)
	}
	for _, r := range t.References {
		names = append(names, r.Column)
		if c.Lookup(r.Table) == nil {
			return fmt.Errorf("column %s refers to a table that does not exist: %s", r.Column, r.Table)
		}
	}
	for _, name := range names {
		if t.column(name) < 0 && !t.isProtected(name) {
			return fmt.Errorf("column %s is not declared", name)
		}
	}
	if t.Child() >= 0 && (len(t.Expected) > 0 || t.Open != nil || len(t.children) > 0) {
		return errors.New("rows that are nested in others cannot have open or expected objects, or children")
	}
	if t.Open != nil && (c.Lookup(t.Open.DefinedBy) == nil || c.Lookup(t.Open.DefinedBy).Defines == nil) {
		return fmt.Errorf("no table %s defines its columns", t.Open.DefinedBy)
	}
	return errors.Join(t.checkNested(), t.checkPaths(), t.checkNames(), t.checkLists())
}

// lists returns the lists that the table's rows can come from.
func (t *Table) lists() []*List {
	switch source := t.Source.(type) {
	case *List:
		return []*List{source}
	case *Nested:
		if source.Otherwise != nil {
			return []*List{source.Otherwise}
		}
	}
	return nil
}

// checkLists checks what lists say about columns: those that walks mark, and those of the parent that tell whether a list is
// to be read.
func (t *Table) checkLists() error {
	for _, list := range t.lists() {
		for _, w := range list.Walks {
			if i := t.column(w.Marks); w.Marks != "" && !t.isProtected(w.Marks) && (i < 0 || !t.Columns[i].marked()) {
				return fmt.Errorf("a walk marks %s, which is not a marked column", w.Marks)
			}
		}
		if (list.Paging == InObject) != (list.Records != "") || list.Paging == InObject && (list.Per == nil || len(list.Walks) > 0) {
			return errors.New("a list inside an object is read once for each row of a table, and says where its records are")
		}
		of := append(slices.Clone(list.Still), list.Sizes()...)
		if list.Of != nil {
			of = append(of, list.Of.Column)
		}
		for _, name := range of {
			if t.parent == nil || t.parent.column(name) < 0 && !t.parent.isProtected(name) {
				return fmt.Errorf("the parent has no column %s", name)
			}
		}
	}
	return nil
}

// checkNames checks that no column is read from what is never written.
func (t *Table) checkNames() error {
	for _, c := range t.Columns {
		for _, name := range splitPath(c.Path) {
			if named([]byte(name), t.Never) {
				return fmt.Errorf("column %s is read from %s, which is never written", c.Name, c.Path)
			}
		}
	}
	return nil
}

// checkNested checks that the columns of rows that are in an array have paths below it.
func (t *Table) checkNested() error {
	array, link := t.array(), linkOf(t.Source)
	if array == "" || link == nil {
		return nil
	}
	for _, column := range t.Columns {
		if !slices.Contains(link.Columns, column.Name) && !strings.HasPrefix(column.Path, array+".") {
			return fmt.Errorf("column %s is not read from %s", column.Name, array)
		}
	}
	return nil
}

// checkPaths checks that no column holds, as JSON text, an object or array whose members are read one by one. Only an array of
// child rows may be a column of JSON text as well.
func (t *Table) checkPaths() error {
	paths := slices.Concat(t.Skip, t.Repeats, t.Expected)
	if t.Open != nil {
		paths = append(paths, t.Open.Object)
	}
	for _, child := range t.children {
		paths = append(paths, child.array())
	}
	for _, path := range paths {
		for _, c := range t.Columns {
			if c.Path == path && t.hasArray(path) && (c.JSON || t.protected != nil) {
				continue
			}
			if c.Path != "" && (path == c.Path || strings.HasPrefix(path, c.Path+".")) {
				return fmt.Errorf("%s is in column %s, which is read whole", path, c.Name)
			}
		}
	}
	return nil
}

// hasArray reports whether the rows of a child table are in the array at a path.
func (t *Table) hasArray(path string) bool {
	return slices.ContainsFunc(t.children, func(child *Table) bool { return child.array() == path })
}

// isProtected reports whether a column may be missing because it is dropped.
func (t *Table) isProtected(name string) bool {
	return t.protected != nil && t.protected.canonical[canonicalName(name)] == dropped
}
