package schema

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Protection says which columns of one table are kept from everything that is written. Columns are named as the dataset
// names them or by their API path, in any case; the name of the Open object stands for all custom fields.
type Protection struct {
	// Drop names the columns that are left out, as if the API had not sent them.
	Drop []string
	// Hash names the columns whose values are replaced by tokens (see Token); they become String.
	Hash []string
	// Key is what tokens are made with; not needed where nothing is hashed.
	Key []byte
	// Known names columns that may be protected though nobody declared them, because the dataset has or had them. Others
	// are taken for spelling mistakes and refused, but for custom fields, which may appear at any time.
	Known []string
}

// ProtectionError says that a column cannot be dropped or hashed.
type ProtectionError struct {
	Column string // table and column as they were given
	Why    string
}

func (e *ProtectionError) Error() string { return fmt.Sprintf("protect %s: %s", e.Column, e.Why) }

// Protect returns the catalog with protections applied, by table name: dropped columns are gone and are not found anew
// as undeclared attributes, hashed ones hold text. A Decoder of such a table lets no protected value pass: not into a
// column, not into Rescued, and not inside a value that may hold it. Where a name may mean several attributes, all are
// protected. Keys, child rows, and what the program itself needs cannot be; that is a *ProtectionError.
func (c *Catalog) Protect(by map[string]Protection) (*Catalog, error) {
	tables := c.tables
	for _, name := range slices.Sorted(maps.Keys(by)) {
		if !slices.ContainsFunc(tables, func(t *Table) bool { return t.Name == name }) {
			return nil, &ProtectionError{name, "there is no such table"}
		}
	}
	out := make([]*Table, len(tables))
	for i, t := range tables {
		protected, err := t.protect(by[t.Name])
		if err != nil {
			return nil, err
		}
		out[i] = protected
	}
	return NewCatalog(out...)
}

// Protected returns the names of the columns that are dropped and hashed: in lower case, sorted, each once. Check tells
// one key from another, and nothing else of it; empty if nothing is hashed.
func (t *Table) Protected() (drop, hash []string, check string) {
	if t.protected == nil {
		return nil, nil, ""
	}
	for _, name := range slices.Sorted(maps.Keys(t.protected.canonical)) {
		if t.protected.canonical[name] == dropped {
			drop = append(drop, name)
		} else {
			hash = append(hash, name)
			check = Token(t.protected.key, []byte("mailerlake: is this the key?"))
		}
	}
	return drop, hash, check
}

// Unmet returns the protected names of custom fields that none of the account's custom fields, given by key, may have.
func (t *Table) Unmet(fields []string) []string {
	drop, hash, _ := t.Protected()
	return slices.DeleteFunc(slices.Concat(drop, hash), func(name string) bool {
		alone := &guard{names: map[string]fate{fold(name): dropped}}
		return t.Open == nil || !strings.HasPrefix(name, canonicalName(t.openObject())+"_") ||
			slices.ContainsFunc(fields, func(key string) bool { return alone.named(joinPath(t.Open.Object, key)) == dropped })
	})
}

// protect returns a copy of the declaration, without what is dropped.
func (t *Table) protect(p Protection) (*Table, error) {
	out := *t
	if len(p.Drop)+len(p.Hash) == 0 {
		return &out, nil
	}
	g := &guard{names: map[string]fate{}, canonical: map[string]fate{}, exact: map[string]fate{}, kinds: map[string]Kind{}, key: p.Key}
	for _, name := range p.Drop {
		if err := g.add(t, name, dropped, p.Known); err != nil {
			return nil, err
		}
	}
	for _, name := range p.Hash {
		if err := g.add(t, name, hashed, p.Known); err != nil {
			return nil, err
		}
	}
	if len(p.Hash) > 0 && len(p.Key) == 0 {
		return nil, &ProtectionError{t.Name + "." + p.Hash[0], "there is no key to hash with"}
	}
	out.protected, out.Columns, out.Same = g, nil, map[string]string{}
	for _, c := range t.Columns {
		if c, kept := g.declare(c); kept {
			out.Columns = append(out.Columns, c)
		}
	}
	for second, path := range t.Same {
		g.exact[second], g.kinds[second] = g.exact[path], g.kinds[path]
		if g.exact[path] != dropped {
			out.Same[second] = path
		}
	}
	return &out, nil
}

// canonicalName returns the name that all spellings of a column have in common.
func canonicalName(name string) string {
	name, _ = sanitise(strings.Join(splitPath(name), "_"))
	return strings.ToLower(name)
}

// checkProtected says why a column of a canonical name cannot be protected; empty if it can.
func (t *Table) checkProtected(name string, known []string) string {
	is := func(other string) bool { return canonicalName(other) == name }
	i := slices.IndexFunc(t.Columns, func(c Column) bool { return is(c.Name) || is(c.Path) })
	switch {
	case name == Rescued || name == SyncedAt:
		return "mailerlake makes this column itself; protected values never get into it"
	case i >= 0 && t.Columns[i].Required:
		return "it is part of the key, which has to stay"
	case i >= 0 && slices.Contains(t.ParentColumns(), t.Columns[i].Name):
		return "it ties the rows to those of another table"
	case i >= 0 && t.Defines != nil && (t.Columns[i].Name == t.Defines.Key || t.Columns[i].Name == t.Defines.Type):
		return "the types of the custom fields are read from it"
	case i >= 0 || slices.ContainsFunc(known, is):
		return ""
	case t.Open != nil && name != "" && (is(t.Open.Object) || strings.HasPrefix(name, canonicalName(t.openObject())+"_")):
		return ""
	}
	return fmt.Sprintf("there is no such column; is it %s?", t.nearest(name))
}

// nearest returns the name of the declared column whose spelling is closest.
func (t *Table) nearest(name string) string {
	return slices.MinFunc(t.Columns, func(a, b Column) int { return distance(a.Name, name) - distance(b.Name, name) }).Name
}

// distance counts the bytes to insert, delete or change to get from one text to another.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0] // of the row above, one to the left
		row[0] = i + 1
		for j := range len(b) {
			change := before
			if a[i] != b[j] {
				change++
			}
			before = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
