package readers

import (
	"fmt"
	"math"
	"math/big"
	"os"
	"slices"
	"strings"
	"testing"

	"mailerlake/client/mailerlitetest"
)

// TestJoin runs the query that every user writes first, with paths relative to the directory of the dataset.
func TestJoin(t *testing.T) {
	l, w := newLake(t, demo(2000)), newWarehouse(t)
	l.export(t)
	l.record(t)
	w.startIn(t, l)
	got := w.count(t, `SELECT count(*) FROM (SELECT s.email, g.name FROM 'group_subscriber/*.parquet' gs
		JOIN 'subscriber/*.parquet' s ON s.id = gs.subscriber_id JOIN 'group/*.parquet' g ON g.id = gs.group_id)`)
	if want := int64(len(l.account.IDs("group_subscriber"))); got != want || want == 0 {
		t.Errorf("join gives %d rows, want one for each of %d memberships", got, want)
	}
}

// TestTypes checks that DESCRIBE shows the right types, by one column or two of each.
func TestTypes(t *testing.T) {
	l, w := newLake(t, demo(300)), newWarehouse(t)
	l.export(t)
	for column, want := range map[string]string{
		"subscriber.created_at":            "TIMESTAMP WITH TIME ZONE",
		"subscriber._synced_at":            "TIMESTAMP WITH TIME ZONE",
		"subscriber.open_rate":             "DOUBLE",
		"subscriber.fields_birthday":       "DATE",
		"subscriber.fields_loyalty_points": "DOUBLE",
		"subscriber.fields_z_i_p":          "VARCHAR",
		"subscriber.sent":                  "BIGINT",
		"campaign.stats_open_rate_float":   "DOUBLE",
		"campaign.stats_open_rate_string":  "VARCHAR",
		"campaign.can_send":                "BOOLEAN",
		"group_subscriber.subscriber_id":   "VARCHAR",
	} {
		table, name, _ := strings.Cut(column, ".")
		names, types := w.describe(t, l.glob(table))
		if i := slices.Index(names, name); i < 0 || types[i] != want {
			t.Errorf("%s: not of type %s (columns %v, types %v)", column, want, names, types)
		}
	}
}

// TestKeysAreRequired checks that keys, and nothing else, are required in the schema of the files.
func TestKeysAreRequired(t *testing.T) {
	l, w := newLake(t, demo(300)), newWarehouse(t)
	l.export(t)
	for _, table := range mailerlitetest.Tables {
		for _, row := range w.table(t, "SELECT name, repetition_type FROM parquet_schema("+l.glob(table)+") WHERE type IS NOT NULL") {
			name, got, want := row[0].(string), row[1].(string), "OPTIONAL"
			if slices.Contains(keys[table], name) {
				want = "REQUIRED"
			}
			if got != want {
				t.Errorf("%s.%s is %s, want %s", table, name, got, want)
			}
		}
	}
}

// TestReadmeQueries runs every query that the README shows against the demo account, on the day after its history began, and
// checks that the answers make sense.
func TestReadmeQueries(t *testing.T) {
	b, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	l, w := newLake(t, mailerlitetest.Demo(0)), newWarehouse(t)
	l.history = true
	l.export(t)
	l.account.Advance(1)
	l.export(t)
	w.startIn(t, l)
	asked := map[string]bool{}
	for _, query := range sqlBlocks(string(b)) {
		names, rows, err := w.query(query)
		if err != nil {
			t.Errorf("%v\n%s", err, query)
			continue
		}
		for about, sensible := range answersOf(w, t) {
			if strings.Contains(query, about) {
				asked[about] = true
				if wrong := sensible(names, rows); wrong != "" {
					t.Errorf("%s:\n%s\n%v\n%.2000v", wrong, query, names, rows)
				}
			}
		}
		if wrong := dull(names, rows); wrong != "" {
			t.Errorf("%s:\n%s\n%v\n%.2000v", wrong, query, names, rows)
		}
	}
	for about := range answersOf(w, t) {
		if !asked[about] {
			t.Errorf("no query of the README has %q", about)
		}
	}
}

