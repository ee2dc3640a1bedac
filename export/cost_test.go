package export_test

import (
	"context"
	"testing"

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

// measured returns what a run cost: the requests, of which several may have travelled in one batch, and the units.
func measured(s client.Stats) (requests, units int64) {
	return s.Requests, s.Requests // without batches each request is a unit
}

// costRun runs an export as the command line does, and returns what it cost.
func (l *lake) costRun(t *testing.T, set string) (*export.Report, int64) {
	t.Helper()
	o := l.options(t)
	o.Tables, _ = o.Catalog.Set(set)
	o.Estimate = true
	r, err := export.Export(context.Background(), o)
	if err != nil || r.Failed() {
		t.Fatalf("error %v", err)
	}
	requests, _ := measured(o.Client.Stats())
	return r, requests
}

// costCheck checks the account, and returns what the set costs.
func (l *lake) costCheck(t *testing.T, set string) export.SetCheck {
	t.Helper()
	o := l.options(t)
	c, err := export.CheckAccount(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	if requests, _ := measured(o.Client.Stats()); requests > 120 || c.Requests != o.Client.Stats().Requests {
		t.Errorf("the check took %d requests, and says %d", requests, c.Requests)
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
func near(t *testing.T, what string, estimated, measured, percent int64) {
	t.Helper()
	t.Logf("%s: estimated %d, measured %d (%.3f)", what, estimated, measured, float64(estimated)/float64(measured))
	if off := estimated - measured; 100*max(off, -off) > percent*measured {
		t.Errorf("%s: estimated %d requests, measured %d", what, estimated, measured)
	}
}

// TestCostIsKnown: a check says within 10 % what a first export costs and, after a day, what the next one does; the export itself
// says it when it begins.
func TestCostIsKnown(t *testing.T) {
	for name, options := range accountShapes() {
		for _, set := range schema.Sets {
			t.Run(name+"/"+set, func(t *testing.T) {
				t.Parallel()
				l := newLake(t, options)
				first := l.costCheck(t, set).First.Requests
				r, got := l.costRun(t, set)
				near(t, "first", first, got, 10)
				near(t, "first, as it begins", r.Estimate.Requests, got, 10)
				for range 3 {
					l.account.Advance(1)
					next := l.costCheck(t, set).Next.Requests
					r, got = l.costRun(t, set)
					near(t, "next", next, got, 10)
					near(t, "next, as it begins", r.Estimate.Requests, got, 60) // nobody has asked yet what has moved
				}
			})
		}
	}
}

var _ = tables.All
