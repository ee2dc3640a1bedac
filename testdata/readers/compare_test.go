package readers

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// comparison compares a table of the dataset with the account's own rows.
type comparison struct {
	*warehouse
	table    string
	relation string   // the table, as SQL
	rows     string   // file with the account's rows
	first    string   // file with the account's rows at the first moment
	columns  []column // all but _rescued and _synced_at
	customs  int      // how many of the columns are custom fields; they come last
}

// compare returns the comparison of a table with the account as it was recorded last.
func (l *lake) compare(t testing.TB, w *warehouse, table string) comparison {
	t.Helper()
	c := comparison{warehouse: w, table: table, relation: l.glob(table), rows: l.rows(table, l.moment),
		first: l.rows(table, 1), columns: layoutOf(t, table)}
	if table == "subscriber" {
		fields := l.fieldLayout(t, w)
		c.columns, c.customs = append(c.columns, fields...), len(fields)
	}
	return c
}

// differences describes what differs. That is nothing if the table has all columns, in order and with their types, and
// exactly the account's rows. No value may be in _rescued: all values of the account fit their columns.
func (c comparison) differences(t testing.TB) []string {
	t.Helper()
	if differences := c.columnDifferences(t); len(differences) > 0 {
		return differences
	}
	wants, gots := c.fromAccount(c.rows), c.fromDataset()
	return slices.Concat(
		c.unmatched(t, "only the account has", wants, gots),
		c.unmatched(t, "only the dataset has", gots, wants))
}

func (c comparison) columnDifferences(t testing.TB) []string {
	t.Helper()
	declared, customs := c.columns[:len(c.columns)-c.customs], c.columns[len(c.columns)-c.customs:]
	if c.count(t, "SELECT count(*) FROM read_ndjson_objects("+quote(c.first)+")") == 0 {
		customs = c.asStored(t, customs) // without a row that has the fields, their order is open
	}
	own := []column{{name: "_rescued", kind: "VARCHAR"}, {name: "_synced_at", kind: "TIME"}}
	var wants, gots []string
	for _, c := range slices.Concat(declared, own, customs) {
		wants = append(wants, c.name+" "+c.sqlType())
	}
	names, types := c.describe(t, c.relation)
	for i := range names {
		gots = append(gots, names[i]+" "+types[i])
	}
	if slices.Equal(gots, wants) {
		return nil
	}
	return []string{fmt.Sprintf("columns:\ngot  %s\nwant %s", strings.Join(gots, ", "), strings.Join(wants, ", "))}
}

// asStored returns columns in the order of the dataset, and those that it lacks at the end.
func (c comparison) asStored(t testing.TB, columns []column) []column {
	t.Helper()
	names, _ := c.describe(t, c.relation)
	place := func(c column) int {
		if i := slices.Index(names, c.name); i >= 0 {
			return i
		}
		return len(names)
	}
	columns = slices.Clone(columns)
	slices.SortStableFunc(columns, func(a, b column) int { return place(a) - place(b) })
	return columns
}

// fromAccount returns the SQL of the table as it should be, by a file with the account's rows.
func (c comparison) fromAccount(rows string) string {
	list := []string{"CAST(NULL AS VARCHAR) AS _rescued"}
	for _, c := range c.columns {
		list = append(list, c.fromJSON()+" AS "+name(c.name))
	}
	return "SELECT " + strings.Join(list, ", ") + " FROM read_ndjson_objects(" + quote(rows) + ")"
}

// fromDataset returns the SQL of the table as it is.
func (c comparison) fromDataset() string {
	list := []string{"_rescued"}
	for _, c := range c.columns {
		list = append(list, c.stored()+" AS "+name(c.name))
	}
	return "SELECT " + strings.Join(list, ", ") + " FROM " + c.relation
}

// unmatched describes the rows of one query that another lacks, the first two in full.
func (c comparison) unmatched(t testing.TB, what, query, other string) []string {
	t.Helper()
	difference := "FROM ((" + query + ") EXCEPT ALL (" + other + "))"
	n := c.count(t, "SELECT count(*) "+difference)
	if n == 0 {
		return nil
	}
	list := []string{fmt.Sprintf("%s %d rows, such as", what, n)}
	for _, row := range c.warehouse.table(t, "SELECT * "+difference+" ORDER BY ALL LIMIT 2") {
		list = append(list, fmt.Sprint(row...))
	}
	return list
}

// changes counts what changed in the table between two files of the account's rows.
func (c comparison) changes(t testing.TB, before, after string) (inserted, updated, deleted int64) {
	t.Helper()
	key := make([]string, len(keys[c.table]))
	for i, k := range keys[c.table] {
		key[i] = name(k)
	}
	keysOf := func(rows string) string {
		return "SELECT " + strings.Join(key, ", ") + " FROM (" + c.fromAccount(rows) + ")"
	}
	missing := func(query, other string) int64 {
		return c.count(t, "SELECT count(*) FROM (("+query+") EXCEPT ALL ("+other+"))")
	}
	inserted = missing(keysOf(after), keysOf(before))
	deleted = missing(keysOf(before), keysOf(after))
	return inserted, missing(c.fromAccount(after), c.fromAccount(before)) - inserted, deleted
}

// check fails the test unless every table equals the account as it is now.
func (l *lake) check(t *testing.T, w *warehouse) {
	t.Helper()
	l.record(t)
	for _, table := range l.tables {
		for _, difference := range l.compare(t, w, table).differences(t) {
			t.Errorf("%s: %s", table, difference)
		}
	}
}
