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

// TestSegmentMembers checks the quirks of the list: only an empty page ends it, and
// per_page repeats a limit as text.
func TestSegmentMembers(t *testing.T) {
	a := New(wide())
	for _, segment := range a.IDs("segment") {
		var got []string
		for _, status := range Statuses {
			ids, n := walkAll(t, a, "/segments/"+segment+"/subscribers?limit=7&filter[status]="+status)
			if want := (len(ids)+6)/7 + 1; n != want {
				t.Errorf("%s: %d rows took %d pages, want %d, the last one empty", status, len(ids), n, want)
			}
			for _, id := range ids {
				got = append(got, segment+"/"+id)
			}
		}
		want := slices.DeleteFunc(a.IDs("segment_subscriber"), func(id string) bool { return !strings.HasPrefix(id, segment+"/") })
		slices.Sort(want)
		slices.Sort(got)
		if diff := cmp.Diff(got, want); diff != "" || len(want) == 0 {
			t.Errorf("segment %s: %s", segment, diff)
		}
	}
	path := "/segments/" + a.IDs("segment")[0] + "/subscribers"
	given, omitted := get(t, a, path+"?limit=3"), get(t, a, path)
	if given.at("meta", "per_page") != "3" || fmt.Sprintf("%T %v", omitted.at("meta", "per_page"), omitted.at("meta", "per_page")) != "json.Number 50" {
		t.Errorf("got per_page %#v and %#v, want text 3 and number 50", given.at("meta", "per_page"), omitted.at("meta", "per_page"))
	}
	for _, row := range omitted.rows() {
		if row["groups"] == nil || row["status"] != "active" {
			t.Errorf("got a row with groups %v and status %v", row["groups"], row["status"])
		}
	}
	if g := get(t, a, path+"?filter[status]=gone"); g.status != 422 {
		t.Errorf("an unknown status: got %d, want 422", g.status)
	}
	total := get(t, a, "/segments/"+a.IDs("segment")[0]).at("data", "total")
	if got := get(t, a, path+"?limit=0").body["total"]; got != total {
		t.Errorf("got total %v in the row and %v in the list", total, got)
	}
}

// TestSegmentDrift checks that members come and go although a row has nothing but
// its total to show for it, and that the total follows a change at once.
func TestSegmentDrift(t *testing.T) {
	o := wide()
	o.Subscribers, o.Segments = 2000, 2
	a := New(o)
	share := a.segments[1]
	before := rowsByKey(t, truth(t, a, "segment_subscriber"))
	for range 8 {
		a.Advance(1)
		after := rowsByKey(t, truth(t, a, "segment_subscriber"))
		came, went := 0, 0
		for key := range after {
			if _, ok := before[key]; !ok && strings.Contains(key, digits(share.id)) {
				came++
			}
		}
		for key := range before {
			if _, ok := after[key]; !ok && strings.Contains(key, digits(share.id)) {
				went++
			}
		}
		if came == 0 || went == 0 || came > len(after)/5 || went > len(after)/5 {
			t.Errorf("day %d: %d came and %d went, of %d", a.Day(), came, went, len(after))
		}
		before = after
	}
	member := slices.IndexFunc(a.subs, func(s *subscriber) bool { return s.status == active && share.has(s, a.day) })
	old := a.segmentTotal(share)
	a.SetStatus(digits(a.subs[member].id), "junk")
	if got := a.segmentTotal(share); got != old-1 {
		t.Errorf("total: got %d after one of %d members became junk", got, old)
	}
}

// TestFormMembers checks that the members of a form change only with its counters,
// except for deleted subscribers.
func TestFormMembers(t *testing.T) {
	a := New(wide())
	standing := 0
	for range 25 {
		type state struct {
			conversions int
			registered  stamp
			members     []uint64
		}
		before := map[uint64]state{}
		for _, f := range a.forms {
			s := state{conversions: f.conversions, registered: f.registered}
			for _, m := range a.formMembers(f) {
				s.members = append(s.members, m.id)
			}
			before[f.id] = s
		}
		a.Advance(1)
		for _, f := range a.forms {
			was := before[f.id]
			if f.conversions != was.conversions || f.registered != was.registered {
				continue
			}
			standing++
			var now []uint64
			for _, m := range a.formMembers(f) {
				now = append(now, m.id)
			}
			still := slices.DeleteFunc(was.members, func(id uint64) bool { return a.find(id) == nil })
			if diff := cmp.Diff(now, still); diff != "" {
				t.Errorf("day %d: form %d stands still, its members do not: %s", a.Day(), f.id, diff)
			}
		}
	}
	if standing < 10 || standing > 8*25 {
		t.Errorf("a form stood still %d times of %d", standing, 9*25)
	}
}

