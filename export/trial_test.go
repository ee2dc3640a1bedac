package export_test

import (
	"bytes"
	"context"
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
	"mailerlake/export/disk"
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
	o.Transport = unpacked{o.Transport}
	c, err := client.New(o)
	if err != nil {
		t.Fatal(err)
	}
	x.messages = nil
	return export.Options{Client: c, FS: fastFS{disk.OS(false)}, Dir: x.dir, Program: "mailerlake test", Catalog: core(),
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
			t.Errorf("healthy run: %s: error %v, %+v", table.Name, table.Err, table.TablePlan)
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
	for _, table := range mailerlitetest.CoreTables {
		s[table] = x.rows(t, table)
	}
	return s
}

// day changes the account in every way that tables show.
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
