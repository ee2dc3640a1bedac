package schema_test

import (
	"slices"
	"strings"
	"testing"

	"mailerlake/schema"
	"mailerlake/schema/tables"
)

func decodeOne(t *testing.T, table, record string) *schema.Page {
	t.Helper()
	page, err := schema.NewDecoder(schema.Lookup(table)).Page([]byte(`[` + record + `]`))
	if err != nil {
		t.Fatal(err)
	}
	return page
}

// textOf returns the text of a page's first row in a column, "null" for null.
func textOf(b *schema.Batch, column string) string {
	v := b.Vector(column)
	if v == nil || v.Null(0) {
		return "null"
	}
	return string(v.Text(0))
}

// isMissing reports whether a column counts as one that no record had.
func isMissing(b *schema.Batch, column string) bool {
	i := slices.IndexFunc(b.Columns, func(c schema.Column) bool { return c.Name == column })
	return b.Missing != nil && b.Missing[i]
}

// TestRepeatedRows: of an object that repeats another table's row only its id is read. Null says that there is no such row; a
// record without the object says nothing.
func TestRepeatedRows(t *testing.T) {
	for _, test := range []struct {
		record, id, rescued string
		missing             bool
	}{
		{`"subscriber":{"id":"5","email":"x","fields":{"a":1},"new":[2],"id2":3}`, "5", "null", false},
		{`"subscriber":{"email":"x","id":5}`, "5", "null", false},
		{`"subscriber":null`, "null", "null", false},
		{`"subscriber":[]`, "null", "null", false},
		{`"subscriber":{"id":null}`, "null", "null", false},
		{`"subscriber":{"id":"5"},"subscriber":null`, "null", "null", false},
		{`"subscriber":null,"subscriber":{"id":"5"}`, "5", "null", false},
		{`"email":"x"`, "null", "null", true},
		{`"subscriber":{"email":"x"}`, "null", "null", true},
		{`"subscriber":"5"`, "null", `{"subscriber":"5"}`, true},
		{`"subscriber":[{"id":"5"}]`, "null", `{"subscriber":[{"id":"5"}]}`, true},
	} {
		rows := decodeOne(t, "customer", `{"id":"1",`+test.record+`}`).Rows
		if id, rescued := textOf(rows, "subscriber_id"), textOf(rows, schema.Rescued); id != test.id || rescued != test.rescued || isMissing(rows, "subscriber_id") != test.missing {
			t.Errorf("%s: subscriber %s, rescued %s, missing %t", test.record, id, rescued, isMissing(rows, "subscriber_id"))
		}
		if n := len(rows.Columns); n != len(schema.Lookup("customer").Columns)+1 {
			t.Errorf("%s: %d columns, some undeclared", test.record, n)
		}
	}
}

// TestArraysOfIDs: of the groups of a form the ids are kept, so that their counters do not change the form's row.
func TestArraysOfIDs(t *testing.T) {
	for groups, want := range map[string]string{
		`[{"id":"1","name":"a","opens_count":5},{"name":"b","id":22}]`: `["1",22]`,
		`[]`: `[]`, `null`: "null", `[ {"id" : "1" , "id":"2"} ]`: `["2"]`,
		`[{"name":"x"},{"id":null},{"id":""},{"id":[1]},"3",4,null]`: `[{"name":"x"},{"id":null},{"id":""},{"id":[1]},"3",4,null]`,
		`[{"\u0069d":"7","a":{"id":"8"}}]`:                           `["7"]`,
		`{"0":{"id":"1"}}`:                                           `{"0":{"id":"1"}}`,
	} {
		if got := textOf(decodeOne(t, "form", `{"id":"9","groups":`+groups+`}`).Rows, "groups"); got != want {
			t.Errorf("%s: got %s, want %s", groups, got, want)
		}
	}
}

// TestSkipped: what is declared as not read is no column and is not rescued.
func TestSkipped(t *testing.T) {
	rows := decodeOne(t, "order", `{"id":"9","shop":{"id":"1","name":"x"},"cart":{"id":"4","items":[]}}`).Rows
	if len(rows.Columns) != len(schema.Lookup("order").Columns)+1 || rows.Vector(schema.Rescued) != nil || textOf(rows, "cart_id") != "4" {
		t.Errorf("columns %v", rows.Columns)
	}
}

// TestRowsThatAreAColumnToo: the e-mails of a campaign are rows, and JSON text as before.
func TestRowsThatAreAColumnToo(t *testing.T) {
	for _, test := range []struct {
		emails, column, ids string
		absent              bool
	}{
		{`[{"id":"2","subject":"b","content":"c"},{"id":"1"}]`, `[{"id":"2","subject":"b"},{"id":"1"}]`, "1 2", false},
		{`[]`, `[]`, "", false},
		{`null`, "null", "", true},
		{`{"0":{"id":"1"}}`, `{"0":{"id":"1"}}`, "", true},
		{`[{"id":"1"},{"subject":"no id"}]`, `[{"id":"1"},{"subject":"no id"}]`, "1", true},
		{`[{"id":"8"}],"emails":[{"id":"9"}]`, `[{"id":"9"}]`, "9", false},
		{`[{"id":"8"}],"emails":null`, "null", "", true},
	} {
		page := decodeOne(t, "campaign", `{"id":"1","emails":`+test.emails+`}`)
		var ids []string
		if v := page.Children[0].Rows.Vector("id"); v != nil {
			for i := range v.Len() {
				ids = append(ids, string(v.Text(i)))
			}
		}
		if got := textOf(page.Rows, "emails"); got != test.column || strings.Join(ids, " ") != test.ids || (page.Absent != nil) != test.absent || textOf(page.Rows, schema.Rescued) != "null" {
			t.Errorf("%s: column %s, rows %v, absent %v, rescued %s", test.emails, got, ids, page.Absent, textOf(page.Rows, schema.Rescued))
		}
	}
}

