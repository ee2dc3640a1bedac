package cost_test

import (
	"bytes"
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"mailerlake/client"
	"mailerlake/client/mailerlitetest"
	"mailerlake/export"
	"mailerlake/export/disk"
	"mailerlake/schema"
	"mailerlake/schema/tables"
)

// accounts are accounts that cost something in different places.
var accounts = []struct {
	name string
	mailerlitetest.Options
}{
	{"demo", mailerlitetest.Demo(0)},
	{"many subscribers", mailerlitetest.Options{Seed: 3, Subscribers: 6500, Groups: 3, Campaigns: 4, CustomFields: 2, Automations: 1, Segments: 2, Forms: 3,
		Recipients: 50}},
	{"many campaigns", mailerlitetest.Options{Seed: 4, Subscribers: 2200, Groups: 5, Campaigns: 110, Automations: 12, Segments: 8, Forms: 12, Shops: 3,
		Products: 130, Orders: 420, Recipients: 2000}},
}

// bill is what a run cost, or was said to: requests, of which several may have travelled in one batch, and units.
type bill struct{ requests, units int64 }

func billOf(c export.Cost) bill { return bill{c.Requests, c.Units} }

// purse carries requests to an account, and counts those for a row that may be gone: nobody can say before how many they are.
type purse struct {
	http.RoundTripper
	client  *client.Client
	lookups atomic.Int64
}

// ofOneRow matches a request for a row by its id.
var ofOneRow = regexp.MustCompile(`/[0-9]+("|$)`)

func (p *purse) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodPost {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		p.lookups.Add(int64(len(ofOneRow.FindAll(body, -1))))
	} else if ofOneRow.MatchString(r.URL.Path) {
		p.lookups.Add(1)
	}
	return p.RoundTripper.RoundTrip(r)
}

// spent returns what was spent: a batch is a unit, and as many requests as it has parts.
func (p *purse) spent() bill {
	s := p.client.Stats()
	return bill{s.Requests - s.Batches + s.Parts - p.lookups.Load(), s.Requests}
}

// lake is an account and a dataset of some of its tables.
type lake struct {
	account *mailerlitetest.Account
	dir     string
	tables  []string
}

// options are those of a run with the budget of the API, in which requests wait for each other.
func (l *lake) options(t *testing.T) (export.Options, *purse) {
	t.Helper()
	p := &purse{RoundTripper: l.account.Transport()}
	var err error
	if p.client, err = client.New(client.Options{Key: "test", Transport: p, Rate: -1}); err != nil {
		t.Fatal(err)
	}
	return export.Options{Client: p.client, FS: disk.OS(false), Dir: l.dir, Program: "test", Catalog: tables.All(), Tables: l.tables,
		ResumeWithin: 24 * time.Hour, Estimate: true}, p
}

// check checks the account, and returns what its tables cost.
func (l *lake) check(t *testing.T) export.SetCheck {
	t.Helper()
	o, purse := l.options(t)
	c, err := export.CheckAccount(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if got := purse.spent(); got.requests > 160 || got.units > 20 || c.Requests != got.units {
		t.Errorf("the check took %+v, and says %d", got, c.Requests)
	}
	return c.Sets[len(c.Sets)-1]
}

// export exports the account as the command line does, and returns what it said that it costs, and what it cost.
func (l *lake) export(t *testing.T) (said, cost bill) {
	t.Helper()
	o, purse := l.options(t)
	r, err := export.Export(t.Context(), o)
	if err != nil || r.Failed() {
		t.Fatalf("error %v", err)
	}
	return bill{r.Estimate.Requests, r.Estimate.Units}, purse.spent()
}

// near fails the test unless an estimate of requests is within so many percent of what a run cost, and one of units within a
// factor. How full batches are depends on what waits when they leave, so that units are only roughly right, and those of a run
// of 15 requests are any number up to 15: ten units more or less are always near.
func near(t *testing.T, what string, said, cost bill, percent, factor int64) {
	t.Helper()
	t.Logf("%s: said %+v, cost %+v (%.3f, %.3f)", what, said, cost, float64(said.requests)/float64(cost.requests), float64(said.units)/float64(cost.units))
	apart := func(said, cost int64) int64 { return max(said-cost, cost-said) }
	if 100*apart(said.requests, cost.requests) > percent*cost.requests {
		t.Errorf("%s: said %d requests, cost %d", what, said.requests, cost.requests)
	}
	if apart(said.units, cost.units) > 10 && max(said.units, cost.units) > factor*min(said.units, cost.units) {
		t.Errorf("%s: said %d units, cost %d", what, said.units, cost.units)
	}
}

// TestCostIsKnown: a check says within 10 % what requests a first export takes and, after a day, what the next one does; the export
// itself says it when it begins. All runs are in one bubble: what they leave for each other must not come from outside.
func TestCostIsKnown(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		for _, a := range accounts {
			for _, set := range schema.Sets {
				l := &lake{account: mailerlitetest.New(a.Options), dir: filepath.Join(dir, a.name, set)}
				l.tables, _ = tables.All().Set(set)
				l.costsWhatItSays(t, a.name+", "+set+": ")
			}
		}
	})
}

func (l *lake) costsWhatItSays(t *testing.T, name string) {
	first := billOf(l.check(t).First)
	said, cost := l.export(t)
	near(t, name+"first", first, cost, 10, 2)
	near(t, name+"first, as it begins", said, cost, 10, 2)
	for range 2 {
		l.account.Advance(1)
		next := billOf(l.check(t).Next)
		said, cost = l.export(t)
		near(t, name+"next", next, cost, 10, 2)
		near(t, name+"next, as it begins", said, cost, 60, 3) // nobody has asked yet what has moved
	}
}
