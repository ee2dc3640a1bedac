package terminal

import (
	"fmt"
	"io"
	"strings"

	"mailerlake/export/insights"
)

// WroteScript says what a start script for DuckDB has, and how to use it.
func WroteScript(w io.Writer, file string, tables, macros int64) error {
	return wrote(w, file, fmt.Sprintf("views of %s, and %s. Now: %s", count(tables, "table"), count(macros, "macro"), tied("duckdb -init "+argument(file))))
}

// WroteSources says what sources for dbt have.
func WroteSources(w io.Writer, file string, tables, tests int64) error {
	return wrote(w, file, fmt.Sprintf("%s with %s.", count(tables, "source table"), count(tests, "test")))
}

// WroteReport says what the page of a report is about.
func WroteReport(w io.Writer, file string, r *insights.Report) error {
	about := Clean(r.AccountName) + " as of " + r.AsOf.UTC().Format("2006-01-02")
	if r.Subscribers.Absent == "" {
		about += ", " + count(r.Subscribers.Audience.Subscribers, "subscriber")
	}
	if len(r.Notes) > 0 {
		about += ". Its last section says what to know about the data"
	}
	return wrote(w, file, about+".")
}

// wrote says what a file is about that was written.
func wrote(w io.Writer, file, about string) error {
	b := &strings.Builder{}
	fmt.Fprintf(b, "Wrote %s: %s\n", Clean(file), about)
	return flush(w, b)
}
