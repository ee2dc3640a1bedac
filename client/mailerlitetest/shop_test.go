package mailerlitetest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// shopTables are the tables whose rows a shop lists, by the name of the list.
var shopTables = map[string]string{"product": "products", "category": "categories", "customer": "customers", "order": "orders", "cart": "carts"}

// TestShopListsEqualTruth reads every list of every shop, on several days, and each
// row by itself.
func TestShopListsEqualTruth(t *testing.T) {
	a := New(wide())
	for range 3 {
		for table, list := range shopTables {
			var got []string
			for _, shop := range a.IDs("shop") {
				for _, id := range idsOf(pages(t, a, "/ecommerce/shops/"+shop+"/"+list, 20)) {
					got = append(got, shop+"/"+id)
					if one := get(t, a, "/ecommerce/shops/"+shop+"/"+list+"/"+id).at("data", "id"); one != id {
						t.Fatalf("%s %s/%s by itself: got id %v", table, shop, id, one)
					}
				}
			}
			slices.Sort(got)
			if diff := cmp.Diff(got, slices.Sorted(slices.Values(a.IDs(table)))); diff != "" || len(got) == 0 {
				t.Errorf("day %d: %s: %s", a.Day(), table, diff)
			}
		}
		for table, parent := range map[string][2]string{"category_product": {"category", "products"}, "cart_item": {"cart", "items"}} {
			var got []string
			for _, id := range a.IDs(parent[0]) {
				shop, own, _ := strings.Cut(id, "/")
				for _, child := range idsOf(pages(t, a, "/ecommerce/shops/"+shop+"/"+shopTables[parent[0]]+"/"+own+"/"+parent[1], 2)) {
					got = append(got, id+"/"+child)
				}
			}
			slices.Sort(got)
			if diff := cmp.Diff(got, slices.Sorted(slices.Values(a.IDs(table)))); diff != "" || len(got) == 0 {
				t.Errorf("day %d: %s: %s", a.Day(), table, diff)
			}
		}
		a.Advance(4)
	}
}

// TestShopTruth checks that a row of Truth is the API's with the ids of its parents
// in front, which are those of IDs.
func TestShopTruth(t *testing.T) {
	a := New(wide())
	for table, parents := range map[string][]string{
		"product": {"shop_id"}, "category": {"shop_id"}, "customer": {"shop_id"}, "order": {"shop_id"}, "cart": {"shop_id"},
		"category_product": {"shop_id", "category_id", "product_id"}, "order_item": {"shop_id", "order_id"}, "cart_item": {"shop_id", "cart_id"},
	} {
		ids := a.IDs(table)
		for i, line := range strings.Split(strings.TrimSpace(truth(t, a, table)), "\n") {
			var row map[string]any
			if err := json.Unmarshal([]byte(line), &row); err != nil {
				t.Fatalf("%s: %v", table, err)
			}
			names, front := parents, "{"
			if table != "category_product" {
				names = append(slices.Clone(parents), "id")
			}
			for k, part := range strings.Split(ids[i], "/") {
				front += fmt.Sprintf(`"%s":"%s",`, names[k], part)
			}
			if !strings.HasPrefix(strings.Replace(line, "}", ",", 1), front) {
				t.Fatalf("%s %s: got %.200s, want %s in front", table, ids[i], line, front)
			}
			if table == "order" {
				shop, id, _ := strings.Cut(ids[i], "/")
				want := get(t, a, "/ecommerce/shops/"+shop+"/orders/"+id).raw
				if got := `{"data":{` + strings.TrimPrefix(line, `{"shop_id":"`+shop+`",`) + `}`; got != string(want) {
					t.Fatalf("order %s: Truth differs from the API", ids[i])
				}
			}
		}
	}
}

func TestShopsShareIDs(t *testing.T) {
	a := New(wide())
	for table := range shopTables {
		shops := map[string]int{}
		for _, id := range a.IDs(table) {
			_, own, _ := strings.Cut(id, "/")
			shops[own]++
		}
		shared := 0
		for _, n := range shops {
			shared += n - 1
		}
		if shared == 0 {
			t.Errorf("no two shops have a %s of the same id", table)
		}
	}
}

