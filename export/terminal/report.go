package terminal

import (
	"fmt"
	"io"
	"strings"
	"time"

	"mailerlake/export"
)

// wording is how a result is worded: a plan in the future, a report in the past.
type wording struct {
	added, changed, deleted, rebuilt string
	wrote, failed                    string
}

var (
	planned = wording{"to add", "to change", "to delete", "to rebuild", "writes", "not planned"}
	done    = wording{"added", "changed", "deleted", "rebuilt", "wrote", "not exported"}
)

// Plan writes what a commit of a plan would change: a line per table, and a last line with the totals.
// commit are the arguments of the command that commits it.
func Plan(w io.Writer, r *export.Report, commit []string) error {
	p := paintOf(w)
	b := tableLines(r, planned, p)
	sum, tables := total(r)
	if tables == 0 {
		fmt.Fprintf(b, "\n%s\n", p.heading(noChanges(r)))
		return flush(w, b)
	}
	parts := append([]string{sum.text(planned, sum, p) + " in " + count(tables, "table")}, earlierScans(r)...)
	fmt.Fprintf(b, "\n%s %s.\n", p.heading("Plan:"), strings.Join(parts, "; "))
	fmt.Fprintf(b, "To commit exactly this: %s\n", tied(commandLine(commit)))
	return flush(w, b)
}

// Report writes what an export did: a line per table, and a last line with the totals.
func Report(w io.Writer, r *export.Report) error {
	p := paintOf(w)
	b := tableLines(r, done, p)
	sum, tables := total(r)
	if tables == 0 {
		fmt.Fprintf(b, "\n%s\n%s\n", p.heading(noChanges(r)), strings.Join(costs(r), "; "))
		writeDestinations(b, r.Published, p)
		return flush(w, b)
	}
	parts := append([]string{sum.text(done, sum, p) + " in " + count(tables, "table")}, earlierScans(r)...)
	fmt.Fprintf(b, "\n%s %s\n", p.heading("Exported:"), strings.Join(append(parts, costs(r)...), "; "))
	writeDestinations(b, r.Published, p)
	return flush(w, b)
}

// noChanges says that nothing changes, and that the dataset matches the account only if the report claims it.
func noChanges(r *export.Report) string {
	dated := earlierScans(r)
	switch {
	case r.Matches:
		return "No changes. The dataset matches the account."
	case len(dated) > 0:
		return "No changes; " + strings.Join(dated, "; ") + "."
	}
	return "No changes."
}

// earlierScans names the tables whose scan began before the run, and when: "subscriber as of 14:02 UTC, resumed". Tables
// of the same time share it.
func earlierScans(r *export.Report) []string {
	var times []string
	tables := map[string][]string{} // by time
	for _, t := range r.Tables {
		if t.Err != nil || t.TablePlan == nil || !t.Resumed && (t.AsOf.IsZero() || !t.AsOf.Before(r.Started)) {
			continue
		}
		at := asOf(t.AsOf, r.Started)
		if t.Resumed {
			at += ", resumed"
		}
		if tables[at] == nil {
			times = append(times, at)
		}
		tables[at] = append(tables[at], Clean(t.Name))
	}
	var dated []string
	for _, at := range times {
		dated = append(dated, ofTables(tables[at], len(r.Tables))+at)
	}
	return dated
}

// ofTables names some of the tables of a report, which are not all named one by one.
func ofTables(names []string, all int) string {
	if len(names) == all && all > 1 {
		return "all tables"
	}
	return strings.Join(names, ", ")
}

// asOf writes when a scan began, with the date unless that was today.
func asOf(at, today time.Time) string {
	at, today = at.UTC(), today.UTC()
	switch {
	case at.IsZero():
		return ""
	case at.Format(time.DateOnly) == today.Format(time.DateOnly):
		return at.Format(" as of 15:04 UTC")
	}
	return at.Format(" as of 2006-01-02 15:04 UTC")
}

// costs lists what a run committed, and the requests and waits that it took.
func costs(r *export.Report) []string {
	var parts []string
	if r.Snapshot > 0 {
		parts = append(parts, "snapshot "+number(r.Snapshot))
	}
	if n := keptOf(r); n > 0 {
		parts = append(parts, "changes of "+count(n, "table")+" kept")
	}
	parts = append(parts, size(r.BytesWritten)+" written")
	if r.Requests > 0 { // none for a planned scan
		parts = append(parts, fmt.Sprintf("%s, %s, %.1f s waited", count(r.Requests, "request"), count(r.Retries, "retry"), r.Waited))
	}
	return parts
}

