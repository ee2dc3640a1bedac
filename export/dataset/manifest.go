package dataset

import (
	"slices"
	"sort"
	"time"

	"mailerlake/export/part"
	"mailerlake/schema"
)

// Format is the version of manifest and journal that this program writes. It also reads those back to version 2, see older.go;
// the next commit writes them anew.
const Format = 5

// Manifest is the record of a committed state of a dataset.
type Manifest struct {
	Format  int     `json:"format"`
	Program string  `json:"program"` // version of the program that committed
	Account Account `json:"account"`
	// Privacy says which columns are dropped and hashed; nil if none are.
	Privacy *Privacy `json:"privacy,omitempty"`
	// Feed says which changes are kept.
	Feed Feed `json:"feed"`
	// Publication is only in the manifest of a destination whose files differ from those of the dataset: it says how they do.
	Publication *Publication `json:"publication,omitempty"`
	// Snapshot numbers the committed states, from 1.
	Snapshot    int64        `json:"snapshot"`
	CommittedAt time.Time    `json:"committed_at"` // UTC
	Tables      []TableState `json:"tables"`       // sorted by name
}

// Account is the MailerLite account that a dataset was exported from.
type Account struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// TableState is the committed state of one table.
type TableState struct {
	Name string `json:"name"`
	// Key is the primary key, in column order.
	Key []string `json:"key"`
	// Order is the key in the order that rows are sorted by; empty if it is the order of Key.
	Order   []string        `json:"order,omitempty"`
	Columns []schema.Column `json:"columns"`
	Rows    int64           `json:"rows"`
	// Parts are in key order, which differs from the order of their numbers once a part was cut. There is at least one.
	Parts []part.Part `json:"parts"`
	// GreatestUpdatedAt is the greatest updated_at among the rows, nil if the table has no such column or value. UTC.
	GreatestUpdatedAt *time.Time `json:"greatest_updated_at,omitempty"`
	ScanStarted       time.Time  `json:"scan_started,omitzero"` // UTC
	ScanEnded         time.Time  `json:"scan_ended,omitzero"`   // UTC
	// Resumed says that the scan was begun by an earlier run: the rows are as of ScanStarted, not of the commit.
	Resumed bool `json:"resumed,omitempty"`
	// Complete says that the scan met every row, so that deletes were applied.
	Complete bool   `json:"complete"`
	Last     Counts `json:"last_run"` // changes of the last run
	Total    Counts `json:"total"`    // changes of all runs
	// Lists says, for a table that is read from a list for each row of another table, when these lists were read. It is in
	// key order of the other table's rows; nil if that is not known.
	Lists []ListsRead `json:"lists,omitempty"`
	// Counted are the numbers of these lists that the last run which compared them read, and left because they stood still.
	Counted ListCounts `json:"counted,omitzero"`
	// Behind are the keys, in row order, of the other table's rows whose lists could not be read to the end. The next run
	// reads them first.
	Behind []schema.Key `json:"behind,omitempty"`
	// ChangedIn is the snapshot in which the table's rows or columns last changed.
	ChangedIn int64 `json:"changed_in"`
	// CreatedIn is the first snapshot that has the table; 0 if that is not known.
	CreatedIn int64 `json:"created_in,omitempty"`
	// ChangesSince is the earliest snapshot since which all changes are known: they are those in Changes.
	ChangesSince int64 `json:"changes_since"`
	// Changes are the change files, by snapshot. A snapshot that changed no row has none.
	Changes []ChangeFile `json:"changes,omitempty"`
}

// ListsRead says when the lists of a range of rows were read: of those from the end of the range before.
type ListsRead struct {
	// Until is the key that the range ends before; empty for the range of all others.
	Until schema.Key `json:"until,omitempty"`
	// At is a time before the reading: a row stored later may have another list by now. It is zero if the lists were never
	// read.
	At time.Time `json:"at,omitzero"` // UTC
}

// ListCounts are numbers of lists of one table.
type ListCounts struct {
	// Read lists were to be read, because the row that each belongs to is new or has moved.
	Read int64 `json:"to_read"`
	// Still lists were not read again, because their rows stood still: the table's rows stay as they are.
	Still int64 `json:"stood_still"`
}

// Counts are numbers of changed rows.
type Counts struct {
	Added   int64 `json:"added"`
	Changed int64 `json:"changed"`
	Deleted int64 `json:"deleted"`
	// Rebuilt are rows of damaged parts of which nothing could be read: they may have been added or changed, or be as before.
	Rebuilt int64 `json:"rebuilt,omitempty"`
}

// Table returns the state of the table with a name, nil if the dataset has none.
func (m *Manifest) Table(name string) *TableState {
	if m == nil {
		return nil
	}
	if i := slices.IndexFunc(m.Tables, func(t TableState) bool { return t.Name == name }); i >= 0 {
		return &m.Tables[i]
	}
	return nil
}

// Put adds a table's state, or replaces the state of the table with the same name.
func (m *Manifest) Put(t TableState) {
	i := sort.Search(len(m.Tables), func(i int) bool { return m.Tables[i].Name >= t.Name })
	if i < len(m.Tables) && m.Tables[i].Name == t.Name {
		m.Tables[i] = t
		return
	}
	m.Tables = slices.Insert(m.Tables, i, t)
}

// Clone returns a copy that shares no memory with m, nil for nil.
func (m *Manifest) Clone() *Manifest {
	if m == nil {
		return nil
	}
	c := *m
	c.Privacy, c.Publication = m.Privacy.Clone(), m.Publication.Clone()
	c.Tables = slices.Clone(m.Tables)
	for i := range c.Tables {
		c.Tables[i] = c.Tables[i].Clone()
	}
	return &c
}

// RowOrder returns the key columns in the order that rows are sorted by.
func (t *TableState) RowOrder() []string {
	if len(t.Order) == 0 {
		return t.Key
	}
	return t.Order
}

// Part returns the part with a path, nil if the table has none.
func (t *TableState) Part(path string) *part.Part {
	if i := slices.IndexFunc(t.Parts, func(p part.Part) bool { return p.Path == path }); i >= 0 {
		return &t.Parts[i]
	}
	return nil
}

// PartFor returns the index in Parts of the part whose range a key falls into, -1 if the table has no parts.
func (t *TableState) PartFor(key schema.Key) int {
	return sort.Search(len(t.Parts), func(i int) bool { return t.Parts[i].From.Compare(key) > 0 }) - 1
}

// NextPart returns the path of the next new part: its number is one more than the greatest in use.
func (t *TableState) NextPart() string {
	next := 0
	for _, p := range t.Parts {
		next = max(next, p.Number()+1)
	}
	return part.Path(t.Name, next)
}

// Clone returns a copy that shares no memory with t.
func (t *TableState) Clone() TableState {
	c := *t
	c.Key, c.Order, c.Columns = slices.Clone(t.Key), slices.Clone(t.Order), slices.Clone(t.Columns)
	c.Parts = slices.Clone(t.Parts)
	for i := range c.Parts {
		c.Parts[i] = c.Parts[i].Clone()
	}
	c.Lists, c.Behind, c.Changes = slices.Clone(t.Lists), slices.Clone(t.Behind), slices.Clone(t.Changes)
	if t.GreatestUpdatedAt != nil {
		at := *t.GreatestUpdatedAt
		c.GreatestUpdatedAt = &at
	}
	return c
}
