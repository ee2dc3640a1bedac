package readers

import (
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

// TestReadmeQueries runs every query that the README shows against the demo account, on the day after its history began.
func TestReadmeQueries(t *testing.T) {
	b, err := os.ReadFile("../../README.md")
	if os.IsNotExist(err) {
		t.Skip("there is no README yet")
	}
	if err != nil {
		t.Fatal(err)
	}
	queries := sqlBlocks(string(b))
	if len(queries) == 0 {
		t.Fatal("the README has no ```sql block")
	}
	l, w := newLake(t, mailerlitetest.Demo(0)), newWarehouse(t)
	l.history = true
	l.export(t)
	l.account.Advance(1)
	l.export(t)
	w.startIn(t, l)
	for _, query := range queries {
		names, rows, err := w.query(query)
		if err != nil {
			t.Errorf("%v\n%s", err, query)
			continue
		}
		if len(names) == 0 || len(rows) == 0 {
			t.Errorf("a query of the README returns no rows:\n%s", query)
		}
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
