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
