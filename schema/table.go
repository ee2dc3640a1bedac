package schema

import (
	"slices"
	"strings"
)

// Column is one column of a table.
type Column struct {
	Name string `json:"name"`
	Kind Kind   `json:"type"`
	// Path is where the API has the value: member names joined by dots (inside a name, a dot is written `\.` and a
	// backslash `\\`; an empty name is written `\e`). A name in braces stands for a part of the request. Path is
	// empty for the columns that mailerlake adds.
	Path string `json:"path,omitempty"`
	// JSON says that the text is JSON: an array or an object.
	JSON bool `json:"json,omitempty"`
	// Required columns are never null: the key.
	Required bool `json:"required,omitempty"`
}

// The columns that mailerlake adds, after the declared ones of every table.
const (
	// Rescued holds a JSON object from API path to raw value for what did not fit its column; it is mostly null.
	Rescued = "_rescued"
	// SyncedAt is when this version of the row was first exported.
	SyncedAt = "_synced_at"
)

// MaxDynamic bounds the columns made for custom fields and undeclared attributes; the rest goes to Rescued.
const MaxDynamic = 1000

// MaxExpected bounds the objects that a table expects in every row.
const MaxExpected = 64

// Table declares a table: what its rows look like and where they come from. It says everything that is particular about
// the table; nothing else in the program knows a table by name. A declaration is used through a Catalog, and is never
// changed once it is in one.
type Table struct {
	Name string
	// About says what a row is, and Means what each declared column means, by name, with its unit: text for people.
	About string            `json:"-"`
	Means map[string]string `json:"-"`
	// Core tables are the heart of the account: its subscribers, and what they are sent and sorted by.
	Core bool `json:"-"`
	// Key is the primary key, in column order.
	Key []string
	// Order names the columns of the key in the order that rows are sorted by; empty if it is the order of Key. Rows
	// that are nested in another table's rows need not be sorted if it begins with the columns of the parent's key.
	Order []string
	// Columns are the key and the declared columns, in order.
	Columns []Column
	Source  Source
	// Open is the object whose members are columns that the account defines, nil if there is none.
	Open *Open
	// Defines is set on a table whose rows define the columns of other tables.
	Defines *Definitions
	// Expected names the objects that every row has, at most MaxExpected. If a row lacks one, nothing is known about
	// its columns.
	Expected []string
	// Address is set on a table whose rows are people: the column with their e-mail address. Rows that refer to theirs, and
	// rows that refer to these, are about the same person.
	Address string
	// References are the columns whose values are keys of other tables' rows.
	References []Reference
	// Closed tables keep declared attributes only: everything else in their records repeats another table's rows.
	Closed bool
	// Sparse tables have rows of several types, whose records have different attributes: one that no record has is null, and
	// not missing.
	Sparse bool
	// Never names what is never written, logged or staged: secrets. Members with one of these names, in upper or lower case,
	// are left out wherever they are in a record, also inside of what is kept as JSON text.
	Never []string
	// Optional tables may be missing from an account: 403, 404 or 422 in answer to their list means that the account
	// does not have them, and is not a failure.
	Optional bool
	// Same maps a second path of a value to the path of the column that has it.
	Same map[string]string
	// Skip are the paths of attributes that are not read: only some answers have them, or another table has them.
	Skip []string
	// Repeats are the paths of objects that repeat another table's row: of their members only the declared columns are
	// read. Such an object that is null is one whose columns are null.
	Repeats []string
	// Omit names, by the path of a JSON column, the members to leave out of each object of its array.
	Omit map[string][]string
	// IDs are the paths of the JSON columns whose arrays repeat other tables' rows: of each object only its id is kept.
	IDs []string

	parent    *Table
	children  []*Table
	protected *guard
}

// Open says which object of a record holds columns that the account defines.
type Open struct {
	Object    string // its path
	DefinedBy string // the table whose rows define them
}

// Definitions says how the rows of a table define columns: Key names the column that holds a member's name, Type the one
// that holds its type, and Kinds gives the column type of each type that is not text.
type Definitions struct {
	Key, Type string
	Kinds     map[string]Kind
}