// dull says what is wrong with an answer whatever was asked, empty if nothing is: no rows, a number that is the same in all rows,
// a rate that is not one.
func dull(names []string, rows [][]any) string {
	if len(names) == 0 || len(rows) == 0 {
		return "no rows"
	}
	if len(names) > 20 {
		return "" // whole rows
	}
	for i, name := range names {
		values, least, greatest := map[float64]bool{}, math.Inf(1), math.Inf(-1)
		for _, row := range rows {
			if number, ok := numberOf(row[i]); ok {
				values[number], least, greatest = true, min(least, number), max(greatest, number)
			}
		}
		most := math.Inf(1)
		switch {
		case strings.Contains(name, "percent"):
			most = 100
		case strings.Contains(name, "_rate") || slices.Contains([]string{"opened", "clicked", "lost", "completed"}, name):
			most = 1
		}
		if len(values) == 1 || len(values) > 0 && (least < 0 || greatest > most || greatest == 0) {
			return fmt.Sprintf("%s is from %v to %v", name, least, greatest)
		}
		if rows[0][i] == nil && rows[len(rows)-1][i] == nil {
			return name + " is missing"
		}
	}
	return ""
}

// numberOf returns a value as a number, if it is one.
func numberOf(value any) (float64, bool) {
	switch value := value.(type) {
	case int64:
		return float64(value), true
	case int32:
		return float64(value), true
	case float64:
		return value, true
	case *big.Int:
		number, _ := new(big.Float).SetInt(value).Float64()
		return number, true
	}
	return 0, false
}

// answersOf returns, by what a query of the README has in it, what says that its answer is wrong.
func answersOf(w *warehouse, t *testing.T) map[string]func(names []string, rows [][]any) string {
	number := func(value any) float64 {
		n, _ := numberOf(value)
		return n
	}
	wrong := func(is bool, what string) string {
		if is {
			return what
		}
		return ""
	}
	subscribers := w.count(t, "SELECT count(*) FROM 'subscriber/*.parquet'")
	return map[string]func([]string, [][]any) string{
		"AS new_subscribers": func(_ []string, rows [][]any) string {
			few := slices.ContainsFunc(rows, func(row []any) bool { return number(row[2]) < 1 || number(row[2]) > number(row[1])/5 })
			return wrong(len(rows) != 12 || few, "not 12 groups, each with some new members")
		},
		"stats_open_rate_float DESC": func(_ []string, rows [][]any) string {
			return wrong(len(rows) != 10 || slices.ContainsFunc(rows, func(row []any) bool { return number(row[2]) < 100 }), "not 10 campaigns of 100 recipients")
		},
		"GROUP BY s.source": func(_ []string, rows [][]any) string {
			return wrong(len(rows) < 4 || number(rows[0][1]) <= number(rows[len(rows)-1][1]), "no order of several sources")
		},
		"'Completed'": func(_ []string, rows [][]any) string {
			return wrong(len(rows) < 3 || number(rows[0][3]) < 0.5, "not the runs of three automations, most of which completed")
		},
		"AS revenue": func(_ []string, rows [][]any) string {
			return wrong(len(rows) < 24 || number(rows[0][4]) < 1, "no revenue over two years")
		},
		"AS unsubscribed": func(_ []string, rows [][]any) string {
			lost := slices.ContainsFunc(rows, func(row []any) bool { return number(row[2]) < 1 || number(row[2]) > 50 })
			return wrong(len(rows) != 12 || lost, "not 12 months in which some leave")
		},
		"SELECT max(_synced_at)": func(_ []string, rows [][]any) string {
			return wrong(int64(len(rows)) > subscribers/5, "most rows count as changed by the last export")
		},
		"first_change": func(_ []string, rows [][]any) string {
			return wrong(int64(len(rows)) == subscribers || len(rows) < 1900, "not the table of the day before")
		},
	}
}

func TestSQLBlocks(t *testing.T) {
	got := sqlBlocks("a\n```sql\nSELECT 1;\n\nSELECT\n 2\n```\n```sh\nSELECT 3\n```\n```sql\nSELECT 4;\n```\n")
	want := []string{"SELECT 1", "SELECT\n 2", "SELECT 4"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// sqlBlocks returns the statements in the ```sql blocks of a text. A semicolon at the end of a line ends a statement.
func sqlBlocks(text string) []string {
	var queries []string
	for _, block := range strings.Split(text, "\n```sql\n")[1:] {
		block, _, _ = strings.Cut(block, "\n```")
		for query := range strings.SplitSeq(block+"\n", ";\n") {
			if query = strings.TrimSpace(query); query != "" {
				queries = append(queries, query)
			}
		}
	}
	return queries
}

// startIn makes relative paths begin in the directory of a lake, as if DuckDB had been started there.
func (w *warehouse) startIn(t testing.TB, l *lake) {
	t.Helper()
	w.exec(t, "SET file_search_path = "+quote(l.dir))
}
