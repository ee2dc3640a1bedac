package mailerlitetest

import (
	"slices"
	"strings"
	"testing"
)

// TestRowMutators touches and deletes a row of each kind.
func TestRowMutators(t *testing.T) {
	for _, table := range []string{
		"segment", "form", "webhook", "import", "shop", "product", "category", "customer", "order", "order_item", "cart", "cart_item",
	} {
		a := New(wide())
		ids := a.IDs(table)
		id := ids[len(ids)/2]
		before := truth(t, a, table)
		if !a.TouchRow(table, id) {
			t.Fatalf("TouchRow(%s, %s): got false", table, id)
		}
		if c := compareRows(t, before, truth(t, a, table)); c.changed == 0 || c.added+c.deleted != 0 {
			t.Errorf("TouchRow(%s): got %+v, want a changed row", table, c)
		}
		if !a.SetAttribute(table, id, "note", `"new"`) || strings.Count(truth(t, a, table), `"note":"new"`) == 0 {
			t.Errorf("SetAttribute(%s): no such attribute in the row", table)
		}
		if !a.DeleteRow(table, id) || slices.Contains(a.IDs(table), id) || len(a.IDs(table)) != len(ids)-1 {
			t.Errorf("DeleteRow(%s, %s): got %d rows of %d", table, id, len(a.IDs(table)), len(ids))
		}
		if a.DeleteRow(table, id) || a.TouchRow(table, id) || a.SetAttribute(table, id, "x", "1") || a.DeleteRow(table, "1/2/3") || a.TouchRow(table, "") {
			t.Errorf("%s: got true for what does not exist", table)
		}
	}
}

// TestDeletesSpread checks what goes with a row that is deleted.
func TestDeletesSpread(t *testing.T) {
	a := New(wide())
	withPrefix := func(table, prefix string) int {
		n := 0
		for _, id := range a.IDs(table) {
			if strings.HasPrefix(id, prefix) {
				n++
			}
		}
		return n
	}
	o := a.IDs("order")[0]
	emptied := a.shops[0].orders[0].cart
	a.DeleteRow("order", o)
	if withPrefix("order_item", o+"/") != 0 || emptied.order != 0 || withPrefix("cart_item", "560/"+digits(emptied.id)+"/") == 0 {
		t.Error("a deleted order has items, or its cart is not open again")
	}
	second := a.shops[0].orders[0]
	a.DeleteRow("cart", "560/"+digits(second.cart.id))
	if slices.Contains(a.IDs("order"), "560/"+digits(second.id)) {
		t.Error("the order of a deleted cart is still there")
	}
	sold := a.shops[0].orders[0].cart.items[0].product
	a.DeleteRow("product", "560/"+digits(sold.id))
	if !strings.Contains(truth(t, a, "order_item"), `"product":null`) {
		t.Error("no item has lost its product")
	}
	category := a.IDs("category")[0]
	a.DeleteRow("category", category)
	if withPrefix("category_product", category+"/") != 0 {
		t.Error("a deleted category has products")
	}
	customer := a.shops[0].orders[0].cart.customer
	a.DeleteRow("customer", "560/"+digits(customer.id))
	if slices.ContainsFunc(a.shops[0].carts, func(c *cart) bool { return c.customer == customer }) {
		t.Error("a deleted customer has carts")
	}
	a.DeleteRow("shop", "560")
	for _, table := range Tables {
		if withPrefix(table, "560/") != 0 {
			t.Errorf("a deleted shop has rows of %s", table)
		}
	}
	if g := get(t, a, "/ecommerce/shops/560/orders"); g.status != 404 {
		t.Errorf("orders of a deleted shop: got %d, want 404", g.status)
	}
	form := a.IDs("form")[0]
	a.DeleteRow("form", form)
	if withPrefix("form_subscriber", form+"/") != 0 {
		t.Error("a deleted form has members")
	}
}

func TestAddToShop(t *testing.T) {
	a := New(wide())
	for table, id := range map[string]string{"order": a.AddOrder("573"), "cart": a.AddCart("573"), "product": a.AddProduct("573", "Rake")} {
		if !slices.Contains(a.IDs(table), id) || !strings.HasPrefix(id, "573/") {
			t.Errorf("%s: no row %q", table, id)
		}
	}
	if id := a.AddOrder("1"); id != "" {
		t.Errorf("in no shop: got %q", id)
	}
}

func TestSetCategory(t *testing.T) {
	a := New(wide())
	link := a.IDs("category_product")[0]
	parts := strings.Split(link, "/")
	product := parts[0] + "/" + parts[2]
	for _, in := range []bool{false, true} {
		if !a.SetCategory(product, parts[1], in) || slices.Contains(a.IDs("category_product"), link) != in {
			t.Errorf("SetCategory(%t): nothing changed", in)
		}
		if a.SetCategory(product, parts[1], in) {
			t.Errorf("SetCategory(%t): got true the second time", in)
		}
	}
	if a.SetCategory(product, "1", true) || a.SetCategory("573", parts[1], true) {
		t.Error("SetCategory: got true for what does not exist")
	}
}
