package mailerlitetest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestAuthorization(t *testing.T) {
	o := small()
	o.Key = "right"
	strict, open := New(o), New(small())
	for _, c := range []struct {
		a      *Account
		header string
		want   int
	}{
		{strict, "Bearer right", 200}, {strict, "Bearer wrong", 401}, {strict, "right", 401}, {strict, "", 401},
		{open, "Bearer any", 200}, {open, "Bearer ", 401}, {open, "", 401},
	} {
		r := request("GET", "/subscribers?limit=1", "")
		r.Header.Set("Authorization", c.header)
		g := exchange(t, c.a.Transport(), r)
		if g.status != c.want {
			t.Errorf("%q: got status %d, want %d", c.header, g.status, c.want)
		}
		if has := g.header.Get("X-RateLimit-Limit") != ""; has != (c.want == 200) {
			t.Errorf("%q: rate-limit headers present: %t", c.header, has)
		}
		if c.want == 401 && g.body["message"] != "Unauthenticated." {
			t.Errorf("%q: got %s", c.header, g.raw)
		}
	}
}

func TestNotFound(t *testing.T) {
	o := small()
	o.LegacyNotFound, o.NoAccount, o.NoGroup = true, true, true
	now, legacy := New(small()), New(o)
	group := legacy.IDs("group")[0]
	for _, c := range []struct {
		a            *Account
		method, path string
		status       int
		message      string
	}{
		{now, "GET", "/subscribers/1", 404, "Resource does not exist."},
		{now, "GET", "/campaigns/1", 404, "Resource does not exist."},
		{legacy, "GET", "/subscribers/list", 404, `No query results for model [App\Models\Subscriber\Subscriber].`},
		{legacy, "GET", "/campaigns/121212", 404, `No query results for model [App\Models\Campaign\Campaign] 121212`},
		{legacy, "GET", "/groups/121212/subscribers", 404, `No query results for model [App\Models\Group\Group] 121212`},
		{legacy, "GET", "/groups/" + group, 404, "The route api/groups/" + group + " could not be found."},
		{legacy, "GET", "/account", 404, "The route api/account could not be found."},
		{now, "GET", "/nothing/here", 404, "The route api/nothing/here could not be found."},
		{now, "POST", "/subscribers", 405, "The POST method is not supported for route api/subscribers."},
	} {
		g := ask(t, c.a, c.method, c.path, "")
		if g.status != c.status || g.body["message"] != c.message {
			t.Errorf("%s %s: got %d %q, want %d %q", c.method, c.path, g.status, g.body["message"], c.status, c.message)
		}
		if g.header.Get("X-RateLimit-Remaining") == "" {
			t.Errorf("%s %s: no rate-limit headers", c.method, c.path)
		}
	}
}

func TestSingles(t *testing.T) {
	a := New(small())
	row := get(t, a, "/subscribers?limit=1&include=groups").rows()[0]
	for _, key := range []string{"id", "email"} {
		if got := get(t, a, "/subscribers/"+strings.ToUpper(row[key].(string))).at("data", "id"); got != row["id"] {
			t.Errorf("by %s: got id %v, want %v", key, got, row["id"])
		}
	}
	c := get(t, a, "/campaigns?limit=1&filter[status]=sent").rows()[0]
	e := get(t, a, "/campaigns/"+c["id"].(string)).at("data", "emails").([]any)[0].(map[string]any)
	if e["content"] == nil || e["click_map"] == nil {
		t.Errorf("single campaign: no content or click_map in %v", e)
	}
	g := get(t, a, "/account")
	if g.at("data", "id") != "83510" || g.header.Get("x-account_id") != "83510" {
		t.Errorf("got account %s, header %q", g.raw, g.header.Get("x-account_id"))
	}
	o := small()
	o.NoAccountHeader = true
	if h := get(t, New(o), "/account").header; h.Get("x-account_id") != "" {
		t.Error("NoAccountHeader: got the header")
	}
}

func batchOf(parts ...string) string { return `{"requests":[` + strings.Join(parts, ",") + `]}` }

func TestBatch(t *testing.T) {
	a := New(small())
	id := a.IDs("subscriber")[0]
	g := ask(t, a, "POST", "/batch", batchOf(
		`{"method":"GET","path":"api/subscribers/`+id+`"}`,
		`{"method":"GET","path":"/api/subscribers/1"}`,
		`{"method":"GET","path":"api/campaigns/list/x"}`,
		`{"method":"GET","path":"api/subscribers","body":{"limit":3,"filter":{"status":"bounced"}}}`,
		`{"method":"GET","path":"api/groups?limit=2&page=2"}`,
		`{"method":"GET","path":"api/campaigns","body":{"limit":"7"}}`,
		`{"method":"POST","path":"api/batch"}`,
	))
	if got := fmt.Sprintf("%d %v %v %v", g.status, g.body["total"], g.body["successful"], g.body["failed"]); got != "200 7 3 4" {
		t.Fatalf("got status, total, successful, failed %s, want 200 7 3 4: %.3000s", got, g.raw)
	}
	var codes []string
	responses := g.body["responses"].([]any)
	for _, r := range responses {
		codes = append(codes, r.(map[string]any)["code"].(json.Number).String())
	}
	if got, want := strings.Join(codes, " "), "200 404 404 200 200 422 404"; got != want {
		t.Errorf("got codes %s, want %s", got, want)
	}
	part := func(i int) got { return got{body: responses[i].(map[string]any)["body"].(map[string]any)} }
	if got := part(0).at("data", "id"); got != id {
		t.Errorf("first part: got id %v, want %s", got, id)
	}
	for _, row := range part(3).rows() {
		if row["status"] != "bounced" {
			t.Errorf("parameters in a body: got status %v", row["status"])
		}
	}
	if n := len(part(3).rows()); n != 3 {
		t.Errorf("parameters in a body: got %d rows, want 3", n)
	}
	if n := len(part(4).rows()); n != 2 {
		t.Errorf("parameters in a query: got %d rows, want 2", n)
	}
}

