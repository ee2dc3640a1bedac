package schema_test

import (
	"bytes"
	"slices"
	"testing"

	"mailerlake/schema"
)

// secrets declares rows with an object that has a secret, and rows inside them that have another.
func secrets(t *testing.T) *schema.Catalog {
	t.Helper()
	c, err := schema.NewCatalog(
		&schema.Table{
			Name: "hook", Key: []string{"id"}, Expected: []string{"more.parts"}, Never: []string{"auth.secret"},
			Columns: slices.Concat(schema.KeyColumn("id"), schema.Texts("auth.user")),
			Source:  &schema.List{Path: "/hooks", Paging: schema.ByPage},
		},
		&schema.Table{
			Name: "part", Key: []string{"hook_id", "id"}, Closed: true, Never: []string{"more.parts.secret"},
			Columns: slices.Concat(schema.LinkedKey("hook_id"), schema.In("more.parts", schema.KeyColumn("id"), schema.Texts("name"))),
			Source:  &schema.Nested{In: schema.Link{Table: "hook", Columns: []string{"hook_id"}}, Attribute: "more.parts"},
		},
	)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestSecretsStayAway sends objects and arrays in another shape than the declared one: what is never written, or is
// protected in a child table, does not come in through the rescued values.
func TestSecretsStayAway(t *testing.T) {
	records := []string{
		`{"id":"1","auth":{"user":"u","secret":"hush"},"more":{"parts":[{"id":"1","name":"n","secret":"hush"}]}}`,
		`{"id":"1","auth":[{"user":"u","secret":"hush"}]}`,
		`{"id":"1","auth":"hush"}`,
		`{"id":"1","more":{"parts":{"0":{"id":"1","name":"hush","secret":"hush"}}}}`, // so PHP writes an array with a gap
		`{"id":"1","more":[{"parts":[{"id":"1","name":"hush","secret":"hush"}]}]}`,
	}
	plain := secrets(t)
	protected, err := plain.Protect(map[string]schema.Protection{"part": {Drop: []string{"name"}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, catalog := range []*schema.Catalog{plain, protected} {
		for _, record := range records {
			page, err := schema.NewDecoder(catalog.Lookup("hook")).Page([]byte("[" + record + "]"))
			if err != nil {
				t.Fatal(err)
			}
			if page.Rows.Rows != 1 {
				t.Errorf("%s: %d rows", record, page.Rows.Rows)
			}
			for _, b := range []*schema.Batch{page.Rows, page.Children[0].Rows} {
				for i, v := range b.Vectors {
					if v != nil && bytes.Contains(v.Bytes, []byte("hush")) {
						t.Errorf("%s: column %s holds %s", record, b.Columns[i].Name, v.Bytes)
					}
				}
			}
		}
	}
}
