package terminal

import (
	"fmt"
	"io"
	"strings"
	"time"

	"mailerlake/export"
	"mailerlake/export/dataset"
)

// Summary is an overview of a dataset.
type Summary struct {
	Dataset     string    `json:"dataset"`
	Account     string    `json:"account,omitempty"` // id
	Name        string    `json:"account_name,omitempty"`
	Program     string    `json:"program"`
	Snapshot    int64     `json:"snapshot"`
	CommittedAt time.Time `json:"committed_at"`
	// Pending says that a commit is unfinished: some parts may be newer than the summary.
	Pending bool `json:"pending"`
	// Feed says which changes are kept.
	Feed   dataset.Feed   `json:"feed"`
	Tables []TableSummary `json:"tables"`
}

// TableSummary is an overview of one table.
type TableSummary struct {
	Name      string `json:"name"`
	Rows      int64  `json:"rows"`
	Columns   int    `json:"columns"`
	Parts     int    `json:"parts"`
	Bytes     int64  `json:"bytes"`
	ChangedIn int64  `json:"changed_in"` // snapshot
	// ChangesSince is the earliest snapshot since which all changes are known.
	ChangesSince int64 `json:"changes_since"`
	ChangeFiles  int   `json:"change_files"`
	ChangeBytes  int64 `json:"change_bytes"`
	Complete     bool  `json:"complete"` // the last scan met every row, and deletes were applied
	// ScanStarted is when the last committed scan began: what the account held then is in the table.
	ScanStarted time.Time      `json:"scan_started"`
	Last        dataset.Counts `json:"last_run"`
	Total       dataset.Counts `json:"total"`
}

// Summarize sums up a dataset's manifest. It is an error if there is none.
func Summarize(d *dataset.Dataset) (*Summary, error) {
	m := d.Manifest
	if m == nil && d.Pending() {
		return nil, fmt.Errorf("show %s: its first commit is unfinished; mailerlake export finishes it", d.Dir())
	}
	if m == nil {
		return nil, fmt.Errorf("show %s: %w", d.Dir(), export.ErrNoDataset)
	}
	s := &Summary{Dataset: d.Dir(), Account: m.Account.ID, Name: m.Account.Name, Program: m.Program,
		Snapshot: m.Snapshot, CommittedAt: m.CommittedAt, Pending: d.Pending(), Feed: m.Feed}
	for i := range m.Tables {
		s.Tables = append(s.Tables, summarizeTable(&m.Tables[i]))
	}
	return s, nil
}

func summarizeTable(t *dataset.TableState) TableSummary {
	s := TableSummary{Name: t.Name, Rows: t.Rows, Columns: len(t.Columns), Parts: len(t.Parts), ChangedIn: t.ChangedIn,
		ChangesSince: t.ChangesSince, ChangeFiles: len(t.Changes), Complete: t.Complete, ScanStarted: t.ScanStarted, Last: t.Last, Total: t.Total}
	for _, p := range t.Parts {
		s.Bytes += p.Bytes
	}
	for _, c := range t.Changes {
		s.ChangeBytes += c.Bytes
	}
	return s
}

// Write writes the summary as text, a line per table.
func (s *Summary) Write(w io.Writer) error {
	b, p := &strings.Builder{}, paintOf(w)
	fmt.Fprintf(b, "account %s%s\n", Clean(s.Account), inBrackets(s.Name))
	fmt.Fprintf(b, "snapshot %s, committed %s by %s\n\n", number(s.Snapshot), instant(s.CommittedAt), Clean(s.Program))
	rows := [][]string{{"table", "rows", "size", "last run", "snapshot", "as of"}}
	var incomplete []string
	var total TableSummary
	for _, t := range s.Tables {
		rows = append(rows, t.cells(s.CommittedAt, p))
		total.Rows, total.Bytes, total.ChangeBytes = total.Rows+t.Rows, total.Bytes+t.Bytes, total.ChangeBytes+t.ChangeBytes
		if !t.Complete {
			incomplete = append(incomplete, Clean(t.Name))
		}
	}
	for i, line := range align(rows, 1, 2, 4) {
		if i == 0 {
			line = p.heading(line)
		}
		fmt.Fprintf(b, "%s\n", line)
	}
	fmt.Fprintf(b, "\n%s, %s, %s\n", count(int64(len(s.Tables)), "table"), count(total.Rows, "row"), size(total.Bytes))
	fmt.Fprintf(b, "%s\n", changesKept(s.Feed, total.ChangeBytes))
	if len(incomplete) > 0 {
		fmt.Fprintf(b, "\n%s\nRows deleted in MailerLite may still be in the dataset. The next export checks again.\n", p.warning("incomplete: "+strings.Join(incomplete, ", ")))
	}
	if s.Pending {
		b.WriteString("\nA commit is unfinished: some parts may be newer than shown here. The next mailerlake export finishes it.\n")
	}
	return flush(w, b)
}

// changesKept says which changes are kept.
func changesKept(f dataset.Feed, bytes int64) string {
	what := "keys alone"
	if f.History {
		what = "whole rows"
	}
	if f.Keep == 0 {
		return "changes are not kept"
	}
	return fmt.Sprintf("changes are kept for %s, %s: %s", period(f.Keep), what, size(bytes))
}

// period writes a number of seconds.
func period(seconds int64) string {
	const hour = 60 * 60
	switch {
	case seconds%(24*hour) == 0:
		return count(seconds/(24*hour), "day")
	case seconds%hour == 0:
		return count(seconds/hour, "hour")
	}
	return count(seconds, "second")
}

// cells are short, for a terminal of 80 columns. When rows are as of the day of the last commit, which stands above, the day is left
// out.
func (t TableSummary) cells(committed time.Time, p paint) []string {
	last := "no changes"
	if t.Last != (dataset.Counts{}) {
		last = fmt.Sprintf("%s, %s, %s", p.signed("+", t.Last.Added, 0), p.signed("~", t.Last.Changed, 0), p.signed("-", t.Last.Deleted, 0))
	}
	return []string{Clean(t.Name), number(t.Rows), size(t.Bytes),
		last, number(t.ChangedIn), strings.TrimPrefix(asOf(t.ScanStarted, committed), " as of ")}
}

// inBrackets returns a text in brackets, if there is one.
func inBrackets(s string) string {
	if s == "" {
		return ""
	}
	return " (" + Clean(s) + ")"
}
