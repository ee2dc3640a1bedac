package export_test

import (
	"bytes"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"mailerlake/client"
	"mailerlake/client/mailerlitetest"
)

// retried are faults that a run gets over without a trace: all of them in the middle of a walk, some everywhere.
func retried() []faultCase {
	type f = mailerlitetest.Fault
	everywhere := map[string]f{
		"429 with seconds":  {Status: 429, RetryAfter: "59"},
		"503":               {Status: 503},
		"reset in the body": {ResetAfter: 40},
		"truncated JSON":    {Truncate: 40},
	}
	middle := map[string]f{
		"429 with date":        {Status: 429, RetryAfter: "Sat, 01 Jan 2000 00:00:40 GMT"},
		"429 alone":            {Status: 429},
		"408":                  {Status: 408},
		"500":                  {Status: 500},
		"502":                  {Status: 502},
		"503 with Retry-After": {Status: 503, RetryAfter: "30"},
		"504":                  {Status: 504},
		"reset":                {Reset: true},
		"HTML under 200":       {Body: "<!DOCTYPE html><html></html>"},
		"blank body":           {Body: " "},
		"data null":            {Body: `{"data":null,"meta":{"next_cursor":null}}`},
		"data missing":         {Body: `{"meta":{"next_cursor":null}}`},
		"wrong Content-Length": {WrongLength: true},
		"slow first byte":      {Delay: 25 * time.Second},
		"slow but steady":      {Drip: 10 * time.Millisecond, DripBytes: 100},
		"dripping body":        {Drip: 10 * time.Second, DripBytes: 10},
		"no answer":            {Hang: true},
		"endless body":         {Endless: true},
		"empty page":           {EmptyPage: true},
	}
	maps.Copy(middle, everywhere)
	places := map[string]func(f) func() fault{
		"first page": func(x f) func() fault { return once(1, list("/subscribers"), x) },
		"newer rows": func(x f) func() fault { return once(7, list("/subscribers"), x) },
		"account":    func(x f) func() fault { return once(1, list("/account"), x) },
		"count":      func(x f) func() fault { return once(2, counts, x) },
		"groups":     func(x f) func() fault { return once(1, list("/groups"), x) },
		"fields":     func(x f) func() fault { return once(2, list("/fields"), x) },
		"campaigns":  func(x f) func() fault { return once(3, list("/campaigns"), x) },
		"lookup":     func(x f) func() fault { return once(1, lookups, x) },
	}
	var cases []faultCase
	for name, x := range middle {
		cases = append(cases, faultCase{name: name, fault: once(4, list("/subscribers"), x), client: client.Options{MaxBody: 1 << 20}})
	}
	for name, x := range everywhere {
		for place, at := range places {
			cases = append(cases, faultCase{name: name + "/" + place, fault: at(x)})
		}
	}
	slices.SortFunc(cases, func(a, b faultCase) int { return strings.Compare(a.name, b.name) })
	return cases
}

