package export

import (
	"slices"
	"time"

	"mailerlake/export/dataset"
	"mailerlake/schema"
)

// Whether the list of a row has to be read is told by times: the row was stored later than its list was read. Loaders ask for
// rows that were stored later than those they have. Should the clock be set back, it must not look as if a row had been stored
// before.

// stamp returns the time of rows that are stored now: a time after the last commit, and after all lists that the dataset knows
// to be read.
func (r *run) stamp() time.Time {
	now := r.now()
	if r.data.Manifest == nil {
		return now
	}
	now = after(now, r.data.Manifest.CommittedAt)
	for _, t := range r.data.Manifest.Tables {
		for _, l := range t.Lists {
			now = after(now, l.At)
		}
	}
	return now
}

// after returns a time, or the one that follows another if that is not before it.
func after(now, past time.Time) time.Time {
	if now.UnixMicro() <= past.UnixMicro() {
		return past.Add(time.Microsecond)
	}
	return now
}

// noteLists notes in the new state when the lists of other tables' rows were read.
func (r *run) noteLists(due tables, next *dataset.Manifest) {
	for _, t := range due {
		state := next.Table(t.Name)
		if t.PerRow() == nil || state == nil || t.err != nil || t.skipped() {
			continue
		}
		if t.merge.LostRows() > 0 { // they are to be read again, as far as they were not now
			state.Lists = nil
		}
		settled := t.watched != nil && t.unmet == 0 || r.tables.deletesUnmet(t.parent) // no row will come back with a list to read
		state.Behind = t.behind(settled)
		if !t.Watched() || !settled || t.plan.Withheld != "" || t.scan.Incomplete != "" || len(t.plan.Kept) > 0 { // these rows are to be read again
			continue
		}
		if t.parent.auxiliary || t.parent.err != nil { // its rows are not those that the dataset has
			state.Lists = nil
			continue
		}
		state.NoteLists(t.lists.From, t.scan.Left, r.readAfter(t, next))
	}
}

// readAfter returns a time before which the rows were stored that a table's lists were read for.
func (r *run) readAfter(t *table, next *dataset.Manifest) time.Time {
	switch {
	case t.scan.Resumed:
		return earlier(t.scan.Started, r.started)
	case !t.FansOut() && t.parent.scan.Log.Stats().Pages != t.watchedPages: // rows of the parent were found since
		return t.scan.Started
	case t.parent.stage == t.stage: // committed together: rows of the parent are as new as the commit
		return next.CommittedAt
	case r.data.Manifest == nil:
		return t.scan.Started
	}
	return later(t.scan.Started, r.data.Manifest.CommittedAt) // read after the last commit
}

// behind returns the keys of the rows of the parent whose lists are still to be read first: those that failed, in this part
// of the scan or in one committed before, and those that it did not come to. A row that was gone while its list was read has
// none, unless it comes back. Unless the parent is settled, nothing is known about a row that was not met.
func (t *table) behind(settled bool) []schema.Key {
	behind := slices.Concat(t.scan.Failed, t.scan.Gone)
	before := t.lists.First
	if len(t.lists.From) > 0 {
		before = t.stored.Behind
	}
	slices.SortFunc(behind, schema.Key.Compare)
	known := len(behind)
	for _, key := range before {
		unread := len(t.lists.From) > 0 || (t.scan.Left != nil || !settled) && !t.scan.Read(key) || t.plan.Withheld != ""
		if unread && !key.In(behind[:known]) {
			behind = append(behind, key)
		}
	}
	return behind
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
