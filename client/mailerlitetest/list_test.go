package mailerlitetest

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// walkAll reads a list to its end by next_cursor.
func walkAll(t *testing.T, a *Account, path string) (ids []string, pages int) {
	t.Helper()
	cursor := ""
	for {
		g := get(t, a, path+"&cursor="+cursor)
		ids, pages = append(ids, g.ids()...), pages+1
		next, ok := g.at("meta", "next_cursor").(string)
		if !ok {
			return ids, pages
		}
		cursor = next
	}
}

func descending(ids []string) []string {
	ids = slices.Clone(ids)
	slices.Reverse(ids)
	return ids
}

func TestCursorWalk(t *testing.T) {
	a := New(small())
	want := descending(a.IDs("subscriber"))
	for limit, pages := range map[int]int{1: 130, 7: 19, 65: 2, 129: 2, 130: 1, 1000: 1} {
		got, n := walkAll(t, a, fmt.Sprintf("/subscribers?limit=%d", limit))
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("limit %d: %s", limit, diff)
		}
		if n != pages {
			t.Errorf("limit %d: got %d pages, want %d", limit, n, pages)
		}
	}
}

func TestCursorEnvelope(t *testing.T) {
	a := New(small())
	first := get(t, a, "/subscribers?limit=10&include=groups&filter[status]=active")
	ids := first.ids()
	want := base64.RawStdEncoding.EncodeToString([]byte(`{"id":` + ids[9] + `,"_pointsToNextItems":true}`))
	if got := first.at("meta", "next_cursor"); got != want {
		t.Errorf("got next_cursor %v, want %v", got, want)
	}
	if got, want := first.at("links", "next"), "https://connect.mailerlite.com/api/subscribers?cursor="+want; got != want {
		t.Errorf("got links.next %v, want %v: the cursor and nothing else", got, want)
	}
	if first.at("meta", "prev_cursor") != nil || first.at("links", "prev") != nil {
		t.Errorf("the first page has a previous one: %s", first.raw[len(first.raw)-400:])
	}
	second := get(t, a, "/subscribers?limit=10&filter[status]=active&cursor="+want)
	prev, _ := second.at("meta", "prev_cursor").(string)
	back := get(t, a, "/subscribers?limit=10&filter[status]=active&cursor="+prev)
	if diff := cmp.Diff(back.ids(), ids); diff != "" {
		t.Errorf("prev_cursor does not lead to the first page: %s", diff)
	}
	for _, c := range []string{"1", "garbage!", "bm90IGpzb24"} { // none of them is a cursor
		if got := get(t, a, "/subscribers?limit=10&filter[status]=active&cursor="+c); !slices.Equal(got.ids(), ids) {
			t.Errorf("cursor %q: got another page than the first", c)
		}
	}
}

func TestLinksOfPlainJSON(t *testing.T) {
	o := small()
	o.PlainJSON, o.BaseURL = true, "http://127.0.0.1:1/api"
	raw := string(get(t, New(o), "/groups?limit=2").raw)
	if want := `"path":"http://127.0.0.1:1/api/groups"`; !strings.Contains(raw, want) {
		t.Errorf("got %s, want %s in it", raw, want)
	}
}

func TestStatusFilter(t *testing.T) {
	a := New(small())
	total := 0
	for _, status := range Statuses {
		g := get(t, a, "/subscribers?limit=1000&filter[status]="+status)
		for _, row := range g.rows() {
			if row["status"] != status {
				t.Errorf("filter %s: got a row with status %v", status, row["status"])
			}
		}
		if len(g.rows()) == 0 {
			t.Errorf("no subscriber is %s", status)
		}
		count := get(t, a, "/subscribers?limit=0&filter[status]="+status)
		if got, want := fmt.Sprint(count.body["total"]), fmt.Sprint(len(g.rows())); got != want {
			t.Errorf("%s: got count %s, want %s", status, got, want)
		}
		total += len(g.rows())
	}
	if total != 130 {
		t.Errorf("the statuses have %d subscribers in all, want 130", total)
	}
	o := small()
	o.ActiveOnly = true
	for _, row := range get(t, New(o), "/subscribers?limit=1000").rows() {
		if row["status"] != "active" {
			t.Fatalf("ActiveOnly: got status %v", row["status"])
		}
	}
}