// lasting are faults that a run cannot get over.
func lasting() []faultCase {
	subscribers := list("/subscribers")
	type f = mailerlitetest.Fault
	give := func(why string) outcomes { return both(outcome{kind: failed, why: why}) }
	return []faultCase{
		{name: "429 beyond the longest wait", fault: ever(3, subscribers, f{Status: 429, RetryAfter: "901"}),
			mayFail: "rate limit",
			want:    give("rate limit").and("group", outcome{kind: failed, why: "rate limit"}).and("field", outcome{kind: failed, why: "rate limit"}).and("campaign", outcome{kind: open})},
		{name: "429 without end", fault: ever(3, subscribers, f{Status: 429, RetryAfter: "100"}), want: give("rate limit"), limit: 20 * time.Minute},
		{name: "503 without end", fault: ever(3, subscribers, status(503)), want: give("503")},
		{name: "reset without end", fault: ever(3, subscribers, f{Reset: true}), want: give("reset")},
		{name: "HTML under 200 without end", fault: ever(3, subscribers, f{Body: "<html></html>"}), want: give("web page")},
		{name: "truncated without end", fault: ever(3, subscribers, f{Truncate: 700}), want: give("cut short")},
		{name: "data null", fault: ever(3, subscribers, f{Body: `{"data":null}`}), want: give("not a list")},
		{name: "no answer without end", fault: ever(3, subscribers, f{Hang: true}), want: give("in time"), limit: 10 * time.Minute},
		{name: "endless body without end", fault: ever(3, subscribers, f{Endless: true}), client: client.Options{MaxBody: 1 << 20},
			want: give("larger than allowed"), limit: 10 * time.Minute},
		{name: "dripping without end", fault: ever(3, subscribers, f{Drip: time.Second, DripBytes: 10}), want: give("in time"), limit: 10 * time.Minute},
		{name: "403 in mid-run", fault: ever(3, subscribers, status(403)), want: give("403")},
		{name: "redirect in mid-run", fault: ever(3, subscribers, f{Redirect: "https://elsewhere.example/api/subscribers?cursor=1"}), want: give("elsewhere.example")},
		{name: "every limit refused", fault: ever(1, subscribers, f{Status: 422, Body: `{"message":"The limit is invalid.","errors":{"limit":["It is invalid."]}}`}),
			want: give("422")},
		{name: "404 on the subscribers", fault: ever(1, subscribers, status(404)), want: give("404")},
		{name: "404 on the groups", fault: ever(1, list("/groups"), status(404)), want: outcomes{"group": {kind: failed, why: "404"}}},
		{name: "404 on the campaigns", fault: ever(1, list("/campaigns"), status(404)), want: outcomes{"campaign": {kind: failed, why: "404"}}},
		{name: "404 on the fields", fault: ever(1, list("/fields"), status(404)), want: give("custom fields").and("field", outcome{kind: failed, why: "404"})},
		{name: "nothing but the account answers", fault: ever(1, func(r *http.Request) bool { return r.URL.Path != "/api/account" }, f{Reset: true}),
			failsWhole: "reset"},
	}
}

// stopping are faults that end a run.
func stopping() []faultCase {
	subscribers := list("/subscribers")
	elsewhere := mailerlitetest.Fault{Redirect: "https://elsewhere.example/"}
	return []faultCase{
		{name: "401 at once", fault: ever(1, list("/account"), status(401)), stopped: client.ErrUnauthorized},
		{name: "401 in mid-run", fault: ever(4, subscribers, status(401)), stopped: client.ErrUnauthorized},
		{name: "401 on the groups", fault: ever(2, list("/groups"), status(401)), stopped: client.ErrUnauthorized},
		{name: "401 when counting", fault: ever(1, counts, status(401)), stopped: client.ErrUnauthorized},
		{name: "401 when asked by id", fault: ever(1, lookups, status(401)), stopped: client.ErrUnauthorized},
		{name: "401 in a batch", fault: ever(1, lookups, replace(`{"code":404,`, `{"code":401,`)), stopped: client.ErrUnauthorized},
		{name: "403 at once", fault: ever(1, list("/account"), status(403)), stopped: client.ErrForbidden},
		{name: "redirect at once", fault: ever(1, list("/account"), elsewhere), stopped: client.ErrRedirect},
		{name: "another account at once", wrap: otherAccount(1), stopped: client.ErrAccountChanged},
		{name: "another account in mid-run", wrap: otherAccount(7), stopped: client.ErrAccountChanged},
		{name: "another account at the end", wrap: otherAccount(20), stopped: client.ErrAccountChanged},
	}
}

