package mailerlitetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestAddSubscriber(t *testing.T) {
	a := New(small())
	group, field := a.IDs("group")[1], a.AddField("Shoe size", "number")
	id := a.AddSubscriber(func(s *Subscriber) {
		s.Email, s.Status, s.Sent, s.Opens = "zoë@example.com", "bounced", 8, 1
		s.Fields[a.fieldKeyForTest(field)] = "42.5"
		s.Fields["name"] = `"Zo\u00eb"`
		s.Groups = []string{group}
		s.IPAddress = `"203.0.113.9"`
		s.OptedInAt = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	})
	if first := get(t, a, "/subscribers?limit=1").ids()[0]; first != id {
		t.Errorf("the newest is %s, want the new %s", first, id)
	}
	row := get(t, a, "/subscribers/"+id).at("data").(map[string]any)
	for key, want := range map[string]string{
		"email": "zoë@example.com", "status": "bounced", "sent": "8", "open_rate": "12.5", "ip_address": "203.0.113.9",
		"opted_in_at": "2026-03-01 12:00:00", "unsubscribed_at": "<nil>",
	} {
		if got := fmt.Sprint(row[key]); got != want {
			t.Errorf("%s: got %s, want %s", key, got, want)
		}
	}
	fields := row["fields"].(map[string]any)
	if fmt.Sprintf("%v %v %v", fields["shoe_size"], fields["name"], fields["city"]) != "42.5 Zoë <nil>" {
		t.Errorf("got fields %v", fields)
	}
	if !slices.Contains(a.IDs("group_subscriber"), group+"/"+id) {
		t.Error("no membership")
	}
	if low := a.AddSubscriber(func(s *Subscriber) { s.ID = "12" }); low != "12" || a.IDs("subscriber")[0] != "12" {
		t.Errorf("chosen id: got %s, first is %s", low, a.IDs("subscriber")[0])
	}
}

// fieldKeyForTest returns a field's key. Unlike FieldKey it can be called while the
// account is locked.
func (a *Account) fieldKeyForTest(id string) string { return a.findField(id).key }

func TestSetSubscriberKeepsTheRest(t *testing.T) {
	a := New(small())
	before := truth(t, a, "subscriber")
	for _, id := range a.IDs("subscriber") {
		if !a.SetSubscriber(id, func(*Subscriber) {}) {
			t.Fatalf("no subscriber %s", id)
		}
	}
	if after := truth(t, a, "subscriber"); after != before {
		t.Error("a call that sets nothing changed rows")
	}
	id := a.IDs("subscriber")[4]
	a.SetSubscriber(id, func(s *Subscriber) { s.Opens, s.Sent = 1, 3 })
	c := compareRows(t, before, truth(t, a, "subscriber"))
	if c != (change{changed: 1, stale: 1}) {
		t.Errorf("got %+v, want one changed row with the same updated_at", c)
	}
}

func TestMutators(t *testing.T) {
	a := New(small())
	subscriber, group := a.IDs("subscriber")[0], a.AddGroup("Fresh")
	row := func() map[string]any { return get(t, a, "/subscribers/"+subscriber).at("data").(map[string]any) }
	groupRow := func() map[string]any { return get(t, a, "/groups/"+group).at("data").(map[string]any) }

	a.SetStatus(subscriber, "active")
	if !a.Join(subscriber, group) || a.Join(subscriber, group) {
		t.Error("Join: want true, and false the second time")
	}
	if got := fmt.Sprint(groupRow()["active_count"]); got != "1" {
		t.Errorf("got active_count %s, want 1", got)
	}
	at := row()["updated_at"]
	a.BumpCounters(subscriber)
	if row()["updated_at"] != at {
		t.Error("counters moved updated_at")
	}
	a.SetStatus(subscriber, "unsubscribed")
	if r := row(); r["unsubscribed_at"] != r["updated_at"] || r["updated_at"] == at {
		t.Errorf("unsubscribed at %v, updated at %v", r["unsubscribed_at"], r["updated_at"])
	}
	if got := fmt.Sprintf("%v %v", groupRow()["active_count"], groupRow()["unsubscribed_count"]); got != "0 1" {
		t.Errorf("got active_count, unsubscribed_count %s, want 0 1", got)
	}
	a.SetField(subscriber, "city", `"here"`)
	if got := row()["fields"].(map[string]any)["city"]; got != "here" {
		t.Errorf("got city %v", got)
	}
	a.RenameGroup(group, "Stale")
	if groups := row()["groups"].([]any); groups[len(groups)-1].(map[string]any)["name"] != "Stale" {
		t.Errorf("a subscriber's groups have the old name: %v", groups)
	}
	if !a.Leave(subscriber, group) || a.Leave(subscriber, group) {
		t.Error("Leave: want true, and false the second time")
	}
	a.Join(subscriber, group)
	if !a.DeleteGroup(group) || strings.Contains(truth(t, a, "group_subscriber"), group) {
		t.Error("a deleted group is still there, or has members")
	}
	if !a.DeleteSubscriber(subscriber) || get(t, a, "/subscribers/"+subscriber).status != 404 || a.DeleteSubscriber(subscriber) {
		t.Error("a deleted subscriber is still there")
	}
	for name, ok := range map[string]bool{
		"SetStatus": a.SetStatus("1", "active"), "SetField": a.SetField("1", "city", "1"), "no such field": a.SetField(a.IDs("subscriber")[0], "nix", "1"),
		"Join": a.Join("1", "1"), "DeleteGroup": a.DeleteGroup("x"), "DeleteField": a.DeleteField("77"), "DeleteCampaign": a.DeleteCampaign("1"),
		"SetAttribute": a.SetAttribute("group", "1", "x", "1"),
	} {
		if ok {
			t.Errorf("%s: got true for what does not exist", name)
		}
	}
}

