package readers

import (
	"database/sql"
	"strings"
	"testing"

	_ "github.com/duckdb/duckdb-go/v2"
)

// warehouse is a DuckDB in memory with one session. Its time zone is not UTC, so that a time mistaken for local time is
// noticed.
type warehouse struct{ db *sql.DB }

func newWarehouse(t testing.TB) *warehouse {
	t.Helper()
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	db.SetMaxOpenConns(1)
	w := &warehouse{db}
	w.exec(t, "SET TimeZone = 'America/New_York'; SET threads = 2; SET memory_limit = '4GB'")
	return w
}

func (w *warehouse) exec(t testing.TB, query string) {
	t.Helper()
	if _, err := w.db.Exec(query); err != nil {
		t.Fatalf("%v\n%s", err, query)
	}
}

// table returns the rows of a query, NULL as nil.
func (w *warehouse) table(t testing.TB, query string) [][]any {
	t.Helper()
	_, rows, err := w.query(query)
	if err != nil {
		t.Fatalf("%v\n%s", err, query)
	}
	return rows
}

func (w *warehouse) query(query string) (names []string, table [][]any, err error) {
	rows, err := w.db.Query(query)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	if names, err = rows.Columns(); err != nil {
		return nil, nil, err
	}
	for rows.Next() {
		row, refs := make([]any, len(names)), make([]any, len(names))
		for i := range row {
			refs[i] = &row[i]
		}
		if err := rows.Scan(refs...); err != nil {
			return nil, nil, err
		}
		table = append(table, row)
	}
	return names, table, rows.Err()
}

// count returns the one number that a query returns.
func (w *warehouse) count(t testing.TB, query string) int64 {
	t.Helper()
	var n int64
	if err := w.db.QueryRow(query).Scan(&n); err != nil {
		t.Fatalf("%v\n%s", err, query)
	}
	return n
}

// describe returns the names and types of a relation's columns, in order.
func (w *warehouse) describe(t testing.TB, relation string) (names, types []string) {
	t.Helper()
	for _, row := range w.table(t, "DESCRIBE SELECT * FROM "+relation) {
		names, types = append(names, row[0].(string)), append(types, row[1].(string))
	}
	return names, types
}

// quote returns a string as SQL.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// name returns the name of a column as SQL.
func name(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
