package schema_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailerlake/schema"
)

// TestSets: a set follows from the declarations alone, and names come in the catalog's order.
func TestSets(t *testing.T) {
	id := schema.KeyColumn("id")
	per := func(name, of string, paging schema.Paging) *schema.Table {
		return &schema.Table{Name: name, Key: []string{of + "_id", "id"}, Columns: slices.Concat(schema.LinkedKey(of+"_id"), id),
			Source: &schema.List{Path: "/x", Paging: paging, Per: &schema.Link{Table: of, Columns: []string{of + "_id"}}}}
	}
	inside := func(name, of string, columns ...string) *schema.Table {
		t := &schema.Table{Name: name, Key: append(slices.Clone(columns), "id"), Source: &schema.Nested{In: schema.Link{Table: of, Columns: columns}, Attribute: "in"}}
		for _, c := range columns {
			t.Columns = append(t.Columns, schema.LinkedKey(c)...)
		}
		t.Columns = append(t.Columns, schema.In("in", id)...)
		return t
	}
	c, err := schema.NewCatalog(
		inside("badge", "entry", "person_id", "entry_id"), per("entry", "person", schema.ByPage),
		&schema.Table{Name: "person", Core: true, Key: []string{"id"}, Columns: id, Source: &schema.List{Path: "/p", Paging: schema.ByCursor}},
		inside("hat", "person", "person_id"),
		&schema.Table{Name: "room", Key: []string{"id"}, Columns: id, Core: true, Source: &schema.List{Path: "/r", Paging: schema.ByPage}},
		per("guest", "room", schema.ByCursor),
	)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]string{
		"core": {"person", "room"}, "default": {"person", "hat", "room", "guest"}, "all": {"badge", "entry", "person", "hat", "room", "guest"},
	} {
		if got, ok := c.Set(name); !ok || !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if got, ok := c.Set("room"); ok || got != nil {
		t.Errorf("a set that does not exist: got %q", got)
	}
	var names []string
	for _, t := range c.Needed(func(t *schema.Table) bool { return t.Name == "badge" || t.Name == "room" }) {
		names = append(names, t.Name)
	}
	if d := cmp.Diff([]string{"badge", "entry", "person", "room"}, names); d != "" {
		t.Errorf("needed (-want +got)\n%s", d)
	}
	if _, err := schema.NewCatalog(&schema.Table{Name: "core", Key: []string{"id"}, Columns: id, Source: &schema.List{Path: "/p", Paging: schema.ByPage}}); err == nil {
		t.Error("a table may have the name of a set")
	}
}
