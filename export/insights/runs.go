package insights

import (
	"cmp"
	"context"
	"slices"

	"mailerlake/export/feed"
)

// shownRuns is how many runs a report lists.
const shownRuns = 14

func (r *reader) runs(ctx context.Context) error {
	out, m := &r.out.Runs, r.data.Manifest
	out.Last = []Run{}
	since := r.runsSince()
	for i := range m.Tables {
		t := &m.Tables[i]
		for c := range t.Changes {
			if t.Changes[c].Snapshot < since {
				continue
			}
			n, err := feed.Count(ctx, r.data, t, c)
			if err != nil {
				return err
			}
			out.add(Run{Snapshot: t.Changes[c].Snapshot, At: t.Changes[c].At}, TableChanges{t.Name, Changes{n.Inserted, n.Updated, n.Deleted}})
		}
	}
	slices.SortFunc(out.Last, func(a, b Run) int { return cmp.Compare(b.Snapshot, a.Snapshot) })
	switch {
	case len(out.Last) > 0:
	case m.Feed.Keep == 0:
		out.Absent = "Changes are not kept in this dataset (--keep-changes 0)."
	default:
		out.Absent = "No run has changed anything since the tables were first loaded."
	}
	return nil
}

// runsSince returns the first snapshot of the last runs that changed rows and whose changes are kept.
func (r *reader) runsSince() int64 {
	snapshots := map[int64]bool{}
	for _, t := range r.data.Manifest.Tables {
		for _, c := range t.Changes[max(0, len(t.Changes)-shownRuns):] {
			snapshots[c.Snapshot] = true
		}
	}
	newest := make([]int64, 0, len(snapshots))
	for s := range snapshots {
		newest = append(newest, s)
	}
	slices.SortFunc(newest, func(a, b int64) int { return cmp.Compare(b, a) })
	if len(newest) == 0 {
		return 0
	}
	return newest[min(len(newest), shownRuns)-1]
}

// add adds what a run changed in a table.
func (out *Runs) add(run Run, t TableChanges) {
	i := slices.IndexFunc(out.Last, func(r Run) bool { return r.Snapshot == run.Snapshot })
	if i < 0 {
		i, out.Last = len(out.Last), append(out.Last, run)
	}
	r := &out.Last[i]
	r.Added, r.Changed, r.Deleted = r.Added+t.Added, r.Changed+t.Changed, r.Deleted+t.Deleted
	r.Tables = append(r.Tables, t)
}
