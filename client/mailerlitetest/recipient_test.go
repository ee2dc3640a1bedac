package mailerlitetest

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestRecipientsStay checks that the recipients of a campaign are fixed when it is
// sent.
func TestRecipientsStay(t *testing.T) {
	a := New(Demo(0))
	campaign := firstSent(t, a)
	before := byParent(rowsByID(t, a, "campaign_activity")["campaign_activity"])
	path := "/campaigns/" + campaign + "/reports/subscriber-activity?limit=100&include=subscriber"
	gone := get(t, a, path).rows()[0]["subscriber"].(map[string]any)["id"].(string)
	if !a.DeleteSubscriber(gone) {
		t.Fatal("the first recipient is no subscriber")
	}
	a.AddSubscriber(func(s *Subscriber) { s.ID = "12" })
	if diff := cmp.Diff(byParent(rowsByID(t, a, "campaign_activity")["campaign_activity"]), before); diff != "" {
		t.Errorf("one subscriber less and one more changed rows: %.800s", diff)
	}
	if id := get(t, a, path).rows()[0]["subscriber"].(map[string]any)["id"]; id != gone {
		t.Errorf("got subscriber %v, want the deleted %s", id, gone)
	}
}

func TestReact(t *testing.T) {
	a := New(Demo(0))
	campaign := firstSent(t, a)
	recipients := map[string]string{} // subscriber id by row id
	unopened := ""
	for id, row := range truthByID(t, a, "campaign_activity") {
		if row["campaign_id"] == campaign {
			recipients[id] = row["subscriber_id"].(string)
			if row["opened"] == false && (unopened == "" || id < unopened) && row["hard_bounced"] == false && row["soft_bounced"] == false {
				unopened = id
			}
		}
	}
	subscriber := recipients[unopened]
	tables := []string{"campaign", "campaign_activity", "subscriber"}
	for _, kind := range []string{"opened", "opened", "clicked", "unsubscribed", "forwarded", "hardbounced", "softbounced", "junk"} {
		before := rowsByID(t, a, tables...)
		if !a.React(campaign, subscriber, kind) {
			t.Fatalf("%s: not done", kind)
		}
		after := rowsByID(t, a, tables...)
		c := compareStates(before["campaign_activity"], after["campaign_activity"])
		if c.changed != 1 || c.added+c.deleted != 0 || before["campaign_activity"][unopened] == after["campaign_activity"][unopened] {
			t.Errorf("%s: got %+v, want the one row changed", kind, c)
		}
		if compareStates(before["campaign"], after["campaign"]).changed != 1 || compareStates(before["subscriber"], after["subscriber"]) != (change{}) {
			t.Errorf("%s: want the campaign changed and no subscriber", kind)
		}
	}
	row := truthByID(t, a, "campaign_activity")[unopened]
	if got := fmt.Sprintf("%v %v %v %v", row["opens_count"], row["clicks_count"], row["unsubscribed"], row["junk"]); got != "3 1 true true" {
		t.Errorf("got %v", row)
	}
	checkCounters(t, a, get(t, a, "/campaigns/"+campaign).at("data").(map[string]any), 2000)
	draft := get(t, a, "/campaigns?filter[status]=draft").ids()[0]
	for _, c := range [][3]string{{campaign, subscriber, "junk"}, {campaign, subscriber, "unopened"}, {campaign, "1", "opened"}, {"1", subscriber, "opened"},
		{campaign, subscriber, "nonsense"}, {draft, subscriber, "opened"}} {
		if a.React(c[0], c[1], c[2]) {
			t.Errorf("%v: done, want refused", c)
		}
	}
}

func TestCampaignWithoutSubscribers(t *testing.T) {
	a := New(Options{Campaigns: 20})
	sent := get(t, a, "/campaigns?filter[status]=sent").ids()[0]
	a.Advance(5) // others come, but not to be its recipients
	g := get(t, a, "/campaigns/"+sent+"/reports/subscriber-activity")
	if got := fmt.Sprintf("%d %v", len(g.rows()), g.at("meta", "aggregations", "all")); got != "0 0" {
		t.Errorf("got %s rows, want none", got)
	}
}

// TestManyRecipients checks that a million rows take no memory of their own.
func TestManyRecipients(t *testing.T) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	o := Options{Seed: 1, Subscribers: 3000, Campaigns: 6900, Recipients: 200}
	a := New(o)
	runtime.GC()
	runtime.ReadMemStats(&after)
	rows := 0
	a.eachRow("campaign_activity", func(string, func([]byte) []byte) bool {
		rows++
		return true
	})
	if rows < 1_000_000 {
		t.Errorf("got %d rows, want a million", rows)
	}
	if mb := int64(after.HeapAlloc-before.HeapAlloc) >> 20; mb > 24 {
		t.Errorf("the account takes %d MB", mb)
	}
	o.Campaigns, o.Recipients = 30, 3000
	for _, c := range New(o).campaigns {
		if c.status == "sent" && c.recipients.n != 3000 {
			t.Errorf("got %d recipients, want all 3,000", c.recipients.n)
		}
	}
}

// TestNobodyDoesLess checks that opens and clicks only ever grow.
func TestNobodyDoesLess(t *testing.T) {
	a := New(Demo(0))
	before := truthByID(t, a, "campaign_activity")
	a.Advance(4)
	after := truthByID(t, a, "campaign_activity")
	for id, was := range before {
		is := after[id]
		for _, counter := range []string{"opens_count", "clicks_count"} {
			if number(t, is[counter]) < number(t, was[counter]) {
				t.Errorf("%s: %s fell from %v to %v", id, counter, was[counter], is[counter])
			}
		}
	}
}
