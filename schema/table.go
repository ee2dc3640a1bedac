package schema

import "net/url"

// Column is one column of a table.
type Column struct {
	Name string `json:"name"`
	Kind Kind   `json:"type"`
	// Path is where the API has the value, member names joined by dots (inside a name a dot is written `\.`, a backslash
	// `\\`, and a name without a character `\e`); empty for the columns mailerlake makes.
	Path string `json:"path,omitempty"`
	// JSON says that the text is JSON: an array or an object.
	JSON bool `json:"json,omitempty"`
	// Required columns are never null: the key.
	Required bool `json:"required,omitempty"`
}

// The columns that mailerlake makes, after the declared ones of every table.
const (
	// Rescued holds a JSON object from API path to raw value for what did not fit its column; null mostly.
	Rescued = "_rescued"
	// SyncedAt is when this version of the row was first exported.
	SyncedAt = "_synced_at"
)

// MaxDynamic bounds the columns made for custom fields and undeclared attributes; the rest goes to Rescued.
const MaxDynamic = 1000

// Table declares a table: where its rows come from and what they look like. Declarations are never changed.
type Table struct {
	Name string
	// Key is the primary key, in column order.
	Key []string
	// Order is the key in the order that rows are sorted by.
	Order []string
	// Columns are the key and the declared columns, in order.
	Columns []Column
	// Open names the object whose members are the account's custom fields, each a column; empty if there is none.
	Open string
	// Always names the objects that every row has; where one is missing nothing is known about its columns.
	Always []string
	// Child is the table whose rows come inside this table's rows, nil if there is none.
	Child *Child
	// Parent is the table inside whose rows this table's rows come, nil if it has a list of its own.
	Parent *Table
	Source Source

	// same maps a second path of a value to the path of the column that has it.
	same map[string]string
	// omit names, by the path of a JSON column, members that are left out of each object of its array.
	omit map[string][]string
	// needed names columns that the program itself reads, so that they cannot be protected.
	needed []string
	// guard protects columns, nil if none are.
	guard *guard
}

// Child declares rows that come inside another table's rows: in attribute Attribute (an array of objects), the
// id member of each object gives the key column Column; the parent's key gives ParentColumn.
type Child struct {
	Attribute    string
	Column       string
	ParentColumn string
	Table        *Table
}

// Paging is the way a list is paged.
type Paging uint8

const (
	// ByCursor lists are walked by cursor, newest id first, and can be resumed.
	ByCursor Paging = iota + 1
	// ByPage lists are walked by page number and are small.
	ByPage
)

// Source says where a table's rows come from.
type Source struct {
	Path   string // of the list, below the API's base
	Paging Paging
	Params url.Values   // sent with every page
	Walks  []url.Values // the list is walked once with each, in this order; nil is one plain walk
	Limits []int        // page sizes, largest first; a smaller one is tried where a larger is refused
	Counts []url.Values // with limit=0, the counts that together number the rows; nil if the list has no counts
	Item   string       // path of one row, {id} standing for its key; empty if the API has none
	After  bool         // read after the cursor lists, so that what their rows refer to is known
}
