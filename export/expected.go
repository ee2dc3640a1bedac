package export

import (
	"mailerlake/export/cost"
	"mailerlake/export/scan"
	"mailerlake/schema"
)

// Event is a step of a run.
type Event = scan.Event

// Phase is what a run is doing.
type Phase = scan.Phase

// The phases of a run, in their order. Those from Reading to Committing may come twice: a run has two stages.
const (
	Counting   Phase = "counting" // how much there is to read
	Reading          = scan.Reading
	Comparing  Phase = "comparing"
	Writing    Phase = "writing"
	Committing Phase = "committing"
	Publishing Phase = "publishing"
)

// The phases of other commands.
const (
	Restoring Phase = "restoring"
	Checking  Phase = "checking" // for damage
	Following Phase = "following references"
	Summing   Phase = "summing up" // the dataset, for a report
)

// Expected is about what a run will read.
type Expected struct {
	// Requests and Units are those of the estimate (cost.Estimate), 0 if there is none.
	Requests, Units int64
	Tables          []ExpectedTable // that take requests
}

// ExpectedTable is about what a run will read of one table.
type ExpectedTable struct {
	Name string
	// Rows is how many rows it has, 0 if that is not known. If Rough is set, it is how many the dataset has.
	Rows  int64
	Rough bool
	// Requests and Units are its share of those of the run, not rounded.
	Requests, Units float64
}

// expected puts together what is known about the tables that the run reads.
func (r *run) expected(known *cost.Known) Expected {
	e := Expected{}
	if r.estimated != nil {
		e.Requests, e.Units = r.estimated.Requests, r.estimated.Units
	}
	for _, t := range r.catalog.Needed(r.exports) {
		list, isList := t.Source.(*schema.List)
		if _, single := t.Source.(*schema.Single); !single && !isList {
			continue
		}
		one := ExpectedTable{Name: t.Name}
		if r.estimated != nil {
			c := r.estimated.Table(t.Name)
			one.Requests, one.Units = float64(c.Requests), c.Share
		}
		if !isList || list.Per == nil { // how many rows are in the lists that are read depends on what has moved
			one.Rows, one.Rough = r.rowsOf(t, known)
		}
		e.Tables = append(e.Tables, one)
	}
	return e
}

// rowsOf returns how many rows a list of the account has, as the account says or, roughly, as the dataset does.
func (r *run) rowsOf(t *schema.Table, known *cost.Known) (rows int64, rough bool) {
	if _, single := t.Source.(*schema.Single); single {
		return 1, false
	}
	stored := r.data.Manifest.Table(t.Name)
	switch rows, ok := known.Rows(t); {
	case stored != nil:
		return stored.Rows, true
	case ok:
		return rows, false
	}
	return 0, false
}
