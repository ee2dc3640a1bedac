package schema

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
)

// Source says where a table's rows come from: List, Single, Nested or Derived.
type Source interface{ link() *Link }

// Link links rows to the rows of a parent table: the table's Columns repeat the columns of the parent's Key, one by
// one.
type Link struct {
	Table   string
	Columns []string
}

// List is a list of the API. With Per it is one list for each row of another table.
type List struct {
	Path   string // below the API's address; {column} stands for the value of a column that repeats the parent's key
	Paging Paging
	// Records is the path of the array of records in the one object that an InObject list comes in. The paths of its columns
	// begin with it, as those of nested rows do.
	Records string
	Params  url.Values // sent with every page
	// Walks are read one after the other; nil means one plain walk. If a row is in several, the last version counts, and
	// the marks of all of them.
	Walks  []Walk
	Limits []int        // page sizes, largest first; if one is refused, the next smaller one is tried
	Counts []url.Values // with limit=0, the counts that together number the rows; nil if the list has no counts
	Item   string       // path of one row, {column} standing for its key; empty if the API has none
	Per    *Link        // nil for one list of the account
	// Of says which rows of the parent have a list; nil if all do.
	Of *Condition
	// Still are columns of the parent. While they stand still, so does the parent's list, and is not read again. Without
	// any, it is always read.
	Still []string
	// Size is a column of the parent that tells about how many rows its list has, all walks together; empty if none does. It
	// is for estimates of cost alone.
	Size string `json:"-"`
	// EndsEmpty says that a list with rows ends with an empty page, not with its last row. It is for estimates of cost, too.
	EndsEmpty bool `json:"-"`
}

// Walk is one reading of a list from its beginning to its end.
type Walk struct {
	Path   string     // in place of the list's, if it is not empty
	Params url.Values // beside the list's
	// Marks is a column that is true in the rows of this walk and false in those of the others; empty if there is none.
	// Its rows are among those of the walks without a mark.
	Marks string
	// Counted is the name of the list's own count (meta.aggregations) of the rows of this walk, which is left out if there
	// are none; empty if it is not counted.
	Counted string
	// Size is a column of the parent that tells about how many rows this walk has; empty if none does. It is for estimates of
	// cost alone.
	Size string `json:"-"`
}

// Condition is met by the rows that have one of some values in a column.
type Condition struct {
	Column string
	Values []string
}

// Single is one object, and so a table of one row.
type Single struct{ Path string }

// Nested rows are the objects of an array in the rows of another table.
type Nested struct {
	In        Link
	Attribute string // path of the array
	// Otherwise is the list to read if no row of the other table has the array; nil if there is none.
	Otherwise *List
}

// Derived rows are derived from the rows of another table, without a request.
type Derived struct {
	From Link
	// Rows derives the rows from a run of the other table's rows, in their order. definitions are the rows of the table
	// that defines its open columns.
	Rows func(from *Batch, definitions []*Batch) Children
}

func (l *List) link() *Link   { return l.Per }
func (*Single) link() *Link   { return nil }
func (n *Nested) link() *Link { return &n.In }
func (d *Derived) link() *Link {
	return &d.From
}

func linkOf(s Source) *Link {
	if s == nil {
		return nil
	}
	return s.link()
}

// InOrder returns the columns in the order that the parent's rows are sorted by.
func (l *Link) InOrder(parent *Table) []string {
	columns := make([]string, len(parent.Order))
	for i, name := range parent.Order {
		columns[i] = l.Columns[slices.Index(parent.Key, name)]
	}
	return columns
}

// Paging is the way a list is paged.
type Paging uint8

const (
	// ByCursor lists are walked by cursor, newest id first, and can be resumed.
	ByCursor Paging = iota + 1
	// ByPage lists are walked by page number and are small.
	ByPage
	// InObject lists are an array inside the one object that is at the list's path, and come with one request.
	InObject
)

// EachWalk returns the walks of the list, with everything that they need to be read.
func (l *List) EachWalk() []Walk {
	if len(l.Walks) == 0 {
		return []Walk{{Path: l.Path, Params: l.Params}}
	}
	walks := slices.Clone(l.Walks)
	for i, w := range walks {
		walks[i].Path, walks[i].Params = cmp.Or(w.Path, l.Path), With(l.Params, w.Params)
	}
	return walks
}

// Sizes returns the columns of the parent that tell about how many rows the list, or one of its walks, has.
func (l *List) Sizes() []string {
	var columns []string
	for _, w := range append([]Walk{{Size: l.Size}}, l.Walks...) {
		if w.Size != "" {
			columns = append(columns, w.Size)
		}
	}
	return columns
}

// Marks reports whether some walks mark rows of others: only all walks together give such a row.
func (l *List) Marks() bool {
	return slices.ContainsFunc(l.Walks, func(w Walk) bool { return w.Marks != "" })
}

// With returns the parameters of both sets; on the same name, more wins.
func With(params, more url.Values) url.Values {
	all := url.Values{}
	for name, values := range params {
		all[name] = values
	}
	for name, values := range more {
		all[name] = values
	}
	return all
}

// Fill replaces {column} in a path by the column's value, escaped, for each of the columns.
func Fill(path string, columns, values []string) string {
	for i, column := range columns {
		path = strings.ReplaceAll(path, "{"+column+"}", url.PathEscape(values[i]))
	}
	return path
}
