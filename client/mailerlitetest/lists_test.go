package mailerlitetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// wide describes a small account with rows in every list.
func wide() Options {
	o := small()
	o.Segments, o.Forms, o.Webhooks, o.Imports, o.Shops, o.Products, o.Orders = 3, 9, 7, 17, 2, 23, 130
	return o
}

// pages reads a list to its end by page number.
func pages(t *testing.T, a *Account, path string, limit int) []map[string]any {
	t.Helper()
	var rows []map[string]any
	for n := 1; ; n++ {
		g := get(t, a, fmt.Sprintf("%s?limit=%d&page=%d", path, limit, n))
		if g.status != 200 {
			t.Fatalf("%s: got status %d: %s", path, g.status, g.raw)
		}
		rows = append(rows, g.rows()...)
		if fmt.Sprint(g.at("meta", "last_page")) == fmt.Sprint(n) {
			return rows
		}
	}
}

func idsOf(rows []map[string]any) []string {
	var ids []string
	for _, r := range rows {
		ids = append(ids, r["id"].(string))
	}
	return ids
}

// TestListsEqualTruth reads every page list of the account, on several days, and
// finds each row of Truth once, newest first.
func TestListsEqualTruth(t *testing.T) {
	a := New(wide())
	for range 4 {
		for table, paths := range map[string][]string{
			"segment": {"/segments"}, "webhook": {"/webhooks"}, "import": {"/subscribers/import"}, "shop": {"/ecommerce/shops"},
		} {
			var got []string
			for _, path := range paths {
				got = append(got, idsOf(pages(t, a, path, 2))...)
			}
			if diff := cmp.Diff(got, descending(a.IDs(table))); diff != "" {
				t.Errorf("day %d: %s: %s", a.Day(), table, diff)
			}
		}
		var got []string
		for i, kind := range formKinds {
			g := get(t, a, "/forms/"+kind)
			got = append(got, g.ids()...)
			for _, row := range g.rows() {
				if row["type"] != kind {
					t.Errorf("/forms/%s: got a form of type %v", kind, row["type"])
				}
			}
			if n := fmt.Sprint(g.at("meta", "aggregations", formKinds[(i+1)%3])); n != "3" {
				t.Errorf("aggregations of /forms/%s: got %s of another type, want 3", kind, n)
			}
		}
		slices.Sort(got)
		if diff := cmp.Diff(got, slices.Sorted(slices.Values(a.IDs("form")))); diff != "" {
			t.Errorf("day %d: forms: %s", a.Day(), diff)
		}
		a.Advance(3)
	}
}

// TestRoutesThatOverlap checks the fixed paths that also fit a route with an id.
func TestRoutesThatOverlap(t *testing.T) {
	a := New(wide())
	if n := len(get(t, a, "/campaigns/languages").rows()); n != 37 {
		t.Errorf("got %d languages, want 37", n)
	}
	if g := get(t, a, "/subscribers/import"); g.status != 200 || fmt.Sprint(g.at("meta", "per_page")) != "15" || len(g.rows()) != 15 {
		t.Errorf("imports: got %d rows, meta %v", len(g.rows()), g.at("meta", "per_page"))
	}
	id := a.IDs("import")[3]
	if got := get(t, a, "/subscribers/import/"+id).at("data", "id"); got != id {
		t.Errorf("got import %v, want %s", got, id)
	}
	if got := a.RequestsTo("/subscribers/{id}") + a.RequestsTo("/campaigns/{id}"); got != 0 {
		t.Errorf("%d requests went to the routes of single rows", got)
	}
}

func TestEveryRowByItself(t *testing.T) {
	a := New(wide())
	for table, path := range map[string]string{"segment": "/segments/", "form": "/forms/", "webhook": "/webhooks/", "import": "/subscribers/import/", "shop": "/ecommerce/shops/"} {
		for _, id := range a.IDs(table) {
			if got := get(t, a, path+id).at("data", "id"); got != id {
				t.Errorf("%s%s: got id %v", path, id, got)
			}
		}
		for _, id := range []string{"1", "x"} {
			if got := get(t, a, path+id); got.status != 404 {
				t.Errorf("%s%s: got status %d, want 404", path, id, got.status)
			}
		}
	}
	for _, path := range []string{"/segments/1/subscribers", "/forms/1/subscribers", "/forms/landing"} {
		if got := get(t, a, path); got.status != 404 {
			t.Errorf("%s: got status %d, want 404", path, got.status)
		}
	}
}

func TestLimitsOfLists(t *testing.T) {
	a := New(wide())
	shop, cart, _ := strings.Cut(a.IDs("cart")[0], "/")
	category := a.IDs("category")[0]
	category = category[strings.Index(category, "/")+1:]
	for path, max := range map[string]int{
		"/segments": 250, "/forms/embedded": 100, "/webhooks": 100, "/subscribers/import": 100, "/ecommerce/shops": 100,
		"/segments/" + a.IDs("segment")[0] + "/subscribers": 1000, "/forms/" + a.IDs("form")[0] + "/subscribers": 1000,
		"/ecommerce/shops/" + shop + "/orders": 100, "/ecommerce/shops/" + shop + "/carts/" + cart + "/items": 100,
		"/ecommerce/shops/" + shop + "/categories/" + category + "/products": 100,
	} {
		if g := get(t, a, fmt.Sprintf("%s?limit=%d", path, max)); g.status != 200 {
			t.Errorf("%s: limit %d: got status %d", path, max, g.status)
		}
		if g := get(t, a, fmt.Sprintf("%s?limit=%d", path, max+1)); g.status != 422 || g.at("errors", "limit") == nil {
			t.Errorf("%s: limit %d: got %d %s, want 422", path, max+1, g.status, g.raw)
		}
		all := get(t, a, fmt.Sprintf("%s?limit=%d", path, max))
		want := all.at("meta", "total")
		if want == nil { // on cursor lists
			want = len(all.rows())
		}
		if g := get(t, a, path+"?limit=0"); string(g.raw) != fmt.Sprintf(`{"total":%v}`, want) {
			t.Errorf("%s: limit 0: got %s, want the total %v", path, g.raw, want)
		}
	}
}

