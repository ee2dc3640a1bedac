package schema_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"mailerlake/schema"
)

// secrets declares rows with secrets, and rows inside them that have others.
func secrets(t *testing.T) *schema.Catalog {
	t.Helper()
	c, err := schema.NewCatalog(
		&schema.Table{
			Name: "hook", Key: []string{"id"}, Expected: []string{"more.parts"}, Never: []string{"token"},
			Columns: slices.Concat(schema.KeyColumn("id"), schema.Texts("auth.user"), schema.Documents("log"), schema.Texts("note")),
			Same:    map[string]string{"notes": "note"},
			Repeats: []string{"owner"}, Source: &schema.List{Path: "/hooks", Paging: schema.ByPage},
		},
		&schema.Table{
			Name: "part", Key: []string{"hook_id", "id"}, Never: []string{"secret"},
			Columns: slices.Concat(schema.LinkedKey("hook_id"), schema.In("more.parts", schema.KeyColumn("id"), schema.Texts("name"))),
			Source:  &schema.Nested{In: schema.Link{Table: "hook", Columns: []string{"hook_id"}}, Attribute: "more.parts"},
		},
	)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// holds returns where a page has a text.
func holds(page *schema.Page, text string) (where []string) {
	batches := []*schema.Batch{page.Rows}
	for _, c := range page.Children {
		batches = append(batches, c.Rows)
	}
	for _, b := range batches {
		for i, v := range b.Vectors {
			if strings.Contains(b.Columns[i].Path, text) || v != nil && bytes.Contains(v.Bytes, []byte(text)) {
				where = append(where, b.Columns[i].Name)
			}
		}
	}
	return where
}

// hostile are values that have the secret "hush" in many a shape.
func hostile(name string) []string {
	deep := strings.Repeat(`{"a":[`, 120) + `{"` + name + `":"hush"}` + strings.Repeat(`]}`, 120)
	return []string{
		`{"` + name + `":"hush"}`, `{"` + name + `":["hush"],"` + name + `":{"x":"hush"}}`, `[[{"` + name + `":"hush"}]]`, deep,
		`{"x":{"` + strings.ToUpper(name) + `":"hush"}}`, `{"\u00` + fmt.Sprintf("%x", name[0]) + name[1:] + `":"hush","y":1}`,
		`{"0":{"id":"1","` + name + `":"hush"}}`, `{ "` + name + `" : "hush" , "z" : [ ] }`,
	}
}

// TestSecretsStayAway sends secrets wherever a value can be: in columns, in place of objects and arrays, in unknown
// attributes, in the rows inside. None comes through, and what is around them does.
func TestSecretsStayAway(t *testing.T) {
	catalog := secrets(t)
	for _, name := range []string{"token", "secret"} {
		for _, value := range hostile(name) {
			for _, record := range []string{
				`"log":%s`, `"auth":%s`, `"auth":{"user":%s}`, `"owner":%s`, `"owner":[%s]`, `"unknown":%s`, `"note":%s`, `"note":"x","notes":%s`,
				`"more":%s`, `"more":[%s]`, `"more":{"parts":%s}`, `"more":{"parts":[%s]}`, `"more":{"new":%s}`,
				`"` + name + `":%s`, `"auth":{"` + name + `":%s}`, `"more":{"` + name + `":%s}`,
				`"more":{"parts":[{"id":"1","name":%s}]}`, `"more":{"parts":[{"id":"1","new":%s}]}`, `"more":{"parts":[{"id":"1","` + "secret" + `":%s}]}`,
			} {
				if name == "token" && strings.Contains(record, "parts\":[{") {
					continue // it is no secret of the rows inside
				}
				text := `[{"id":"1","kept":"keep",` + fmt.Sprintf(record, value) + `}]`
				page, err := schema.NewDecoder(catalog.Lookup("hook")).Page([]byte(text))
				if err != nil {
					t.Fatal(err)
				}
				if where := holds(page, "hush"); page.Rows.Rows != 1 || where != nil {
					t.Errorf("%s: %d rows, the secret is in %v", text, page.Rows.Rows, where)
				}
				if holds(page, "keep") == nil {
					t.Errorf("%s: what is no secret is lost", text)
				}
			}
		}
	}
}

// TestSecretsLeaveTheRest: of a value with a secret, everything else is kept as it was sent.
func TestSecretsLeaveTheRest(t *testing.T) {
	page, err := schema.NewDecoder(secrets(t).Lookup("hook")).Page([]byte(
		`[{"id":"1","log":[1.50,{"a":{"token":1,"b":"x\"y"},"token":2,"c":null},"token",[],{"token":3}],"auth":["u",{"secret":4}]}]`))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(page.Rows.Vector("log").Text(0)), `[1.50,{"a":{"b":"x\"y"},"c":null},"token",[],{}]`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := string(page.Rows.Vector(schema.Rescued).Text(0)), `{"auth":["u",{}]}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestProtectedRowsInsideStayAway sends an array of rows in another shape than the declared one: what is protected in the
// child table does not come in through the rescued values.
func TestProtectedRowsInsideStayAway(t *testing.T) {
	protected, err := secrets(t).Protect(map[string]schema.Protection{"part": {Drop: []string{"name"}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, more := range []string{
		`{"parts":[{"id":"1","name":"hush"}]}`,
		`{"parts":{"0":{"id":"1","name":"hush"}}}`, // so PHP writes an array with a gap
		`[{"parts":[{"id":"1","name":"hush"}]}]`,
		`"hush"`,
	} {
		page, err := schema.NewDecoder(protected.Lookup("hook")).Page([]byte(`[{"id":"1","more":` + more + `}]`))
		if err != nil {
			t.Fatal(err)
		}
		if where := holds(page, "hush"); page.Rows.Rows != 1 || where != nil {
			t.Errorf("%s: %d rows, the protected value is in %v", more, page.Rows.Rows, where)
		}
	}
}

// TestDeclaredSecrets: the secrets of webhooks, and of webhooks among the steps of automations, are in no table.
func TestDeclaredSecrets(t *testing.T) {
	for _, test := range []struct{ table, record string }{
		{"webhook", `"secret":%s`}, {"webhook", `"new":%s`}, {"webhook", `"events":[%s]`},
		{"automation", `"steps":[{"id":"1","type":"webhook","secret":%s}]`}, {"automation", `"steps":[{"id":"1","email":%s}]`},
		{"automation", `"steps":[{"id":"1","conditions":[%s]}]`}, {"automation", `"steps":[{"id":"1","new":[%s]}]`},
		{"automation", `"steps":[{"id":"1","field":[%s]}]`}, {"automation", `"steps":%s`}, {"automation", `"steps":[%s]`},
		{"automation", `"trigger_data":[%s]`}, {"automation", `"secret":%s`}, {"automation", `"new":%s`},
		{"automation", `"triggers":[{"id":"1","secret":%s,"groups":[%[1]s]}]`},
		{"automation_activity", `"currentStep":%s`}, {"automation_activity", `"nextStep":[%s]`}, {"automation_activity", `"stepRuns":[%s]`},
		{"automation_activity", `"new":%s`},
	} {
		for _, value := range hostile("secret") {
			text := `[{"id":"1",` + fmt.Sprintf(test.record, value) + `}]`
			d := schema.NewDecoder(schema.Lookup(test.table))
			d.SetParent([]string{"automation_id"}, []string{"7"})
			page, err := d.Page([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			if where := holds(page, "hush"); page.Rows.Rows != 1 || where != nil {
				t.Errorf("%s: %s: %d rows, the secret is in %v", test.table, text, page.Rows.Rows, where)
			}
		}
	}
}
