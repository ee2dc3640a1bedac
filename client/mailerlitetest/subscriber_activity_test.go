package mailerlitetest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestActivityLogsAreTheirTruth(t *testing.T) {
	o := Demo(1)
	o.RatePerMinute = -1
	a := New(o)
	got, long := map[string]map[string]any{}, 0
	for _, id := range a.IDs("subscriber") {
		log := walkPages(t, a, "/subscribers/"+id+"/activity-log?limit=100")
		if len(log) > 100 {
			long++
		}
		for _, row := range log {
			row["subscriber_id"] = id
			got[fmt.Sprintf("%s/%s/%s", id, row["log_name"], row["id"])] = row
		}
	}
	if diff := cmp.Diff(got, truthByID(t, a, "subscriber_activity")); diff != "" {
		t.Errorf("lists and truth differ: %.1500s", diff)
	}
	if long == 0 || long > 20 {
		t.Errorf("%d of %d logs have a second page, want a few", long, len(a.subs))
	}
	short := map[string]int{} // how often an id is used
	for _, row := range got {
		short[row["subscriber_id"].(string)+"/"+row["id"].(string)]++
	}
	if most := slices.Max(slices.Collect(maps.Values(short))); most < 2 {
		t.Error("no id is used in two logs of a subscriber")
	}
	all := truth(t, a, "subscriber_activity")
	for _, want := range []string{`"properties":[]`, `"properties":{"group_name":`, `"subject_type":"opens"`, `"log_name":"unsubscribed"`, `"log_name":"email_bounce"`} {
		if !strings.Contains(all, want) {
			t.Errorf("no %s", want)
		}
	}
}

func TestActivityLog(t *testing.T) {
	a := New(Demo(0))
	i := slices.IndexFunc(a.subs, func(s *subscriber) bool { return len(activityLog(s)) > 100 })
	path := "/subscribers/" + digits(a.subs[i].id) + "/activity-log"
	first := get(t, a, path)
	if n := len(first.rows()); n != 100 || first.at("links", "next") != "https://connect.mailerlite.com/api"+path+"?page=2" {
		t.Errorf("got %d rows and next %v", n, first.at("links", "next"))
	}
	names := map[any]bool{}
	for _, row := range get(t, a, path+"?filter[log_name]=campaign_send&page=2").rows() {
		names[row["log_name"]] = true
	}
	if diff := cmp.Diff(names, map[any]bool{"campaign_send": true}); diff != "" {
		t.Errorf("filtered: %s", diff)
	}
	for path, want := range map[string]string{
		path + "?filter[log_name]=activated": "422 The selected filter.log_name is invalid.",
		path + "?limit=101":                  "422 The limit must not be greater than 100.",
		"/subscribers/1/activity-log":        "404 Resource does not exist.",
	} {
		if g := get(t, a, path); fmt.Sprintf("%d %v", g.status, g.body["message"]) != want {
			t.Errorf("%s: got %d %v, want %s", path, g.status, g.body["message"], want)
		}
	}
	o := Demo(0)
	o.BareActivityLog = true
	bare := get(t, New(o), path+"?page=2")
	if len(bare.body) != 1 || len(bare.rows()) == 0 || bare.ids()[0] != get(t, a, path+"?page=2").ids()[0] {
		t.Errorf("bare: got %.300s", bare.raw)
	}
}

func TestSubscriberFields(t *testing.T) {
	a := New(small())
	a.Advance(2)
	kinds := map[string]map[string]any{}
	for _, f := range get(t, a, "/fields?limit=100").rows() {
		kinds[f["key"].(string)] = f
	}
	want := map[string]map[string]any{}
	for _, s := range get(t, a, "/subscribers?limit=1000").rows() {
		for key, v := range s["fields"].(map[string]any) {
			if v == nil {
				continue
			}
			f := kinds[key]
			row := map[string]any{"subscriber_id": s["id"], "field_id": f["id"], "key": key, "type": f["type"], "value_text": nil, "value_number": nil, "value_date": nil}
			row["value_"+f["type"].(string)] = v
			want[fmt.Sprintf("%s/%s", s["id"], f["id"])] = row
		}
	}
	if diff := cmp.Diff(truthByID(t, a, "subscriber_field"), want); diff != "" || len(want) < 500 {
		t.Errorf("%d rows, %.1500s", len(want), diff)
	}
}

func TestCampaignEmails(t *testing.T) {
	a := New(small())
	want := map[string]map[string]any{}
	for _, status := range []string{"sent", "ready", "draft"} {
		for _, c := range get(t, a, "/campaigns?limit=100&filter[status]="+status).rows() {
			for _, e := range c["emails"].([]any) {
				row := e.(map[string]any)
				row["campaign_id"] = c["id"]
				want[row["id"].(string)] = row
			}
		}
	}
	if diff := cmp.Diff(truthByID(t, a, "campaign_email"), want); diff != "" || len(want) <= len(a.campaigns) {
		t.Errorf("%d e-mails of %d campaigns, %.1500s", len(want), len(a.campaigns), diff)
	}
	if row := truth(t, a, "campaign_email"); !strings.HasPrefix(row, `{"campaign_id":"`) {
		t.Errorf("got %.100s, want the campaign's id first", row)
	}
}

func TestAccountRow(t *testing.T) {
	a := New(small())
	row := func() string { return truth(t, a, "account") }
	first := row()
	if got := `{"data":` + strings.TrimSpace(first) + `}`; got != string(get(t, a, "/account").raw) {
		t.Errorf("truth is %s, the answer %s", got, get(t, a, "/account").raw)
	}
	if a.Advance(1); row() != first {
		t.Errorf("a day changed %s to %s", first, row())
	}
	if a.Advance(6); row() == first {
		t.Errorf("a week did not change %s", first)
	}
	if !a.SetAttribute("account", "83510", "status", `"terminated"`) || a.SetAttribute("account", "1", "status", `1`) {
		t.Error("SetAttribute: want true for the account, false for another")
	}
	if !strings.Contains(string(get(t, a, "/account").raw), `"status":"terminated"`) {
		t.Errorf("got %s", row())
	}
}
