package schema

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"mailerlake/schema/spelling"
)

// Protection lists the columns of a table whose values must not be written. A column is given by its name in the dataset
// or by its API path, in upper or lower case. The name of the Open object covers all custom fields.
type Protection struct {
	// Drop lists the columns to leave out, as if the API had not sent them.
	Drop []string
	// Hash lists the columns whose values are replaced by tokens (see Token). They become String.
	Hash []string
	// Key is the key of the tokens. It is needed only if columns are hashed.
	Key []byte
	// Known lists undeclared columns that may be protected because the dataset has or had them. Any other undeclared
	// column is refused as a misspelling, except custom fields, which may appear at any time.
	Known []string
}

// ProtectionError says why a column cannot be dropped or hashed.
type ProtectionError struct {
	Column string // table and column, as given
	Why    string
}

func (e *ProtectionError) Error() string { return fmt.Sprintf("protect %s: %s", e.Column, e.Why) }

// Protect returns the catalog with protections, given by table name, applied: dropped columns are gone and do
// not come back as undeclared attributes, hashed columns hold text. A Decoder of such a table lets no protected value
// through: not in a column, not in Rescued and not inside another value. If a name may refer to several attributes, all
// of them are protected. Keys, child rows and columns that the program reads itself cannot be protected: the error is
// then a *ProtectionError.
func (c *Catalog) Protect(by map[string]Protection) (*Catalog, error) {
	tables := c.tables
	every, _ := c.Set(SetAll)
	for _, name := range slices.Sorted(maps.Keys(by)) {
		if !slices.Contains(every, name) {
			return nil, &ProtectionError{name, "there is no such table" + spelling.DidYouMean(name, "", every)}
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
	for _, t := range out {
		if err := t.checkTogether(out); err != nil {
			return nil, err
		}
	}
	return NewCatalog(out...)
}

// checkTogether checks that a protection does not take away what another table is read by, and that nothing of it is left in a
// column of another table.
func (t *Table) checkTogether(tables []*Table) error {
	link := linkOf(t.Source)
	if link == nil {
		return nil
	}
	above := tables[slices.IndexFunc(tables, func(other *Table) bool { return other.Name == link.Table })]
	for _, list := range t.lists() {
		if list.Of != nil && list.Per == link && above.protects(list.Of.Column) {
			return &ProtectionError{above.Name + "." + list.Of.Column, "it says for which rows " + t.Name + " is read"}
		}
	}
	whole := slices.IndexFunc(above.Columns, func(c Column) bool { return c.Path == t.array() && c.JSON })
	if drop, hash, _ := t.Protected(); whole >= 0 && t.array() != "" && len(drop)+len(hash) > 0 {
		return &ProtectionError{t.Name + "." + slices.Concat(drop, hash)[0], fmt.Sprintf("%s.%s has it too; drop that column as well", above.Name, above.Columns[whole].Name)}
	}
	return nil
}

// protects reports whether a column is dropped or hashed.
func (t *Table) protects(column string) bool {
	return t.protected != nil && t.protected.canonical[canonicalName(column)] != unprotected
}

// Protected returns the names of the dropped and the hashed columns, in lower case, sorted and without duplicates. check
// shows whether two runs hash with the same key, without revealing it; it is empty if nothing is hashed.
func (t *Table) Protected() (drop, hash []string, check string) {
	if t.protected == nil {
		return nil, nil, ""
	}
	for _, name := range slices.Sorted(maps.Keys(t.protected.canonical)) {
		if t.protected.canonical[name] == dropped {
			drop = append(drop, name)
		} else {
			hash = append(hash, name)
			check = KeyCheck(t.protected.key)
		}
	}
	return drop, hash, check
}

// Unmet returns the protected custom fields that the account does not have. fields are the keys of the fields that it
// has.
func (t *Table) Unmet(fields []string) []string {
	drop, hash, _ := t.Protected()
	return slices.DeleteFunc(slices.Concat(drop, hash), func(name string) bool {
		alone := &guard{names: map[string]treatment{fold(name): dropped}}
		return t.Open == nil || !strings.HasPrefix(name, canonicalName(t.openObject())+"_") ||
			slices.ContainsFunc(fields, func(key string) bool { return alone.byName(JoinPath(t.Open.Object, key)) == dropped })
	})
}

// MeantField ends a message about a protected custom field that the account does not have: with the one that was probably
// meant, empty if there is none. column is one of Unmet's, fields are the keys of the fields that the account has.
func (t *Table) MeantField(column string, fields []string) string {
	var columns []string
	for _, key := range fields {
		columns = append(columns, canonicalName(JoinPath(t.Open.Object, key)))
	}
	return spelling.DidYouMean(column, t.Name+".", columns)
}

// protect returns a copy of the table with the protection applied.
func (t *Table) protect(p Protection) (*Table, error) {
	out := *t
	if len(p.Drop)+len(p.Hash) == 0 {
		return &out, nil
	}
	g := &guard{array: t.array(), names: map[string]treatment{}, canonical: map[string]treatment{}, declared: map[string]treatment{}, kinds: map[string]Kind{}, key: p.Key}
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
		return nil, &ProtectionError{t.Name + "." + p.Hash[0], "hashing needs a key; set one, or drop the column instead"}
	}
	out.protected, out.Columns, out.Same = g, nil, map[string]string{}
	for _, c := range t.Columns {
		if c, kept := g.declare(c); kept {
			out.Columns = append(out.Columns, c)
		}
	}
	for second, path := range t.Same {
		g.declared[second], g.kinds[second] = g.declared[path], g.kinds[path]
		if g.declared[path] != dropped {
			out.Same[second] = path
		}
	}
	return &out, nil
}

// canonicalName returns the one form that all spellings of a column's name share.
func canonicalName(name string) string {
	name, _ = sanitise(strings.Join(splitPath(name), "_"))
	return strings.ToLower(name)
}

// checkProtected says why the column of a canonical name cannot be protected; empty if it can be.
func (t *Table) checkProtected(name string, known []string) string {
	is := func(other string) bool { return canonicalName(other) == name }
	i := slices.IndexFunc(t.Columns, func(c Column) bool { return is(c.Name) || is(c.Path) })
	switch {
	case name == Rescued || name == SyncedAt:
		return "mailerlake makes this column itself; it never holds protected values"
	case t.derived():
		return "it is made of another table's columns; drop or hash it there"
	case i >= 0 && t.Columns[i].Required:
		return "it is part of the key, which cannot be dropped or hashed"
	case i >= 0 && slices.Contains(t.ParentColumns(), t.Columns[i].Name):
		return "it links the rows to those of another table"
	case i >= 0 && t.Defines != nil && (t.Columns[i].Name == t.Defines.Key || t.Columns[i].Name == t.Defines.Type):
		return "mailerlake reads the types of the custom fields from it"
	case i >= 0 || slices.ContainsFunc(known, is):
		return ""
	case t.Open != nil && name != "" && (is(t.Open.Object) || strings.HasPrefix(name, canonicalName(t.openObject())+"_")):
		return ""
	}
	return "there is no such column" + t.meant(name, known)
}

// meant ends the error about a column that does not exist: with the one that was probably meant, if there is one.
func (t *Table) meant(name string, known []string) string {
	names := slices.Clone(known)
	for _, c := range t.Columns {
		names = append(names, c.Name)
	}
	if column := spelling.DidYouMean(name, t.Name+".", names); column != "" || t.Open == nil {
		return column
	}
	custom := canonicalName(t.openObject()) + "_"
	var fields []string
	for _, column := range known {
		if field, ok := strings.CutPrefix(canonicalName(column), custom); ok {
			fields = append(fields, field)
		}
	}
	if field := spelling.DidYouMean(name, t.Name+"."+custom, fields); field != "" {
		return field
	}
	return fmt.Sprintf("; if it is a custom field, its column is %s.%s%s", t.Name, custom, name)
}

// derived reports whether the table's rows are made of another table's.
func (t *Table) derived() bool {
	_, ok := t.Source.(*Derived)
	return ok
}
