package readers

import (
	"testing"

	"mailerlake/client/mailerlitetest"
)

// TestSeveralParts changes 1 % of an account that takes several parts, and then a single row: each time every table equals
// the account, and the single row touches only its own part.
func TestSeveralParts(t *testing.T) {
	if testing.Short() {
		t.Skip("140,000 subscribers take a while")
	}
	o := demo(140_000)
	o.Churn = 0.33
	l, w := newLake(t, o), newWarehouse(t)
	l.tables = mailerlitetest.CoreTables // the others' lists for each subscriber would take long, and have no more parts
	l.export(t)
	l.check(t, w)
	l.checkParts(t, "subscriber", 2)
	l.account.Advance(1)
	l.export(t)
	l.check(t, w)
	l.checkOrder(t, w)
	l.checkManifest(t, w)
	l.changeOne(t, w)
}

// changeOne changes a single subscriber of the first part, which must be the only part that is written.
func (l *lake) changeOne(t *testing.T, w *warehouse) {
	t.Helper()
	before := l.files(t)
	if !l.account.BumpCounters(l.account.IDs("subscriber")[0]) {
		t.Fatal("the account lacks its first subscriber")
	}
	l.export(t)
	l.check(t, w)
	const first = "subscriber/part-00000.parquet"
	for path, after := range l.files(t) {
		if touched := after != before[path]; touched != (path == first) {
			t.Errorf("%s: touched: %v, for a change in %s", path, touched, first)
		}
		delete(before, path)
	}
	for path := range before {
		t.Errorf("%s: gone", path)
	}
}

// checkParts fails the test if a table has fewer parts than the minimum.
func (l *lake) checkParts(t *testing.T, table string, minimum int) {
	t.Helper()
	for _, m := range l.manifest(t).Tables {
		if m.Name == table && len(m.Parts) < minimum {
			t.Fatalf("%s has %d parts, want %d or more", table, len(m.Parts), minimum)
		}
	}
}

// TestPartsHaveOneSchema adds a custom field to an account and checks that all parts of a table still have one schema.
func TestPartsHaveOneSchema(t *testing.T) {
	o := demo(1500)
	l, w := newLake(t, o), newWarehouse(t)
	l.sizes.Group, l.sizes.Part = 100, 200
	l.export(t)
	l.checkParts(t, "subscriber", 5)
	for range 3 {
		l.account.Advance(1) // the second day brings a custom field
		l.export(t)
		l.check(t, w)
		l.checkOrder(t, w)
		l.checkManifest(t, w)
		for _, table := range mailerlitetest.Tables {
			if n := w.count(t, schemas(l.glob(table))); n != 1 {
				t.Errorf("%s: its parts have %d schemas", table, n)
			}
		}
	}
}

// schemas returns the SQL that counts the different schemas of some files.
func schemas(glob string) string {
	return `SELECT count(DISTINCT s) FROM (
		SELECT list((name, type, repetition_type, converted_type, logical_type)) AS s
		FROM parquet_schema(` + glob + `) GROUP BY file_name)`
}
