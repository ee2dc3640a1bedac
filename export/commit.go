package export

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"mailerlake/export/dataset"
)

// commit writes what the plans of the present stage say and commits it, all tables in one step.
func (r *run) commit(ctx context.Context) error {
	due := r.due()
	if !due.exportsAny() {
		return nil
	}
	debug.FreeOSMemory() // the memory of the scan is no longer needed
	commit, err := r.data.Begin()
	if err != nil {
		return err
	}
	defer commit.Abort()
	next, err := r.nextManifest()
	if err != nil {
		return err
	}
	now := r.stamp()
	k := &keeper{run: r, commit: commit, settings: next.Feed, snapshot: next.Snapshot, now: now}
	for i, t := range due {
		r.event(Event{Table: t.Name, Phase: Writing, Step: i, Steps: len(due)})
		if t.err != nil || !t.scanned() || t.skipped() {
			continue
		}
		state, err := r.write(ctx, t, k)
		if err != nil {
			return fmt.Errorf("export %s: %w", t.Name, err)
		}
		next.Put(state)
	}
	r.event(Event{Phase: Committing})
	k.prune(next)
	next.CommittedAt = later(r.now(), now)
	r.noteLists(due, next)
	if err := commit.Commit(ctx, next, r.consumed()); err != nil {
		return err
	}
	r.committed = next
	for _, t := range due {
		if state := next.Table(t.Name); state != nil && t.err == nil {
			t.written += written(t.stored, state)
			t.kept, t.keeps = t.kept+t.keeps, 0
			t.saved = t.plan
		}
	}
	_ = r.dropPlanned() // a plan that stays is refused: it is for the old snapshot
	return nil
}

// consumed returns the names of the page logs that are not needed after the commit of the present stage.
func (r *run) consumed() []string {
	needed := map[string]bool{} // by what is read, or read on, after the commit
	for _, t := range r.tables {
		later := t.stage > r.stage && t.stage < stageDone
		if !later && !(t.stage == r.stage && t.scanned() && t.scan.Left != nil) {
			continue
		}
		needed[t.Parent().Name] = true
		for _, ref := range t.References {
			needed[ref.Table] = true
		}
	}
	var logs []string
	for _, t := range r.tables {
		if t.err == nil && t.scanned() && !t.scan.Nested && !needed[t.Name] && (t.stage <= r.stage || t.stage == stageDone) {
			logs = append(logs, r.data.Logs().FileName(t.Name))
		}
	}
	return logs
}

func (r *run) nextManifest() (next *dataset.Manifest, err error) {
	if next = r.data.Manifest.Clone(); next == nil {
		next = &dataset.Manifest{}
	}
	if next.Feed, err = r.feedSettings(); err != nil {
		return nil, err
	}
	next.Format, next.Program = dataset.Format, r.Program
	next.Account = dataset.Account{ID: r.account.ID, Name: r.account.Name}
	next.Privacy = r.privacy
	next.Snapshot++
	return next, nil
}

// write writes what changes of one table and returns its new state.
func (r *run) write(ctx context.Context, t *table, k *keeper) (dataset.TableState, error) {
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
		if err := k.write(ctx, t, &state); err != nil {
			return state, err
		}
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
	state.Last = dataset.Counts{Added: plan.Inserted, Changed: plan.Updated, Deleted: plan.Deleted, Rebuilt: plan.Rebuilt}
	state.Total.Added += plan.Inserted
	state.Total.Changed += plan.Updated
	state.Total.Deleted += plan.Deleted
	state.Total.Rebuilt += plan.Rebuilt
	if t.watched != nil {
		state.Counted = *t.watched
	}
	updated := plan.UpdatedAt()
	if at := time.UnixMicro(updated).UTC(); updated > 0 && (state.GreatestUpdatedAt == nil || at.After(*state.GreatestUpdatedAt)) {
		state.GreatestUpdatedAt = &at
	}
}
