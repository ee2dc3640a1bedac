package export

import (
	"cmp"
	"slices"
	"time"

	"mailerlake/export/cost"
	"mailerlake/export/dataset"
	"mailerlake/export/merge"
	"mailerlake/export/part"
)

// Report is what a run did, or what a plan would do.
type Report struct {
	Account  string    `json:"account,omitempty"` // id; the API may not say
	Name     string    `json:"account_name,omitempty"`
	Dataset  string    `json:"dataset"`
	Snapshot int64     `json:"snapshot,omitzero"` // committed; 0 if none was
	Started  time.Time `json:"started"`
	Ended    time.Time `json:"ended"`
	Seconds  float64   `json:"duration_seconds"`
	Requests int64     `json:"requests"`
	Retries  int64     `json:"retries"`
	// Waited is how many seconds the run waited on the rate limit and on retries.
	Waited       float64 `json:"waited_seconds"`
	BytesWritten int64   `json:"written_bytes"`
	// Matches says that the dataset matches the account: every table was scanned whole and afresh, and nothing was left undone.
	Matches bool          `json:"matches_account"`
	Tables  []TableReport `json:"tables"`
	// Published is what was done with each destination.
	Published []Published `json:"published"`
	// Estimate is what the run was said to cost when it began; nil if nothing was said.
	Estimate *cost.Estimate `json:"estimate,omitempty"`
}

// TablePlan is what a commit would change in one table, as data.
type TablePlan = merge.Plan

// PartError says that a stored part cannot be read: it was damaged, replaced or removed by someone.
type PartError = merge.PartError

// TableReport is what a run did with one table.
type TableReport struct {
	Name   string `json:"name"`
	Status Status `json:"status"`
	Rows   int64  `json:"rows"` // in the dataset, afterwards
	// BytesWritten are those of the parts that were committed.
	BytesWritten int64 `json:"written_bytes"`
	// AsOf is when the scan began whose rows are in the dataset, or are planned: what the account held then is in them.
	AsOf time.Time `json:"as_of,omitzero"`
	// Resumed says that the scan was begun by an earlier run.
	Resumed bool `json:"resumed"`
	// TablePlan is what changed, or would change; nil if the table failed or was not reached.
	*TablePlan
	// Lists counts the lists of a table that has one for each row of another; nil if it has none, or none of them can stand
	// still.
	Lists *ListCounts `json:"lists,omitempty"`
	// ChangesKept is how many rows the change files have that the run wrote for the table.
	ChangesKept int64 `json:"changes_kept"`
	// Unavailable says that the account does not have the table, as the API put it; what is stored stays.
	Unavailable string `json:"unavailable,omitempty"`
	Error       string `json:"error,omitempty"` // why the table keeps its old state
	Err         error  `json:"-"`
}

// ListCounts are numbers of lists of one table.
type ListCounts = dataset.ListCounts

// Empty reports whether nothing changed, or would change.
func (r *Report) Empty() bool {
	for _, t := range r.Tables {
		if t.TablePlan != nil && !t.TablePlan.Empty() {
			return false
		}
	}
	return true
}

// Failed reports whether a table failed or is incomplete, or deletes were withheld.
func (r *Report) Failed() bool {
	for _, t := range r.Tables {
		if t.Err != nil || t.TablePlan != nil && t.Incomplete+t.Withheld != "" {
			return true
		}
	}
	return false
}

// report returns how the run went.
func (r *run) report() *Report {
	rep := &Report{Published: r.published, Estimate: r.estimated, Account: r.account.ID, Name: r.account.Name, Dataset: r.Dir, Started: r.started, Ended: r.now()}
	rep.Seconds = rep.Ended.Sub(rep.Started).Seconds()
	if r.committed != nil {
		rep.Snapshot = r.committed.Snapshot
	}
	if r.Client != nil {
		s := r.Client.Stats()
		rep.Requests, rep.Retries, rep.Waited = s.Requests, s.Retries, s.Waited.Seconds()
	}
	for _, t := range r.tables.inOrder(r.catalog) {
		if t.auxiliary {
			continue
		}
		rep.Tables = append(rep.Tables, t.report(r.planOnly))
		rep.BytesWritten += t.written
	}
	rep.Matches = r.matches(rep)
	return rep
}

