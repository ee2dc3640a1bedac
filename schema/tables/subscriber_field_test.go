package tables_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailerlake/schema"
	"mailerlake/schema/tables"
)

// definitions are custom fields of every type.
const definitions = `[{"id":"9","key":"company","type":"text"},{"id":"10","key":"age","type":"number"},{"id":"2","key":"born","type":"date"},
	{"id":"11","key":"a.b","type":"text"},{"id":"12","key":"odd","type":"colour"},{"id":"13","key":"untyped"},{"id":"14","key":"unused","type":"text"}]`

// longForm derives the rows of subscribers, with a catalog.
func longForm(t *testing.T, catalog *schema.Catalog, subscribers string) []string {
	t.Helper()
	page := decode(t, catalog.Lookup("subscriber"), subscribers)
	fields := decode(t, catalog.Lookup("field"), definitions).Rows
	// as merge does it, in two batches
	first, second := &schema.Batch{}, &schema.Batch{}
	first.Append(fields, 0, 3)
	second.Append(fields, 3, fields.Rows)
	c := catalog.Lookup("subscriber_field").Source.(*schema.Derived).Rows(page.Rows, []*schema.Batch{first, second})
	if len(c.Offsets) != page.Rows.Rows+1 || int(c.Offsets[page.Rows.Rows]) != c.Rows.Rows {
		t.Fatalf("offsets %v of %d rows, for %d subscribers", c.Offsets, c.Rows.Rows, page.Rows.Rows)
	}
	var rows []string
	for subscriber := range page.Rows.Rows {
		for i := int(c.Offsets[subscriber]); i < int(c.Offsets[subscriber+1]); i++ {
			row := string(page.Rows.Vector("id").Text(subscriber))
			for at, column := range c.Rows.Columns[1:] {
				row += " " + valueAt(c.Rows.Vectors[at+1], column.Kind, i)
			}
			rows = append(rows, row)
		}
	}
	return rows
}

func valueAt(v *schema.Vector, k schema.Kind, i int) string {
	switch {
	case v.Null(i):
		return "-"
	case k == schema.Double:
		return fmt.Sprint(v.Float(i))
	case k == schema.Date:
		return fmt.Sprint("day ", v.Int(i))
	}
	return fmt.Sprintf("%q", v.Text(i))
}

func decode(t *testing.T, table *schema.Table, records string) *schema.Page {
	t.Helper()
	page, err := schema.NewDecoder(table).Page([]byte(records))
	if err != nil {
		t.Fatal(err)
	}
	return page
}

// TestLongForm: each value that is not null is a row, in the column of its field's type, or as text if it does not fit that.
func TestLongForm(t *testing.T) {
	got := longForm(t, tables.All(), `[
		{"id":"3","fields":{"company":"Acme","age":"41.50","born":"1970-01-03","a.b":"dot","odd":"red","untyped":"x","undefined":"y","unused":null}},
		{"id":"2","fields":{"company":null,"age":"old","born":"yesterday"}},
		{"id":"1","fields":{"company":"","age":"","born":"","a":{"b":"object"}}},
		{"id":"4","fields":{"company":{"x":[1, 2]},"age":7,"born":"1970-01-01 00:00:00","odd":true}},
		{"id":"5","fields":[]},{"id":"6"}]`)
	want := []string{
		`1 "9" "company" "text" "" - -`,
		`2 "2" "born" "date" "yesterday" - -`, `2 "10" "age" "number" "old" - -`,
		`3 "2" "born" "date" - - day 2`, `3 "9" "company" "text" "Acme" - -`, `3 "10" "age" "number" - 41.5 -`, `3 "11" "a.b" "text" "dot" - -`, `3 "12" "odd" "colour" "red" - -`,
		`4 "2" "born" "date" - - day 0`, `4 "9" "company" "text" "{\"x\":[1,2]}" - -`, `4 "10" "age" "number" - 7 -`, `4 "12" "odd" "colour" "true" - -`,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if got := longForm(t, tables.All(), `[]`); got != nil {
		t.Errorf("of no subscribers: %q", got)
	}
}

// TestLongFormInKeyOrder: rows come in the order of their keys, as the merge needs them, and have the declared columns.
func TestLongFormInKeyOrder(t *testing.T) {
	rows := longForm(t, tables.All(), `[{"id":"10","fields":{"age":1,"company":"c","born":"2020-01-01"}},{"id":"9","fields":{"odd":1,"a.b":2}}]`)
	var ids []string
	for _, row := range rows {
		ids = append(ids, strings.Join(strings.Fields(row)[:2], " "))
	}
	if want := []string{`9 "11"`, `9 "12"`, `10 "2"`, `10 "9"`, `10 "10"`}; !cmp.Equal(ids, want) {
		t.Errorf("got %q, want %q", ids, want)
	}
	table := tables.All().Lookup("subscriber_field")
	c := table.Source.(*schema.Derived).Rows(&schema.Batch{}, nil)
	if !slices.Equal(c.Rows.Columns, table.Columns) {
		t.Errorf("columns %v, declared are %v", c.Rows.Columns, table.Columns)
	}
}

// TestLongFormKeepsProtection: a dropped field has no rows, a hashed one has its token, and the rows themselves cannot be
// protected, which would be no protection.
func TestLongFormKeepsProtection(t *testing.T) {
	key := []byte("0123456789abcdef")
	subscribers := `[{"id":"1","fields":{"company":"hush","age":41,"born":"1970-01-03"}}]`
	protected, err := tables.All().Protect(map[string]schema.Protection{"subscriber": {Drop: []string{"fields.company"}, Hash: []string{"fields_age"}, Key: key}})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{`1 "2" "born" "date" - - day 2`, `1 "10" "age" "number" "` + schema.Token(key, []byte("41")) + `" - -`}
	if d := cmp.Diff(want, longForm(t, protected, subscribers)); d != "" {
		t.Error(d)
	}
	all, err := tables.All().Protect(map[string]schema.Protection{"subscriber": {Drop: []string{"fields"}}})
	if err != nil {
		t.Fatal(err)
	}
	if got := longForm(t, all, subscribers); got != nil {
		t.Errorf("with all fields dropped: %q", got)
	}
	for _, p := range []schema.Protection{{Drop: []string{"value_text"}}, {Hash: []string{"value_text"}, Key: key}} {
		if _, err := tables.All().Protect(map[string]schema.Protection{"subscriber_field": p}); err == nil {
			t.Errorf("%+v is accepted", p)
		}
	}
}
