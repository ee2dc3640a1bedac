package mailerlitetest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// automated describes a small account with automations.
func automated() Options {
	o := small()
	o.Automations = 8
	return o
}

func TestAutomationsAreTheirTruth(t *testing.T) {
	a := New(automated())
	a.Advance(4)
	rows, steps, triggers, runs := map[string]map[string]any{}, map[string]map[string]any{}, map[string]map[string]any{}, map[string]map[string]any{}
	under := func(into map[string]map[string]any, m map[string]any, list any) {
		for _, child := range list.([]any) {
			row := child.(map[string]any)
			row["automation_id"] = m["id"]
			into[row["id"].(string)] = row
		}
	}
	for _, m := range walkPages(t, a, "/automations?limit=3") {
		id := m["id"].(string)
		rows[id] = m
		for _, state := range []string{"completed", "active", "canceled", "failed"} {
			for _, row := range walkPages(t, a, "/automations/"+id+"/activity?filter[status]="+state) {
				if row["status"] != strings.ToUpper(state[:1])+state[1:] {
					t.Errorf("filter %s: got status %v", state, row["status"])
				}
				row["automation_id"] = id
				runs[id+"/"+row["id"].(string)] = row
			}
		}
	}
	truthOf := func(table string) map[string]map[string]any { return truthByID(t, a, table) }
	if diff := cmp.Diff(rows, truthOf("automation")); diff != "" {
		t.Errorf("automation: %.1500s", diff)
	}
	for _, m := range rows {
		under(steps, m, m["steps"])
		under(triggers, m, m["triggers"])
	}
	for table, got := range map[string]map[string]map[string]any{"automation_step": steps, "automation_trigger": triggers, "automation_activity": runs} {
		if diff := cmp.Diff(got, truthOf(table)); diff != "" || len(got) < 6 {
			t.Errorf("%s: %d rows, %.1500s", table, len(got), diff)
		}
	}
	for id, m := range rows {
		stats := m["stats"].(map[string]any)
		for counter, state := range map[string]string{"completed_subscribers_count": "completed", "subscribers_in_queue_count": "active"} {
			if total := get(t, a, "/automations/"+id+"/activity?filter[status]="+state).at("meta", "total"); total != stats[counter] {
				t.Errorf("automation %s: %s is %v, the list has %v", id, counter, stats[counter], total)
			}
		}
	}
}

func TestAutomationLists(t *testing.T) {
	o := automated()
	o.Automations = 25
	a := New(o)
	first := get(t, a, "/automations")
	if got := fmt.Sprintf("%d %v %s", len(first.rows()), first.at("meta", "per_page"), first.at("meta", "total")); got != "10 10 25" {
		t.Errorf("got rows, per_page, total %s, want 10 10 25", got)
	}
	if got, err := json.Marshal(first.at("meta", "aggregations")); string(got) != `{"all":25,"drafts":6,"unsync":0,"workflows":19}` {
		t.Errorf("got %s, %v", got, err)
	}
	ids := get(t, a, "/automations?limit=100").ids()
	if !slices.IsSortedFunc(ids, func(x, y string) int { return compare(parseID(x), parseID(y)) }) {
		t.Errorf("ids do not grow: %v", ids)
	}
	for path, want := range map[string]int{
		"/automations?limit=100&filter[enabled]=true":  13,
		"/automations?limit=100&filter[enabled]=false": 12,
		"/automations?limit=100&filter[name]=sleepers": 6,
	} {
		if got := len(get(t, a, path).rows()); got != want {
			t.Errorf("%s: got %d, want %d", path, got, want)
		}
	}
	single := get(t, a, "/automations/"+ids[2])
	if single.at("data", "id") != ids[2] || single.at("data", "steps") == nil {
		t.Errorf("got %.200s", single.raw)
	}
	for path, want := range map[string]string{
		"/automations?limit=101":                                      "422 The limit must not be greater than 100.",
		"/automations?filter[enabled]=maybe":                          "422 The filter.enabled field must be true or false.",
		"/automations/" + ids[0] + "/activity":                        "422 The filter.status field is required.",
		"/automations/" + ids[0] + "/activity?filter[status]=Active":  "422 The selected filter.status is invalid.",
		"/automations/" + ids[0] + "/activity?filter[status]=&limit=": "422 The filter.status field is required.",
		"/automations/1": "404 Resource does not exist.",
		"/automations/1/activity?filter[status]=active": "404 Resource does not exist.",
	} {
		if g := get(t, a, path); fmt.Sprintf("%d %v", g.status, g.body["message"]) != want {
			t.Errorf("%s: got %d %v, want %s", path, g.status, g.body["message"], want)
		}
	}
}