// TestShopOrders checks that what an order says fits together: its cart, its customer,
// its price.
func TestShopOrders(t *testing.T) {
	a := New(wide())
	a.Advance(10)
	texts, numbers, statuses := 0, 0, map[string]int{}
	for _, shop := range a.IDs("shop") {
		carts := map[string]map[string]any{}
		for _, row := range pages(t, a, "/ecommerce/shops/"+shop+"/carts", 100) {
			carts[row["id"].(string)] = row
		}
		orders := pages(t, a, "/ecommerce/shops/"+shop+"/orders", 100)
		for _, o := range orders {
			inside := o["cart"].(map[string]any)
			cart := carts[inside["id"].(string)]
			if cart["ecommerce_order_id"] != o["id"] || fmt.Sprint(cart["items"]) != fmt.Sprint(inside["items"]) {
				t.Fatalf("order %v: its cart is not the one in the list", o["id"])
			}
			if diff := cmp.Diff(cart["customer"], o["customer"]); diff != "" {
				t.Fatalf("order %v: its customer is not that of the cart: %s", o["id"], diff)
			}
			statuses[o["status"].(string)]++
			var cents int64
			for _, i := range inside["items"].([]any) {
				quantity, _ := strconv.ParseInt(fmt.Sprint(i.(map[string]any)["quantity"]), 10, 64)
				cents += quantity * centsIn(t, i.(map[string]any)["price"])
			}
			if got := centsIn(t, inside["cart_total"]); got != cents || cents == 0 {
				t.Errorf("order %v: cart_total is %d cents, its items cost %d", o["id"], got, cents)
			}
			if got := centsIn(t, o["total_price"]); got != cents {
				t.Errorf("order %v: total_price is %d cents, its items cost %d", o["id"], got, cents)
			}
			if _, isText := o["total_price"].(string); isText {
				texts++
			} else {
				numbers++
			}
		}
		if len(carts) <= len(orders) {
			t.Errorf("shop %s: %d carts and %d orders, want some open carts", shop, len(carts), len(orders))
		}
	}
	if texts == 0 || numbers == 0 || statuses["pending"] == 0 || statuses["complete"] == 0 || len(statuses) != 2 {
		t.Errorf("got %d prices as text and %d as numbers, statuses %v", texts, numbers, statuses)
	}
}

// centsIn reads an amount, number or text.
func centsIn(t *testing.T, amount any) int64 {
	t.Helper()
	whole, part, _ := strings.Cut(fmt.Sprint(amount), ".")
	n, err := strconv.ParseInt(whole+(part + "00")[:2], 10, 64)
	if err != nil || len(part) > 2 {
		t.Fatalf("got amount %v: %v", amount, err)
	}
	return n
}

// TestShopReferences checks over many days that links lead to rows that exist.
func TestShopReferences(t *testing.T) {
	a := New(wide())
	for range 30 {
		a.Advance(1)
		for _, s := range a.shops {
			for _, c := range s.carts {
				if !slices.Contains(s.customers, c.customer) {
					t.Fatalf("day %d: the customer of cart %d is not in the shop", a.Day(), c.id)
				}
				if c.order != 0 && findRow(s.orders, digits(c.order)) == nil {
					t.Fatalf("day %d: the order of cart %d is not in the shop", a.Day(), c.id)
				}
				for _, i := range c.items {
					if !slices.Contains(s.products, i.product) {
						t.Fatalf("day %d: the product of item %d is not in the shop", a.Day(), i.id)
					}
				}
			}
			for _, p := range s.products {
				for _, c := range p.categories {
					if !slices.Contains(s.categories, c) {
						t.Fatalf("day %d: category %d of product %d is not in the shop", a.Day(), c.id, p.id)
					}
				}
			}
		}
	}
}