// report returns what the run did with a table or, after a plan, what a commit would do. What was planned for an export and
// not committed did not happen.
func (t *table) report(planOnly bool) TableReport {
	plan, earlier := t.plan, t.earlier
	if t.err != nil || !planOnly && plan != t.saved {
		plan = nil
	}
	if n := len(earlier); plan == nil && n > 0 { // the run was stopped, or failed, afterwards
		last := *earlier[n-1]
		last.Incomplete = cmp.Or(last.Incomplete, "the run ended before it had read all")
		plan, earlier = &last, earlier[:n-1]
	}
	tr := TableReport{Name: t.Name, BytesWritten: t.written, Lists: t.watched, ChangesKept: t.kept, Err: t.err}
	if t.stored != nil {
		tr.Rows, tr.AsOf = t.stored.Rows, t.stored.ScanStarted
	}
	if t.scan != nil {
		tr.Resumed, tr.Unavailable = t.scan.Resumed || t.before.Resumed, t.scan.Unavailable
	}
	if plan != nil {
		tr.Rows, tr.TablePlan, tr.AsOf = plan.RowsAfter(), plan.After(earlier), t.begun()
	}
	if t.err != nil {
		tr.Error = t.err.Error()
	}
	tr.Status = tr.status()
	return tr
}

// begun returns when the scan began that the rows come from: the first of several.
func (t *table) begun() time.Time {
	if t.before.Started.IsZero() && t.scan != nil {
		return t.scan.Started
	}
	return t.before.Started
}

// Status says in a word how it went with a table.
type Status string

const (
	New         Status = "new"         // the dataset did not have it
	Changed     Status = "changed"     // in its rows, columns or files
	Unchanged   Status = "unchanged"   // it is as it was
	Unavailable Status = "unavailable" // the account does not have it
	Failed      Status = "failed"      // it keeps its old state; Error says why
	NotReached  Status = "not_reached" // the run ended before
)

func (t *TableReport) status() Status {
	switch {
	case t.Err != nil:
		return Failed
	case t.Unavailable != "":
		return Unavailable
	case t.TablePlan == nil:
		return NotReached
	case t.New:
		return New
	case t.Empty():
		return Unchanged
	}
	return Changed
}

// matches reports whether the dataset is proved to match the account: this run scanned every table whole and afresh, and
// left nothing undone. After a plan it matches if there is nothing to change.
func (r *run) matches(rep *Report) bool {
	if r.planned || len(rep.Tables) != len(r.catalog.Tables()) || r.committed == nil && !rep.Empty() {
		return false
	}
	for _, t := range rep.Tables {
		whole := t.Unavailable != "" && t.Rows == 0 || t.TablePlan != nil && t.Unproven == 0
		still := t.Lists != nil && t.Lists.Still > 0
		if t.Err != nil || t.Resumed || still || !whole || t.TablePlan != nil && t.Incomplete+t.Withheld != "" {
			return false
		}
	}
	// A parent that is gone while its rows are read was listed before: its own row is still there.
	return !slices.ContainsFunc(r.tables, func(t *table) bool { return len(t.before.Gone) > 0 || t.scanned() && len(t.scan.Gone) > 0 })
}

// written returns the bytes of the parts that differ from those of the old state.
func written(old, now *dataset.TableState) (bytes int64) {
	for _, p := range now.Parts {
		var was *part.Part
		if old != nil {
			was = old.Part(p.Path)
		}
		if was == nil || was.SHA256 != p.SHA256 {
			bytes += p.Bytes
		}
	}
	return bytes
}
