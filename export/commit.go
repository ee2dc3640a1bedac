package export

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"mailerlake/export/dataset"
	"mailerlake/export/merge"
)

// commit writes what the plans say and commits it, all tables in one step.
func (r *run) commit(ctx context.Context) (*Report, error) {
	debug.FreeOSMemory() // the memory of the scan is no longer needed
	commit, err := r.data.Begin()
	if err != nil {
		return r.report(nil), err
	}
	defer commit.Abort()
	next := r.nextManifest()
	var logs []string
	for _, t := range r.tables {
		if t.err != nil || !t.scanned() {
			continue
		}
		if !t.scan.Nested {
			logs = append(logs, r.data.Logs().FileName(t.Name))
		}
		if t.skipped() {
			continue
		}
		state, err := r.write(ctx, t, commit, next.Snapshot)
		if err != nil {
			return r.report(nil), fmt.Errorf("export %s: %w", t.Name, err)
		}
		next.Put(state)
	}
	next.CommittedAt = r.now()
	if err := commit.Commit(ctx, next, logs); err != nil {
		return r.report(nil), err
	}
	_ = r.dropPlanned() // a plan that stays is refused: it is for the old snapshot
	return r.report(next), nil
}

func (r *run) nextManifest() *dataset.Manifest {
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

// write writes the parts of one table that change and returns its new state.
func (r *run) write(ctx context.Context, t *table, commit *dataset.Commit, snapshot int64) (dataset.TableState, error) {
	state := dataset.TableState{Name: t.Name, Key: t.Key, Order: t.Order}
	if t.stored != nil {
		state = t.stored.Clone()
		state.Key, state.Order = t.Key, t.Order // those that rows are written by
		if r.rewrite {
			state.GreatestUpdatedAt = nil // it may be protected now
		}
	}
	plan := t.plan
	if !plan.Empty() {
		create := func(path string) (merge.File, error) { return commit.Create(path) }
		parts, err := t.merge.Write(ctx, plan, create, r.Program, r.now())
		if err != nil {
			return state, err
		}
		state.Parts, state.Columns, state.ChangedIn = parts, t.layout.Columns, snapshot
	}
	state.Rows = 0
	for _, p := range state.Parts {
		state.Rows += p.Rows
	}
	if want := plan.RowsAfter(); state.Rows != want {
		return state, fmt.Errorf("wrote %d rows, the plan said %d", state.Rows, want)
	}
	t.describe(&state)
	return state, nil
}

// describe notes in a table's state what the run did, and how its scan ended.
func (t *table) describe(state *dataset.TableState) {
	plan := t.plan
	state.ScanStarted, state.ScanEnded, state.Resumed = t.scan.Started, t.scan.Ended, t.scan.Resumed
	state.Complete = plan.Withheld == "" && plan.Incomplete == "" && plan.Unproven == 0
	state.Last = dataset.Counts{Inserted: plan.Inserted, Updated: plan.Updated, Deleted: plan.Deleted}
	state.Total.Inserted += plan.Inserted
	state.Total.Updated += plan.Updated
	state.Total.Deleted += plan.Deleted
	updated := plan.UpdatedAt()
	if at := time.UnixMicro(updated).UTC(); updated > 0 && (state.GreatestUpdatedAt == nil || at.After(*state.GreatestUpdatedAt)) {
		state.GreatestUpdatedAt = &at
	}
}
