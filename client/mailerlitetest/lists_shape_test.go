package mailerlitetest

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestListShapes compares every attribute of the lists beside the subscribers with
// recorded responses, or with the documentation's examples where there are none.
func TestListShapes(t *testing.T) {
	if _, err := os.Stat(recordings); err != nil {
		t.Skip("no recorded responses beside the repository")
	}
	o := wide()
	o.NumbersAsStrings = true // as in TestShapes
	a := New(o)
	a.Advance(3)
	shop := "/ecommerce/shops/" + a.IDs("shop")[0]
	cart, category := digits(a.shops[0].carts[0].id), digits(a.shops[0].categories[0].id)
	subscriber := rowShape(nil, recording(t, "subscribers_list.python-cassette"))
	var samples []string // of imports: they are empty in the recordings
	for _, reason := range importSamples {
		samples = append(samples, reason+"[]")
	}
	for _, c := range []struct {
		name       string
		paths      []string
		must, may  []string
		excused    []string
		subscriber string // paths below this one are rows of subscribers, see below
	}{
		{name: "segment", paths: []string{"/segments"}, must: []string{"segments_list.python-cassette"}},
		{name: "single segment", paths: []string{"/segments/" + a.IDs("segment")[0]}, must: []string{"segments_get.python-cassette"}},
		{name: "segment member", paths: []string{"/segments/" + a.IDs("segment")[1] + "/subscribers?limit=1000"},
			must: []string{"segment_subscribers_list.python-cassette", "segment_subscribers_list.node-tape", "subscribers_get.python-cassette"}},
		{name: "form member", paths: []string{"/forms/" + a.IDs("form")[0] + "/subscribers?limit=1000"},
			must: []string{"form_subscribers_list.node-tape"}, may: []string{"subscribers_list.python-cassette"}},
		{name: "form", paths: []string{"/forms/popup", "/forms/" + a.IDs("form")[0]},
			must: []string{"forms_list_popup.python-cassette", "forms_get.python-cassette"}, may: []string{"forms_list_popup.node-tape", "forms_list_popup.ruby-cassette"}},
		{name: "embedded form", paths: []string{"/forms/embedded"}, must: []string{"forms_list_embedded.docs"},
			may: []string{"forms_list_popup.python-cassette", "forms_list_popup.node-tape"}},
		{name: "webhook", paths: []string{"/webhooks", "/webhooks/" + a.IDs("webhook")[0]}, must: []string{"webhooks_list.python-cassette", "webhooks_get.python-cassette"}},
		{name: "import", paths: []string{"/subscribers/import?limit=100"}, must: []string{"imports_get.python-cassette"}, excused: samples},
		{name: "time zone", paths: []string{"/timezones"}, must: []string{"timezones_list.python-cassette"}},
		{name: "language", paths: []string{"/campaigns/languages"}, must: []string{"campaign_languages_list.python-cassette"}},
		{name: "shop", paths: []string{"/ecommerce/shops", shop}, must: []string{"ecommerce_shops_list.docs"}},
		{name: "product of a category", paths: []string{shop + "/categories/" + category + "/products"}, must: []string{"ecommerce_category_products_list.docs"}},
		{name: "customer", paths: []string{shop + "/customers"}, must: []string{"ecommerce_customers_list.docs"}, subscriber: "subscriber"},
		{name: "cart", paths: []string{shop + "/carts"}, must: []string{"ecommerce_carts_list.docs"}, subscriber: "customer.subscriber"},
		{name: "cart item", paths: []string{shop + "/carts/" + cart + "/items"}, must: []string{"ecommerce_cart_items_list.docs"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			compareShapes(t, without(shapeOf(t, a, c.paths), c.subscriber), without(recorded(t, c.must), c.subscriber), recorded(t, c.may), c.excused...)
		})
	}
	t.Run("order", func(t *testing.T) {
		ours, docs := without(shapeOf(t, a, []string{shop + "/orders"}), "customer.subscriber"), without(recorded(t, []string{"ecommerce_orders_list.partial.docs"}), "customer.subscriber")
		compareShapes(t, ours, docs, nil, "status", "total_price", "created_at", "updated_at") // the end of the example is not known
	})
	t.Run("subscriber of a customer", func(t *testing.T) {
		ours := shape{}
		for _, row := range get(t, a, shop+"/customers").rows() {
			if row["subscriber"] != nil {
				ours.add("", row["subscriber"])
			}
		}
		compareShapes(t, ours, subscriber, recorded(t, []string{"segment_subscribers_list.node-tape"}), "groups")
	})
}

func shapeOf(t *testing.T, a *Account, paths []string) shape {
	t.Helper()
	var answers []got
	for _, path := range paths {
		answers = append(answers, get(t, a, path))
	}
	return rowShape(nil, answers...)
}

func recorded(t *testing.T, names []string) shape {
	t.Helper()
	var answers []got
	for _, name := range names {
		answers = append(answers, recording(t, name))
	}
	return rowShape(nil, answers...)
}

// without returns a shape without what is below a path.
func without(s shape, path string) shape {
	rest := shape{}
	for p, kinds := range s {
		if path == "" || !strings.HasPrefix(p, path+".") {
			rest[p] = kinds
		}
	}
	return rest
}

// TestListEnvelopes compares the members beside the rows with recorded responses.
func TestListEnvelopes(t *testing.T) {
	if _, err := os.Stat(recordings); err != nil {
		t.Skip("no recorded responses beside the repository")
	}
	a := New(wide())
	form := a.IDs("form")[7] // has no members
	for path, name := range map[string]string{
		"/segments?limit=10": "segments_list.python-cassette",
		"/segments/" + a.IDs("segment")[1] + "/subscribers":         "segment_subscribers_list.python-cassette",
		"/segments/" + a.IDs("segment")[1] + "/subscribers?limit=3": "segment_subscribers_list.node-tape",
		"/forms/popup?limit=25":                                     "forms_list_popup.node-tape",
		"/forms/" + form + "/subscribers?limit=10":                  "form_subscribers_list.node-tape",
		"/webhooks":            "webhooks_list.python-cassette",
		"/timezones":           "timezones_list.python-cassette",
		"/campaigns/languages": "campaign_languages_list.python-cassette",
		"/ecommerce/shops":     "ecommerce_shops_list.docs",
		"/ecommerce/shops/560/customers?limit=100":  "ecommerce_customers_list.docs",
		"/ecommerce/shops/560/categories?limit=100": "ecommerce_customers_list.docs",
		"/ecommerce/shops/560/products?limit=100":   "ecommerce_customers_list.docs",
	} {
		ours, real := shape{}, shape{}
		g, r := get(t, a, path), recording(t, name)
		delete(g.body, "data")
		delete(r.body, "data")
		ours.add("", g.body)
		real.add("", r.body)
		for _, s := range []shape{ours, real} { // there is a second page here, or there
			delete(s, "links.next")
			delete(s, "meta.links[].url")
		}
		if diff := cmp.Diff(ours, real); diff != "" {
			t.Errorf("%s against %s:\n%s", path, name, diff)
		}
	}
}