// Reference says that a column's values are keys of another table's rows. If their key has several columns, the value is
// the last of them, and Within names this table's columns that hold the others, in order. Loose references may lead to rows
// that the other table does not have: MailerLite keeps rows about what it does not list, or not any more.
type Reference struct {
	Column string
	Table  string
	Within []string
	Loose  bool
}

// Parent returns the table that the table's rows come from or belong to, nil if there is none.
func (t *Table) Parent() *Table { return t.parent }

// Children returns the tables whose rows are nested in the table's rows, in the order of Page.Children.
func (t *Table) Children() []*Table { return t.children }

// Child returns the table's place among its parent's Children, -1 if its rows are not nested in other rows.
func (t *Table) Child() int {
	if t.parent == nil {
		return -1
	}
	return slices.Index(t.parent.children, t)
}

// PerRow returns the table for each of whose rows the table has a list of its own, nil if it has none: what it costs to read
// grows with those rows.
func (t *Table) PerRow() *Table {
	if list, ok := t.Source.(*List); ok && list.Per != nil {
		return t.parent
	}
	return nil
}

// MarkPaths returns the paths of the columns that the walks mark. Of rows with the same key they add up: such a column is
// true if it is true in any of the rows.
func (t *Table) MarkPaths() []string {
	var paths []string
	for _, c := range t.Columns {
		if c.marked() {
			paths = append(paths, c.Path)
		}
	}
	return paths
}

// marked reports whether walks mark the column.
func (c Column) marked() bool { return c.Kind == Bool && c.given() }

// given reports whether the column's value comes with the request, not in the answer.
func (c Column) given() bool { return strings.HasPrefix(c.Path, "{") }

// ParentColumns returns the columns that repeat the parent's key, in the order of the parent's Order; nil without a
// parent.
func (t *Table) ParentColumns() []string {
	link := linkOf(t.Source)
	if link == nil {
		return nil
	}
	return link.InOrder(t.parent)
}

// Watched reports whether the table has a list for each of some rows of its parent, which are chosen by what they hold and
// by whether they stand still.
func (t *Table) Watched() bool {
	list, ok := t.Source.(*List)
	return ok && list.Per != nil && (len(list.Still) > 0 || list.Of != nil)
}

// FansOut reports whether the table has watched lists, or comes out of one that has, and need not be read before a table that
// its key refers to. Such lists take longer to read than all other tables.
func (t *Table) FansOut() bool {
	if !t.Watched() {
		return t.parent != nil && t.parent.FansOut()
	}
	return !slices.ContainsFunc(t.References, func(r Reference) bool { return r.Table != t.parent.Name && slices.Contains(t.Key, r.Column) })
}

// FollowsParent reports whether rows sorted by the table's order are also in the order of their parents.
func (t *Table) FollowsParent() bool {
	columns := t.ParentColumns()
	return columns != nil && t.SortedBy(columns)
}

// SortedBy reports whether the table's rows are sorted by some columns first.
func (t *Table) SortedBy(columns []string) bool {
	return len(columns) <= len(t.Order) && slices.Equal(columns, t.Order[:len(columns)])
}

// KeysInOrder returns columns for the table's key alone, in the order that rows are sorted by.
func (t *Table) KeysInOrder() []Column {
	columns := make([]Column, len(t.Order))
	for i, name := range t.Order {
		columns[i] = Column{Name: name, Kind: String, Required: true}
	}
	return columns
}

// column returns the place of the column with a name in Columns, -1 if there is none.
func (t *Table) column(name string) int {
	return slices.IndexFunc(t.Columns, func(c Column) bool { return c.Name == name })
}

// array returns the path of the array that the table's rows come in, empty if they are not inside other records.
func (t *Table) array() string {
	switch source := t.Source.(type) {
	case *Nested:
		return source.Attribute
	case *List:
		return source.Records
	}
	return ""
}

// openObject returns the path of the open object, empty if there is none.
func (t *Table) openObject() string {
	if t.Open == nil {
		return ""
	}
	return t.Open.Object
}
