package export

import (
	"context"

	"mailerlake/export/dataset"
	"mailerlake/export/merge"
	"mailerlake/export/pagelog"
	"mailerlake/export/part"
	"mailerlake/export/scan"
	"mailerlake/schema"
)

// table is what a run knows of one table, from scan to commit.
type table struct {
	*schema.Table
	parent *table              // nil if the table depends on no other
	stored *dataset.TableState // the committed state; nil on a first export
	// auxiliary tables are read for the sake of others and not exported.
	auxiliary bool

	scan    *scan.Result
	sorted  sortedLog
	layout  *schema.Layout
	added   []schema.Column            // columns that the layout has and the committed state has not
	gone    map[string]map[string]bool // by column: ids that rows refer to and that no longer exist
	damaged map[string]bool            // paths of damaged parts, which are written from the scan alone
	plan    *merge.Plan
	merge   *merge.Table
	err     error // why the table keeps its old state
}

// sortedLog is a log arranged for reading.
type sortedLog struct {
	log  *pagelog.Log
	size int64 // of the log that it was made of
}

// chooseTables makes a table of each one to export, and of those that are needed to read them.
func (r *run) chooseTables() {
	needed := map[string]bool{}
	for _, t := range r.catalog.Tables() {
		if r.exports(t) {
			r.need(t, needed)
		}
	}
	for _, t := range r.catalog.Tables() {
		if needed[t.Name] {
			r.tables = append(r.tables, &table{Table: t, stored: r.data.Manifest.Table(t.Name), auxiliary: !r.exports(t)})
		}
	}
	r.tables = parentsFirst(r.tables)
	for _, t := range r.tables {
		if t.Parent() != nil {
			t.parent = r.table(t.Parent().Name)
		}
	}
}

// need notes a table and those that are needed to read it.
func (r *run) need(t *schema.Table, needed map[string]bool) {
	if needed[t.Name] {
		return
	}
	needed[t.Name] = true
	if t.Parent() != nil {
		r.need(t.Parent(), needed)
	}
	if t.Open != nil {
		r.need(r.catalog.Lookup(t.Open.DefinedBy), needed)
	}
}

// parentsFirst arranges tables by how many others they are below, and else leaves them as they are.
func parentsFirst(tables []*table) []*table {
	var arranged []*table
	for depth := 0; len(arranged) < len(tables); depth++ {
		for _, t := range tables {
			if depthOf(t.Table) == depth {
				arranged = append(arranged, t)
			}
		}
	}
	return arranged
}

func depthOf(t *schema.Table) int {
	if t.Parent() == nil {
		return 0
	}
	return 1 + depthOf(t.Parent())
}

// table returns a table of the run, nil if it is not read.
func (r *run) table(name string) *table {
	for _, t := range r.tables {
		if t.Name == name {
			return t
		}
	}
	return nil
}

// skipped reports whether there is nothing to plan or write: the table failed, is not exported or not available.
func (t *table) skipped() bool { return t.err != nil || t.auxiliary || t.scan.Unavailable != "" }

// parts returns the committed parts, in key order.
func (t *table) parts() []part.Part {
	if t.stored == nil {
		return nil
	}
	return t.stored.Parts
}

// fail makes a table keep its old state, and says why.
func (r *run) fail(t *table, err error) {
	t.err = err
	r.event(Event{Table: t.Name, Message: "not exported: " + err.Error(), Warning: true})
}

// tolerate keeps an error that concerns one table alone; one that concerns the run is returned.
func (r *run) tolerate(t *table, err error) error {
	if err == nil || scan.StopsRun(err) {
		return err
	}
	r.fail(t, err)
	return nil
}

// fallTogether makes tables fail whose rows come out of the same log as those of one that failed.
func (r *run) fallTogether() {
	for _, t := range r.tables {
		if t.parent == nil || !t.scanned() || !t.scan.Nested {
			continue
		}
		if t.err == nil {
			t.err = t.parent.err
		}
		if t.parent.err == nil && !t.auxiliary {
			t.parent.err = t.err
		}
	}
}

func (t *table) scanned() bool { return t.scan != nil && t.scan.Log != nil }

// sortedLogOf returns a table's log for reading whole rows in key order.
func (r *run) sortedLogOf(ctx context.Context, t *table) (*pagelog.Log, error) {
	if t.scan.Nested {
		return r.sortedLogOf(ctx, t.parent)
	}
	if t.sorted.log != nil && t.sorted.size == t.scan.Log.Size() {
		return t.sorted.log, nil
	}
	log, err := r.data.Logs().Sorted(ctx, t.scan.Log)
	if err != nil {
		return nil, err
	}
	t.dropSorted()
	t.sorted = sortedLog{log, t.scan.Log.Size()}
	return log, nil
}

// dropSorted closes a copy of the log that was made for reading.
func (t *table) dropSorted() {
	if t.sorted.log != nil && t.sorted.log != t.scan.Log {
		t.sorted.log.Close()
	}
	t.sorted = sortedLog{}
}

// closeLogs closes all page logs; what was appended stays for the next run.
func (r *run) closeLogs() {
	for _, t := range r.tables {
		if !t.scanned() {
			continue
		}
		t.dropSorted()
		if !t.scan.Nested {
			t.scan.Log.Close() // nothing is lost: Append has written it, and whoever needed it synced it
		}
	}
	_ = r.data.Logs().DropScratch() // the next run tries again
}
