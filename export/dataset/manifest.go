package dataset

import (
	"fmt"
	"path"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"mailerlake/schema"
)

// Format is the version of the manifest that this program writes, and the only one it reads.
const Format = 1

// Manifest is the record of a committed state of a dataset.
type Manifest struct {
	Format  int     `json:"format"`
	Program string  `json:"program"` // version of the program that committed
	Account Account `json:"account"`
	// Privacy says which columns are dropped and hashed; nil if none are.
	Privacy *Privacy `json:"privacy,omitempty"`
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
	// Parts are in key order, which is not that of their numbers once a part was cut; there is at least one.
	Parts []Part `json:"parts"`
	// GreatestUpdatedAt is the greatest updated_at among the rows, nil if the table has no such column or value. UTC.
	GreatestUpdatedAt *time.Time `json:"greatest_updated_at,omitempty"`
	ScanStarted       time.Time  `json:"scan_started,omitzero"` // UTC
	ScanEnded         time.Time  `json:"scan_ended,omitzero"`   // UTC
	// Complete says that the scan met every row, so that deletes were applied.
	Complete bool   `json:"complete"`
	Last     Counts `json:"last_run"` // changes of the last run
	Total    Counts `json:"total"`    // changes of all runs
	// ChangedIn is the snapshot in which the table's rows or columns last changed.
	ChangedIn int64 `json:"changed_in"`
}

// Counts are numbers of changed rows.
type Counts struct {
	Inserted int64 `json:"inserted"`
	Updated  int64 `json:"updated"`
	Deleted  int64 `json:"deleted"`
}

// Part is one Parquet file of a table. Its range goes from From up to the From of the part that follows it.
type Part struct {
	// Path is relative to the dataset, with slashes: "subscriber/part-00000.parquet".
	Path string `json:"path"`
	// From is the lower bound of the part's range, for life; empty for the first part: from the beginning.
	From  schema.Key `json:"from,omitempty"`
	Rows  int64      `json:"rows"`
	Bytes int64      `json:"bytes"`
	// SHA256 is the checksum of the file, in lower-case hexadecimal.
	SHA256 string `json:"sha256"`
	// RowGroups are the file's row groups, none empty; none at all if the part has no rows.
	RowGroups []RowGroup `json:"row_groups,omitempty"`
	// LastKey is the greatest key in the part; empty if the part has no rows.
	LastKey schema.Key `json:"last_key,omitempty"`
}

// RowGroup is one row group of a part.
type RowGroup struct {
	Rows  int64      `json:"rows"`
	First schema.Key `json:"first"` // the key of its first row
}

// Table returns the state of a table, nil if the dataset has none of the name.
func (m *Manifest) Table(name string) *TableState {
	if m == nil {
		return nil
	}
	if i := slices.IndexFunc(m.Tables, func(t TableState) bool { return t.Name == name }); i >= 0 {
		return &m.Tables[i]
	}
	return nil
}

// Put adds a table's state, or replaces the state of the table of the name.
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
	c.Privacy = m.Privacy.Clone()
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

// Part returns the part of the path, nil if the table has none.
func (t *TableState) Part(path string) *Part {
	if i := slices.IndexFunc(t.Parts, func(p Part) bool { return p.Path == path }); i >= 0 {
		return &t.Parts[i]
	}
	return nil
}

// PartFor returns the index in Parts of the part into whose range a key falls, -1 if the table has no parts.
func (t *TableState) PartFor(key schema.Key) int {
	return sort.Search(len(t.Parts), func(i int) bool { return t.Parts[i].From.Compare(key) > 0 }) - 1
}

// NextPart returns the path of the next new part: its number is one more than the greatest in use.
func (t *TableState) NextPart() string {
	next := 0
	for _, p := range t.Parts {
		next = max(next, p.Number()+1)
	}
	return PartPath(t.Name, next)
}

// Clone returns a copy that shares no memory with t.
func (t *TableState) Clone() TableState {
	c := *t
	c.Key, c.Order, c.Columns = slices.Clone(t.Key), slices.Clone(t.Order), slices.Clone(t.Columns)
	c.Parts = slices.Clone(t.Parts)
	for i := range c.Parts {
		c.Parts[i] = c.Parts[i].Clone()
	}
	if t.GreatestUpdatedAt != nil {
		at := *t.GreatestUpdatedAt
		c.GreatestUpdatedAt = &at
	}
	return c
}

// Number returns the number in the part's name, -1 if its path is none of a part.
func (p *Part) Number() int {
	_, number, _ := strings.Cut(strings.TrimSuffix(path.Base(p.Path), partSuffix), partPrefix)
	n, err := strconv.Atoi(number)
	if err != nil {
		return -1
	}
	return n
}

// Clone returns a copy that shares no memory with p.
func (p *Part) Clone() Part {
	c := *p
	c.From, c.LastKey = slices.Clone(p.From), slices.Clone(p.LastKey)
	c.RowGroups = slices.Clone(p.RowGroups)
	for i := range c.RowGroups {
		c.RowGroups[i].First = slices.Clone(c.RowGroups[i].First)
	}
	return c
}

const (
	partPrefix = "part-"
	partSuffix = ".parquet"
)

// PartPath returns the path of a table's part, relative to the dataset, with slashes.
func PartPath(table string, number int) string {
	return fmt.Sprintf("%s/%s%05d%s", table, partPrefix, number, partSuffix)
}
