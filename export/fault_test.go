package export_test

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"

	"mailerlake/client"
	"mailerlake/client/mailerlitetest"
	"mailerlake/export"
	"mailerlake/export/dataset"
	"mailerlake/schema"
)

// fault is what goes wrong with a request, as in mailerlitetest.Account.Faults, without the number.
type fault func(r *http.Request) *mailerlitetest.Fault

// requests selects requests.
type requests func(r *http.Request) bool

func list(path string) requests {
	return func(r *http.Request) bool { return r.URL.Path == "/api"+path && r.URL.Query().Get("limit") != "0" }
}

func counts(r *http.Request) bool  { return r.URL.Query().Get("limit") == "0" }
func lookups(r *http.Request) bool { return r.URL.Path == "/api/batch" || single(r) }
func single(r *http.Request) bool  { return singlePath.MatchString(r.URL.Path) }

var singlePath = regexp.MustCompile(`^/api/(subscribers|groups|campaigns)/\d+$`)

// once faults the n-th of the requests, from 1, alone; its retries go well.
func once(n int, which requests, f mailerlitetest.Fault) func() fault { return between(n, n, which, f) }

// ever faults the n-th of the requests and all that follow.
func ever(n int, which requests, f mailerlitetest.Fault) func() fault {
	return between(n, 1<<30, which, f)
}

func between(first, last int, which requests, f mailerlitetest.Fault) func() fault {
	return func() fault {
		var mu sync.Mutex
		n := 0
		return func(r *http.Request) *mailerlitetest.Fault {
			if !which(r) {
				return nil
			}
			mu.Lock()
			defer mu.Unlock()
			if n++; n < first || n > last {
				return nil
			}
			return &f
		}
	}
}

func replace(old, new string) mailerlitetest.Fault {
	return mailerlitetest.Fault{Rewrite: func(b []byte) []byte { return bytes.ReplaceAll(b, []byte(old), []byte(new)) }}
}

// trial is a lake whose runs take place in a bubble of synthetic time, and may be disturbed.
type trial struct {
	*lake
	client    client.Options
	transport func(http.RoundTripper) http.RoundTripper // wraps the account's, unless nil

	mu       sync.Mutex
	messages []string // of the last run
}

// newTrial returns a trial over a small account with small pages.
func newTrial(t testing.TB, change func(*mailerlitetest.Options)) *trial {
	o := mailerlitetest.Options{Seed: 7, Subscribers: 60, Groups: 6, Campaigns: 14, CustomFields: 4, ClampLimit: true,
		Limits: map[string]mailerlitetest.Limit{
			"/subscribers":             {Default: 10, Max: 10},
			"/groups/{id}/subscribers": {Default: 10, Max: 10},
			"/groups":                  {Default: 3, Max: 3},
			"/fields":                  {Default: 5, Max: 5},
			"/campaigns":               {Default: 3, Max: 3},
		}}
	if change != nil {
		change(&o)
	}
	return &trial{lake: newLake(t, o), client: client.Options{Key: "test", Rate: 1 << 30}}
}

// options are those of the next run. Deletes need no confirmation, so that nothing but proof protects a row.
func (x *trial) options(t testing.TB) export.Options {
	t.Helper()
	o := x.client
	o.Transport = x.account.Transport()
	if x.transport != nil {
		o.Transport = x.transport(o.Transport)
	}
	c, err := client.New(o)
	if err != nil {
		t.Fatal(err)
	}
	x.messages = nil
	return export.Options{Client: c, FS: fastFS{dataset.OS(false)}, Dir: x.dir, Program: "mailerlake test", Tables: schema.Tables(),
		ResumeWithin: 24 * time.Hour, Yes: true, OnEvent: x.hear}
}

