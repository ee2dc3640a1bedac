package scan

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"mailerlake/client"
	"mailerlake/client/mailerlitetest"
	"mailerlake/schema"
	"mailerlake/schema/tables"
)

// costRun is a reading of some tables of a simulated account: what it costs and what it met.
type costRun struct {
	slowRun
	client.Stats
	cpu     time.Duration                // real time that it took the machine, the account included
	rows    map[string]map[string]string // of each table, by their keys
	partial map[string]string            // why tables are not complete
}

func (r costRun) String() string {
	return fmt.Sprintf("%d requests, %d batches of %d parts in all, %v: %.2f of the budget's time; %d times 429; %v of the machine",
		r.requests, r.Batches, r.Parts, r.took.Round(time.Second), r.budget(108), r.limited, r.cpu.Round(10*time.Millisecond))
}

// costWorld reads tables of a simulated account through the real client by their real declarations.
type costWorld struct {
	a      *mailerlitetest.Account
	api    client.Options
	before []string // tables that are read first and do not count
	tables []string // nil for all
	skip   []string
	stored func(*schema.Table) []Stretch

	whole   bool // all of each row is compared, not its key alone
	mayFail bool
}

func (w costWorld) run(t testing.TB) (run costRun) {
	t.Helper()
	o := w.api
	if o.Key = "test"; o.Transport == nil {
		o.Transport = w.a.Transport()
	}
	api, err := client.New(o)
	if err != nil {
		t.Fatal(err)
	}
	catalog := tables.All()
	s := scannerIn(t.TempDir(), api, catalog)
	s.Stored = w.stored
	sent := (&world{t: t, logs: s.Logs}).keyLog(sentCampaigns(t, w.a)...)
	defer sent.Close()
	s.Lists = func(_ context.Context, t *schema.Table, _ *Result) (lists Lists, err error) { // as a run chooses them
		if list, ok := t.Source.(*schema.List); ok && list.Of != nil {
			lists.Of = sent
		}
		return lists, nil
	}
	defer func() {
		for _, r := range s.Results() {
			if !r.Nested && r.Log != nil {
				r.Log.Close()
			}
		}
	}()
	if len(w.before) > 0 {
		w.scan(t, s, w.before)
	}
	names := w.tables
	if names == nil {
		for _, table := range catalog.Tables() {
			names = append(names, table.Name)
		}
	}
	names = slices.DeleteFunc(slices.Clone(names), func(name string) bool { return slices.Contains(w.skip, name) })
	before, asked, start, real := api.Stats(), w.a.Requests(), time.Now(), cpuTime()
	w.scan(t, s, names)
	run.slowRun = slowRun{requests: w.a.Requests() - asked, took: time.Since(start)}
	run.Stats, run.cpu = api.Stats(), cpuTime()-real
	run.Batches -= before.Batches
	run.Parts -= before.Parts
	run.limited = run.RateLimited - before.RateLimited
	run.rows, run.partial = map[string]map[string]string{}, map[string]string{}
	for _, name := range names {
		switch r := s.Result(catalog.Lookup(name)); {
		case !r.Complete() || len(r.Gone) > 0:
			run.partial[name] = fmt.Sprint(r.Err, r.Incomplete, r.Partial, r.Unavailable, r.Gone)
		case !r.Nested:
			run.rows[name] = rowsIn(t, r.Log, !w.whole)
		}
	}
	if len(run.partial) > 0 && !w.mayFail {
		t.Errorf("not complete: %v", run.partial)
	}
	return run
}

func (w costWorld) scan(t testing.TB, s *Scanner, names []string) {
	t.Helper()
	var chosen []*schema.Table
	for _, name := range names {
		chosen = append(chosen, s.Catalog.Lookup(name))
	}
	if err := s.Scan(t.Context(), chosen); err != nil {
		t.Fatal(err)
	}
}

// cpuTime returns the processor time that this process has used: in a bubble the clock does not tell.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// met requires that a reading met exactly the rows that the account has.
func (r costRun) met(t *testing.T, a *mailerlitetest.Account, names ...string) {
	t.Helper()
	for _, name := range names {
		want := a.IDs(name)
		missing := 0
		for _, id := range want {
			if _, met := r.rows[name][strings.ReplaceAll(id, "/", ".")]; !met {
				missing++
			}
		}
		if got := len(r.rows[name]); got != len(want) || missing > 0 {
			t.Errorf("%s: met %d rows of %d; %d are missing", name, got, len(want), missing)
		}
	}
}

