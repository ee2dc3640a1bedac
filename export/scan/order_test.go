package scan

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"mailerlake/schema"
)

// listOf declares a list; refers are the tables that its rows refer to.
func listOf(name, per string, refers ...string) *schema.Table {
	t := &schema.Table{Name: name, Key: []string{"id"}, Columns: slices.Concat(schema.KeyColumn("id"), schema.Texts("a", "b"))}
	list := &schema.List{Path: "/" + name, Paging: schema.ByPage}
	if per != "" {
		list.Per = &schema.Link{Table: per, Columns: []string{"a"}}
	}
	t.Source = list
	for _, other := range refers {
		t.References = append(t.References, schema.Reference{Column: "b", Table: other})
	}
	return t
}

func nestedIn(parent string, refers ...string) *schema.Table {
	t := listOf("nested", "", refers...)
	t.Columns = slices.Concat(schema.In("list", schema.KeyColumn("id"), schema.Texts("b")), schema.Linked("a"))
	t.Source = &schema.Nested{In: schema.Link{Table: parent, Columns: []string{"a"}}, Attribute: "list"}
	return t
}

func TestOrdered(t *testing.T) {
	defines := listOf("field", "")
	defines.Defines = &schema.Definitions{Key: "a", Type: "b"}
	open := listOf("open", "")
	open.Open = &schema.Open{Object: "fields", DefinedBy: "field"}
	for name, c := range map[string]struct {
		tables []*schema.Table
		want   string
	}{
		"as declared":                   {[]*schema.Table{listOf("x", ""), listOf("y", "")}, "x y"},
		"a parent first":                {[]*schema.Table{listOf("x", "y"), listOf("y", "")}, "y x"},
		"three levels":                  {[]*schema.Table{listOf("x", "y"), listOf("y", "z"), listOf("z", "")}, "z y x"},
		"what is referred to last":      {[]*schema.Table{listOf("x", ""), listOf("y", "", "x"), listOf("z", "", "y")}, "z y x"},
		"what defines last":             {[]*schema.Table{defines, open}, "open field"},
		"what does not define":          {[]*schema.Table{listOf("x", ""), defines, open}, "x open field"},
		"a child that refers up":        {[]*schema.Table{listOf("x", ""), listOf("y", "x", "x"), listOf("z", "y", "x")}, "x y z"},
		"itself":                        {[]*schema.Table{listOf("x", "", "x"), listOf("y", "")}, "x y"},
		"each other":                    {[]*schema.Table{listOf("x", "", "y"), listOf("y", "", "x"), listOf("z", "", "x")}, "z x y"},
		"each other, below":             {[]*schema.Table{listOf("x", "z", "y"), listOf("y", "", "x"), listOf("z", "")}, "z x y"},
		"a reference against a parent":  {[]*schema.Table{listOf("x", "z", "y"), listOf("y", ""), listOf("z", "", "x")}, "z x y"},
		"a circle through a parent":     {[]*schema.Table{listOf("a", "b", "c"), listOf("b", ""), listOf("c", "", "b")}, "b a c"},
		"nested rows refer to a parent": {[]*schema.Table{listOf("x", ""), listOf("y", ""), nestedIn("y", "x")}, "y nested x"},
	} {
		catalog, err := schema.NewCatalog(c.tables...)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var got []string
		for _, table := range ordered(catalog) {
			got = append(got, table.Name)
		}
		if text := strings.Join(got, " "); text != c.want {
			t.Errorf("%s: got %s, want %s", name, text, c.want)
		}
	}
}

func TestOwnerOf(t *testing.T) {
	derived := listOf("derived", "")
	derived.Source = &schema.Derived{From: schema.Link{Table: "y", Columns: []string{"a"}}}
	catalog, err := schema.NewCatalog(listOf("x", ""), listOf("y", "x"), nestedIn("y"), derived,
		&schema.Table{Name: "one", Key: []string{"id"}, Columns: schema.KeyColumn("id"), Source: &schema.Single{Path: "/one"}})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"x": "x", "y": "y", "nested": "y", "derived": "y", "one": "one"} {
		if got := ownerOf(catalog.Lookup(name)); got.Name != want {
			t.Errorf("%s: got %s, want %s", name, got.Name, want)
		}
	}
}

// TestOrderIsKept reads tables side by side: none is asked for before those it waits for are read.
func TestOrderIsKept(t *testing.T) {
	a, b := listOf("a", ""), listOf("b", "", "a")
	a.Source.(*schema.List).Path, b.Source.(*schema.List).Path = "/a", "/b"
	w := newWorld(t, func(path string, q url.Values) (int, string) { return numbered(q, 3, ids(1, 2, 3)...) }, a, b)
	w.mustScan("a")
	var paths []string
	for _, asked := range w.asked {
		paths = append(paths, asked[:2])
	}
	if got := strings.Join(paths, ""); got != "/b/b/a/a" {
		t.Errorf("asked for %s", got)
	}
	w.options.Restart = true
	w.scanner = nil
	w.forget()
	s := New(w.options)
	if err := s.Scan(t.Context(), []*schema.Table{w.catalog.Lookup("a")}); err != nil {
		t.Fatal(err)
	}
	defer s.Results()[0].Log.Close()
	if len(s.Results()) != 1 || s.Result(w.catalog.Lookup("b")) != nil {
		t.Error("a table was read that nobody wants")
	}
}

// TestWaitsForAll: a table that several others refer to is read after the last of them. If its list shows at its top what was
// added meanwhile, only that is.
func TestWaitsForAll(t *testing.T) {
	referring := func(name string) *schema.Table {
		return &schema.Table{Name: name, Key: []string{"id"}, Columns: schema.KeyColumn("id"), References: []schema.Reference{{Column: "id", Table: "last"}},
			Source: &schema.List{Path: "/" + name, Paging: schema.ByCursor}}
	}
	for _, paging := range []schema.Paging{schema.ByCursor, schema.ByPage} {
		added := false
		w := newWorld(t, func(path string, q url.Values) (int, string) {
			switch {
			case path == "/long":
				added = added || q.Get("cursor") == "at18"
				return page(q, ids(30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12, 11)...)
			case path == "/short":
				return page(q, ids(1)...)
			case paging == schema.ByPage:
				return numbered(q, 1, ids(1)...)
			case added:
				return page(q, ids(2, 1)...)
			}
			return page(q, ids(1)...)
		}, referring("short"), referring("long"), &schema.Table{Name: "last", Key: []string{"id"}, Columns: schema.KeyColumn("id"), Source: &schema.List{Path: "/last", Paging: paging}})
		r := w.mustScan("last")
		at := slices.IndexFunc(w.asked, func(path string) bool { return strings.HasPrefix(path, "/last") })
		others := slices.ContainsFunc(w.asked[at:], func(path string) bool { return !strings.HasPrefix(path, "/last") })
		if paging == schema.ByPage && others || !strings.HasPrefix(w.asked[len(w.asked)-1], "/last") {
			t.Errorf("asked for %q", w.asked)
		}
		if got := keysIn(t, r.Log); paging == schema.ByCursor && !slices.Equal(got, []string{"1", "2"}) {
			t.Errorf("met %q", got)
		}
	}
}