func (x *trial) hear(e export.Event) {
	if e.Message == "" {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.messages = append(x.messages, strings.TrimPrefix(e.Table+": "+e.Message, ": "))
}

// said reports whether the last run said something of a table.
func (x *trial) said(table, part string) bool {
	return slices.ContainsFunc(x.messages, func(m string) bool {
		return strings.HasPrefix(m, table+": ") && strings.Contains(m, part)
	})
}

// disturb makes f go wrong with the requests to come; nil ends all disturbance.
func (x *trial) disturb(f fault) {
	if f == nil {
		x.transport = nil
		x.account.Faults(nil)
		x.account.OnRequest(nil)
		return
	}
	x.account.Faults(func(_ int, r *http.Request) *mailerlitetest.Fault { return f(r) })
}

// healthy makes a run that nothing disturbs and requires that it finds nothing wrong.
func (x *trial) healthy(t testing.TB) *export.Report {
	t.Helper()
	x.disturb(nil)
	r, err := export.Export(context.Background(), x.options(t))
	if err != nil {
		t.Fatalf("healthy run: %v", err)
	}
	for _, table := range r.Tables {
		if table.Err != nil || table.Withheld != "" {
			t.Errorf("healthy run: %s: error %v, withheld %q", table.Name, table.Err, table.Withheld)
		}
	}
	return r
}

// settle makes a healthy run and requires that the dataset then equals the account.
func (x *trial) settle(t testing.TB) *export.Report {
	t.Helper()
	r := x.healthy(t)
	x.check(t)
	return r
}

// checkKeys requires that the dataset has the account's rows, whatever their values.
func (x *trial) checkKeys(t testing.TB) {
	t.Helper()
	if d := cmp.Diff(x.existing(), x.keys(t)); d != "" {
		t.Errorf("keys differ (-account +dataset)\n%s", d)
	}
}

// state is what the dataset holds, by table and key.
func (x *trial) state(t testing.TB) map[string]map[string]map[string]any {
	t.Helper()
	s := map[string]map[string]map[string]any{}
	for _, table := range mailerlitetest.Tables {
		s[table] = x.rows(t, table)
	}
	return s
}

// day changes the account in every way that tables tell of.
func (x *trial) day(t testing.TB) {
	t.Helper()
	a := x.account
	subs, groups, campaigns, fields := a.IDs("subscriber"), a.IDs("group"), a.IDs("campaign"), a.IDs("field")
	done := []bool{a.DeleteSubscriber(subs[3]), a.DeleteSubscriber(subs[30]), a.DeleteSubscriber(subs[57]),
		a.SetStatus(subs[10], "unsubscribed"), a.SetField(subs[20], "city", `"Vilnius"`), a.BumpCounters(subs[41]),
		a.DeleteGroup(groups[1]), a.RenameGroup(groups[2], "Renamed"), a.DeleteCampaign(campaigns[4]), a.DeleteField(fields[len(fields)-1])}
	if i := slices.Index(done, false); i >= 0 {
		t.Fatalf("change %d was not possible", i)
	}
	group := a.AddGroup("Newcomers")
	for range 2 {
		a.AddSubscriber(func(s *mailerlitetest.Subscriber) { s.Groups = []string{group, groups[2]} })
	}
	for _, id := range subs[5:25] {
		if !a.Join(id, groups[3]) {
			a.Leave(id, groups[3])
		}
	}
	a.AddCampaign("Brand new")
	a.SendCampaign(a.AddCampaign("On its way"))
	a.AddField("Shoe size", "number")
}

// outcome is what must become of one table in a disturbed run.
type outcome struct {
	kind   outcomeKind
	why    string // part of what the report says
	madeUp string // key of a row that the fault made up
}

type outcomeKind int

const (
	whole    outcomeKind = iota // equals the account: the fault is not seen
	withheld                    // all but the deletes is applied
	partial                     // nothing is deleted; what the scan met is applied
	kept                        // equals the account, but for rows of subscribers whose own deletes are withheld
	failed                      // keeps its old state
	open                        // any of these: it depends on which request comes first
)

type outcomes map[string]outcome

func both(o outcome) outcomes { return outcomes{"subscriber": o, "group_subscriber": o} }

func (o outcomes) and(table string, x outcome) outcomes {
	o = maps.Clone(o)
	o[table] = x
	return o
}

// check compares a table after a disturbed run with what was stored before it and with the account.
func (o outcome) check(t *testing.T, x *trial, table export.TableReport, before map[string]map[string]any) {
	t.Helper()
	after := x.rows(t, table.Name)
	old, got, want := keys(before), keys(after), keys(x.truth(t, table.Name))
	all := maps.Clone(old)
	maps.Copy(all, want)
	o.checkReport(t, table)
	switch o.kind {
	case whole:
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: differs (-account +dataset)\n%s", table.Name, d)
		}
	case withheld:
		if d := cmp.Diff(all, got); d != "" {
			t.Errorf("%s: differs (-account and what was stored +dataset)\n%s", table.Name, d)
		}
	case kept:
		subscribers := x.truth(t, "subscriber")
		for key := range old {
			if subscribers[key[strings.Index(key, "/")+1:]] == nil {
				want[key] = true
			}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: differs (-account and rows of withheld subscribers +dataset)\n%s", table.Name, d)
		}
	case partial, open:
		for key := range all {
			if old[key] && !got[key] {
				t.Errorf("%s: %s was deleted", table.Name, key)
			}
		}
		for key := range got {
			if !all[key] && key != o.madeUp {
				t.Errorf("%s: %s was made up", table.Name, key)
			}
		}
	case failed:
		if d := cmp.Diff(before, after); d != "" {
			t.Errorf("%s: changed (-before +after)\n%s", table.Name, d)
		}
	}
}

