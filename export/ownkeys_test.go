package export_test

import (
	"fmt"
	"slices"
	"testing"

	"mailerlake/export"
	"mailerlake/schema"
)

// ownKeys declares shops, their orders and the gifts in these with keys of their own: what names the parent is no part of
// them.
func ownKeys(t testing.TB) *schema.Catalog {
	t.Helper()
	catalog, err := schema.NewCatalog(
		&schema.Table{
			Name: "shop", Key: []string{"id"}, Columns: slices.Concat(schema.KeyColumn("id"), schema.Texts("name")),
			Source: &schema.List{Path: "/shops", Paging: schema.ByCursor, Limits: []int{2}, Item: "/shops/{id}"},
		},
		&schema.Table{
			Name: "order", Key: []string{"id"}, Expected: []string{"gifts"},
			Columns: slices.Concat(schema.KeyColumn("id"), schema.Texts("name"), schema.Linked("shop_id")),
			Source: &schema.List{Path: "/shops/{shop_id}/orders", Paging: schema.ByCursor, Limits: []int{2}, Item: "/orders/{id}",
				Per: &schema.Link{Table: "shop", Columns: []string{"shop_id"}}},
		},
		&schema.Table{
			Name: "gift", Key: []string{"id"},
			Columns: slices.Concat(schema.In("gifts", schema.KeyColumn("id"), schema.Texts("name")), schema.Linked("order_id")),
			Source:  &schema.Nested{In: schema.Link{Table: "order", Columns: []string{"order_id"}}, Attribute: "gifts"},
		},
	)
	if err != nil {
		t.Fatal(err)
	}
	return catalog
}

// ownMall is a mall of two shops. An order of the second has the id that the first shop has.
type ownMall struct{ *mall }

func newOwnMall(t testing.TB) *ownMall {
	m := newMall(t)
	m.catalog = ownKeys(t)
	m.shops.list = []*node{
		{id: "3", name: "three", below: []*node{
			{id: "11", name: "a", gifts: []string{"51"}}, {id: "12", name: "b", gifts: []string{"52", "53"}}, {id: "13", name: "c", gifts: []string{"54"}}}},
		{id: "4", name: "four", below: []*node{{id: "3", name: "d", gifts: []string{"41", "42"}}, {id: "14", name: "e"}}},
	}
	return &ownMall{m}
}

// truth is what the tables must hold.
func (m *ownMall) truth() map[string][]string {
	all := map[string][]string{"order": {}, "gift": {}}
	for _, shop := range m.shops.list {
		for _, order := range shop.below {
			all["order"] = append(all["order"], shop.id+" "+order.id+" "+order.name)
			for _, gift := range order.gifts {
				all["gift"] = append(all["gift"], order.id+" "+gift+" gift "+gift)
			}
		}
	}
	for _, rows := range all {
		slices.Sort(rows)
	}
	return all
}

// goneOnPage removes a record when a path is asked for so many times.
func (s *shops) goneOnPage(page int, path string, ids ...string) {
	n := 0
	s.fault = func(p string) int {
		if p == path {
			if n++; n == page {
				s.remove(ids...)
			}
		}
		return 0
	}
}

// settle exports, and requires that nothing is wrong and the tables hold the account.
func (m *ownMall) settle(t testing.TB) *export.Report {
	t.Helper()
	m.shops.fault, m.shops.hide = nil, nil
	r := m.run(t)
	if r.Failed() {
		t.Errorf("a healthy run fails: %s", troubles(r))
	}
	m.check(t, m.truth())
	return r
}

// TestOwnKeys deletes rows whose keys do not name their parent, with proof, whatever tables are left out.
func TestOwnKeys(t *testing.T) {
	for _, tables := range [][]string{nil, {"gift"}, {"order"}, {"shop", "gift"}, {"order", "gift"}} {
		m := newOwnMall(t)
		m.tables = tables
		m.settle(t)
		m.shops.at("3", "12").gifts = []string{"52"}
		m.shops.at("4", "14").name = "changed"
		m.settle(t)
		m.shops.remove("3", "11")
		m.settle(t)
		m.shops.remove("3")
		if r := m.settle(t); r.Matches != (tables == nil) {
			t.Errorf("%v: matches %t", tables, r.Matches)
		}
	}
}

// TestOwnKeysLost: a list loses an order for once. It stays, and what came in it.
func TestOwnKeysLost(t *testing.T) {
	for _, tables := range [][]string{nil, {"gift"}, {"order"}} {
		m := newOwnMall(t)
		m.tables = tables
		m.settle(t)
		n := 0
		m.shops.hide = func(path, id string) bool {
			if path != "/shops/3/orders" || id != "12" {
				return false
			}
			n++
			return n == 1
		}
		m.run(t)
		m.check(t, m.truth())
		m.settle(t)
	}
}

// TestOwnKeysGone deletes a shop between two pages of its orders. No gift goes because its order has the id of that shop.
func TestOwnKeysGone(t *testing.T) {
	for _, exported := range []bool{false, true} {
		m := newOwnMall(t)
		if exported {
			m.run(t)
			m.check(t, m.truth())
		}
		m.shops.goneOnPage(2, "/shops/3/orders", "3")
		m.run(t)
		m.check(t, m.truth())
		m.settle(t)
	}
}

