package export

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"mailerlake/export/dataset"
)

// merge writes what the plans say and commits it, all tables in one step.
func (r *Run) merge(ctx context.Context) (*Report, error) {
	debug.FreeOSMemory() // what the scan needed is not needed any more
	commit, err := r.data.Begin()
	if err != nil {
		return r.report(nil), err
	}
	defer commit.Abort()
	next := r.nextManifest()
	var logs []string
	for _, t := range r.tables {
		if err := ctx.Err(); err != nil {
			return r.report(nil), err
		}
		if t.err != nil {
			continue
		}
		if !t.inParentLog() {
			logs = append(logs, logName(t.table))
		}
		if t.auxiliary {
			continue
		}
		state, err := r.mergeState(t, commit, next.Snapshot)
		if err != nil {
			return r.report(nil), fmt.Errorf("export %s: %w", t.table.Name, err)
		}
		next.Put(state)
	}
	next.CommittedAt = r.now()
	if err := commit.Commit(ctx, next, logs); err != nil {
		return r.report(nil), err
	}
	_ = r.dropPlanned() // a plan that stays does not fit the new snapshot
	return r.report(next), nil
}

func (r *Run) nextManifest() *dataset.Manifest {
	next := r.data.Manifest.Clone()
	if next == nil {
		next = &dataset.Manifest{}
	}
	next.Format, next.Program = dataset.Format, r.Program
	next.Account = dataset.Account{ID: r.account.ID, Name: r.account.Name}
	next.Privacy = r.privacy
	next.Snapshot++
	return next
}

// mergeState merges one table and returns its new state.
func (r *Run) mergeState(t *tableRun, commit *dataset.Commit, snapshot int64) (dataset.TableState, error) {
	state := dataset.TableState{Name: t.table.Name, Key: t.table.Key, Order: t.table.Order}
	if t.stored != nil {
		state = t.stored.Clone()
		if t.rewrite {
			state.GreatestUpdatedAt = nil // it may be protected now
		}
	}
	plan := t.plan
	if !plan.Empty() {
		parts, err := mergeTable(t, commit, r.Program, r.now())
		if err != nil {
			return state, err
		}
		state.Parts, state.Columns, state.ChangedIn = parts, t.layout.Columns, snapshot
	}
	state.Rows = 0
	for _, p := range state.Parts {
		state.Rows += p.Rows
	}
	if want := rowsAfter(t); state.Rows != want {
		return state, fmt.Errorf("wrote %d rows, the plan said %d", state.Rows, want)
	}
	state.ScanStarted, state.ScanEnded, state.Complete = t.scan.Started, t.scan.Ended, plan.Withheld == "" && plan.Unproven == 0
	state.Last = dataset.Counts{Inserted: plan.Inserted, Updated: plan.Updated, Deleted: plan.Deleted}
	state.Total.Inserted += plan.Inserted
	state.Total.Updated += plan.Updated
	state.Total.Deleted += plan.Deleted
	if at := time.UnixMicro(plan.updated).UTC(); plan.updated > 0 && (state.GreatestUpdatedAt == nil || at.After(*state.GreatestUpdatedAt)) {
		state.GreatestUpdatedAt = &at
	}
	return state, nil
}

// rowsAfter returns the rows that a table has once its plan is carried out.
func rowsAfter(t *tableRun) int64 {
	rows := t.plan.Tail
	for _, part := range t.plan.Parts {
		rows += part.Rows
	}
	return rows
}