func (o outcome) checkReport(t *testing.T, table export.TableReport) {
	t.Helper()
	said := table.Error
	if table.TablePlan != nil {
		said += table.Withheld
	}
	quiet := o.kind == whole || o.kind == kept
	if o.kind != open && (!strings.Contains(said, o.why) || (said == "") != quiet) {
		t.Errorf("%s: reported %q, want %q", table.Name, said, o.why)
	}
	if o.kind != open && (table.Err != nil) != (o.kind == failed) {
		t.Errorf("%s: got error %v", table.Name, table.Err)
	}
}

// faultCase states what must become of a run in which something goes wrong.
type faultCase struct {
	name    string
	account func(*mailerlitetest.Options)        // how the account behaves, for good
	change  func(x *trial, subscribers []string) // in the account, beside a day's changes
	fault   func() fault                         // in the run
	drop    int                                  // the subscriber of this index is missing from the lists
	client  client.Options
	wrap    func(http.RoundTripper) http.RoundTripper

	want       outcomes      // by table; whole where it says nothing
	stopped    error         // the run ends with it, and nothing is committed
	mayFail    string        // as failsWhole, if it comes to that
	failsWhole string        // no table could be exported: part of the error; nothing is committed
	limit      time.Duration // the run takes no longer; 2 minutes if zero
	loose      bool          // values are not as the account's, by intent
	forever    bool          // a healthy run would meet the same: it is part of the account
	then       func(t *testing.T, x *trial, before map[string]map[string]map[string]any)
}

func (c faultCase) run(t *testing.T) {
	x := newTrial(t, c.account)
	subs := x.account.IDs("subscriber")
	first := c.begin(t, x)
	before := x.state(t)
	x.day(t)
	if c.change != nil {
		c.change(x, subs)
	}
	if c.drop > 0 {
		c.fault = dropRow(subs[c.drop])
	}
	if c.fault != nil {
		x.disturb(c.fault())
	}
	x.client.MaxBody, x.transport = c.client.MaxBody, c.wrap
	start := time.Now()
	report, err := export.Export(t.Context(), x.options(t))
	if took := time.Since(start); took > max(c.limit, 2*time.Minute) {
		t.Errorf("the run took %v", took)
	}
	c.checkRun(t, x, report, err, before)
	if err == nil && report.Snapshot != first.Snapshot+1 {
		t.Errorf("got snapshot %d, want %d", report.Snapshot, first.Snapshot+1)
	}
	if c.then != nil {
		c.then(t, x, before)
	}
	if !c.forever && !t.Failed() {
		c.settle(t, x)
	}
}

