package scan

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"mailerlake/export/pagelog"
	"mailerlake/schema"
)

// Outcome is what a scan concluded. It is the note at the end of the scan's page log.
type Outcome struct {
	Started time.Time `json:"started"` // the data is as of this time, at the earliest
	Ended   time.Time `json:"ended"`
	// Incomplete says why the scan proves nothing about the rows that it did not meet; empty if it is complete.
	Incomplete string `json:"incomplete,omitempty"`
	// Partial says which parents' rows could not be read to the end. Nothing is known about their other rows; what the
	// scan proves about all other parents stands.
	Partial string `json:"partial,omitempty"`
	// Unavailable says that the account does not have the table, and how the API put it.
	Unavailable string `json:"unavailable,omitempty"`
	// Resumed says that some of it was read by an earlier run.
	Resumed bool `json:"resumed,omitempty"`
	// Childless names the child tables that no row said anything about.
	Childless []string `json:"childless,omitempty"`
	// Failed are the keys of the parents whose rows could not be read, sorted.
	Failed []schema.Key `json:"failed,omitempty"`
	// Stopped says that reading was given up after too many parents had failed.
	Stopped bool `json:"stopped,omitempty"`
	// Left is the key of the first parent whose list was left to a later scan, in key order; nil if none was.
	Left schema.Key `json:"left,omitempty"`
	// Gone are the keys of parents that were deleted while their rows were read.
	Gone []schema.Key `json:"gone,omitempty"`
}

// Result is the scan of one table.
type Result struct {
	Table *schema.Table
	// Log holds the rows: the table's own log, or the log of the table that its rows are nested in.
	Log *pagelog.Log
	// Nested says that the rows are nested in the rows of Log.
	Nested bool
	Outcome
	// Err says why there is no usable scan.
	Err error

	counted tally // what was read, of a table with a list for each row of another

	parent *Result // that holds the rows; nil if Log is the table's own
	lists  *parentLists
	done   chan struct{}
}

// Complete reports whether every row of the account was met.
func (r *Result) Complete() bool {
	return r.Err == nil && r.Incomplete == "" && r.Partial == "" && r.Unavailable == ""
}

// Inside returns the outcome for rows nested in the rows of r. Where r lacks rows of its own, it says so by its name.
func (r *Result) Inside() Outcome {
	o := r.Outcome
	if o.Incomplete != "" && !r.Nested {
		o.Incomplete = r.Table.Name + " is incomplete: " + o.Incomplete
	}
	return o
}

// Read reports whether the rows of a parent were read to the end, which makes the rows that were not met deletable.
func (r *Result) Read(parent schema.Key) bool { return r.Log.Walk(walkOfParent(parent)).Ended }

// FailedFor reports whether the rows of a parent were to be read and were not.
func (r *Result) FailedFor(parent schema.Key) bool {
	if _, failed := slices.BinarySearchFunc(r.Failed, parent, schema.Key.Compare); failed {
		return true
	}
	return r.Stopped && !r.Read(parent)
}

// concluded returns what a log's scan concluded; false if it did not come to its end.
func concluded(log *pagelog.Log) (o Outcome, ok bool, err error) {
	note := log.Conclusion()
	if note == nil {
		return o, false, nil
	}
	if err := json.Unmarshal(note, &o); err != nil {
		return o, false, fmt.Errorf("read the end of the page log: %w", err)
	}
	return o, true, nil
}

// judge completes an outcome by what the log shows. It counts records: one that was read twice counts twice.
func (o *Outcome) judge(t *schema.Table, log *pagelog.Log) {
	stats := log.Stats()
	o.Childless = nil
	for i, path := range t.Expected {
		lacking := int64(0)
		if i < len(stats.Absent) {
			lacking = stats.Absent[i]
		}
		child := childAt(t, path)
		switch {
		case lacking == 0:
		case child != nil && lacking == stats.Rows:
			o.Childless = append(o.Childless, child.Name)
		case o.Incomplete == "":
			o.Incomplete = fmt.Sprintf("%s without %q", count(lacking, "record"), path)
		}
	}
	if stats.Dropped > 0 && o.Incomplete == "" {
		o.Incomplete = count(stats.Dropped, "record") + " without a usable id"
	}
}

// childAt returns the child table whose rows are in the array at a path, nil if there is none.
func childAt(t *schema.Table, path string) *schema.Table {
	for _, child := range t.Children() {
		if nested, ok := child.Source.(*schema.Nested); ok && nested.Attribute == path {
			return child
		}
	}
	return nil
}

// tooFew says that fewer rows were met than there are: "1,000 of 2,300 rows met".
func tooFew(met, want int64) string {
	return fmt.Sprintf("%s of %s met", number(met), count(want, "row"))
}

// count writes a number and its noun: "1 row", "2,300 rows".
func count(n int64, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return number(n) + " " + noun
}

// number writes a number with commas between thousands.
func number(n int64) string {
	digits := fmt.Sprint(n)
	var b strings.Builder
	for i, c := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(c)
	}
	return b.String()
}