// TestLevelsGone deletes a shop between two pages of its orders, and an order between two pages of its lines: nothing
// that was read for it, or was nested in that, is exported.
func TestLevelsGone(t *testing.T) {
	for _, test := range []struct {
		path   string
		ids    []string
		listed []string // tables that were read before: what is gone is still there
	}{
		{"/shops/15/orders", []string{"15"}, []string{"shop"}},
		{"/shops/15/orders/24/lines", []string{"15", "24"}, []string{"shop", "order", "gift"}},
	} {
		for _, exported := range []bool{false, true} {
			m := newMall(t)
			if exported {
				m.settle(t)
			}
			m.shops.goneOnPage(2, test.path, test.ids...)
			if r := m.run(t); r.Failed() {
				t.Error(troubles(r))
			}
			want := m.shops.truth()
			for _, table := range test.listed {
				delete(want, table)
			}
			m.check(t, want)
			m.settle(t)
		}
	}
}

// TestPlannedGone commits a plan whose scan met a shop that went.
func TestPlannedGone(t *testing.T) {
	m := newMall(t)
	m.settle(t)
	m.shops.goneOnPage(2, "/shops/15/orders", "15")
	planned := counted(m.plan(t))
	if done := counted(m.commitPlan(t)); done["gift"] != planned["gift"] || done["order"] != planned["order"] {
		t.Errorf("planned %v, done %v", planned, done)
	}
	want := m.shops.truth()
	delete(want, "shop")
	m.check(t, want)
}

// TestFoundLater: a shop that only its id finds has orders that cannot be read. What came inside them is said to be
// incomplete too.
func TestFoundLater(t *testing.T) {
	m := newMall(t)
	m.tables = []string{"shop", "gift"}
	m.settle(t)
	before := m.shops.truth()
	m.shops.at("15", "22").gifts = []string{"77"}
	m.shops.hide = func(path, id string) bool { return path == "/shops" && id == "15" }
	m.shops.fault = failing("/shops/15/orders", 500)
	if r := m.run(t); tableOf(t, r, "gift").Incomplete == "" || !r.Failed() {
		t.Error("the gifts are said to be complete")
	}
	m.check(t, before)
	m.settle(t)
}

// TestNestedReferenceToWhatIsGone deletes a row that nested rows refer to, after these were read and before it is listed.
// Rows derived with such a reference are no obstacle.
func TestNestedReferenceToWhatIsGone(t *testing.T) {
	catalog, err := schema.NewCatalog(
		&schema.Table{
			Name: "shop", Key: []string{"id"}, Columns: slices.Concat(schema.KeyColumn("id"), schema.Texts("name")), Expected: []string{"gifts"},
			Source: &schema.List{Path: "/shops", Paging: schema.ByCursor, Limits: []int{2}, Item: "/shops/{id}"},
		},
		&schema.Table{
			Name: "kind", Key: []string{"id"}, Columns: slices.Concat(schema.KeyColumn("id"), schema.Texts("name")),
			Source: &schema.List{Path: "/shops/11/orders", Paging: schema.ByCursor, Limits: []int{2}, Item: "/shops/11/orders/{id}"},
		},
		&schema.Table{
			Name: "gift", Key: []string{"shop_id", "kind_id"}, References: []schema.Reference{{Column: "kind_id", Table: "kind"}}, Closed: true,
			Columns: slices.Concat(schema.LinkedKey("shop_id"), []schema.Column{{Name: "kind_id", Kind: schema.String, Path: "gifts.id", Required: true}}),
			Source:  &schema.Nested{In: schema.Link{Table: "shop", Columns: []string{"shop_id"}}, Attribute: "gifts"},
		},
		&schema.Table{
			Name: "letter", Key: []string{"box_id", "place"}, References: []schema.Reference{{Column: "place", Table: "kind"}},
			Columns: slices.Concat(schema.LinkedKey("box_id"), schema.KeyColumn("place"), schema.Texts("letter")),
			Source:  &schema.Derived{From: schema.Link{Table: "shop", Columns: []string{"box_id"}}, Rows: letters},
		},
	)
	if err != nil {
		t.Fatal(err)
	}
	m := newMall(t)
	m.catalog = catalog
	m.shops.list = []*node{
		{id: "11", name: "a", below: []*node{{id: "21"}, {id: "22"}, {id: "23"}}},
		{id: "12", name: "b", gifts: []string{"21", "22"}}, {id: "13", name: "c", gifts: []string{"22"}},
	}
	m.shops.goneOnPage(1, "/shops/11/orders", "11", "22")
	if r := m.run(t); r.Failed() || !r.Matches {
		t.Errorf("matches %t: %s", r.Matches, troubles(r))
	}
	var got []string
	for _, row := range m.list(t, "gift") {
		got = append(got, fmt.Sprint(row["shop_id"], " ", row["kind_id"]))
	}
	if !slices.Equal(got, []string{"12 21"}) {
		t.Errorf("gifts %q", got)
	}
}
