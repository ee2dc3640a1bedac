package terminal

import (
	"fmt"
	"io"
	"strings"

	"mailerlake/export"
)

// AccountResult is how the export of one of several accounts ended.
type AccountResult struct {
	Name, Dataset string
	Report        *export.Report // nil if it failed early
	Failure       string         // the text of its error, empty if there is none
	// Partial says that it reached its end, and left something undone.
	Partial bool
}

// Accounts writes what an export of several accounts did: the report of each below its name, and a last line over all.
func Accounts(w io.Writer, results []AccountResult) error {
	b, p := &strings.Builder{}, paintOf(w)
	for _, r := range results {
		fmt.Fprintf(b, "%s %s\n", p.heading(Clean(r.Name)+":"), Clean(r.Dataset))
		if r.failed() {
			fmt.Fprintf(b, "  %s\n\n", p.failure("not exported: "+Clean(r.Failure)))
			continue
		}
		if err := Report(&Output{Writer: b, paint: p, width: widthOf(w)}, r.Report); err != nil {
			return err
		}
		b.WriteString("\n")
	}
	fmt.Fprintf(b, "%s %s\n", p.heading("Accounts:"), strings.Join(overAll(results, p), "; "))
	return flush(w, b)
}

func (r AccountResult) failed() bool { return r.Report == nil || r.Failure != "" && !r.Partial }

// overAll sums up the accounts: how many are exported, which are not, and what changed in all of them.
func overAll(results []AccountResult, p paint) []string {
	var sum tally
	var requests int64
	var failed, partial []string
	for _, r := range results {
		switch {
		case r.failed():
			failed = append(failed, Clean(r.Name))
			continue
		case r.Partial:
			partial = append(partial, Clean(r.Name))
		}
		of, _ := total(r.Report)
		sum.added, sum.changed, sum.deleted = sum.added+of.added, sum.changed+of.changed, sum.deleted+of.deleted
		requests += r.Report.Requests
	}
	parts := []string{fmt.Sprintf("%d of %d exported", len(results)-len(failed), len(results))}
	if partial != nil {
		parts = append(parts, "in part: "+strings.Join(partial, ", "))
	}
	if failed != nil {
		parts = append(parts, "failed: "+strings.Join(failed, ", "))
	}
	if len(failed) == len(results) {
		return parts
	}
	return append(parts, sum.text(done, sum, p), count(requests, "request"))
}
