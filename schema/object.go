package schema

import (
	"slices"
)

// object is a JSON object whose members are looked up by name: a record, or a declared object inside one.
type object struct {
	path    string
	up      *object
	names   map[string]*member
	first   *member   // the member that came first in the previous object
	dynamic []*member // members that nobody declared
	below   []int     // cells of the declared columns in it, at any depth
	inside  []*object
	open    bool          // it has a member for everything that the account defines, null or not, so it is never empty
	child   *childDecoder // of an array that holds the rows of a child table; nil for others
	secret  bool          // what is protected in a child table may be in it
	repeats bool          // it repeats another table's row: only declared members are read, and null is null in all of them

	met    int  // number of the last record that had it
	filled bool // whether it was an object there
}

// role says what happens to a member's value.
type role uint8

const (
	dynamicMember role = iota
	leafMember
	droppedMember
	objectMember
	childMember
)

// member is one name in an object.
type member struct {
	role   role
	name   string
	quoted string  // the name as JSON
	after  *member // the member that followed in the previous object
	object *object // of an object member and a child member
	whole  bool    // of a child member: it is a column as well
	path   string
	cell   int // of a leaf; of a dynamic member in page: its number among the dynamic columns
	page   int // the page that the number is valid for
	guard  pathTreatment
}

// compile turns a declaration into the objects that its records are read into. The records are at a path in the page.
// Cells are numbered like the columns, followed by the second paths in order.
func (d *Decoder) compile(at string) *object {
	t, root := d.table, &object{path: at, names: map[string]*member{}}
	for i, c := range t.Columns {
		if d.own[i] {
			root.leaf(c.Path, i)
		}
	}
	for i, path := range d.second {
		root.leaf(path, len(t.Columns)+i)
	}
	for _, path := range slices.Concat(t.protected.droppedPaths(), t.Skip) {
		root.drop(path) // what is in the place of its objects is judged by the guard
	}
	for _, path := range t.Repeats {
		root.at(path).repeats = true
	}
	for _, path := range t.Expected {
		root.at(path)
	}
	if t.Open != nil {
		root.at(t.Open.Object).open = true
	}
	return root
}

// ownColumns says which columns of a table are read from its records: not those that repeat the parent's key, and the marks.
func ownColumns(t *Table, link *Link) []bool {
	own := make([]bool, len(t.Columns))
	for i, c := range t.Columns {
		own[i] = !c.marked() && (link == nil || !slices.Contains(link.Columns, c.Name))
	}
	return own
}

// split returns the member names of a path below the object.
func (o *object) split(path string) []string {
	return splitBelow(o.path, path)
}

func (o *object) leaf(path string, cell int) {
	names := o.split(path)
	last := len(names) - 1
	for _, name := range names[:last] {
		o.below = append(o.below, cell)
		o = o.enter(name).object
	}
	o.below = append(o.below, cell)
	o.add(names[last], &member{role: leafMember, cell: cell})
}

// drop makes the decoder skip the values of a path. The objects around it stay objects.
func (o *object) drop(path string) {
	names := o.split(path)
	last := len(names) - 1
	for _, name := range names[:last] {
		o = o.enter(name).object
	}
	o.add(names[last], &member{role: droppedMember})
}

// at returns the object at a path, and creates it if it is missing.
func (o *object) at(path string) *object {
	for _, name := range o.split(path) {
		o = o.enter(name).object
	}
	return o
}

// array makes the member at a path the array of a child table; it may be a column as well. secret says that its rows may hold
// what must not be written.
func (o *object) array(path string, c *childDecoder, secret bool) *object {
	var m *member
	for _, name := range o.split(path) {
		m = o.enter(name)
		o = m.object
		o.secret = o.secret || secret
	}
	m.whole = m.role == leafMember
	m.role, o.child = childMember, c
	return o
}

// enter returns the member with a name and an object, and creates what is missing.
func (o *object) enter(name string) *member {
	m := o.names[name]
	if m != nil && m.object != nil {
		return m
	}
	inner := &object{path: JoinPath(o.path, name), up: o, names: map[string]*member{}}
	o.inside = append(o.inside, inner)
	if m == nil {
		m = o.add(name, &member{role: objectMember})
	}
	m.object = inner
	return m
}

func (o *object) add(name string, m *member) *member {
	m.name, m.quoted, m.path = name, string(appendQuoted(nil, []byte(name))), JoinPath(o.path, name)
	o.names[name] = m
	return m
}

// within reports whether o is other or inside it.
func (o *object) within(other *object) bool {
	for ; o != nil; o = o.up {
		if o == other {
			return true
		}
	}
	return false
}

// forget drops the dynamic members, at any depth.
func (o *object) forget() {
	for _, m := range o.dynamic {
		delete(o.names, m.name)
	}
	o.dynamic, o.first = nil, nil
	for _, m := range o.names {
		m.after = nil
	}
	for _, inner := range o.inside {
		inner.forget()
	}
}

// secondPaths returns the paths that share another path's column, sorted.
func secondPaths(t *Table) []string {
	var paths []string
	for path := range t.Same {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	return paths
}