// TestEmptyLists checks that an account without these rows answers all the same.
func TestEmptyLists(t *testing.T) {
	a := New(small())
	a.Advance(6)
	for _, path := range []string{"/segments", "/forms/popup", "/webhooks", "/subscribers/import", "/ecommerce/shops"} {
		if g := get(t, a, path); g.status != 200 || len(g.rows()) != 0 || fmt.Sprint(g.at("meta", "total")) != "0" {
			t.Errorf("%s: got %d %s, want an empty list", path, g.status, g.raw)
		}
	}
	o := small()
	o.Shops, o.Products, o.Orders = 1, -1, -1
	a = New(o)
	a.Advance(6)
	for _, list := range []string{"products", "categories", "customers", "orders", "carts"} {
		if g := get(t, a, "/ecommerce/shops/560/"+list); g.status != 200 || fmt.Sprint(g.at("meta", "total")) != "0" {
			t.Errorf("%s: got %d %s, want an empty list", list, g.status, g.raw)
		}
	}
}

// TestWebhookSecret checks that every GET shows the secret and Truth does not.
func TestWebhookSecret(t *testing.T) {
	a := New(wide())
	for _, row := range get(t, a, "/webhooks").rows() {
		secret, _ := row["secret"].(string)
		if secret == "" || get(t, a, "/webhooks/"+row["id"].(string)).at("data", "secret") != secret {
			t.Errorf("webhook %v: secret %q in the list, another by itself", row["id"], secret)
		}
		if strings.Contains(truth(t, a, "webhook"), secret) {
			t.Error("Truth shows a secret")
		}
	}
	before := truth(t, a, "webhook")
	a.Advance(2)
	if c := compareRows(t, before, truth(t, a, "webhook")); c.changed == 0 || c.added+c.deleted != 0 {
		t.Errorf("after two days: got %+v, want calls counted", c)
	}
}

// TestImportDays checks that an import starts unfinished and is done the next day.
func TestImportDays(t *testing.T) {
	a := New(wide())
	a.Advance(1)
	row := get(t, a, "/subscribers/import?limit=1").rows()[0]
	if row["done"] != false || row["finished_at"] != nil || fmt.Sprint(row["percent"]) == "100" {
		t.Errorf("today's import: got %v", row)
	}
	a.Advance(1)
	row = get(t, a, "/subscribers/import/"+row["id"].(string)).at("data").(map[string]any)
	if row["done"] != true || fmt.Sprint(row["percent"]) != "100" {
		t.Errorf("yesterday's import: got %v", row)
	}
	if _, err := time.Parse("2006-01-02T15:04:05.000000Z", row["finished_at"].(string)); err != nil {
		t.Errorf("finished_at: %v", err)
	}
}

func TestBatchOfLists(t *testing.T) {
	a := New(wide())
	item := strings.Split(a.IDs("cart_item")[0], "/")
	g := ask(t, a, "POST", "/batch", batchOf(
		`{"method":"GET","path":"/api/forms/popup","body":{"limit":2}}`,
		`{"method":"GET","path":"api/segments/`+a.IDs("segment")[0]+`/subscribers?limit=3"}`,
		`{"method":"GET","path":"api/ecommerce/shops/`+item[0]+`/carts/`+item[1]+`/items"}`,
		`{"method":"GET","path":"api/timezones"}`,
		`{"method":"GET","path":"api/campaigns/languages"}`,
		`{"method":"GET","path":"api/ecommerce/shops/1/orders"}`,
	))
	var got []string
	for _, r := range g.body["responses"].([]any) {
		part := r.(map[string]any)
		list, _ := part["body"].(map[string]any)["data"].([]any)
		got = append(got, fmt.Sprintf("%v:%t", part["code"], len(list) > 0))
	}
	if want := "200:true 200:true 200:true 200:true 200:true 404:false"; strings.Join(got, " ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

// TestListDays checks over a month that no day of the demo account deletes a
// fifth of a list, and that the core tables do not depend on the lists.
func TestListDays(t *testing.T) {
	o := Demo(0)
	o.Segments, o.Forms, o.Webhooks, o.Imports, o.Shops = 0, 0, 0, 0, 0
	a, bare := New(Demo(0)), New(o)
	before := map[string]map[string]bool{}
	for day := range 35 {
		for _, table := range listTables {
			now, deleted := map[string]bool{}, 0
			for _, id := range a.IDs(table) {
				if now[id] {
					t.Fatalf("day %d: %s has id %s twice", day, table, id)
				}
				now[id] = true
			}
			for id := range before[table] {
				if !now[id] {
					deleted++
				}
			}
			if len(now) == 0 || deleted > 0 && deleted*5 >= len(before[table]) {
				t.Errorf("day %d: %d of %d rows of %s deleted", day, deleted, len(before[table]), table)
			}
			before[table] = now
		}
		a.Advance(1)
		bare.Advance(1)
	}
	for _, table := range CoreTables {
		if truth(t, a, table) != truth(t, bare, table) {
			t.Errorf("%s differs from that of an account without lists", table)
		}
	}
}