// within requires that a reading took hardly more time than the budget allows its requests, and was refused none.
func (r costRun) within(t *testing.T, most float64) {
	t.Helper()
	if ratio := r.budget(108); ratio > most || r.limited > 0 {
		t.Errorf("took %.2f of the time that the budget allows; %d times 429", ratio, r.limited)
	}
}

// costSizes multiplies the accounts of these tests, which are a sample of those that the promises are about:
//
//	COST=10 go test ./export/scan -run Cost -v -timeout 1h
const costSizes = "COST"

func costSize(t *testing.T) int {
	n := 1
	if text := os.Getenv(costSizes); text != "" {
		if _, err := fmt.Sscan(text, &n); err != nil {
			t.Fatal(err)
		}
	}
	return n
}

// TestCostOfLogs: a list of one page for each of many subscribers takes hardly more than a fiftieth of a request, and the
// budget is used in full however long a batch takes.
func TestCostOfLogs(t *testing.T) {
	if raceEnabled {
		t.Skip("the simulated account takes too long")
	}
	n := 10_000 * costSize(t)
	for _, latency := range []time.Duration{20 * time.Millisecond, 2 * time.Second} {
		t.Run(fmt.Sprint(latency), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := mailerlitetest.New(mailerlitetest.Options{Seed: 1, Subscribers: n, Latency: latency})
				run := costWorld{a: a, api: client.Options{Rate: -1}, before: []string{"subscriber"}, tables: []string{"subscriber_activity"}}.run(t)
				t.Log(run)
				run.within(t, 1.15)
				run.met(t, a, "subscriber_activity")
				if most := n * 21 / 1000; run.requests > most {
					t.Errorf("%d requests, want %d at most", run.requests, most)
				}
			})
		})
	}
}

// TestCostOfCampaigns: the activity of a few dozen campaigns, some of them large, takes a twentieth of the requests that it
// takes where the server has no batches.
func TestCostOfCampaigns(t *testing.T) {
	if raceEnabled {
		t.Skip("the simulated account takes too long")
	}
	for _, c := range []struct{ recipients, campaigns int }{{0, 60}, {5000 * costSize(t), 12}} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				read := func(status int) costRun {
					a := mailerlitetest.New(mailerlitetest.Options{Seed: 1, Subscribers: max(2000, c.recipients), Campaigns: c.campaigns, Recipients: c.recipients,
						Latency: 200 * time.Millisecond, BatchStatus: status})
					run := costWorld{a: a, api: client.Options{Rate: -1}, before: []string{"campaign", "subscriber"}, tables: []string{"campaign_activity"}}.run(t)
					t.Log(run)
					run.within(t, 1.15)
					run.met(t, a, "campaign_activity")
					return run
				}
				batched, plain := read(0), read(403)
				t.Logf("1/%.1f of the requests", float64(plain.requests)/float64(batched.requests))
				if batched.requests*20 > plain.requests {
					t.Errorf("%d requests, without batches %d", batched.requests, plain.requests)
				}
			})
		})
	}
}

// TestCostOfTables: at two seconds a page a run over all tables but the longest takes hardly more time than the budget allows
// its requests; where pages are quick it makes no more requests than that.
func TestCostOfTables(t *testing.T) {
	if raceEnabled {
		t.Skip("the simulated account takes too long")
	}
	least := 0
	for _, latency := range []time.Duration{20 * time.Millisecond, 2 * time.Second} {
		t.Run(fmt.Sprint(latency), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := mailerlitetest.Demo(0)
				o.Subscribers, o.RatePerMinute, o.Latency = 60_000, 120, latency
				a := mailerlitetest.New(o)
				run := costWorld{a: a, api: client.Options{Rate: -1}, skip: []string{"subscriber_activity"}}.run(t)
				t.Log(run)
				run.within(t, 1.15)
				for _, name := range mailerlitetest.Tables {
					if run.rows[name] != nil && name != "campaign_language" {
						run.met(t, a, name)
					}
				}
				if least == 0 {
					least = run.requests
				}
				if run.requests > least+30 { // batches that leave at once
					t.Errorf("%d requests, %d where pages are quick", run.requests, least)
				}
			})
		})
	}
}