// unproven are faults that leave the deletes without proof.
func unproven() []faultCase {
	subscribers := list("/subscribers")
	type f = mailerlitetest.Fault
	hold := func(why string) outcomes { return both(outcome{kind: withheld, why: why}) }
	part := func(why string) outcomes { return both(outcome{kind: partial, why: why}) }
	nobody := func(why string) outcomes { // asking by id is no use
		return outcomes{"subscriber": {kind: withheld, why: why}, "group_subscriber": {kind: kept}, "group": {kind: withheld, why: why}, "campaign": {kind: withheld, why: why}}
	}
	rowless := func(b []byte) []byte { return bytes.Replace(b, []byte(`{"id":`), []byte(`{"di":`), 1) }
	return []faultCase{
		{name: "repeated cursor", fault: once(4, subscribers, f{RepeatCursor: true}), want: part("points back")},
		{name: "nothing but empty pages", fault: ever(4, subscribers, f{EmptyPage: true}), want: part("empty pages")},
		{name: "a list that ends early", fault: once(4, subscribers, f{Body: `{"data":[],"links":{"next":null},"meta":{"next_cursor":null}}`}),
			want: part("of 59 rows met")},
		{name: "rows without an id", fault: ever(2, subscribers, f{Rewrite: rowless}), want: part("of 59 rows met")},
		{name: "a missing row", drop: 40, want: hold("58 of 59 rows met")},
		{name: "rows without groups", fault: once(3, subscribers, replace(`"groups":[`, `"sgroup":[`)), want: part(`10 records without "groups"`)},
		{name: "rows without fields", fault: once(3, subscribers, replace(`"fields":{`, `"sfield":{`)), want: hold(`10 records without "fields"`), then: keptFields},
		{name: "counting refused", fault: ever(1, counts, status(422)), want: hold("could not be counted")},
		{name: "counting forbidden", fault: ever(1, counts, status(403)), want: hold("could not be counted")},
		{name: "counting not possible", fault: ever(1, counts, status(404)), want: hold("could not be counted")},
		{name: "counting fails", fault: ever(1, counts, status(500)), want: hold("could not be counted")},
		{name: "counts that are none", fault: ever(1, counts, f{Body: `{"total":"many"}`}), want: hold("could not be counted")},
		{name: "counts that are too high", fault: ever(1, counts, f{Body: `{"total":1000}`}), want: hold("of 5,000 rows met")},
		{name: "campaigns without rows", fault: ever(1, list("/campaigns"), f{EmptyPage: true}), want: outcomes{"campaign": {kind: partial, why: ""}}},
		{name: "groups without rows", fault: ever(1, list("/groups"), f{EmptyPage: true}), want: outcomes{"group": {kind: partial, why: ""}}},
		{name: "fields without rows", fault: ever(1, list("/fields"), f{EmptyPage: true}), want: outcomes{"field": {kind: partial, why: ""}}},
		{name: "the same page of groups again", fault: ever(1, list("/groups"), f{Body: `{"data":[{"id":"1"}],"links":{"next":"x"},"meta":{"last_page":9,"total":9}}`}),
			want: outcomes{"group": {kind: partial, why: "points back", madeUp: "1"}}},

		{name: "asking by id forbidden", fault: ever(1, lookups, status(403)), want: nobody("403")},
		{name: "asking by id fails", fault: ever(1, lookups, status(500)), want: nobody("500")},
		{name: "asking by id rate limited", fault: ever(1, lookups, f{Status: 429, RetryAfter: "901"}),
			want: nobody("rate limit").and("field", outcome{kind: withheld, why: "rate limit"})},
		{name: "parts of batches fail", fault: ever(1, lookups, replace(`{"code":404,`, `{"code":503,`))}, // they are asked for alone
		{name: "nothing is found by its id", fault: ever(1, lookups, replace(`{"code":200,`, `{"code":404,`)), want: nobody("not found by their ids either")},
		{name: "gone is another status", fault: ever(1, lookups, replace(`{"code":404,`, `{"code":410,`)), want: nobody("status 410")},
		{name: "another row answers", fault: ever(1, lookups, replace(`{"code":404,"body":{"message":"Resource does not exist."}`,
			`{"code":200,"body":{"data":{"id":"1","email":"x@example.com"}}`)), want: nobody("a different row")},
		{name: "groups have no route of their own", account: func(o *mailerlitetest.Options) { o.NoGroup = true }, forever: true,
			want: outcomes{"group": {kind: withheld, why: "not found by their ids either"}}},
	}
}

// keptFields requires that the rows that came without fields have their old ones.
func keptFields(t *testing.T, x *trial, before map[string]map[string]map[string]any) {
	t.Helper()
	for id, row := range x.rows(t, "subscriber") {
		if old := before["subscriber"][id]; old != nil && old["fields_last_name"] != nil && row["fields_last_name"] == nil {
			t.Errorf("subscriber %s has lost a field", id)
		}
	}
}