// TestAutomationVariety checks that the demo's four automations have the API's odd
// values.
func TestAutomationVariety(t *testing.T) {
	a := New(Demo(0))
	if n := len(a.IDs("automation")); n != 4 {
		t.Fatalf("got %d automations, want 4", n)
	}
	for table, wants := range map[string][]string{
		"automation":         {`"sent":null`, `"opens_count":null`, `"warnings":["ecommerce_shop_deleted"]`, `"automation_template_id":1,`, `"triggers":[]`},
		"automation_trigger": {`"type":"abandoned_cart"`, `"group_ids":["`, `"exclude_group_ids":["`},
		"automation_step": {`"type":"delay"`, `"unit":"next_weekday","week_days":["monday","thursday"],"hour":"09"`, `"type":"condition"`,
			`"secret":"S`, `"action_type":"copy_to_group"`, `"action_type":"update_custom_field"`, `"Not configured"`, `"emailable_type":"automations"`,
			`"no_step_id":"`},
		"automation_activity": {`"status":"Completed"`, `"status":"Active"`, `"status":"Canceled"`, `"status":"Failed"`, `"finished_at":null`, `"nextStep":{`,
			`"scheduled_for":"2`, `"reason":"unsubscribed"`, `"reason_description":""`},
	} {
		rows := truth(t, a, table)
		for _, want := range wants {
			if !strings.Contains(rows, want) {
				t.Errorf("%s: no %s", table, want)
			}
		}
	}
}

func TestAutomationMutators(t *testing.T) {
	a := New(automated())
	id, fresh, subscriber := a.IDs("automation")[0], a.IDs("automation")[3], a.IDs("subscriber")[5]
	queue := func() string {
		return fmt.Sprint(get(t, a, "/automations/"+id).at("data", "stats", "subscribers_in_queue_count"))
	}
	waiting := queue()
	run := a.EnterAutomation(id, subscriber)
	if got := get(t, a, "/automations/"+id+"/activity?limit=100&filter[status]=active"); !slices.Contains(got.ids(), run) || queue() == waiting {
		t.Errorf("run %s is not in the queue of %s, before %s", run, queue(), waiting)
	}
	a.DeleteSubscriber(subscriber)
	if !strings.Contains(truth(t, a, "automation_activity"), `"subscriber":{"id":"`+subscriber) {
		t.Error("the run of a deleted subscriber is gone")
	}
	if !a.FinishRun(id, run, "canceled") || a.FinishRun(id, run, "completed") || queue() != waiting {
		t.Errorf("FinishRun: want true, and false the second time; the queue is %s, before %s", queue(), waiting)
	}
	before := rowsByID(t, a, "automation", "automation_activity", "automation_step")
	a.RenameAutomation(id, "Another")
	after := rowsByID(t, a, "automation", "automation_activity", "automation_step")
	if c := compareStates(before["automation"], after["automation"]); c.changed != 1 {
		t.Errorf("renamed: got %+v, want one changed", c)
	}
	if compareStates(before["automation_activity"], after["automation_activity"]) != (change{}) || compareStates(before["automation_step"], after["automation_step"]) != (change{}) {
		t.Error("a new name changed activity or steps")
	}
	a.SetAttribute("automation", id, "name", `7`)
	if got := get(t, a, "/automations/"+id).at("data", "name"); fmt.Sprint(got) != "7" {
		t.Errorf("got name %v, want 7", got)
	}
	if !a.DeleteAutomation(id) || a.DeleteAutomation(id) || strings.Contains(truth(t, a, "automation_step")+truth(t, a, "automation_activity"), `"automation_id":"`+id) {
		t.Error("a deleted automation is still there")
	}
	if a.EnterAutomation(fresh, a.IDs("subscriber")[0]) != "" || a.EnterAutomation(id, a.IDs("subscriber")[0]) != "" {
		t.Error("somebody entered an automation without steps, or a deleted one")
	}
	a.Advance(3)
}
