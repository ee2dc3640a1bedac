package schema

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTables(t *testing.T) {
	var got []string
	for _, table := range Declared().Tables() {
		got = append(got, table.Name)
		if Lookup(table.Name) != table {
			t.Errorf("%s is not found", table.Name)
		}
	}
	want := []string{"subscriber", "group", "group_subscriber", "field", "campaign", // the core
		"account", "timezone", "campaign_language", "webhook", "import", "subscriber_field", "subscriber_activity",
		"segment", "segment_subscriber", "form", "form_subscriber", "campaign_email", "campaign_activity",
		"automation", "automation_step", "automation_trigger", "automation_activity",
		"shop", "product", "category", "category_product", "customer", "order", "order_item", "cart", "cart_item"}
	if !cmp.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if Lookup("nothing") != nil {
		t.Error("an unknown table is found")
	}
}

func TestDeclarations(t *testing.T) {
	for _, table := range Declared().Tables() {
		seen, paths := names{}, map[string]bool{}
		for i, c := range table.Columns {
			if name, same := sanitise(c.Name); seen[fold(c.Name)] || !same || name != c.Name {
				t.Errorf("%s: bad column name %s", table.Name, c.Name)
			}
			if c.Path == "" || paths[c.Path] || c.Kind == Raw {
				t.Errorf("%s: bad column %+v", table.Name, c)
			}
			if c.Required != (i < len(table.Key)) || c.Required && c.Name != table.Key[i] {
				t.Errorf("%s: column %s and the key %v disagree", table.Name, c.Name, table.Key)
			}
			seen.use(c.Name)
			paths[c.Path] = true
		}
		if order := slices.Sorted(slices.Values(table.Order)); !cmp.Equal(order, slices.Sorted(slices.Values(table.Key))) {
			t.Errorf("%s: order %v is not the key", table.Name, table.Order)
		}
		for second, path := range table.Same {
			if paths[second] || !paths[path] {
				t.Errorf("%s: %s beside %s", table.Name, second, path)
			}
		}
		list, ok := table.Source.(*List)
		if ok && (!strings.HasPrefix(list.Path, "/") || !slices.IsSortedFunc(list.Limits, func(a, b int) int { return b - a })) {
			t.Errorf("%s: source %+v", table.Name, table.Source)
		}
	}
}

func TestChildAndParent(t *testing.T) {
	subscriber, member := Lookup("subscriber"), Lookup("group_subscriber")
	if subscriber.Children()[0] != member || member.Parent() != subscriber {
		t.Error("subscriber and group_subscriber do not know each other")
	}
	if got := member.Columns[0].Name + "," + member.Columns[1].Name; got != "group_id,subscriber_id" {
		t.Errorf("columns %s", got)
	}
	var walks []string
	for _, w := range Lookup("campaign").Source.(*List).Walks {
		walks = append(walks, w.Params.Get("filter[status]"))
	}
	if want := []string{"draft", "ready", "sent"}; !cmp.Equal(walks, want) {
		t.Errorf("walks %v, want %v", walks, want)
	}
}

func TestDefined(t *testing.T) {
	d := NewDecoder(Lookup("field"))
	first, err := d.Page([]byte(`[{"id":"1","key":"name","type":"text"},{"id":"2","key":"age","type":"number"},{"id":"3","type":"text"}]`))
	if err != nil {
		t.Fatal(err)
	}
	second, err := d.Page([]byte(`[{"id":"4","key":"born","type":"date"},{"id":"5","key":"odd","type":"colour"},{"id":"6","key":"bare"}]`))
	if err != nil {
		t.Fatal(err)
	}
	empty, err := d.Page([]byte(`[{"id":"7","key":"untyped"}]`))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]Kind{"name": String, "age": Double, "born": Date, "odd": String} // what has no type tells of none
	if d := cmp.Diff(want, Lookup("field").Defined(first.Rows, second.Rows, empty.Rows)); d != "" {
		t.Error(d)
	}
}

func TestPaths(t *testing.T) {
	for _, names := range [][]string{{"a"}, {"a", "b"}, {"a.b", "c"}, {`\`, "."}, {""}, {"", "a", ""}, {`\e`}, {"e", `a\.b`}} {
		path := ""
		for _, name := range names {
			path = JoinPath(path, name)
		}
		if got := splitPath(path); !cmp.Equal(got, names) {
			t.Errorf("%q: path %s splits into %q", names, path, got)
		}
	}
}