func TestMembers(t *testing.T) {
	a := New(small())
	group := a.IDs("group")[0]
	var got []string
	for _, status := range Statuses {
		ids, _ := walkAll(t, a, "/groups/"+group+"/subscribers?limit=3&filter[status]="+status)
		for _, id := range ids {
			got = append(got, group+"/"+id)
		}
		if byDefault, _ := walkAll(t, a, "/groups/"+group+"/subscribers?limit=3"); status == "active" && !slices.Equal(byDefault, ids) {
			t.Errorf("by default: got %v, want the active ones %v", byDefault, ids)
		}
	}
	var want []string
	for _, id := range a.IDs("group_subscriber") {
		if strings.HasPrefix(id, group+"/") {
			want = append(want, id)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(got, want); diff != "" {
		t.Error(diff)
	}
	if got := get(t, a, "/groups/1/subscribers").status; got != 404 {
		t.Errorf("unknown group: got status %d, want 404", got)
	}
}

func TestGroupCounters(t *testing.T) {
	a := New(small())
	a.Advance(3)
	for _, g := range get(t, a, "/groups").rows() {
		for _, status := range Statuses {
			n := get(t, a, fmt.Sprintf("/groups/%s/subscribers?limit=0&filter[status]=%s", g["id"], status)).body["total"]
			if got := g[status+"_count"]; got != n {
				t.Errorf("group %s: got %s_count %v, members say %v", g["id"], status, got, n)
			}
		}
	}
}

func TestIncludeGroups(t *testing.T) {
	a := New(small())
	for _, row := range get(t, a, "/subscribers?limit=5").rows() {
		if row["groups"] != nil {
			t.Error("got groups without include")
		}
	}
	if g := get(t, a, "/subscribers/"+a.IDs("subscriber")[3]).at("data", "groups"); g == nil {
		t.Error("a single subscriber lacks groups")
	}
	o := small()
	o.IgnoreInclude = true
	if row := get(t, New(o), "/subscribers?include=groups").rows()[0]; row["groups"] != nil {
		t.Error("IgnoreInclude: got groups")
	}
}

func TestLimits(t *testing.T) {
	o := small()
	o.Subscribers = 1200
	a := New(o)
	clamping, narrow := o, o
	clamping.ClampLimit = true
	narrow.Limits = map[string]Limit{"/groups": {Default: 2, Max: 3}, "/subscribers": {Default: 100, Max: 100}}
	for _, c := range []struct {
		a      *Account
		path   string
		status int
		rows   int
		per    string
	}{
		{a, "/subscribers", 200, 25, "25"},
		{a, "/subscribers?limit=1000", 200, 1000, "1000"},
		{a, "/subscribers?limit=1001", 422, 0, ""},
		{a, "/subscribers?limit=-1", 422, 0, ""},
		{a, "/subscribers?limit=many", 422, 0, ""},
		{a, "/subscribers?filter[nonsense]=1", 422, 0, ""},
		{a, "/subscribers?filter[status]=gone", 422, 0, ""},
		{a, "/subscribers?page=7", 200, 25, "25"},
		{a, "/groups/" + a.IDs("group")[0] + "/subscribers", 200, 50, "50"},
		{a, "/groups", 200, 5, "250"},
		{a, "/fields", 200, 28, "100"},
		{a, "/campaigns?filter[status]=sent", 200, -1, "25"},
		{a, "/campaigns?limit=20", 422, 0, ""},
		{a, "/campaigns?limit=0", 422, 0, ""},
		{a, "/campaigns?limit=1000", 422, 0, ""},
		{a, "/campaigns?limit=100&filter[status]=sent", 200, -1, "100"},
		{a, "/campaigns?filter[status]=archived", 422, 0, ""},
		{New(clamping), "/subscribers?limit=5000", 200, 1000, "1000"},
		{New(narrow), "/groups", 200, 2, "2"},
		{New(narrow), "/groups?limit=4", 422, 0, ""},
		{New(narrow), "/subscribers?limit=1000", 422, 0, ""},
	} {
		g := get(t, c.a, c.path)
		if g.status != c.status || c.rows >= 0 && len(g.rows()) != c.rows {
			t.Errorf("%s: got status %d and %d rows, want %d and %d", c.path, g.status, len(g.rows()), c.status, c.rows)
		}
		if got := fmt.Sprint(g.at("meta", "per_page")); c.per != "" && got != c.per {
			t.Errorf("%s: got per_page %s, want %s", c.path, got, c.per)
		}
		if errs, _ := g.body["errors"].(map[string]any); c.status == 422 && len(errs) != 1 {
			t.Errorf("%s: got %s, want one error by field", c.path, g.raw)
		}
	}
	if got := get(t, a, "/campaigns?limit=3").body["message"]; got != "The selected limit is invalid." {
		t.Errorf("got message %q", got)
	}
}

func TestPageLists(t *testing.T) {
	a := New(small())
	var ids []string
	for page := 1; page <= 3; page++ {
		g := get(t, a, fmt.Sprintf("/groups?limit=2&page=%d", page))
		ids = append(ids, g.ids()...)
		if got := fmt.Sprintf("%v %v %v", g.at("meta", "last_page"), g.at("meta", "total"), g.at("meta", "current_page")); got != fmt.Sprintf("3 5 %d", page) {
			t.Errorf("page %d: got last_page, total, current_page %s", page, got)
		}
		next, _ := g.at("links", "next").(string)
		if want := fmt.Sprintf("https://connect.mailerlite.com/api/groups?page=%d", page+1); page < 3 && next != want {
			t.Errorf("page %d: got links.next %q, want %q", page, next, want)
		}
	}
	slices.Sort(ids)
	want := a.IDs("group")
	slices.Sort(want)
	if diff := cmp.Diff(ids, want); diff != "" {
		t.Error(diff)
	}
	for _, path := range []string{"/groups?limit=2&page=4", "/groups?limit=2&page=99999999999"} {
		beyond := get(t, a, path)
		if beyond.status != 200 || string(beyond.raw[:10]) != `{"data":[]` || beyond.at("meta", "from") != nil {
			t.Errorf("%s: got %d %s, want 200 and no rows", path, beyond.status, beyond.raw)
		}
	}
	empty := get(t, New(Options{}), "/groups")
	if got := fmt.Sprintf("%v %v %v %v", empty.at("meta", "from"), empty.at("meta", "to"), empty.at("meta", "total"), empty.at("meta", "last_page")); got != "<nil> <nil> 0 1" {
		t.Errorf("empty list: got from, to, total, last_page %s", got)
	}
}

func TestPageButtons(t *testing.T) {
	o := small()
	o.Groups = 40
	links := get(t, New(o), "/groups?limit=2&page=3").at("meta", "links").([]any)
	var labels []string
	for _, l := range links {
		labels = append(labels, l.(map[string]any)["label"].(string))
	}
	if got, want := strings.Join(labels, "|"), "&laquo; Previous|1|2|3|4|5|6|7|...|19|20|Next &raquo;"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestOrders(t *testing.T) {
	a := New(small())
	column := func(path, key string) []string {
		var list []string
		for _, row := range get(t, a, path).rows() {
			list = append(list, fmt.Sprint(row[key]))
		}
		return list
	}
	for path, key := range map[string]string{"/groups": "name", "/fields": "name", "/groups?sort=created_at": "created_at"} {
		got := column(path, key)
		if !slices.IsSortedFunc(got, compareNames) {
			t.Errorf("%s: not ascending by %s: %q", path, key, got)
		}
	}
	if up, down := column("/groups?sort=created_at", "id"), column("/groups?sort=-created_at", "id"); !slices.Equal(up, descending(down)) {
		t.Errorf("descending is not the reverse of ascending: %v, %v", up, down)
	}
	if ids := column("/campaigns?filter[status]=draft&limit=100", "id"); !slices.IsSortedFunc(ids, func(x, y string) int { return compare(parseID(y), parseID(x)) }) {
		t.Errorf("drafts: not descending by id: %v", ids)
	}
	started := column("/campaigns?filter[status]=sent&limit=100", "started_at")
	if !slices.IsSortedFunc(started, func(x, y string) int { return strings.Compare(y, x) }) {
		t.Errorf("sent: not descending by started_at: %v", started)
	}
	if len(slices.Compact(started)) == len(column("/campaigns?filter[status]=sent&limit=100", "id")) {
		t.Error("sent: no two campaigns have the same started_at")
	}
	if got := column("/fields?filter[type]=date", "type"); len(got) != 4 {
		t.Errorf("got %d date fields, want 4", len(got))
	}
	if got := column("/groups?filter[name]="+url.QueryEscape("CUSTOMER"), "name"); len(got) != 2 {
		t.Errorf("got groups %q, want the two whose names contain customer", got)
	}
}

func TestCampaignStatuses(t *testing.T) {
	a := New(small())
	seen := map[string]int{}
	for _, status := range []string{"sent", "draft", "ready"} {
		g := get(t, a, "/campaigns?limit=100&filter[status]="+status)
		for _, row := range g.rows() {
			seen[row["status"].(string)]++
			if _, has := row["stats"]; has != (status == "sent") {
				t.Errorf("%s campaign %s: stats present: %t", status, row["id"], has)
			}
		}
		if got := fmt.Sprint(g.at("meta", "aggregations", "all")); got != "30" {
			t.Errorf("%s: got aggregations.all %s, want 30", status, got)
		}
		if got, want := fmt.Sprint(g.at("meta", "aggregations", status)), fmt.Sprint(seen[status]); got != want {
			t.Errorf("got aggregations.%s %s, want %s", status, got, want)
		}
	}
	if ready := get(t, a, "/campaigns?limit=100"); len(ready.rows()) != seen["ready"] || seen["ready"] == 0 {
		t.Errorf("by default: got %d campaigns, want the %d ready ones", len(ready.rows()), seen["ready"])
	}
	ab := get(t, a, "/campaigns?limit=100&filter[status]=sent&filter[type]=ab").rows()
	if len(ab) == 0 || len(ab[0]["emails"].([]any)) != 3 {
		t.Errorf("no A/B campaign with its three e-mails among %d", len(ab))
	}
}
