package terminal

import (
	"fmt"
	"io"
)

// WroteScript says what a start script for DuckDB has, and how to use it.
func WroteScript(w io.Writer, file string, tables, macros int64) error {
	_, err := fmt.Fprintf(w, "Wrote %s: views of %s, and %s. Now: duckdb -init %s\n", Clean(file), count(tables, "table"), count(macros, "macro"), argument(file))
	return err
}

// WroteSources says what sources for dbt have.
func WroteSources(w io.Writer, file string, tables, tests int64) error {
	_, err := fmt.Fprintf(w, "Wrote %s: %s with %s.\n", Clean(file), count(tables, "source table"), count(tests, "test"))
	return err
}