// begin makes the first, healthy run.
func (c faultCase) begin(t *testing.T, x *trial) *export.Report {
	t.Helper()
	first, err := export.Export(t.Context(), x.options(t))
	if err != nil {
		t.Fatal(err)
	}
	x.checkKeys(t)
	return first
}

// settle makes the last, healthy run.
func (c faultCase) settle(t *testing.T, x *trial) {
	t.Helper()
	x.healthy(t)
	if c.loose {
		x.checkKeys(t)
	} else {
		x.check(t)
	}
}

// checkRun requires the outcome that the case states.
func (c faultCase) checkRun(t *testing.T, x *trial, report *export.Report, err error, before map[string]map[string]map[string]any) {
	t.Helper()
	switch {
	case c.stopped == nil && c.failsWhole == "" && err == nil:
		c.checkTables(t, x, report, before)
		return
	case c.stopped != nil && errors.Is(err, c.stopped):
	case c.mayFail != "" && err != nil && strings.Contains(err.Error(), "no table could be exported: ") && strings.Contains(err.Error(), c.mayFail):
	case c.failsWhole != "" && err != nil && strings.Contains(err.Error(), c.failsWhole):
	default:
		t.Fatalf("got error %v, want %v%s", err, c.stopped, c.failsWhole)
	}
	if d := cmp.Diff(before, x.state(t)); d != "" {
		t.Errorf("a run that was stopped changed the dataset\n%s", d)
	}
}

func (c faultCase) checkTables(t *testing.T, x *trial, report *export.Report, before map[string]map[string]map[string]any) {
	t.Helper()
	for _, table := range report.Tables {
		c.want[table.Name].check(t, x, table, before[table.Name])
	}
	if report.Failed() != (len(c.want) > 0) {
		t.Errorf("the report says failed: %v", report.Failed())
	}
}

