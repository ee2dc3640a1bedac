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
	walks := func(walks ...schema.Walk) func(*schema.Table) {
		return func(b *schema.Table) { b.Source.(*schema.List).Walks = walks }
	}
	inBox := in("box")
	bit := func(s schema.Source) *schema.Table {
		return &schema.Table{Name: "bit", Key: []string{"box_id", "id"}, Columns: slices.Concat(schema.LinkedKey("box_id"), schema.KeyColumn("id")), Source: s}
	}
	for name, test := range map[string]struct {
		tables []*schema.Table
		why    string
	}{
		"a list for each nested row": {[]*schema.Table{box(as), item("items"), part(&schema.List{Path: "/{item_id}", Paging: schema.ByPage, Per: &link})}, "are not read by themselves"},
		"derived of nested rows":     {[]*schema.Table{box(as), item("items"), part(&schema.Derived{From: link})}, "are not read by themselves"},
		"nested in a column of text": {[]*schema.Table{box(func(b *schema.Table) { b.Columns = slices.Concat(schema.KeyColumn("id"), schema.Texts("more")) }), item("more")}, "column more"},
		"nested below a column":      {[]*schema.Table{box(as), item("more.items")}, "column more"},
		"a column of a secret":       {[]*schema.Table{box(func(b *schema.Table) { b.Never = []string{"More"} })}, "column more"},
		"left out in a column":       {[]*schema.Table{box(func(b *schema.Table) { b.Skip = []string{"more.x"} })}, "column more"},
		"a row in a column":          {[]*schema.Table{box(func(b *schema.Table) { b.Repeats = []string{"more"} })}, "column more"},
		"a walk that marks no mark":  {[]*schema.Table{box(walks(schema.Walk{Marks: "more"}))}, "a walk marks more"},
		"a walk that marks nothing":  {[]*schema.Table{box(walks(schema.Walk{Marks: "seen"}))}, "a walk marks seen"},
		"standing still by itself":   {[]*schema.Table{box(func(b *schema.Table) { b.Source.(*schema.List).Still = []string{"id"} })}, "has no column id"},
		"standing still by nothing":  {[]*schema.Table{box(as), bit(&schema.List{Path: "/x", Paging: schema.ByPage, Per: &inBox, Still: []string{"size"}})}, "has no column size"},
		"of a column that is not":    {[]*schema.Table{box(as), bit(&schema.List{Path: "/x", Paging: schema.ByPage, Per: &inBox, Of: &schema.Condition{Column: "size"}})}, "has no column size"},
		"records of no object":       {[]*schema.Table{box(as), bit(&schema.List{Path: "/x", Paging: schema.ByPage, Per: &inBox, Records: "bits"})}, "inside an object"},
		"an object without records":  {[]*schema.Table{box(as), bit(&schema.List{Path: "/x", Paging: schema.InObject, Per: &inBox})}, "inside an object"},
		"an object of the account":   {[]*schema.Table{box(func(b *schema.Table) { b.Source = &schema.List{Path: "/x", Paging: schema.InObject, Records: "bits"} })}, "inside an object"},
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
	for _, array := range []string{"items", "more"} { // a column of JSON text may hold the rows as well
		if _, err := schema.NewCatalog(box(as), item(array)); err != nil {
			t.Error(err)
		}
	}
}
