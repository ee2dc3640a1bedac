package query

import (
	"fmt"
	"strings"

	"mailerlake/export/dataset"
)

// prefix begins the names of all that the script makes, so that they need no quotes and meet no name of the user's. Each table
// has a view without it as well.
const prefix = "ml_"

// Script is a start script for DuckDB.
type Script struct {
	Text   string
	Tables []string // each has two views
	Macros []Macro
}

// DuckDB returns a script that makes views of a dataset's tables and macros that answer questions. It can be run again, in the
// same database too.
func DuckDB(d Dataset) Script {
	s := Script{}
	b := &strings.Builder{}
	d.writeHead(b)
	d.writeDataset(b)
	tables := d.tables()
	for _, t := range tables {
		s.Tables = append(s.Tables, t.Name)
		d.writeViews(b, t)
	}
	writeNow(b, tables)
	for _, m := range macros {
		if m.answerable(tables) {
			s.Macros = append(s.Macros, m)
			m.write(b)
		}
	}
	writeHelp(b, s.Macros)
	s.Text = b.String()
	return s
}

func (d Dataset) writeHead(b *strings.Builder) {
	m := d.Manifest
	fmt.Fprintf(b, "-- DuckDB on the MailerLite dataset in %s: start it with duckdb -init and the name of this file.\n", line(d.Dir))
	fmt.Fprintf(b, "-- Written by %s at snapshot %d of account %s.\n", line(d.Program), m.Snapshot, line(m.Account.ID))
	b.WriteString("-- The views show what the dataset holds when they are queried. Write the script anew once the dataset was moved, has\n" +
		"-- new tables, or was exported with --rewrite. In a database that is kept, run it again when a table has a new column.\n" +
		"-- FROM ml_help lists what can be asked.\n\n")
	fmt.Fprintf(b, `SET VARIABLE ml_checked = (
  SELECT CASE
    WHEN (content ->> '$.account.id') <> %s THEN error('the dataset is of another account now; write this script anew with mailerlake sql')
    WHEN (content ->> '$.format')::INT > %d THEN error('the dataset has a newer format; write this script anew with the mailerlake that wrote it')
  END IS NULL FROM %s);
`, literal(m.Account.ID), dataset.Format, d.manifest())
}

// manifest is the relation whose column content is the manifest as it is when it is queried.
func (d Dataset) manifest() string {
	return "(SELECT content::JSON AS content FROM read_text(" + literal(d.path(dataset.ManifestName)) + "))"
}

// writeDataset writes the views of what the manifest says.
func (d Dataset) writeDataset(b *strings.Builder) {
	fmt.Fprintf(b, `
CREATE OR REPLACE VIEW ml_dataset AS
SELECT content ->> '$.account.id' AS account, content ->> '$.account.name' AS account_name,
       (content ->> '$.snapshot')::BIGINT AS snapshot, (content ->> '$.committed_at')::TIMESTAMPTZ AS committed_at
FROM %[1]s;
COMMENT ON VIEW ml_dataset IS 'The dataset: whose account it holds, and its last snapshot.';

CREATE OR REPLACE VIEW ml_last_run AS
SELECT t ->> '$.name' AS table_name, (t ->> '$.rows')::BIGINT AS row_count,
       coalesce(t ->> '$.last_run.added', t ->> '$.last_run.inserted')::BIGINT AS added,
       coalesce(t ->> '$.last_run.changed', t ->> '$.last_run.updated')::BIGINT AS changed,
       (t ->> '$.last_run.deleted')::BIGINT AS deleted,
       (t ->> '$.changed_in')::BIGINT AS changed_in, (t ->> '$.scan_ended')::TIMESTAMPTZ AS as_of
FROM (SELECT unnest(content -> '$.tables[*]') AS t FROM %[1]s);
COMMENT ON VIEW ml_last_run IS 'What the last export did with each table, and the snapshot in which its rows last changed.';
`, d.manifest())
}

// writeViews writes the two views of a table and their comments.
func (d Dataset) writeViews(b *strings.Builder, t table) {
	name, other := prefix+t.Name, identifier(t.Name)
	fmt.Fprintf(b, "\nCREATE OR REPLACE VIEW %s AS FROM read_parquet(%s, hive_partitioning = false);\n", name, literal(d.path(t.Name, "*.parquet")))
	fmt.Fprintf(b, "CREATE OR REPLACE VIEW %s AS FROM %s;\n", other, name)
	for _, view := range []string{name, other} {
		fmt.Fprintf(b, "COMMENT ON VIEW %s IS %s;\n", view, literal(line(t.declared.About)))
		for _, c := range t.Columns {
			fmt.Fprintf(b, "COMMENT ON COLUMN %s.%s IS %s;\n", view, identifier(c.Name), literal(line(t.meaning(c))))
		}
	}
}

// clock are the columns that say when something last happened in the account.
var clock = []struct{ table, column string }{
	{"subscriber", "created_at"}, {"subscriber", "updated_at"}, {"group", "created_at"}, {"campaign", "finished_at"},
	{"campaign", "updated_at"}, {"order", "updated_at"},
}

// writeNow writes the macro that says until when the dataset reaches: the last time in it or, if it has none of these, that of
// its last commit. A dataset that is not exported any more, and the demo, answer as of then.
func writeNow(b *strings.Builder, tables []table) {
	var times []string
	for _, c := range clock {
		for _, t := range tables {
			if t.Name == c.table && t.hasAll([]string{c.column}) {
				times = append(times, fmt.Sprintf("SELECT max(%s) AS moment FROM %s", c.column, prefix+c.table))
			}
		}
	}
	now := "(SELECT committed_at FROM ml_dataset)"
	if times != nil {
		now = "(SELECT coalesce(max(moment), " + now + ") FROM (" + strings.Join(times, "\n  UNION ALL ") + "))"
	}
	fmt.Fprintf(b, "\nCREATE OR REPLACE MACRO ml_now() AS %s;\nCOMMENT ON MACRO ml_now IS 'When something last happened in the account. Macros count days back from here.';\n", now)
}

func writeHelp(b *strings.Builder, all []Macro) {
	rows := []string{"('ml_dataset', " + literal("Whose dataset is this, and of when?") + ")", "('ml_last_run', " + literal("What did the last export do with each table?") + ")"}
	for _, m := range all {
		rows = append(rows, fmt.Sprintf("(%s, %s)", literal(m.Call), literal(m.Question)))
	}
	fmt.Fprintf(b, "\nCREATE OR REPLACE VIEW ml_help AS\nSELECT * FROM (VALUES\n  %s\n) AS help(from_what, question);\nCOMMENT ON VIEW ml_help IS 'What can be asked, each with FROM.';\n",
		strings.Join(rows, ",\n  "))
}