// harmless are oddities that the dataset does not suffer from.
func harmless() []faultCase {
	with := func(change func(*mailerlitetest.Options)) func(*mailerlitetest.Options) { return change }
	return []faultCase{
		{name: "every row twice", fault: doubleRows},
		{name: "rows without groups, all of them", account: with(func(o *mailerlitetest.Options) { o.IgnoreInclude = true })},
		{name: "active subscribers alone", account: with(func(o *mailerlitetest.Options) { o.ActiveOnly = true })},
		{name: "limits refused", account: with(func(o *mailerlitetest.Options) {
			o.ClampLimit = false
			o.Limits = map[string]mailerlitetest.Limit{"/subscribers": {Default: 25, Max: 25}, "/groups": {Default: 25, Max: 25}}
		})},
		{name: "no account route", account: with(func(o *mailerlitetest.Options) { o.NoAccount = true })},
		{name: "no account header", account: with(func(o *mailerlitetest.Options) { o.NoAccountHeader = true })},
		{name: "no account at all", account: with(func(o *mailerlitetest.Options) { o.NoAccount, o.NoAccountHeader = true, true })},
		{name: "404 names the model", account: with(func(o *mailerlitetest.Options) { o.LegacyNotFound = true })},
		{name: "numbers are strings", account: with(func(o *mailerlitetest.Options) { o.NumbersAsStrings = true }), loose: true},
		{name: "batches refused", fault: ever(1, list("/batch"), status(403))},
		{name: "batches not known", fault: ever(1, list("/batch"), status(404))},
		{name: "batches not understood", fault: ever(1, list("/batch"), status(422))},
		{name: "batches are web pages", fault: ever(1, list("/batch"), mailerlitetest.Fault{Body: "<html></html>"})},
		{name: "parts of batches without data", fault: ever(1, lookups, replace(`{"code":404,`, `{"code":200,`))},
		{name: "parts of a batch rate limited", fault: once(1, lookups, replace(`{"code":404,`, `{"code":429,`))},
		{name: "parts of a batch fail once", fault: once(1, lookups, replace(`{"code":404,`, `{"code":502,`))},
		{name: "counts too high for once", fault: once(5, counts, mailerlitetest.Fault{Body: `{"total":1000}`})},
		{name: "a campaign list that loses a page for once", fault: once(2, list("/campaigns"), mailerlitetest.Fault{EmptyPage: true})},
		{name: "type drift", change: func(x *trial, ids []string) {
			x.account.SetAttribute("subscriber", ids[12], "email", `{"local":"ada","domain":"example.com"}`)
			x.account.SetAttribute("subscriber", ids[13], "opens_count", `"many"`)
			x.account.SetAttribute("campaign", x.account.IDs("campaign")[0], "stats", `"none"`)
		}, loose: true, then: rescued},
		{name: "unknown attributes", change: func(x *trial, ids []string) {
			x.account.SetAttribute("subscriber", ids[12], "shoe", `"red"`)
			x.account.SetAttribute("campaign", x.account.IDs("campaign")[1], "mood", `"fine"`)
			x.account.SetAttribute("group", x.account.IDs("group")[0], "colour", `"blue"`)
		}},
	}
}

// rescued requires that values of an unexpected type are kept beside their column.
func rescued(t *testing.T, x *trial, before map[string]map[string]map[string]any) {
	t.Helper()
	found := 0
	for id, row := range x.rows(t, "subscriber") {
		text, _ := row["_rescued"].(string)
		switch {
		case strings.Contains(text, `"email":{"local":"ada","domain":"example.com"}`) && row["email"] == nil,
			strings.Contains(text, `"opens_count":"many"`) && row["opens_count"] == nil:
			found++
		case text != "":
			t.Errorf("subscriber %s: rescued %s", id, text)
		}
	}
	if found != 2 {
		t.Errorf("got %d rows with rescued values, want 2", found)
	}
}