// TestShopDays checks that days bring changes of every kind.
func TestShopDays(t *testing.T) {
	a := New(wide())
	before := everything(t, a)
	openBefore := strings.Count(before["cart"], `"ecommerce_order_id":null`)
	a.Advance(8)
	after := everything(t, a)
	for table, want := range map[string]func(change) bool{
		"product":          func(c change) bool { return c.added > 0 && c.changed > 0 && c.deleted > 0 },
		"category":         func(c change) bool { return c.added > 0 && c.changed > 0 },
		"category_product": func(c change) bool { return c.added > 0 && c.deleted > 0 },
		"customer":         func(c change) bool { return c.added > 0 && c.stale > 0 && c.stale < c.changed && c.deleted == 0 },
		"order":            func(c change) bool { return c.added > 0 && c.changed > 0 && c.deleted == 0 },
		"order_item":       func(c change) bool { return c.added > 0 && c.deleted == 0 },
		"cart":             func(c change) bool { return c.added > 0 && c.deleted == 0 },
		"shop":             func(c change) bool { return c.changed > 0 },
	} {
		if c := compareRows(t, before[table], after[table]); !want(c) {
			t.Errorf("%s: got %+v", table, c)
		}
	}
	ordered, now := 0, rowsByKey(t, after["cart"])
	for key, row := range rowsByKey(t, before["cart"]) {
		if strings.Contains(row, `"ecommerce_order_id":null`) && !strings.Contains(now[key], `"ecommerce_order_id":null`) {
			ordered++
		}
	}
	if ordered == 0 {
		t.Errorf("none of %d open carts became an order", openBefore)
	}
}

// TestCustomerOfDeletedSubscriber checks that a customer outlives the subscriber.
func TestCustomerOfDeletedSubscriber(t *testing.T) {
	a := New(wide())
	i := slices.IndexFunc(a.shops[0].customers, func(c *customer) bool { return c.subscriber != 0 })
	c := a.shops[0].customers[i]
	path := "/ecommerce/shops/560/customers/" + digits(c.id)
	if got := get(t, a, path).at("data", "subscriber", "id"); got != digits(c.subscriber) {
		t.Errorf("got subscriber %v, want %d", got, c.subscriber)
	}
	a.DeleteSubscriber(digits(c.subscriber))
	if g := get(t, a, path); g.status != 200 || g.at("data", "subscriber") != nil {
		t.Errorf("after the deletion: got %d %v", g.status, g.at("data", "subscriber"))
	}
}

func TestShopNotFound(t *testing.T) {
	a := New(wide())
	for _, path := range []string{
		"/1", "/x", "/1/products", "/560/products/1", "/560/categories/1", "/560/categories/1/products", "/560/customers/1", "/560/orders/1",
		"/560/carts/1", "/560/carts/1/items", "/560/carts/1/items/2", "/560/orders/1/items", "/560/nothing",
	} {
		if g := get(t, a, "/ecommerce/shops"+path); g.status != 404 {
			t.Errorf("%s: got status %d, want 404", path, g.status)
		}
	}
	o := wide()
	o.LegacyNotFound = true
	for path, want := range map[string]string{
		"/1/orders": `Ecommerce\Shop] 1`, "/560/orders/2": `Ecommerce\Order] 2`, "/560/categories/3/products": `Ecommerce\Category] 3`, "/560/carts/4/items/5": `Ecommerce\CartItem] 5`,
	} {
		if got := get(t, New(o), "/ecommerce/shops"+path).body["message"]; got != `No query results for model [App\Models\`+want {
			t.Errorf("%s: got message %q, want %s in it", path, got, want)
		}
	}
	item := strings.Split(a.IDs("cart_item")[0], "/")
	if got := get(t, a, "/ecommerce/shops/"+item[0]+"/carts/"+item[1]+"/items/"+item[2]).at("data", "id"); got != item[2] {
		t.Errorf("item %v by itself: got id %v", item, got)
	}
	if n := a.RequestsTo("/ecommerce/shops/{id}/carts/{id}/items/{id}"); n != 2 {
		t.Errorf("got %d requests to the route of an item, want 2", n)
	}
}