// keptOf counts the tables whose changes are kept in a file.
func keptOf(r *export.Report) (tables int64) {
	for _, t := range r.Tables {
		if t.ChangesKept > 0 {
			tables++
		}
	}
	return tables
}

// tally counts changed rows.
type tally struct {
	added, changed, deleted int64
	rebuilt                 int64 // there may be none
	fresh                   bool  // all of them are in tables that the dataset did not have
	rewritten               bool  // those that stay are written anew, and count as changed
}

func tallyOf(p *export.TablePlan) tally {
	return tally{p.Inserted, p.Updated, p.Deleted, p.Rebuilt, p.New, p.Rewritten}
}

// text writes a tally in words. Its numbers are padded to the width of those of widest.
func (t tally) text(as wording, widest tally, p paint) string {
	if t.fresh {
		return count(t.added, "row") + " " + as.added
	}
	width := func(n int64) int { return len(number(n)) }
	changed := as.changed
	if t.rewritten {
		changed = "rewritten"
	}
	line := fmt.Sprintf("%s %s, %s %s, %s %s", p.signed("+", t.added, width(widest.added)), as.added,
		p.signed("~", t.changed, width(widest.changed)), changed, p.signed("-", t.deleted, width(widest.deleted)), as.deleted)
	if t.rebuilt > 0 {
		line += fmt.Sprintf(", %s %s", number(t.rebuilt), as.rebuilt)
	}
	return line
}

// total adds up the tables that change, and counts them.
func total(r *export.Report) (sum tally, tables int64) {
	sum.fresh = true
	for _, t := range r.Tables {
		if t.Err != nil || t.TablePlan == nil || t.Empty() {
			continue
		}
		tables++
		sum.added += t.Inserted
		sum.changed += t.Updated
		sum.deleted += t.Deleted
		sum.rebuilt += t.Rebuilt
		sum.fresh, sum.rewritten = sum.fresh && t.New, sum.rewritten || t.Rewritten
	}
	return sum, tables
}

// widest returns the greatest counts of the tables that the dataset has.
func widest(r *export.Report) (w tally) {
	for _, t := range r.Tables {
		if t.TablePlan != nil && !t.New {
			w.added, w.changed, w.deleted = max(w.added, t.Inserted), max(w.changed, t.Updated), max(w.deleted, t.Deleted)
		}
	}
	return w
}

// tableLines writes a line for every table, with its details below.
func tableLines(r *export.Report, as wording, p paint) *strings.Builder {
	rows, below, widest := make([][]string, len(r.Tables)), make([][]string, len(r.Tables)), widest(r)
	lacking := map[string]string{} // the first table that is not available for a reason
	for i, t := range r.Tables {
		rows[i], below[i] = []string{Clean(t.Name), changes(t, as, widest, p), "(" + remark(t, as) + ")"}, details(t, p)
		if t.Unavailable == "" {
			continue
		}
		if first, known := lacking[t.Unavailable]; known {
			rows[i][1], below[i] = rows[i][1]+", like "+first, nil
		} else {
			lacking[t.Unavailable] = Clean(t.Name)
		}
	}
	b := &strings.Builder{}
	for i, line := range align(rows) {
		fmt.Fprintf(b, "  %s\n", line)
		for _, detail := range below[i] {
			fmt.Fprintf(b, "      %s\n", detail)
		}
	}
	return b
}

func changes(t export.TableReport, as wording, widest tally, p paint) string {
	switch {
	case t.Unavailable != "":
		return "not available"
	case t.Err != nil || t.TablePlan == nil:
		return p.failure(as.failed)
	case t.New || t.Inserted+t.Updated+t.Deleted+t.Rebuilt > 0:
		return tallyOf(t.TablePlan).text(as, widest, p)
	}
	return "no changes"
}

func remark(t export.TableReport, as wording) string {
	rows := count(t.Rows, "row")
	switch {
	case t.Unavailable != "" && t.Rows == 0:
		return rows
	case t.Err != nil || t.TablePlan == nil:
		return "keeps its " + rows
	case t.New:
		return count(int64(t.PartsTotal), "part")
	case t.PartsWritten == 0:
		return rows
	}
	return fmt.Sprintf("%s; %s %s of %s", rows, as.wrote, number(int64(t.PartsWritten)), count(int64(t.PartsTotal), "part"))
}
