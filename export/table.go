package export

import (
	"context"

	"mailerlake/export/dataset"
	"mailerlake/export/pagelog"
	"mailerlake/export/part"
	"mailerlake/schema"
)

// tableRun is what a run knows of one table, from scan to commit.
type tableRun struct {
	table   *schema.Table
	dataset *dataset.Dataset
	sizes   part.Sizes
	stored  *dataset.TableState // the committed state; nil on a first export

	log          *pagelog.Log // of the scan that the rows come from; for a child table its parent's, mostly
	sorted       *pagelog.Log // the log's rows, arranged for reading; the log itself mostly
	sortedFrames int          // pages of the log when it was arranged
	parent       *tableRun    // of the table inside whose rows this table's rows come; nil for others
	scan         Outcome
	// goneGroups are ids that rows of the log refer to and that the account no longer has.
	goneGroups map[string]bool

	layout *schema.Layout
	added  []schema.Column // columns that the layout has and the committed state has not
	plan   *TablePlan
	// rebuilt are paths of damaged parts that are written from the scan alone.
	rebuilt []string
	// rewrite says that all parts are written from the scan alone, in a layout of their own.
	rewrite bool
	// auxiliary tables are scanned for the sake of others and not exported.
	auxiliary bool
	err       error // why the table keeps its old state
}

// sortedLog returns the table's log for reading whole rows in key order: compacted where its pages overlap so much that
// too many would be in memory at once.
func (t *tableRun) sortedLog() (*pagelog.Log, error) {
	if t.inParentLog() {
		return t.parent.sortedLog()
	}
	if t.sorted != nil && t.sortedFrames == len(t.log.Frames) {
		return t.sorted, nil
	}
	name := t.dataset.Path(dataset.SortedDir, logName(t.table))
	log, err := pagelog.Compact(t.dataset.FS(), name, t.log)
	if err != nil {
		return nil, err
	}
	t.sorted, t.sortedFrames = log, len(t.log.Frames)
	return log, nil
}

// inParentLog reports whether the table's rows come inside the rows of its log.
func (t *tableRun) inParentLog() bool { return t.parent != nil && t.log == t.parent.log }

// parts returns the committed parts, in key order.
func (t *tableRun) parts() []part.Part {
	if t.stored == nil {
		return nil
	}
	return t.stored.Parts
}

// newColumns reports whether the layout differs from the committed columns, so that every part has to be written anew.
func (t *tableRun) newColumns() bool {
	if t.stored == nil {
		return false
	}
	if len(t.layout.Columns) != len(t.stored.Columns) {
		return true
	}
	for i, c := range t.stored.Columns {
		if c.Kind != t.layout.Columns[i].Kind {
			return true
		}
	}
	return false
}

// open opens committed part i.
func (t *tableRun) open(i int) (*part.Reader, error) {
	return t.dataset.OpenPart(context.TODO(), t.stored, i)
}

// storedColumn reads the layout's column i of a row group, as the layout types it; nil for a column that is not stored
// yet. buf is reused where it can be.
func (t *tableRun) storedColumn(r *part.Reader, group, i int, buf *schema.Vector) (*schema.Vector, error) {
	if i >= len(t.stored.Columns) {
		return nil, nil
	}
	if err := r.Read(group, i, buf); err != nil {
		return nil, err
	}
	if kind := t.layout.Columns[i].Kind; kind != buf.Kind {
		return schema.Widen(buf, kind), nil
	}
	return buf, nil
}
