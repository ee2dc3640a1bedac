package export

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mailerlake/export/dataset"
	"mailerlake/export/feed"
	"mailerlake/export/merge"
)

// A commit keeps, beside the parts, what it changes in them: a change file for each table whose rows change. The first load
// of a table changes nothing that anybody could have loaded before, so it has none.

// ErrHistoryUnkept says that history is wanted and nothing is to be kept.
var ErrHistoryUnkept = errors.New("history is kept as long as changes are, and that is not at all; say for how long with --keep-changes")

// feedSettings returns which changes are kept: as this run says or, where it says nothing, as before.
func (r *run) feedSettings() (dataset.Feed, error) {
	settings := dataset.Feed{Keep: dataset.DefaultKeep}
	if r.data.Manifest != nil {
		settings = r.data.Manifest.Feed
	}
	if r.KeepChanges != nil {
		settings.Keep = int64((*r.KeepChanges + time.Second - 1) / time.Second)
	}
	if r.History != nil {
		settings.History = *r.History
	}
	if r.History != nil && settings.History && settings.Keep == 0 {
		return settings, ErrHistoryUnkept
	}
	return settings, nil
}

// keeper keeps what one commit changes.
type keeper struct {
	run      *run
	commit   *dataset.Commit
	settings dataset.Feed
	snapshot int64
	now      time.Time
}

// write writes the parts of a table that change, and its change file, and notes both in the table's state.
func (k *keeper) write(ctx context.Context, t *table, state *dataset.TableState) error {
	create := func(path string) (merge.File, error) { return k.commit.Create(path) }
	var changes merge.Changes // nil, rather than one that has no writer
	writer := k.writer(t)
	if writer != nil {
		changes = writer
	}
	parts, err := t.merge.Write(ctx, t.plan, create, changes, k.run.Program, k.now)
	if err != nil {
		return err
	}
	state.Parts, state.Columns, state.ChangedIn = parts, t.layout.Columns, k.snapshot
	for i := range state.Parts {
		if p := &state.Parts[i]; p.ChangedIn == 0 { // just written
			p.ChangedIn = k.snapshot
		}
	}
	k.begin(t, state)
	if writer == nil {
		return nil
	}
	return k.keep(t, state, writer)
}

// writer returns what writes the change file of a table, nil if it gets none.
func (k *keeper) writer(t *table) *feed.Writer {
	if k.settings.Keep == 0 || t.loading() || t.startsAnew() {
		return nil
	}
	create := func() (feed.File, error) { return k.commit.Create(dataset.ChangesPath(t.Name, k.snapshot)) }
	of := feed.Table{Name: t.Name, Order: t.Order, Columns: t.layout.Columns}
	return feed.NewWriter(create, of, k.snapshot, k.now, k.settings.History, k.run.Program)
}

// loading reports whether the table's first load is under way: it is new, or was when this run began. What the next run adds
// to a load that was cut short counts as changes: the table may have been loaded by others in between.
func (t *table) loading() bool {
	return t.stored == nil || len(t.earlier) > 0 && t.earlier[0].New
}

// startsAnew reports whether it is not known what changes in the table, or may not be told: rows of damaged parts may be
// lost, and old rows of a rewritten table may have what is protected now.
func (t *table) startsAnew() bool { return t.rewrite || t.merge.LostRows() > 0 }

// begin notes from which snapshot on the changes of a table are known, if that is this one.
func (k *keeper) begin(t *table, state *dataset.TableState) {
	if t.stored == nil {
		state.CreatedIn = k.snapshot
	}
	if t.loading() || t.startsAnew() {
		state.Changes = nil
	}
	if t.loading() || t.startsAnew() || len(t.plan.Widened) > 0 {
		state.ChangesSince = k.snapshot
	}
	if !t.loading() && state.ChangesSince == k.snapshot && k.settings.Keep > 0 {
		k.run.event(Event{Table: t.Name, Message: fmt.Sprintf("changes are known from snapshot %d on; who followed them loads the table again", k.snapshot)})
	}
}

// keep ends a table's change file, and checks that it has what the plan said.
func (k *keeper) keep(t *table, state *dataset.TableState, w *feed.Writer) error {
	file, err := w.Close()
	if err != nil {
		return err
	}
	want := t.plan.Inserted + t.plan.Updated + t.plan.Deleted
	if k.settings.History {
		want += t.plan.Updated
	}
	got := int64(0)
	if file != nil {
		got = file.Rows
		state.Changes = append(state.Changes, *file)
		t.keeps = file.Rows
	}
	if got != want {
		return fmt.Errorf("kept %d rows of changes, the plan said %d", got, want)
	}
	return nil
}

// prune drops change files that are older than they are kept, or damaged, of all tables of the next state.
func (k *keeper) prune(next *dataset.Manifest) {
	for i := range next.Tables {
		t := &next.Tables[i]
		t.DropChanges(t.ChangesUpTo(k.run.lost[t.Name]))
		old := 0
		for old < len(t.Changes) && t.Changes[old].At.Unix() < k.now.Unix()-k.settings.Keep {
			old++
		}
		t.DropChanges(old)
		if k.settings.Keep == 0 {
			t.DropChanges(len(t.Changes))
			t.ChangesSince = t.ChangedIn
		}
	}
}
