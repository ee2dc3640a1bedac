package schema_test

import (
	"slices"
	"strings"
	"testing"

	"mailerlake/schema"
)

// TestCatalogRefuses: declarations that cannot be read are refused when they are put together, not in a run.
func TestCatalogRefuses(t *testing.T) {
	list := func() *schema.List { return &schema.List{Path: "/x", Paging: schema.ByPage} }
	in := func(table string) schema.Link {
		return schema.Link{Table: table, Columns: []string{table + "_id"}}
	}
	box := func(change func(*schema.Table)) *schema.Table {
		b := &schema.Table{Name: "box", Key: []string{"id"}, Columns: slices.Concat(schema.KeyColumn("id"), schema.Documents("more")), Source: list()}
		change(b)
		return b
	}
	item := func(attribute string) *schema.Table {
		return &schema.Table{Name: "item", Key: []string{"id"}, Columns: slices.Concat(schema.In(attribute, schema.KeyColumn("id")), schema.Linked("box_id")),
			Source: &schema.Nested{In: in("box"), Attribute: attribute}}
	}
	perItem := schema.Table{Name: "part", Key: []string{"item_id", "id"}, Columns: slices.Concat(schema.LinkedKey("item_id"), schema.KeyColumn("id"))}
	part := func(s schema.Source) *schema.Table {
		p := perItem
		p.Source = s
		return &p
	}
	link := in("item")
	as := func(*schema.Table) {}
	for name, test := range map[string]struct {
		tables []*schema.Table
		why    string
	}{
		"a list for each nested row": {[]*schema.Table{box(as), item("items"), part(&schema.List{Path: "/{item_id}", Paging: schema.ByPage, Per: &link})}, "are not read by themselves"},
		"derived of nested rows":     {[]*schema.Table{box(as), item("items"), part(&schema.Derived{From: link})}, "are not read by themselves"},
		"nested in a column":         {[]*schema.Table{box(as), item("more")}, "column more"},
		"nested below a column":      {[]*schema.Table{box(as), item("more.items")}, "column more"},
		"secret in a column":         {[]*schema.Table{box(func(b *schema.Table) { b.Never = []string{"more.secret"} })}, "column more"},
		"expected column":            {[]*schema.Table{box(func(b *schema.Table) { b.Expected = []string{"more"} })}, "column more"},
		"otherwise without parent": {[]*schema.Table{box(as), func() *schema.Table {
			it := item("items")
			it.Source.(*schema.Nested).Otherwise = list()
			return it
		}()}, "instead"},
	} {
		if _, err := schema.NewCatalog(test.tables...); err == nil || !strings.Contains(err.Error(), test.why) {
			t.Errorf("%s: error %v, want one with %q", name, err, test.why)
		}
	}
	if _, err := schema.NewCatalog(box(as), item("items")); err != nil {
		t.Error(err)
	}
}
