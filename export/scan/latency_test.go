package scan

import (
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"mailerlake/client"
	"mailerlake/client/mailerlitetest"
	"mailerlake/export/disk"
	"mailerlake/export/pagelog"
	"mailerlake/schema"
	"mailerlake/schema/schematest"
)

// slowRun is a run over a simulated account whose every answer takes a while: what it costs.
type slowRun struct {
	requests int
	took     time.Duration
	limited  int64 // answers with 429
	rows     int   // of subscriber
}

// budget is how long the run took, compared with the time in which the budget allows its requests.
func (r slowRun) budget(perMinute int) float64 {
	return r.took.Minutes() / (float64(r.requests) / float64(perMinute))
}

// scannerIn returns a scanner whose logs are below a directory, of an account that was never committed.
func scannerIn(dir string, api *client.Client, catalog *schema.Catalog) *Scanner {
	return New(Options{Client: api, Logs: pagelog.NewStore(disk.OS(false), dir+"/scan", dir+"/scratch"), Account: "1", Catalog: catalog,
		Base: func(*schema.Table) string { return "" }, ResumeWithin: time.Hour, Now: time.Now})
}

// scanAccount reads the core tables as a run does, which begins by asking for the account.
func scanAccount(t testing.TB, a *mailerlitetest.Account, delay time.Duration, rate int, stored func(*schema.Table) []Stretch) slowRun {
	t.Helper()
	a.Faults(func(int, *http.Request) *mailerlitetest.Fault { return &mailerlitetest.Fault{Delay: delay} })
	api, err := client.New(client.Options{Key: "test", Transport: a.Transport(), Rate: rate})
	if err != nil {
		t.Fatal(err)
	}
	catalog := schematest.Core()
	before, start := a.Requests(), time.Now()
	if _, err := api.Account(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := scannerIn(t.TempDir(), api, catalog)
	s.Stored = stored
	if err := s.Scan(t.Context(), catalog.Tables()); err != nil {
		t.Fatal(err)
	}
	run := slowRun{requests: a.Requests() - before, took: time.Since(start), limited: api.Stats().RateLimited}
	for _, r := range s.Results() {
		if !r.Complete() {
			t.Errorf("%s: %v, %s%s", r.Table.Name, r.Err, r.Incomplete, r.Unavailable)
		}
		if r.Table.Name == "subscriber" {
			run.rows = len(keysIn(t, r.Log))
		}
		if !r.Nested {
			r.Log.Close()
		}
	}
	return run
}

// TestLatency: at two seconds a page, a run over 60,000 subscribers takes hardly more time than the budget allows its
// requests, whether the dataset shows where the rows are or not; at 20 milliseconds it makes the requests of plain walks.
func TestLatency(t *testing.T) {
	if raceEnabled {
		t.Skip("the simulated account takes too long")
	}
	const rows = 60_000
	for _, c := range []struct {
		name   string
		delay  time.Duration
		stored bool
		extra  int
	}{{"first", 2 * time.Second, false, 12}, {"next", 2 * time.Second, true, 6}, {"quick", 20 * time.Millisecond, true, 0}} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := mailerlitetest.New(mailerlitetest.Options{Seed: 1, Subscribers: rows, Groups: 10, Campaigns: 20, CustomFields: 2})
				var stored func(*schema.Table) []Stretch
				if c.stored {
					ids := a.IDs("subscriber")
					stored = func(*schema.Table) []Stretch {
						return []Stretch{{schema.Key{ids[0]}, rows}, {schema.Key{ids[rows-1]}, 0}}
					}
				}
				run := scanAccount(t, a, c.delay, -1, stored)
				t.Logf("%d requests, %v: %.2f of the budget's time", run.requests, run.took, run.budget(108))
				// 60 pages, 5 counts and newer rows of subscriber; group, field and campaign (3); the account
				if plain := 60 + 6 + 5 + 1; run.requests > plain+c.extra {
					t.Errorf("%d requests, plain walks make %d", run.requests, plain)
				}
				if run.rows != rows || run.limited > 0 {
					t.Errorf("%d rows; %d times 429", run.rows, run.limited)
				}
				if c.extra > 0 && run.budget(108) > 1.15 {
					t.Errorf("took %.2f of the time that the budget allows", run.budget(108))
				}
			})
		})
	}
}

// BenchmarkLatency measures the same over real time, everything ten times as quick: 60,000 rows, pages of 200 ms and 1,200
// requests a minute.
func BenchmarkLatency(b *testing.B) {
	const perMinute = 1080
	for _, delay := range []time.Duration{2 * time.Millisecond, 200 * time.Millisecond} {
		b.Run(fmt.Sprint(delay), func(b *testing.B) {
			for b.Loop() {
				a := mailerlitetest.New(mailerlitetest.Options{Seed: 1, Subscribers: 60_000, Groups: 10, Campaigns: 20, CustomFields: 2, RatePerMinute: 10 * 120})
				run := scanAccount(b, a, delay, perMinute, nil)
				b.ReportMetric(float64(run.requests), "requests/op")
				b.ReportMetric(run.budget(perMinute), "time/budget")
				b.ReportMetric(float64(run.limited), "429/op")
			}
		})
	}
}