func TestFieldMutators(t *testing.T) {
	a := New(small())
	id := a.AddField("Größe/Size!", "text")
	key := a.FieldKey(id)
	if key != "gr_e_size" {
		t.Errorf("got key %q", key)
	}
	if again := a.FieldKey(a.AddField("Gr e size", "text")); again != "gr_e_size_2" {
		t.Errorf("got key %q for a second field of the same name", again)
	}
	if fields := get(t, a, "/subscribers?limit=1").rows()[0]["fields"].(map[string]any); fields[key] != nil {
		t.Errorf("a new field is %v, want null", fields[key])
	}
	a.SetField(a.IDs("subscriber")[9], key, `"kept aside"`)
	a.SetFieldType(id, "date")
	if got := truth(t, a, "field"); !strings.Contains(got, `"key":"gr_e_size","type":"date"`) {
		t.Errorf("got %s", got)
	}
	a.DeleteField(id)
	if strings.Contains(truth(t, a, "subscriber"), `"gr_e_size":`) {
		t.Error("a deleted field is still in rows")
	}
	for _, id := range a.IDs("field") {
		a.DeleteField(id)
	}
	if row := truth(t, a, "subscriber"); !strings.Contains(row, `"fields":[]`) {
		t.Errorf("without fields: got %.400s, want an empty array", row)
	}
}

func TestCampaignMutators(t *testing.T) {
	a := New(small())
	id := a.AddCampaign("Hello")
	for _, want := range []string{"ready", "sent", "sent"} {
		if got := a.SendCampaign(id); got != want {
			t.Errorf("got status %s, want %s", got, want)
		}
		if !slices.Contains(get(t, a, "/campaigns?limit=100&filter[status]="+want).ids(), id) {
			t.Errorf("the campaign is not in the list of %s ones", want)
		}
	}
	if !a.DeleteCampaign(id) || a.SendCampaign(id) != "" {
		t.Error("a deleted campaign is still there")
	}
}

func TestAttributes(t *testing.T) {
	a := New(small())
	subscriber, group, campaign, field := a.IDs("subscriber")[129], a.IDs("group")[0], a.IDs("campaign")[0], a.IDs("field")[0]
	a.SetAttribute("subscriber", subscriber, "new/one", `{"a":[1,`)
	a.SetAttribute("subscriber", subscriber, "groups", `{"not":"a list"}`)
	a.SetAttribute("subscriber", subscriber, "sent", `"12"`)
	a.DropAttribute("subscriber", subscriber, "fields")
	a.SetAttribute("group", group, "name", `7`)
	a.SetAttribute("campaign", campaign, "stats", `[]`)
	a.DropAttribute("field", field, "id")
	row := string(a.appendSubscriber(nil, a.subs[129], view{groups: true}))
	for _, want := range []string{`,"new\/one":{"a":[1,}`, `,"groups":{"not":"a list"},"opted_in_at"`, `"sent":"12","opens_count"`} {
		if !strings.Contains(row, want) {
			t.Errorf("got %s, want %s in it", row, want)
		}
	}
	if strings.Contains(row, `"fields"`) {
		t.Errorf("dropped attribute: got %s", row)
	}
	if row := string(a.appendSubscriber(nil, a.subs[129], view{})); strings.Contains(row, `"groups"`) {
		t.Error("the attribute groups is there without include")
	}
	for table, want := range map[string]string{"group": `"name":7,`, "campaign": `"stats":[],`, "field": "{\"name\":\"Name\""} {
		if got := truth(t, a, table); !strings.Contains(got, want) {
			t.Errorf("%s: no %s", table, want)
		}
	}
	a.SetAttribute("subscriber", subscriber, "fields", `null`)
	if row := string(a.appendSubscriber(nil, a.subs[129], view{})); !strings.Contains(row, `"fields":null`) {
		t.Error("an attribute that was dropped and set again is missing")
	}
	for _, name := range []string{"id", "name", "key", "type", "is_default", "used_in_automations"} {
		a.DropAttribute("field", field, name)
	}
	if got := truth(t, a, "field"); !strings.HasPrefix(got, "{}\n") {
		t.Errorf("without attributes: got %.100s", got)
	}
}

// TestConcurrency reads and changes an account from several goroutines, for the
// race detector.
func TestConcurrency(t *testing.T) {
	a := New(small())
	a.OnRequest(func(n int, _ *http.Request) {
		if n%7 == 0 {
			a.AddSubscriber()
		}
	})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 20 {
				var page struct{ Data []json.RawMessage }
				if err := json.Unmarshal(get(t, a, "/subscribers?limit=100&include=groups").raw, &page); err != nil || len(page.Data) != 100 {
					t.Errorf("got %d rows, %v", len(page.Data), err)
				}
				a.SetField(a.IDs("subscriber")[3], "name", fmt.Sprintf(`"%d"`, a.Requests()))
				a.Advance(1)
			}
		})
	}
	wg.Wait()
	if got := a.Day(); got != 80 {
		t.Errorf("got day %d, want 80", got)
	}
}

type brokenWriter struct{}

var errFull = errors.New("disk full")

func (brokenWriter) Write([]byte) (int, error) { return 0, errFull }

func TestTruthReturnsWriteError(t *testing.T) {
	if err := New(small()).Truth("subscriber", brokenWriter{}); !errors.Is(err, errFull) {
		t.Errorf("got %v, want %v", err, errFull)
	}
}
