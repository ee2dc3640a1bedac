package schema

import (
	"maps"
	"slices"
)

// Layout is the settled shape of a table: the columns of its parts.
type Layout struct {
	Table *Table
	// Columns are the key, the declared columns, Rescued, SyncedAt, and then the custom fields and undeclared attributes in
	// order of first appearance. Columns that later runs find are appended. Paths are unique; so are names, ignoring case.
	Columns []Column
}

// Fix settles the columns of a table and returns those that stored lacks.
//
// stored are the columns of the dataset, nil for a new table or a rewrite. They keep their place and name; one whose
// type has changed becomes String. Without stored, every column gets its current type, and a plain name unless another
// column of this scan has it already. seen are the paths of the Raw columns of all pages, in order of first appearance.
// fields are the types of the account's custom fields by key, whether or not a row has a value. Undeclared columns are
// limited to MaxDynamic; Convert rescues the values of the rest.
func Fix(t *Table, stored []Column, seen []string, fields map[string]Kind) (*Layout, []Column) {
	f := fixing{table: t, taken: reserved(), paths: map[string]bool{}, kinds: fieldPaths(t, fields)}
	for _, c := range stored {
		f.keep(c)
	}
	before := len(f.columns)
	for _, c := range t.Columns {
		f.declare(c)
	}
	f.declare(rescuedDeclaration)
	f.declare(Column{Name: SyncedAt, Kind: Timestamp})
	for _, path := range seen {
		f.discover(path)
	}
	for _, path := range slices.Sorted(maps.Keys(f.kinds)) {
		f.discover(path)
	}
	return &Layout{Table: t, Columns: f.columns}, slices.Clone(f.columns[before:])
}

// fieldPaths returns the types of the custom fields, as protection leaves them, by path.
func fieldPaths(t *Table, fields map[string]Kind) map[string]Kind {
	paths := map[string]Kind{}
	if t.Open == nil {
		return paths
	}
	for key, k := range fields {
		path := JoinPath(t.Open.Object, key)
		switch t.protected.at(path).all {
		case dropped:
			continue
		case hashed:
			k = String
		}
		paths[path] = k
	}
	return paths
}

// fixing is the state of a call of Fix.
type fixing struct {
	table   *Table
	columns []Column
	taken   names
	paths   map[string]bool // identities that have a column
	dynamic int
	kinds   map[string]Kind // of the custom fields
}

// identity identifies a column: by its path, or by its name if mailerlake adds it.
func identity(c Column) string {
	if c.Path != "" {
		return c.Path
	}
	return "\x00" + c.Name
}

func (f *fixing) declared(c Column) (Column, bool) {
	switch identity(c) {
	case identity(rescuedDeclaration):
		return rescuedDeclaration, true
	case "\x00" + SyncedAt:
		return Column{Name: SyncedAt, Kind: Timestamp}, true
	}
	i := slices.IndexFunc(f.table.Columns, func(d Column) bool { return identity(d) == identity(c) })
	if i < 0 {
		return Column{}, false
	}
	return f.table.Columns[i], true
}

// keep appends a stored column; if its type no longer holds, it becomes String.
func (f *fixing) keep(c Column) {
	if d, ok := f.declared(c); ok {
		if c.Kind != d.Kind {
			c.Kind = String
		}
		c.JSON = c.JSON && d.JSON
	} else {
		f.dynamic++
		if k, ok := f.kinds[c.Path]; ok && c.Kind != k {
			c.Kind = String
		}
	}
	f.append(c)
}

func (f *fixing) append(c Column) {
	f.paths[identity(c)] = true
	f.taken.use(c.Name)
	f.columns = append(f.columns, c)
}

// declare appends a declared column unless it is stored. A stored column that was undeclared may have taken its name.
func (f *fixing) declare(c Column) {
	if f.paths[identity(c)] {
		return
	}
	if f.taken[fold(c.Name)] {
		c.Name = f.taken.choose(identity(c), splitPath(identity(c)))
	}
	f.append(c)
}

// discover appends a column for an undeclared path unless it has one or there are too many.
func (f *fixing) discover(path string) {
	if f.paths[path] || f.dynamic >= MaxDynamic {
		return
	}
	k, ok := f.kinds[path]
	if !ok {
		k = String
	}
	f.dynamic++
	f.append(Column{Name: f.taken.choose(path, splitBelow(f.table.array(), path)), Kind: k, Path: path})
}
