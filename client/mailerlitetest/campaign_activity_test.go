package mailerlitetest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// truthByID returns the rows of a table, decoded, by their ids.
func truthByID(t *testing.T, a *Account, table string) map[string]map[string]any {
	t.Helper()
	rows := map[string]map[string]any{}
	for id, line := range rowsByID(t, a, table)[table] {
		var row map[string]any
		d := json.NewDecoder(strings.NewReader(line))
		d.UseNumber()
		if err := d.Decode(&row); err != nil {
			t.Fatalf("%s: decode %.300s: %v", table, line, err)
		}
		rows[id] = row
	}
	return rows
}

// walkPages reads a page list to its end and returns its rows in order.
func walkPages(t *testing.T, a *Account, path string) []map[string]any {
	t.Helper()
	var rows []map[string]any
	for page := 1; ; page++ {
		g := get(t, a, fmt.Sprintf("%s&page=%d", path, page))
		if g.status != 200 {
			t.Fatalf("%s: got status %d: %s", path, g.status, g.raw)
		}
		rows = append(rows, g.rows()...)
		if g.at("links", "next") == nil {
			return rows
		}
	}
}

func number(t *testing.T, v any) int {
	t.Helper()
	n, err := v.(json.Number).Int64()
	if err != nil {
		t.Fatal(err)
	}
	return int(n)
}

// activityOf walks a campaign's activity as an exporter would: all recipients, and
// each list by type for the flags.
func activityOf(t *testing.T, a *Account, campaign string) map[string]map[string]any {
	t.Helper()
	path := "/campaigns/" + campaign + "/reports/subscriber-activity?limit=100&include=subscriber"
	rows := map[string]map[string]any{}
	for _, row := range walkPages(t, a, path) {
		rows[campaign+"/"+row["id"].(string)] = map[string]any{
			"campaign_id": campaign, "id": row["id"], "subscriber_id": row["subscriber"].(map[string]any)["id"],
			"opens_count": row["opens_count"], "clicks_count": row["clicks_count"],
		}
	}
	for name, column := range map[string]string{
		"opened": "opened", "clicked": "clicked", "unsubscribed": "unsubscribed", "forwarded": "forwarded",
		"hardbounced": "hard_bounced", "softbounced": "soft_bounced", "junk": "junk",
	} {
		for _, row := range rows {
			row[column] = false
		}
		for _, row := range walkPages(t, a, path+"&filter[type]="+name) {
			rows[campaign+"/"+row["id"].(string)][column] = true
		}
	}
	return rows
}

func TestCampaignActivityIsItsTruth(t *testing.T) {
	o := small()
	o.Subscribers = 900
	a := New(o)
	a.Advance(3)
	got := map[string]map[string]any{}
	sent := get(t, a, "/campaigns?limit=100&filter[status]=sent")
	for _, id := range sent.ids() {
		maps.Copy(got, activityOf(t, a, id))
	}
	if diff := cmp.Diff(got, truthByID(t, a, "campaign_activity")); diff != "" {
		t.Errorf("lists and truth differ: %.2000s", diff)
	}
	for _, c := range sent.rows() {
		checkCounters(t, a, c, 900)
	}
}

