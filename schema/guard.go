package schema

import (
	"maps"
	"slices"
	"strings"
)

// treatment says what happens to a protected value. If two apply, the greater wins.
type treatment uint8

const (
	unprotected treatment = iota
	hashed
	dropped
)

// guard holds the protected columns of a table. It does not change once its table is declared.
type guard struct {
	array     string               // path of the array that the table's rows come in, empty if they do not
	names     map[string]treatment // of the protected columns, by folded name
	canonical map[string]treatment // the same, by canonical name
	declared  map[string]treatment // of every declared path
	kinds     map[string]Kind      // of the declared paths that are hashed: the type that writes their values before hashing
	key       []byte
}

// add protects every column that the given name may refer to.
func (g *guard) add(t *Table, given string, f treatment, known []string) error {
	name := canonicalName(given)
	if why := t.checkProtected(name, known); why != "" {
		return &ProtectionError{t.Name + "." + given, why}
	}
	if f == hashed && slices.ContainsFunc(t.Columns, func(c Column) bool { return c.marked() && canonicalName(c.Name) == name }) {
		return &ProtectionError{t.Name + "." + given, "it says by which walk the row was met; drop it instead"}
	}
	if was := g.canonical[name]; was != unprotected && was != f {
		return &ProtectionError{t.Name + "." + given, "it is both dropped and hashed; choose one"}
	}
	g.canonical[name], g.names[fold(name)] = f, f
	return nil
}

// declare returns a declared column as protection leaves it, and false if the column is dropped.
func (g *guard) declare(c Column) (Column, bool) {
	f := unprotected
	if !c.Required {
		f = max(g.byName(c.Path), g.names[fold(c.Name)])
	}
	g.declared[c.Path] = f
	if f == hashed {
		g.kinds[c.Path] = c.Kind
		c.Kind, c.JSON = String, false
	}
	return c, f != dropped
}

// byName finds the treatment of a path by name: any name that its column, or a column of an object around it, could have.
func (g *guard) byName(path string) treatment {
	f, at, members := unprotected, g.array, splitBelow(g.array, path)
	for i, member := range members {
		at = JoinPath(at, member)
		name, _ := sanitise(strings.Join(members[:i+1], "_"))
		f = max(f, g.names[fold(name)], g.names[fold(suffixed(name, at))])
	}
	return f
}

// inside finds the treatment of an array or object by what may be inside it: protected paths and names that begin with its
// own.
func (g *guard) inside(path string) treatment {
	f := unprotected
	for below, is := range g.declared {
		if is > f && strings.HasPrefix(below, path+".") {
			f = is
		}
	}
	name, _ := sanitise(strings.Join(splitBelow(g.array, path), "_"))
	for below, is := range g.names {
		if is > f && strings.HasPrefix(below, fold(name)+"_") {
			f = is
		}
	}
	return f
}

// pathTreatment says what happens to the values at a path.
type pathTreatment struct {
	all       treatment
	container treatment // of an array or object, and of any value in place of a declared object
}

// at looks up a path. Without a guard nothing is protected.
func (g *guard) at(path string) pathTreatment {
	if g == nil {
		return pathTreatment{}
	}
	if f, ok := g.declared[path]; ok {
		return pathTreatment{f, f}
	}
	all := g.byName(path)
	return pathTreatment{all, max(all, g.inside(path))}
}

// of returns the treatment of a value at the path.
func (v pathTreatment) of(raw []byte) treatment {
	if len(raw) > 0 && (raw[0] == '{' || raw[0] == '[') {
		return v.container
	}
	return v.all
}

// droppedPaths returns the declared paths that are dropped.
func (g *guard) droppedPaths() []string {
	if g == nil {
		return nil
	}
	paths := slices.Sorted(maps.Keys(g.declared))
	return slices.DeleteFunc(paths, func(path string) bool { return g.declared[path] != dropped })
}
