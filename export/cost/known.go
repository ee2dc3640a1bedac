package cost

import (
	"slices"

	"mailerlake/export/dataset"
	"mailerlake/schema"
)

// Known is what is known about an account, or a dataset, before a run.
type Known struct {
	tables map[string]*facts
	stored *dataset.Manifest // that the account was compared with; nil if it was with none
}

// unknown stands for a number of rows that nothing tells.
const unknown = -1

// facts are what is known about one table. They are written by one goroutine, and read when all have ended.
type facts struct {
	rows   float64   // of a table of the account's own; may be unknown
	walks  []float64 // rows of each walk of its list; nil if they are not known
	counts []int64   // beside schema.List.Counts; nil if they were not asked for
	seen   *schema.Batch
	whole  bool // seen are all its rows

	samples []sample // of the lists that the table has for each row of another
	moves   []move   // of the seen rows of that other table; nil if they were not compared

	unavailable string // why the account does not have it
	err         error  // why nothing is known
}

// move says what has become of a row since its list was read.
type move int

const (
	still move = iota
	moved      // its list may have changed
	added      // it was not there
)

// sample is the list of one row.
type sample struct {
	row   int       // among the seen rows of the parent
	walks []float64 // rows of each walk; unknown for those that were not asked for
}

// of returns the facts about a table, which may be empty.
func (k *Known) of(t *schema.Table) *facts {
	if f := k.tables[t.Name]; f != nil {
		return f
	}
	return &facts{rows: unknown}
}

// Unavailable returns why the account does not have a table, empty if it does or that is not known.
func (k *Known) Unavailable(t *schema.Table) string {
	for ; t != nil; t = t.Parent() {
		if why := k.of(t).unavailable; why != "" {
			return why
		}
	}
	return ""
}

// Err returns why nothing is known about a table, nil if something is.
func (k *Known) Err(t *schema.Table) error {
	for ; t != nil; t = t.Parent() {
		if err := k.of(t).err; err != nil {
			return err
		}
	}
	return nil
}

// Rows returns the number of rows of a table that the account lists by itself; false if it is not known.
func (k *Known) Rows(t *schema.Table) (rows int64, ok bool) {
	f := k.of(t)
	return int64(f.rows), f.rows >= 0
}

// Part is a part of a table's rows: those of a status, or of a list.
type Part struct {
	Name string `json:"name"`
	Rows int64  `json:"rows"`
}

// Parts returns the rows of a table by what the API counts or lists them by; nil if it does neither.
func (k *Known) Parts(t *schema.Table) []Part {
	list, ok := t.Source.(*schema.List)
	if !ok {
		return nil
	}
	f, parts := k.of(t), []Part(nil)
	for i, n := range f.counts {
		parts = append(parts, Part{nameOf(schema.Walk{Params: list.Counts[i]}), n})
	}
	if len(parts) == 0 && len(list.Walks) > 1 && !slices.Contains(f.walks, unknown) {
		for i, n := range f.walks {
			parts = append(parts, Part{nameOf(list.Walks[i]), int64(n)})
		}
	}
	return parts
}
