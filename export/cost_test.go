package export_test

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailerlake/client"
	"mailerlake/client/mailerlitetest"
	"mailerlake/export"
	"mailerlake/schema"
	"mailerlake/schema/tables"
)

// accountShapes are accounts that cost something in different places.
func accountShapes() map[string]mailerlitetest.Options {
	return map[string]mailerlitetest.Options{
		"demo":             mailerlitetest.Demo(0),
		"many subscribers": {Seed: 3, Subscribers: 7500, Groups: 3, Campaigns: 4, CustomFields: 2, Automations: 1, Segments: 2, Forms: 3, Recipients: 50},
		"many campaigns": {Seed: 4, Subscribers: 2500, Groups: 5, Campaigns: 120, Automations: 12, Segments: 8, Forms: 12, Shops: 3, Products: 130, Orders: 420,
			Recipients: 2400},
	}
}

// bill is what a run cost, or was said to: requests, of which several may have travelled in one batch, and units.
type bill struct{ requests, units int64 }

// measured returns what a client has spent: a batch is a unit, and as many requests as it has parts.
func measured(s client.Stats) bill {
	return bill{s.Requests - s.Batches + s.Parts, s.Requests}
}

// costRun runs an export as the command line does, and returns what it said that it costs, and what it cost.
func (l *lake) costRun(t *testing.T, set string) (said, cost bill) {
	t.Helper()
	o := l.wholeOptions(t)
	o.Tables, _ = o.Catalog.Set(set)
	o.Estimate = true
	r, err := export.Export(context.Background(), o)
	if err != nil || r.Failed() {
		t.Fatalf("error %v", err)
	}
	return bill{r.Estimate.Requests, r.Estimate.Units}, measured(o.Client.Stats())
}

// costCheck checks the account, and returns what the set costs.
func (l *lake) costCheck(t *testing.T, set string) export.SetCheck {
	t.Helper()
	o := l.wholeOptions(t)
	c, err := export.CheckAccount(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	if measured(o.Client.Stats()).requests > 120 || c.Requests != o.Client.Stats().Requests {
		t.Errorf("the check took %+v, and says %d", measured(o.Client.Stats()), c.Requests)
	}
	for _, s := range c.Sets {
		if s.Name == set {
			return s
		}
	}
	t.Fatalf("no set %s", set)
	return export.SetCheck{}
}

// near fails the test unless an estimate is within so many percent of what was measured.
func near(t *testing.T, what string, said, cost bill, percent int64) {
	t.Helper()
	t.Logf("%s: said %+v, cost %+v (%.3f, %.3f)", what, said, cost, float64(said.requests)/float64(cost.requests), float64(said.units)/float64(cost.units))
	far := func(said, cost int64) bool { return 100*max(said-cost, cost-said) > percent*cost }
	if far(said.requests, cost.requests) || far(said.units, cost.units) {
		t.Errorf("%s: said %+v, cost %+v", what, said, cost)
	}
}

func billOf(c export.Cost) bill { return bill{c.Requests, c.Units} }

// TestCostIsKnown: a check says within 10 % what a first export costs and, after a day, what the next one does; the export itself
// says it when it begins.
func TestCostIsKnown(t *testing.T) {
	for name, options := range accountShapes() {
		for _, set := range schema.Sets {
			t.Run(name+"/"+set, func(t *testing.T) {
				t.Parallel()
				l := newLake(t, options)
				first := billOf(l.costCheck(t, set).First)
				said, cost := l.costRun(t, set)
				near(t, "first", first, cost, 10)
				near(t, "first, as it begins", said, cost, 10)
				for range 3 {
					l.account.Advance(1)
					next := billOf(l.costCheck(t, set).Next)
					said, cost = l.costRun(t, set)
					near(t, "next", next, cost, 10)
					near(t, "next, as it begins", said, cost, 60) // nobody has asked yet what has moved
				}
			})
		}
	}
}

// TestCostOfWhatIsNotThere: what the account does not have is told, and costs the requests that find it out.
func TestCostOfWhatIsNotThere(t *testing.T) {
	for _, status := range []int{403, 404, 422} {
		o := mailerlitetest.Demo(0)
		o.Subscribers, o.UnavailableStatus = 300, status
		o.Unavailable = []string{"automations", "ecommerce/shops", "campaigns/{id}/reports", "timezones", "subscribers/{id}/activity-log"}
		l := newLake(t, o)
		options := l.wholeOptions(t)
		c, err := export.CheckAccount(context.Background(), options)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, table := range c.Tables {
			if table.Unavailable != "" {
				got = append(got, table.Name)
			}
		}
		want := []string{"timezone", "subscriber_activity", "campaign_activity", "automation", "automation_step", "automation_trigger", "automation_activity",
			"shop", "product", "category", "category_product", "customer", "order", "order_item", "cart", "cart_item"}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%d: not available (-want +got)\n%s", status, d)
		}
		if status == 404 { // each parent is asked for as well: it may be gone
			continue
		}
		_, cost := l.costRun(t, schema.SetAll)
		near(t, "first", billOf(c.Sets[2].First), cost, 10)
	}
}

