package query

import (
	"path/filepath"
	"slices"
	"strings"

	"mailerlake/export/dataset"
	"mailerlake/schema"
)

// Dataset is what a text is written for.
type Dataset struct {
	Dir      string // absolute
	Manifest *dataset.Manifest
	Catalog  *schema.Catalog // declares the tables
	Program  string          // that writes, with its version
}

// table is a table that the dataset has.
type table struct {
	*dataset.TableState
	declared *schema.Table
	hashed   []string // columns, in the words of the manifest
}

// tables returns the tables of the dataset, in order of declaration.
func (d Dataset) tables() []table {
	var found []table
	for _, declared := range d.Catalog.Tables() {
		if state := d.Manifest.Table(declared.Name); state != nil {
			found = append(found, table{state, declared, d.hashed(declared.Name)})
		}
	}
	return found
}

func (d Dataset) hashed(table string) []string {
	if d.Manifest.Privacy == nil {
		return nil
	}
	only := dataset.Privacy{Hash: d.Manifest.Privacy.Hash}
	return only.Columns(table)
}

// path returns the path of what is in the dataset, as a pattern that matches nothing else.
func (d Dataset) path(names ...string) string {
	dir := strings.NewReplacer("[", "[[]", "*", "[*]", "?", "[?]").Replace(filepath.ToSlash(d.Dir))
	return strings.TrimSuffix(dir, "/") + "/" + strings.Join(names, "/")
}

// isHashed reports whether a column holds tokens in place of its values. It can be hashed by its name, by its path, or with all
// that is in an object.
func (t table) isHashed(c schema.Column) bool {
	path := strings.ToLower(c.Path)
	return slices.ContainsFunc(t.hashed, func(name string) bool {
		return name == strings.ToLower(c.Name) || name == path || strings.HasPrefix(path, name+".")
	})
}

// column returns the column with a name, nil if the table does not have it or if it is hashed.
func (t table) column(name string) *schema.Column {
	i := slices.IndexFunc(t.Columns, func(c schema.Column) bool { return c.Name == name })
	if i < 0 || t.isHashed(t.Columns[i]) {
		return nil
	}
	return &t.Columns[i]
}

// hasAll reports whether the table has columns that are not hashed.
func (t table) hasAll(names []string) bool {
	return !slices.ContainsFunc(names, func(name string) bool { return t.column(name) == nil })
}

// meaning says what a column holds.
func (t table) meaning(c schema.Column) string {
	if t.isHashed(c) {
		return "token in place of: " + t.declared.Meaning(c)
	}
	return t.declared.Meaning(c)
}
