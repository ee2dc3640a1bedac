package export

import (
	"context"
	"fmt"
	"time"

	"mailerlake/export/scan"
	"mailerlake/schema"
)

// A run has two stages. Tables that are read from a list for each of many rows take much longer than all others, so they
// are read afterwards and committed on their own. What is complete of them is committed every commitEvery.
const (
	stageFirst = iota
	stageLists
	stageDone
)

const commitEvery = 15 * time.Minute

func stageOf(t *schema.Table) int {
	if t.FansOut() {
		return stageLists
	}
	return stageFirst
}

// due returns the tables of the present stage.
func (r *run) due() tables {
	var due tables
	for _, t := range r.tables {
		if t.stage == r.stage {
			due = append(due, t)
		}
	}
	return due
}

// exportsAny reports whether one of the tables is written.
func (ts tables) exportsAny() bool {
	for _, t := range ts {
		if !t.auxiliary {
			return true
		}
	}
	return false
}

// planStages reads and plans all tables, stage after stage, and commits none.
func (r *run) planStages(ctx context.Context, full bool) error {
	if err := r.open(ctx); err != nil {
		return err
	}
	for r.stage = stageFirst; r.stage < stageDone; r.stage++ {
		if err := r.scanAndPlan(ctx, full); err != nil {
			return err
		}
	}
	r.stage = stageFirst // all are committed together
	for _, t := range r.tables {
		t.stage = stageFirst
	}
	return nil
}

// commitStages reads, plans and commits all tables, stage after stage.
func (r *run) commitStages(ctx context.Context) error {
	r.commits = true
	if err := r.open(ctx); err != nil {
		return err
	}
	for r.stage = stageFirst; r.stage < stageDone; r.stage++ {
		if !r.due().exportsAny() && r.stage > stageFirst {
			return nil
		}
		r.sayCommitted()
		for again := true; again; again = r.goOn() {
			if err := r.scanAndPlan(ctx, false); err != nil {
				return err
			}
			if err := r.commit(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// sayCommitted says what is safe when the run is stopped while it reads what follows.
func (r *run) sayCommitted() {
	if r.committed != nil {
		r.event(Event{Message: fmt.Sprintf("committed snapshot %d; tables that take longer to read follow", r.committed.Snapshot)})
	}
}

// goOn prepares the tables of which only a part was read and committed for the next part. It reports whether there are
// any. The others are done.
func (r *run) goOn() bool {
	more := false
	for _, t := range r.due() {
		if t.err != nil || !t.scanned() || t.scan.Left == nil || t.scan.Stopped {
			if r.stage > stageFirst {
				t.stage = stageDone
			}
			continue
		}
		more = true
		r.scanner.Forget(t.Table)
		t.closeLog()
		t.keepEarlier()
		t.lists.From, t.lists.First = t.scan.Left, nil
		t.stored, t.damaged = r.data.Manifest.Table(t.Name), nil // damaged parts were written anew
		t.scan, t.layout, t.added, t.gone, t.plan, t.merge = nil, nil, nil, nil, nil, nil
	}
	return more
}

// keepEarlier keeps, for the report, what was committed of a table of which a part is still to be read.
func (t *table) keepEarlier() {
	if len(t.scan.Failed) == 0 && t.scan.Incomplete == "" && len(t.plan.Kept) == 0 {
		t.plan.Incomplete = "" // it said that the rest follows
	}
	t.earlier = append(t.earlier, t.plan)
	if t.before.Started.IsZero() {
		t.before.Started = t.scan.Started
	}
	t.before.Resumed = t.before.Resumed || t.scan.Resumed
	t.before.Gone = append(t.before.Gone, t.scan.Gone...)
}

// listsOf says which lists of a table the scan reads. Those of tables that fan out were chosen before the rows that they
// belong to were committed; those of others are chosen now.
func (r *run) listsOf(ctx context.Context, declared *schema.Table, parent *scan.Result) (scan.Lists, error) {
	t := r.tables.find(declared.Name)
	if t == nil {
		return scan.Lists{}, nil
	}
	if t.Watched() && !t.FansOut() {
		if err := r.watchNow(ctx, t, parent); err != nil {
			return scan.Lists{}, err
		}
	}
	lists := t.lists
	if r.commits && t.stage == stageLists {
		lists.Until = r.now().Add(commitEvery)
	}
	return lists, nil
}
