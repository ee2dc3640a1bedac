package schema

// Declared returns the catalog of package tables, which this package's own tests cannot import.
var Declared func() *Catalog

// Lookup returns a table of that catalog.
func Lookup(name string) *Table { return Declared().Lookup(name) }