func TestBatchRefusals(t *testing.T) {
	refusing, strict := small(), small()
	refusing.BatchStatus, strict.BatchWithoutQuery = 403, true
	part := `{"method":"GET","path":"api/account"}`
	for _, c := range []struct {
		o      Options
		body   string
		status int
		want   string
	}{
		{small(), `{}`, 422, `"requests":`},
		{small(), `not json`, 422, `"requests":`},
		{small(), batchOf(strings.Split(strings.Repeat(part+" ", 51), " ")[:51]...), 422, "more than 50"},
		{small(), batchOf(strings.Split(strings.Repeat(part+" ", 50), " ")[:50]...), 200, `"total":50,"successful":50`},
		{small(), batchOf(part, `{"method":"LIST","path":"api/account"}`), 422, `"requests.1.method":`},
		{small(), batchOf(`{"method":"GET"}`), 422, `"requests.0.path":`},
		{refusing, batchOf(part), 403, "message"},
		{strict, batchOf(`{"method":"GET","path":"api/groups?limit=2"}`), 200, `"code":404`},
	} {
		g := ask(t, New(c.o), "POST", "/batch", c.body)
		if g.status != c.status || !strings.Contains(string(g.raw), c.want) {
			t.Errorf("%.80s: got %d %.200s, want %d with %s", c.body, g.status, g.raw, c.status, c.want)
		}
	}
}

func TestRateLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := small()
		o.RatePerMinute = 10
		a := New(o)
		time.Sleep(5 * time.Second) // the window opens with the first request, not when the account is made
		for i := range 10 {
			path := []string{"/account", "/subscribers/1", "/campaigns?limit=3"}[i%3] // 404 and 422 count as well
			g := get(t, a, path)
			if got, want := g.header.Get("X-RateLimit-Remaining"), fmt.Sprint(9-i); g.status == 429 || got != want {
				t.Fatalf("request %d: got status %d, remaining %s, want remaining %s", i, g.status, got, want)
			}
			time.Sleep(time.Second)
		}
		time.Sleep(500 * time.Millisecond)
		g := get(t, a, "/account")
		if got := fmt.Sprint(g.status, " ", g.header.Get("Retry-After"), " ", g.header.Get("X-RateLimit-Remaining"), " ", g.header.Get("X-RateLimit-Limit")); got != "429 50 0 10" {
			t.Errorf("got status, retry after, remaining, limit %s, want 429 50 0 10", got)
		}
		if g.body["message"] != "Too Many Attempts." {
			t.Errorf("got %s", g.raw)
		}
		time.Sleep(49500*time.Millisecond - time.Nanosecond)
		if g := get(t, a, "/account"); g.status != 429 {
			t.Errorf("just within the window: got status %d, want 429", g.status)
		}
		time.Sleep(time.Nanosecond)
		if g := get(t, a, "/account"); g.status != 200 || g.header.Get("X-RateLimit-Remaining") != "9" {
			t.Errorf("after the window: got status %d, remaining %s, want 200, 9", g.status, g.header.Get("X-RateLimit-Remaining"))
		}
	})
}

func TestBatchCost(t *testing.T) {
	parts := batchOf(strings.Split(strings.Repeat(`{"method":"GET","path":"api/account"} `, 6), " ")[:6]...)
	parts = strings.Join(strings.Fields(parts), "")
	for perPart, want := range map[bool]string{false: "9 8 7", true: "4 0 429"} {
		synctest.Test(t, func(t *testing.T) {
			o := small()
			o.RatePerMinute, o.BatchCostPerPart = 10, perPart
			a := New(o)
			var seen []string
			for range 3 {
				g := ask(t, a, "POST", "/batch", parts)
				if g.status == 429 {
					seen = append(seen, "429")
					continue
				}
				seen = append(seen, g.header.Get("X-RateLimit-Remaining"))
				if perPart && len(seen) == 2 && strings.Count(string(g.raw), `"code":429`) != 2 {
					t.Errorf("got %s, want two parts refused", g.raw)
				}
			}
			if got := strings.Join(seen, " "); got != want {
				t.Errorf("cost per part %t: got %s remaining, want %s", perPart, got, want)
			}
		})
	}
}

func TestUnlimited(t *testing.T) {
	a := New(small())
	for range 300 {
		if g := get(t, a, "/account"); g.status != 200 || g.header.Get("X-RateLimit-Limit") != "120" {
			t.Fatalf("got status %d, limit %s", g.status, g.header.Get("X-RateLimit-Limit"))
		}
	}
	if got := a.Requests(); got != 300 {
		t.Errorf("got %d requests, want 300", got)
	}
	get(t, a, "/subscribers/1")
	get(t, a, "/subscribers/2")
	if got := a.RequestsTo("/subscribers/{id}"); got != 2 {
		t.Errorf("got %d requests for single subscribers, want 2", got)
	}
}