// checkCounters compares a campaign's counters with its activity. No campaign
// could be sent to more than so many subscribers.
func checkCounters(t *testing.T, a *Account, c map[string]any, subscribers int) {
	t.Helper()
	first := get(t, a, "/campaigns/"+c["id"].(string)+"/reports/subscriber-activity")
	stats := c["stats"].(map[string]any)
	sent := number(t, stats["sent"])
	if sent > subscribers {
		if got := number(t, first.at("meta", "total")); got != subscribers {
			t.Errorf("campaign %s: %d recipients of %d subscribers, sent to %d", c["id"], got, subscribers, sent)
		}
		return
	}
	counts := first.at("meta", "aggregations").(map[string]any)
	for counter, name := range map[string]string{
		"sent": "all", "unique_opens_count": "opened", "unsubscribes_count": "unsubscribed", "spam_count": "junk",
		"forwards_count": "forwarded", "hard_bounces_count": "hardbounced", "soft_bounces_count": "softbounced",
	} {
		if stats[counter] != counts[name] {
			t.Errorf("campaign %s: %s is %v, %s %v", c["id"], counter, stats[counter], name, counts[name])
		}
	}
	if opened, unopened := number(t, counts["opened"]), number(t, counts["unopened"]); opened+unopened != sent {
		t.Errorf("campaign %s: %d opened and %d unopened of %d", c["id"], opened, unopened, sent)
	}
	var opens, clicks int
	for _, row := range walkPages(t, a, "/campaigns/"+c["id"].(string)+"/reports/subscriber-activity?limit=100") {
		opens, clicks = opens+number(t, row["opens_count"]), clicks+number(t, row["clicks_count"])
	}
	email := c["emails"].([]any)[0].(map[string]any)["stats"].(map[string]any)
	if opens != number(t, email["opens_count"]) || clicks != number(t, stats["clicks_count"]) {
		t.Errorf("campaign %s: rows have %d opens and %d clicks, counters %v and %v", c["id"], opens, clicks, email["opens_count"], stats["clicks_count"])
	}
}

// counters returns a row's counters, without the rest of it.
func counters(row string) string {
	_, rest, _ := strings.Cut(row, `"type_for_humans":`)
	_, rest, _ = strings.Cut(rest, `"stats":`)
	stats, _, _ := strings.Cut(rest, `"is_stopped":`)
	return stats
}

// byParent joins the rows whose ids begin with the same parent's.
func byParent(rows map[string]string) map[string]string {
	lists, all := map[string][]string{}, map[string]string{}
	for _, id := range slices.Sorted(maps.Keys(rows)) {
		parent, _, _ := strings.Cut(id, "/")
		lists[parent] = append(lists[parent], rows[id])
	}
	for parent, list := range lists {
		all[parent] = strings.Join(list, "")
	}
	return all
}

// TestActivityFollowsCounters checks what lets an exporter leave out parents that
// stand still: the rows under one change only if the counters in its own row do.
func TestActivityFollowsCounters(t *testing.T) {
	o := Demo(0)
	o.Subscribers = 400
	a := New(o)
	members := func(names ...string) func(string) string {
		return func(row string) string {
			var values string
			for _, name := range names {
				_, rest, _ := strings.Cut(row, `"`+name+`":`)
				value, _, _ := strings.Cut(rest, ",")
				values += value + ","
			}
			return values
		}
	}
	watched := []struct {
		table, parent string
		of            func(row string) string
		changed       int
	}{
		{"campaign_activity", "campaign", counters, 0},
		{"automation_activity", "automation", members("completed_subscribers_count", "subscribers_in_queue_count"), 0},
		{"subscriber_activity", "subscriber", members("sent", "opens_count", "clicks_count", "updated_at"), 0},
	}
	tables := []string{"campaign", "automation", "subscriber", "campaign_activity", "automation_activity", "subscriber_activity"}
	before := rowsByID(t, a, tables...)
	for day := 1; day <= 15; day++ {
		a.Advance(1)
		after := rowsByID(t, a, tables...)
		for i := range watched {
			w := &watched[i]
			old, now := byParent(before[w.table]), byParent(after[w.table])
			for id, rows := range now {
				parent, ok := before[w.parent][id]
				if !ok || old[id] == rows {
					continue
				}
				w.changed++
				if w.of(parent) == w.of(after[w.parent][id]) {
					t.Fatalf("day %d: %s of %s %s changed, %q stood still", day, w.table, w.parent, id, w.of(parent))
				}
			}
		}
		before = after
	}
	for _, w := range watched {
		if w.changed < 15 {
			t.Errorf("%s changed %d times in 15 days", w.table, w.changed)
		}
	}
}

