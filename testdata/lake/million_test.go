package lake

import (
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"mailerlake/client/mailerlitetest"
	"mailerlake/testdata/lake/program"
	"mailerlake/testdata/lake/proxy"
	"mailerlake/testdata/lake/servers"
)

// maxRSS is the most memory that a publish may take, however large the account is.
const maxRSS = 160 << 20

// TestMillion publishes an account of a million subscribers to S3, then changes in 1 % of them, then nothing new. It
// takes minutes, so that it runs with LAKE=all only.
func TestMillion(t *testing.T) {
	if !all {
		t.Skip("runs with LAKE=all")
	}
	o := mailerlitetest.Demo(0)
	o.Subscribers, o.Churn = 1_000_000, 0.33
	account, export := serve(t, o)
	data := &dataset{filepath.Join(t.TempDir(), "lake")}
	export(data)
	var to []*destination
	for _, format := range formats {
		to = append(to, newDestination(t, servers.S3, format))
	}
	for _, d := range to {
		d.measure(t, "everything", data)
	}
	for what, change := range map[string]func(){
		"1 % of the rows, the newest":       func() { bumpNewest(t, account, 10_000) },
		"1 % of the rows, from all of them": func() { account.Advance(1) },
	} {
		before := filesOf(t, data.dir)
		change()
		export(data)
		for _, d := range to {
			d.measure(t, what, data)
			d.checkUploads(t, before, filesOf(t, data.dir))
			if requests := d.measure(t, "nothing", data); requests > 3 {
				t.Errorf("%s, no change: %d requests", d.format, requests)
			}
		}
	}
}

// bumpNewest changes the counters of the newest subscribers.
func bumpNewest(t *testing.T, account *mailerlitetest.Account, n int) {
	t.Helper()
	ids := account.IDs("subscriber")
	for _, id := range ids[len(ids)-n:] {
		if !account.BumpCounters(id) {
			t.Fatalf("there is no subscriber %s", id)
		}
	}
}

// measure publishes a dataset, logs what that took, and returns the number of requests.
func (d *destination) measure(t *testing.T, what string, data *dataset) int {
	t.Helper()
	d.Arm(proxy.Fault{})
	c := d.publishing(data)
	c.Watched = true
	r := program.Must(t, c)
	requests := d.Requests()
	bytes := 0
	for _, request := range requests {
		bytes += request.Bytes
	}
	t.Logf("%s, %s: %.1f s, peak RSS %d MiB, %d requests with %.1f MiB", d.format, what, r.Took.Seconds(), r.PeakRSS>>20, len(requests), float64(bytes)/(1<<20))
	if r.PeakRSS > maxRSS {
		t.Errorf("%s, %s: peak RSS %d MiB", d.format, what, r.PeakRSS>>20)
	}
	d.checkWhole(t)
	return len(requests)
}

// serve serves an account that is not the demo's, and returns a function that brings a dataset to its present state.
func serve(t *testing.T, o mailerlitetest.Options) (*mailerlitetest.Account, func(*dataset)) {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	o.RatePerMinute, o.BaseURL = -1, "http://"+server.Listener.Addr().String()+"/api"
	account := mailerlitetest.New(o)
	server.Config.Handler = account
	server.Start()
	t.Cleanup(server.Close)
	return account, func(d *dataset) {
		began := time.Now()
		program.Must(t, program.Command{Env: []string{"MAILERLITE_API_KEY=key"},
			Args: []string{"export", "--out", d.dir, "--api-url", o.BaseURL, "--tables", "core", "--history", "--rate", "0", "--quiet"}})
		t.Logf("exported in %.1f s", time.Since(began).Seconds())
	}
}