// TestMarkedRows: a walk's own mark is true in its rows, the others are false, whatever the records say.
func TestMarkedRows(t *testing.T) {
	d := schema.NewDecoder(schema.Lookup("campaign_activity"))
	d.SetParent([]string{"campaign_id"}, []string{"7"})
	for _, mark := range []string{"", "opened", "junk", "opened"} {
		d.SetMark(mark)
		page, err := d.Page([]byte(`[{"id":"2","opened":5,"{opened}":6},{"id":"1"}]`))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"opened", "clicked", "junk"} {
			i := slices.IndexFunc(page.Rows.Columns, func(c schema.Column) bool { return c.Path == "{"+name+"}" })
			for row := range 2 {
				if v := page.Rows.Vectors[i]; v == nil || v.Null(row) || (v.Int(row) == 1) != (name == mark) {
					t.Errorf("walk of %q, row %d: %s is %v", mark, row, name, v)
				}
			}
		}
		layout, _ := schema.Fix(schema.Lookup("campaign_activity"), nil, []string{"opened", `\{opened}`}, nil)
		rows := layout.Convert(page.Rows)
		if got := rows.Vector("opened").Int(1) == 1; got != (mark == "opened") || textOf(rows, "campaign_id") != "7" {
			t.Errorf("walk of %q: opened is %t after conversion", mark, got)
		}
	}
}

// TestProtectionOfWhatIsReadTogether: a column that says which lists are read cannot be protected, a mark only dropped, and of
// rows that are a column as well nothing is left there.
func TestProtectionOfWhatIsReadTogether(t *testing.T) {
	key := []byte("0123456789abcdef")
	for _, test := range []struct {
		table      string
		protection schema.Protection
		why        string
	}{
		{"campaign", schema.Protection{Drop: []string{"status"}}, "campaign_activity"},
		{"campaign", schema.Protection{Hash: []string{"status"}, Key: key}, "campaign_activity"},
		{"campaign_activity", schema.Protection{Hash: []string{"opened"}, Key: key}, "drop it instead"},
		{"campaign_email", schema.Protection{Drop: []string{"subject"}}, "campaign.emails has it too"},
		{"campaign_email", schema.Protection{Drop: []string{"campaign_id"}}, "links the rows"},
	} {
		_, err := tables.All().Protect(map[string]schema.Protection{test.table: test.protection})
		if err == nil || !strings.Contains(err.Error(), test.why) {
			t.Errorf("%s %+v: %v, want an error with %q", test.table, test.protection, err, test.why)
		}
	}
	catalog, err := tables.All().Protect(map[string]schema.Protection{
		"campaign":          {Drop: []string{"emails"}, Hash: []string{"stats_sent"}, Key: key},
		"campaign_email":    {Drop: []string{"subject"}, Hash: []string{"from"}, Key: key},
		"campaign_activity": {Drop: []string{"opened"}},
		"customer":          {Drop: []string{"subscriber_id"}},
		"form":              {Hash: []string{"groups"}, Key: key},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, emails := range []string{`[{"id":"1","subject":"hush","from":"hush","new":1}]`, `{"0":{"id":"1","subject":"hush"}}`, `"hush"`, `[["hush"]]`} {
		page, err := schema.NewDecoder(catalog.Lookup("campaign")).Page([]byte(`[{"id":"1","emails":` + emails + `}]`))
		if err != nil {
			t.Fatal(err)
		}
		if where := holds(page, "hush"); where != nil {
			t.Errorf("%s: in %v", emails, where)
		}
	}
	d := schema.NewDecoder(catalog.Lookup("campaign_activity"))
	d.SetMark("opened")
	if page, err := d.Page([]byte(`[{"id":"1"}]`)); err != nil || page.Rows.Vector("opened") != nil || page.Rows.Vector("clicked").Int(0) != 0 {
		t.Errorf("a mark that is dropped: %v", err)
	}
	page, err := schema.NewDecoder(catalog.Lookup("customer")).Page([]byte(`[{"id":"1","subscriber":{"id":"hush"}},{"id":"2","subscriber":"hush"}]`))
	if err != nil || holds(page, "hush") != nil {
		t.Errorf("an id that is dropped: %v, in %v", err, holds(page, "hush"))
	}
	page, err = schema.NewDecoder(catalog.Lookup("form")).Page([]byte(`[{"id":"1","groups":[{"id":"hush"}]}]`))
	if err != nil || textOf(page.Rows, "groups") != schema.Token(key, []byte(`["hush"]`)) {
		t.Errorf("hashed ids: %v, %s", err, textOf(page.Rows, "groups"))
	}
}