func firstSent(t *testing.T, a *Account) string {
	t.Helper()
	for _, c := range a.campaigns {
		if c.status == "sent" && c.recipients.n > 60 && c.stats.sent <= c.recipients.of {
			return digits(c.id)
		}
	}
	t.Fatal("no campaign with more than sixty recipients")
	return ""
}

func TestCampaignActivityPages(t *testing.T) {
	a := New(Demo(0))
	path := "/campaigns/" + firstSent(t, a) + "/reports/subscriber-activity"
	first := get(t, a, path)
	if n := len(first.rows()); n != 50 || fmt.Sprint(first.at("meta", "per_page")) != "50" {
		t.Errorf("got %d rows of %v, want 50", n, first.at("meta", "per_page"))
	}
	if first.rows()[0]["subscriber"] != nil {
		t.Error("got a subscriber without include")
	}
	ids := first.ids()
	if ids[0] <= ids[1] || ids[1] >= ids[2] {
		t.Errorf("got ids %v, want them not quite in order", ids[:3])
	}
	if want := "https://connect.mailerlite.com/api" + path + "?page=2"; first.at("links", "next") != want {
		t.Errorf("got links.next %v, want %s", first.at("links", "next"), want)
	}
	posted := ask(t, a, "POST", path, `{"limit":10,"page":2,"sort":"id","filter":{},"include":"subscriber.groups"}`)
	if diff := cmp.Diff(posted.ids(), ids[10:20]); posted.status != 200 || diff != "" {
		t.Errorf("POST: got status %d, %s", posted.status, diff)
	}
	subscriber := posted.rows()[0]["subscriber"].(map[string]any)
	if subscriber["groups"] == nil {
		t.Error("no groups with subscriber.groups")
	}
	found := get(t, a, path+"?include=subscriber&filter[search]="+strings.ToUpper(subscriber["email"].(string)))
	if diff := cmp.Diff(found.ids(), posted.ids()[:1]); diff != "" {
		t.Errorf("search: %s", diff)
	}
	batch := ask(t, a, "POST", "/batch", batchOf(
		`{"method":"GET","path":"api`+path+`?limit=10&page=2"}`,
		`{"method":"POST","path":"api`+path+`","body":{"limit":10,"filter":{"type":"opened"}}}`,
	))
	parts := batch.body["responses"].([]any)
	inQuery := got{body: parts[0].(map[string]any)["body"].(map[string]any)}
	if diff := cmp.Diff(inQuery.ids(), posted.ids()); diff != "" {
		t.Errorf("in a batch: %s", diff)
	}
	for _, row := range (got{body: parts[1].(map[string]any)["body"].(map[string]any)}).rows() {
		if fmt.Sprint(row["opens_count"]) == "0" {
			t.Errorf("opened, in a batch: got %v", row)
		}
	}
}

func TestCampaignActivityRefusals(t *testing.T) {
	a := New(Demo(0))
	sent, draft := firstSent(t, a), get(t, a, "/campaigns?filter[status]=draft").ids()[0]
	o := Demo(0)
	o.UnsentStatus = 404
	for _, c := range []struct {
		a       *Account
		path    string
		status  int
		message string
	}{
		{a, sent + "/reports/subscriber-activity?limit=33", 422, "The limit must be one of following: 10, 25, 50, 100"},
		{a, sent + "/reports/subscriber-activity?limit=0", 422, "The limit must be one of following: 10, 25, 50, 100"},
		{a, sent + "/reports/subscriber-activity?filter[type]=social_interaction", 422, "The selected filter.type is invalid."},
		{a, draft + "/reports/subscriber-activity", 422, "Campaign is not with status sent"},
		{New(o), draft + "/reports/subscriber-activity", 404, "Campaign is not with status sent"},
		{a, "1/reports/subscriber-activity", 404, "Resource does not exist."},
	} {
		if g := get(t, c.a, "/campaigns/"+c.path); g.status != c.status || g.body["message"] != c.message {
			t.Errorf("%s: got %d %v, want %d %s", c.path, g.status, g.body["message"], c.status, c.message)
		}
	}
}
