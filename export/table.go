package export

import (
	"context"
	"slices"

	"mailerlake/export/dataset"
	"mailerlake/export/merge"
	"mailerlake/export/pagelog"
	"mailerlake/export/part"
	"mailerlake/export/scan"
	"mailerlake/schema"
)

// table is what a run knows about one table, from scan to commit.
type table struct {
	*schema.Table
	parent *table // nil if the table depends on no other
	data   *dataset.Dataset
	sizes  part.Sizes
	// rewrite says that the table is written from the scan alone.
	rewrite bool
	stored  *dataset.TableState // the committed state; nil on a first export
	// auxiliary tables are read for the sake of others and not exported.
	auxiliary bool
	stage     int // of the run, in which the table is read and committed

	lists        scan.Lists    // to read, of a table with a list for each row of another
	watched      *ListCounts   // of the lists that there are; nil if all are read
	watchedPages int           // of the parent's log, when its lists were chosen while it was being scanned
	unmet        int64         // stored rows of the parent that the scan did not meet, and whose lists are to be read
	earlier      []*merge.Plan // committed before, by this run
	before       scan.Outcome  // of the scans of these: when the first began, whether any was resumed, and what was gone
	written      int64         // bytes of the parts that this run committed
	keeps        int64         // rows of the change file that the commit under way writes
	kept         int64         // rows of the change files that this run committed
	saved        *merge.Plan   // the plan that this run committed last; nil if none

	scan    *scan.Result
	sorted  sortedLog
	layout  *schema.Layout
	added   []schema.Column            // columns of the layout that the committed state lacks
	gone    map[string]map[string]bool // by column: ids that rows refer to and that no longer exist
	damaged map[string]*merge.Damage   // by path: damaged parts, which are written anew
	plan    *merge.Plan
	merge   *merge.Table
	err     error // why the table keeps its old state
}

// newTable returns a table for a run, with its committed state.
func newTable(t *schema.Table, data *dataset.Dataset, sizes part.Sizes, rewrite, auxiliary bool) *table {
	nt := &table{Table: t, data: data, sizes: sizes, rewrite: rewrite, auxiliary: auxiliary, stage: stageOf(t), stored: data.Manifest.Table(t.Name)}
	if nt.stored != nil {
		nt.lists.First = slices.SortedFunc(slices.Values(nt.stored.Behind), schema.Key.Compare)
	}
	return nt
}

// sortedLog is a log in key order, for reading.
type sortedLog struct {
	log  *pagelog.Log
	size int64 // of the log that it was made from
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

// tolerate notes an error that concerns only one table, and returns one that concerns the run.
func (r *run) tolerate(t *table, err error) error {
	if err == nil || scan.StopsRun(err) {
		return err
	}
	r.fail(t, err)
	return nil
}

func (t *table) scanned() bool { return t.scan != nil && t.scan.Log != nil }

// sortedLog returns the table's log for reading whole rows in key order.
func (t *table) sortedLog(ctx context.Context) (*pagelog.Log, error) {
	if t.scan.Nested {
		return t.parent.sortedLog(ctx)
	}
	if t.sorted.log != nil && t.sorted.size == t.scan.Log.Size() {
		return t.sorted.log, nil
	}
	log, err := t.data.Logs().Sorted(ctx, t.scan.Log)
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

// closeLog closes the table's log.
func (t *table) closeLog() {
	t.dropSorted()
	if !t.scan.Nested {
		t.scan.Log.Close() // nothing is lost: Append has written it, and whoever needed it synced it
	}
}

// closeLogs closes all page logs; what was appended stays for the next run.
func (r *run) closeLogs() {
	for _, t := range r.tables {
		if !t.scanned() {
			continue
		}
		t.closeLog()
	}
	_ = r.data.Logs().DropScratch() // the next run tries again
}

// openDamaged opens a stored part of the table that is damaged.
func (t *table) openDamaged(_ context.Context, i int) (*part.Reader, error) {
	return t.data.OpenDamaged(t.stored, i)
}

// openPart opens a stored part of the table.
func (t *table) openPart(ctx context.Context, i int) (*part.Reader, error) {
	return t.data.OpenPart(ctx, t.stored, i)
}