func TestFormMemberList(t *testing.T) {
	a := New(wide())
	a.Advance(9)
	var got []string
	for _, form := range a.IDs("form") {
		for _, status := range Statuses {
			ids, _ := walkAll(t, a, "/forms/"+form+"/subscribers?limit=2&filter[status]="+status)
			if !slices.IsSortedFunc(ids, func(x, y string) int { return compare(parseID(y), parseID(x)) }) {
				t.Errorf("form %s: members are not in the order of descending ids: %v", form, ids)
			}
			for _, id := range ids {
				got = append(got, form+"/"+id)
			}
		}
	}
	slices.Sort(got)
	want := slices.Sorted(slices.Values(a.IDs("form_subscriber")))
	if diff := cmp.Diff(got, want); diff != "" || len(want) < 20 {
		t.Errorf("%d memberships: %s", len(want), diff)
	}
	form, subscriber, _ := strings.Cut(want[0], "/")
	a.SetStatus(subscriber, "active")
	g := get(t, a, "/forms/"+form+"/subscribers?include=groups")
	if !slices.Contains(g.ids(), subscriber) || fmt.Sprint(g.at("meta", "per_page")) != "25" || g.rows()[0]["groups"] != nil {
		t.Errorf("got %v, per_page %v, groups %v", g.ids(), g.at("meta", "per_page"), g.rows()[0]["groups"])
	}
	conversions := func() string { return fmt.Sprint(get(t, a, "/forms/"+form).at("data", "conversions_count")) }
	old := conversions()
	a.DeleteSubscriber(subscriber)
	if conversions() != old || slices.Contains(a.IDs("form_subscriber"), want[0]) {
		t.Error("a deleted subscriber is still a member, or has changed the form's row")
	}
	joined := a.AddSubscriber()
	if !a.SignUp(joined, form) || conversions() == old || !slices.Contains(a.IDs("form_subscriber"), form+"/"+joined) {
		t.Error("a sign-up changed nothing")
	}
	if a.SignUp("1", form) || a.SignUp(joined, "1") {
		t.Error("SignUp: got true for what does not exist")
	}
}

func TestFormVariety(t *testing.T) {
	all := truth(t, New(wide()), "form")
	for _, want := range []string{
		`"settings":[]`, `"settings":{"double_optin":true}`, `"schedule":false`, `"schedule":"no"`, `.000000Z"`, `"last_registration_at":null`,
		`"active":false`, `"has_content":false`, `"double_optin":null`, `"groups":[]`, `"groups":[{"id":`, `"conversion_rate":{"float":0.`,
	} {
		if !strings.Contains(all, want) {
			t.Errorf("no %s", want)
		}
	}
}

// TestFormOfDeletedGroup checks that a form does not show a group that is gone.
func TestFormOfDeletedGroup(t *testing.T) {
	a := New(wide())
	for _, id := range a.IDs("group") {
		a.DeleteGroup(id)
	}
	for _, kind := range formKinds {
		for _, row := range get(t, a, "/forms/"+kind).rows() {
			if len(row["groups"].([]any)) != 0 || row["has_missing_groups"] != true {
				t.Errorf("got groups %v, has_missing_groups %v", row["groups"], row["has_missing_groups"])
			}
		}
	}
}

func TestFormFilterAndSort(t *testing.T) {
	a := New(wide())
	if g := get(t, a, "/forms/popup?filter[name]=NEWS"); len(g.rows()) != 1 || g.rows()[0]["name"] != "Newsletter sign-up" {
		t.Errorf("filter by name: got %v", g.ids())
	}
	for _, by := range []string{"created_at", "name", "conversions_count", "opens_count", "conversion_rate", "last_registration_at"} {
		up, down := get(t, a, "/forms/popup?sort="+by).ids(), get(t, a, "/forms/popup?sort=-"+by).ids()
		if len(up) != 3 || up[0] == down[0] {
			t.Errorf("sort by %s: got %v and %v", by, up, down)
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
