package export

import (
	"slices"
	"time"

	"mailerlake/export/cost"
	"mailerlake/export/dataset"
	"mailerlake/export/merge"
	"mailerlake/export/part"
)

// Report is what a run did, or what a plan would do.
type Report struct {
	Account  string        `json:"account"` // id
	Name     string        `json:"account_name,omitempty"`
	Dataset  string        `json:"dataset"`
	Snapshot int64         `json:"snapshot"` // committed; 0 if none was
	Started  time.Time     `json:"started"`
	Ended    time.Time     `json:"ended"`
	Tables   []TableReport `json:"tables"`
	Requests int64         `json:"requests"`
	Retries  int64         `json:"retries"`
	// Estimate is what the run was said to cost when it began; nil if nothing was said.
	Estimate *cost.Estimate `json:"estimate,omitempty"`
	// Waited is how many seconds the run waited on the rate limit and on retries.
	Waited       float64 `json:"waited_seconds"`
	BytesWritten int64   `json:"bytes_written"`
	// Matches says that the dataset matches the account: every table was scanned whole and afresh, and nothing was left undone.
	Matches bool `json:"matches_account"`
	// Published is what was done with each destination.
	Published []Published `json:"published,omitempty"`
}

// TablePlan is what a commit would change in one table, as data.
type TablePlan = merge.Plan

// PartError says that a stored part cannot be read: it was damaged, replaced or removed by someone.
type PartError = merge.PartError

// TableReport is what a run did with one table.
type TableReport struct {
	*TablePlan
	Name string `json:"name"`
	Rows int64  `json:"rows"` // in the dataset, afterwards
	// AsOf is when the scan began: what the account held then is in the rows.
	AsOf time.Time `json:"as_of,omitzero"`
	// Resumed says that the scan was begun by an earlier run.
	Resumed bool `json:"resumed,omitempty"`
	// Lists counts the lists of a table that has one for each row of another; nil if it has none, or none of them can stand
	// still.
	Lists *ListCounts `json:"lists,omitempty"`
	// ChangesKept is how many rows the change files have that the run wrote for the table.
	ChangesKept int64 `json:"changes_kept,omitempty"`
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
	committed := r.committed
	rep := &Report{Published: r.published, Estimate: r.estimated, Account: r.account.ID, Name: r.account.Name, Dataset: r.Dir, Started: r.started, Ended: r.now()}
	if committed != nil {
		rep.Snapshot = committed.Snapshot
	}
	if r.Client != nil {
		s := r.Client.Stats()
		rep.Requests, rep.Retries, rep.Waited = s.Requests, s.Retries, s.Waited.Seconds()
	}
	for _, t := range r.tables.inOrder(r.catalog) {
		if t.auxiliary {
			continue
		}
		rep.Tables = append(rep.Tables, t.report())
		rep.BytesWritten += t.written
	}
	rep.Matches = r.matches(rep)
	return rep
}

// report returns what the run did with a table.
func (t *table) report() TableReport {
	plan, earlier := t.plan, t.earlier
	if n := len(earlier); plan == nil && n > 0 { // the run was stopped afterwards
		plan, earlier = earlier[n-1], earlier[:n-1]
	}
	tr := TableReport{TablePlan: plan, Name: t.Name, Lists: t.watched, ChangesKept: t.kept, Err: t.err}
	if t.stored != nil {
		tr.Rows = t.stored.Rows
	}
	if t.scan != nil {
		tr.AsOf, tr.Resumed, tr.Unavailable = t.scan.Started, t.scan.Resumed || t.before.Resumed, t.scan.Unavailable
	}
	if !t.before.Started.IsZero() {
		tr.AsOf = t.before.Started
	}
	if t.err != nil {
		tr.Error = t.err.Error()
	} else if plan != nil {
		tr.Rows = plan.RowsAfter()
		tr.TablePlan = plan.After(earlier)
	}
	return tr
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
