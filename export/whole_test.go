package export_test

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailerlake/client"
	"mailerlake/client/mailerlitetest"
	"mailerlake/export"
	"mailerlake/export/disk"
	"mailerlake/schema/tables"
)

// wholeLake is a lake of all tables of an account.
type wholeLake struct {
	*lake
	mutator *mutator
	log     []string // what happened, for a test that fails
	batches bool     // requests travel together; else the test sees and can fail each

	mu      sync.Mutex
	secrets map[string]bool // that came over the wire
}

// newWhole returns a lake of a small account that has something of everything.
func newWhole(t testing.TB, change func(*mailerlitetest.Options)) *wholeLake {
	o := mailerlitetest.Options{Seed: 31, Subscribers: 400, Groups: 6, Campaigns: 8, CustomFields: 5, Segments: 3, Forms: 6, Webhooks: 3,
		Imports: 4, Shops: 3, Products: 6, Orders: 12, Automations: 4, Recipients: 40}
	if change != nil {
		change(&o)
	}
	w := &wholeLake{lake: newLake(t, o), secrets: map[string]bool{}}
	w.mutator = &mutator{Account: w.account, rng: rand.New(rand.NewPCG(o.Seed, 5)), note: w.note}
	return w
}

// options are those of a run of all tables. Deletes need no confirmation: a few rows are many of a small table.
func (w *wholeLake) options(t testing.TB) export.Options {
	t.Helper()
	transport := w.spy(w.account.Transport())
	if !w.batches {
		transport = unpacked{transport}
	}
	c, err := client.New(client.Options{Key: "test", Transport: transport, Rate: 1 << 30, Retries: -1})
	if err != nil {
		t.Fatal(err)
	}
	o := w.lake.options(t)
	o.Client, o.Catalog, o.Yes = c, tables.All(), true
	return o
}

var secretMember = regexp.MustCompile(`(?i)"secret":"([^"]+)"`)