// TestCostOfContent: the content of campaigns takes a request for each.
func TestCostOfContent(t *testing.T) {
	l := newLake(t, mailerlitetest.Demo(0))
	o := l.wholeOptions(t)
	o.Catalog = tables.Catalog(tables.Options{CampaignContent: true})
	c, err := export.CheckAccount(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range c.Tables {
		if table.Name == "campaign_email" && table.First.Requests != 40 {
			t.Errorf("the content of 40 campaigns takes %d requests", table.First.Requests)
		}
	}
}

// TestEstimateThatFails: a run does not fail with its estimate, and says nothing then.
func TestEstimateThatFails(t *testing.T) {
	l := newLake(t, mailerlitetest.Options{Seed: 1, Subscribers: 30, Groups: 1})
	var began, failed atomic.Bool
	l.account.Faults(func(_ int, r *http.Request) *mailerlitetest.Fault {
		if r.URL.Query().Get("limit") != "0" { // a page: the run has begun, and counts as well, later
			began.Store(began.Load() || r.URL.Path != "/api/account")
			return nil
		}
		if began.Load() {
			return nil
		}
		failed.Store(true)
		return &mailerlitetest.Fault{Status: 400}
	})
	o := l.wholeOptions(t)
	o.Estimate = true
	o.Tables, _ = o.Catalog.Set(schema.SetCore)
	r, err := export.Export(context.Background(), o)
	if err != nil || r.Failed() || r.Estimate != nil || !failed.Load() {
		t.Fatalf("error %v, report %+v", err, r)
	}
}

// TestCheckRefused: a key that does not work, or opens another account than the dataset's, is an error.
func TestCheckRefused(t *testing.T) {
	l := newLake(t, mailerlitetest.Options{Seed: 1, Subscribers: 30, Groups: 1, Key: "right"})
	if _, err := export.CheckAccount(context.Background(), l.wholeOptions(t)); !errors.Is(err, client.ErrUnauthorized) {
		t.Errorf("got error %v", err)
	}
	one, two := newLake(t, mailerlitetest.Options{Seed: 1, Subscribers: 30}), newLake(t, mailerlitetest.Options{Seed: 2, AccountID: "9"})
	one.export(t)
	two.dir = one.dir
	var other *export.AccountError
	if _, err := export.CheckAccount(context.Background(), two.options(t)); !errors.As(err, &other) || other.Have != "9" {
		t.Errorf("got error %v", err)
	}
}

// wholeOptions are the options of a run over all tables.
func (l *lake) wholeOptions(t testing.TB) export.Options {
	o := l.options(t)
	o.Catalog = tables.All()
	return o
}