// otherAccount answers from another account from the n-th request on.
func otherAccount(n int) func(http.RoundTripper) http.RoundTripper {
	return func(rt http.RoundTripper) http.RoundTripper {
		var mu sync.Mutex
		return roundTrip(func(r *http.Request) (*http.Response, error) {
			resp, err := rt.RoundTrip(r)
			mu.Lock()
			defer mu.Unlock()
			if n--; n < 0 && err == nil {
				resp.Header.Set("X-Account_id", "4711")
			}
			return resp, err
		})
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// dropRow leaves a row out of the list's pages.
func dropRow(id string) func() fault {
	return ever(1, list("/subscribers"), mailerlitetest.Fault{Rewrite: func(b []byte) []byte {
		return editRows(b, func(rows []string) []string {
			return slices.DeleteFunc(rows, func(row string) bool { return strings.HasPrefix(row, `{"id":"`+id+`"`) })
		})
	}})
}

// doubleRows gives every row twice.
var doubleRows = ever(1, list("/subscribers"), mailerlitetest.Fault{Rewrite: func(b []byte) []byte {
	return editRows(b, func(rows []string) []string { return append(slices.Clone(rows), rows...) })
}})

var rowStart = regexp.MustCompile(`,?\{"id":"\d+","email":`)

// editRows edits the rows of a page of subscribers, as texts.
func editRows(body []byte, edit func([]string) []string) []byte {
	text := string(body)
	end := strings.LastIndex(text, `],"links":{"first":null`)
	head := `{"data":[`
	if end < 0 || !strings.HasPrefix(text, head) {
		return body
	}
	data := text[len(head):end]
	var rows []string
	starts := rowStart.FindAllStringIndex(data, -1)
	for i, s := range starts {
		to := len(data)
		if i+1 < len(starts) {
			to = starts[i+1][0]
		}
		rows = append(rows, strings.TrimPrefix(data[s[0]:to], ","))
	}
	return []byte(head + strings.Join(edit(rows), ",") + text[end:])
}

func status(code int) mailerlitetest.Fault { return mailerlitetest.Fault{Status: code} }

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
			want: part("the API counts 59 rows, the scan met ")},
		{name: "rows without an id", fault: ever(2, subscribers, f{Rewrite: rowless}), want: part("the API counts 59 rows")},
		{name: "a missing row", drop: 40, want: hold("the API counts 59 rows, the scan met 58")},
		{name: "rows without groups", fault: once(3, subscribers, replace(`"groups":[`, `"sgroup":[`)), want: part(`10 rows came without "groups"`)},
		{name: "rows without fields", fault: once(3, subscribers, replace(`"fields":{`, `"sfield":{`)), want: hold(`10 rows came without "fields"`), then: keptFields},
		{name: "counting refused", fault: ever(1, counts, status(422)), want: hold("could not be counted")},
		{name: "counting forbidden", fault: ever(1, counts, status(403)), want: hold("could not be counted")},
		{name: "counting not possible", fault: ever(1, counts, status(404)), want: hold("could not be counted")},
		{name: "counting fails", fault: ever(1, counts, status(500)), want: hold("could not be counted")},
		{name: "counts that are none", fault: ever(1, counts, f{Body: `{"total":"many"}`}), want: hold("could not be counted")},
		{name: "counts that are too high", fault: ever(1, counts, f{Body: `{"total":1000}`}), want: hold("the API counts 5000 rows")},
		{name: "campaigns without rows", fault: ever(1, list("/campaigns"), f{EmptyPage: true}), want: outcomes{"campaign": {kind: partial, why: ""}}},
		{name: "groups without rows", fault: ever(1, list("/groups"), f{EmptyPage: true}), want: outcomes{"group": {kind: partial, why: ""}}},
		{name: "fields without rows", fault: ever(1, list("/fields"), f{EmptyPage: true}), want: outcomes{"field": {kind: partial, why: ""}}},
		{name: "the same page of groups again", fault: ever(1, list("/groups"), f{Body: `{"data":[{"id":"1"}],"links":{"next":"x"},"meta":{"last_page":9,"total":9}}`}),
			want: outcomes{"group": {kind: partial, why: "points back", madeUp: "1"}}},

		{name: "asking by id forbidden", fault: ever(1, lookups, status(403)), want: nobody("403")},
		{name: "asking by id fails", fault: ever(1, lookups, status(500)), want: nobody("500")},
		{name: "asking by id rate limited", fault: ever(1, lookups, f{Status: 429, RetryAfter: "901"}),
			want: nobody("rate limit").and("field", outcome{kind: withheld, why: "rate limit"})},
		{name: "parts of batches fail", fault: ever(1, lookups, replace(`{"code":404,`, `{"code":503,`)), want: nobody("503"), limit: 5 * time.Minute},
		{name: "nothing is found by its id", fault: ever(1, lookups, replace(`{"code":200,`, `{"code":404,`)), want: nobody("not found by their ids either")},
		{name: "gone is another status", fault: ever(1, lookups, replace(`{"code":404,`, `{"code":410,`)), want: nobody("status 410")},
		{name: "another row answers", fault: ever(1, lookups, replace(`{"code":404,"body":{"message":"Resource does not exist."}`,
			`{"code":200,"body":{"data":{"id":"1","email":"x@example.com"}}`)), want: nobody("another row")},
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

// bubble runs f in a bubble of synthetic time. The Parquet library keeps its decompressors, which hold channels, from
// one file to the next: none may go into the bubble or come out of it. So tests that use bubbles are not parallel.
func bubble(t *testing.T, f func(t *testing.T)) {
	synctest.Test(t, func(t *testing.T) {
		forget := func() { parquet.Zstd = zstd.Codec{Level: zstd.DefaultLevel} }
		forget()
		t.Cleanup(forget)
		f(t)
	})
}

func testFaults(t *testing.T, cases []faultCase) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { bubble(t, c.run) })
	}
}

func TestFaultsThatAreRetried(t *testing.T)      { testFaults(t, retried()) }
func TestFaultsThatFailATable(t *testing.T)      { testFaults(t, lasting()) }
func TestFaultsThatStopTheRun(t *testing.T)      { testFaults(t, stopping()) }
func TestFaultsThatWithholdDeletes(t *testing.T) { testFaults(t, unproven()) }
func TestOddities(t *testing.T)                  { testFaults(t, harmless()) }