// spy notes the secrets in what passes.
func (w *wholeLake) spy(rt http.RoundTripper) http.RoundTripper {
	return roundTrip(func(r *http.Request) (*http.Response, error) {
		resp, err := rt.RoundTrip(r)
		if err != nil || !strings.Contains(r.URL.Path, "webhooks") && !strings.Contains(r.URL.Path, "automations") && !strings.Contains(r.URL.Path, "batch") {
			return resp, err
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body = io.NopCloser(bytes.NewReader(body))
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, found := range secretMember.FindAllSubmatch(body, -1) {
			w.secrets[string(found[1])] = true
		}
		return resp, err
	})
}

func (w *wholeLake) export(t testing.TB) *export.Report {
	t.Helper()
	r := mustExport(t, w.options(t))
	if r.Failed() {
		t.Fatalf("incomplete: %+v", r.Tables)
	}
	return r
}

func (w *wholeLake) check(t testing.TB) {
	t.Helper()
	w.checkTables(t, mailerlitetest.Tables)
}

// checkSecrets requires that no secret is in any file, and that the search finds what is in one.
func (w *wholeLake) checkSecrets(t testing.TB, shown string) {
	t.Helper()
	if len(w.secrets) == 0 {
		t.Fatal("the account shows no secrets")
	}
	var secrets [][]byte
	for s := range w.secrets {
		secrets = append(secrets, []byte(s))
	}
	if found := w.find(t, secrets); len(found) > 0 {
		t.Errorf("secrets in %v", found)
	}
	if found := w.find(t, [][]byte{[]byte("https://hooks.example.com/")}); shown != "" && !strings.Contains(strings.Join(found, " "), shown) {
		t.Errorf("the search finds webhooks in %v, not in %s", found, shown)
	}
}

// TestWholeAccount follows an account through days on which everything happens that can. Every day all tables equal it.
func TestWholeAccount(t *testing.T) {
	t.Parallel()
	w := newWhole(t, nil)
	w.batches = true
	w.export(t)
	w.check(t)
	const days = 12
	happened := map[string]bool{}
	for day := range days {
		w.account.Advance(1)
		for i, m := range mutations {
			for tries := 0; tries < 20 && (i+day)%4 == 0; tries++ {
				if w.mutator.mutate(m) {
					happened[m.name] = true
					break
				}
			}
		}
		if day%4 == 1 {
			if _, err := export.Plan(context.Background(), w.options(t)); err != nil {
				t.Fatal(err)
			}
			w.checkSecrets(t, "webhook.pages")
		}
		w.export(t)
		w.check(t)
		w.checkSecrets(t, "webhook/part-00000.parquet")
		if t.Failed() {
			t.Fatalf("day %d", day)
		}
	}
	for _, m := range mutations {
		if !happened[m.name] {
			t.Errorf("never happened: %s", m.name)
		}
	}
	if r := w.export(t); !r.Empty() {
		t.Errorf("an unchanged account changes the dataset: %+v", r.Tables)
	}
	v, err := export.Verify(context.Background(), disk.OS(false), w.dir, tables.All())
	if err != nil || v.Damaged() {
		t.Errorf("verify: %v, %+v", err, v)
	}
}

// TestDifferencesNoticed: the comparison with the account notices whatever can change in it.
func TestDifferencesNoticed(t *testing.T) {
	t.Parallel()
	w := newWhole(t, smallWhole)
	w.export(t)
	noticed := map[string]bool{}
	for _, m := range mutations {
		for tries := 0; tries < 20 && !noticed[m.name]; tries++ {
			if !w.mutator.mutate(m) {
				continue
			}
			noticed[m.name] = slices.ContainsFunc(mailerlitetest.Tables, func(table string) bool { return len(w.differences(t, table)) > 0 })
			w.export(t)
		}
		if !noticed[m.name] {
			t.Errorf("%s: not noticed", m.name)
		}
	}
}

// TestWholeUnavailable takes lists away from the account, each in each way that the API says so: the tables are reported as
// not available, keep their rows, and nothing failed. When they are back, they equal the account again.
func TestWholeUnavailable(t *testing.T) {
	for i, route := range []string{"/webhooks", "/segments", "/forms/", "/automations", "/ecommerce/shops", "/subscribers/import", "/timezones",
		"/campaigns/languages", "/reports/subscriber-activity", "/activity-log"} {
		t.Run(strings.Trim(strings.ReplaceAll(route, "/", " "), " "), func(t *testing.T) {
			t.Parallel()
			w := newWhole(t, smallWhole)
			w.export(t)
			w.mutator.some(40)
			before := map[string]map[string]map[string]any{}
			for _, table := range mailerlitetest.Tables {
				before[table] = w.rows(t, table)
			}
			code := []int{403, 404, 422}[i%3]
			w.account.Faults(func(_ int, r *http.Request) *mailerlitetest.Fault {
				if strings.Contains(r.URL.Path, route) {
					return &mailerlitetest.Fault{Status: code}
				}
				return nil
			})
			missing := 0
			for _, table := range w.export(t).Tables {
				if table.Unavailable == "" {
					continue
				}
				missing++
				if d := cmp.Diff(before[table.Name], w.rows(t, table.Name)); d != "" {
					t.Errorf("%s is not available, and changed\n%.1000s", table.Name, d)
				}
			}
			if missing == 0 {
				t.Error("no table is reported as not available")
			}
			w.account.Faults(nil)
			w.settle(t)
		})
	}
}

// TestWholeFailingWalk lets the walk that marks clicks fail for one campaign, whose rows stay as they were until it succeeds.
func TestWholeFailingWalk(t *testing.T) {
	w := newWhole(t, smallWhole)
	w.export(t)
	before := w.rows(t, "campaign_activity")
	w.account.Advance(1)
	w.account.Faults(func(_ int, r *http.Request) *mailerlitetest.Fault {
		if strings.Contains(r.URL.Path, "/reports/") && r.URL.Query().Get("filter[type]") == "clicked" {
			return &mailerlitetest.Fault{Status: 500}
		}
		return nil
	})
	if r := mustExport(t, w.options(t)); !r.Failed() {
		t.Error("nothing failed")
	}
	w.account.Faults(nil)
	for key, row := range w.rows(t, "campaign_activity") {
		if was := before[key]; was != nil && was["clicked"] == true && row["clicked"] != true {
			t.Errorf("%s is not clicked any more", key)
		}
	}
	w.settle(t)
}
