package mailerlitetest

import (
	"maps"
	"os"
	"strings"
	"testing"
)

// nested returns the shape of the objects in a list of the rows, of those of a type if it
// is not "".
func nested(list, kind string, answers ...got) shape {
	s := shape{}
	for _, g := range answers {
		rows := g.rows()
		if row, ok := g.body["data"].(map[string]any); ok {
			rows = append(rows, row)
		}
		for _, row := range rows {
			children, _ := row[list].([]any)
			if child, ok := row[list].(map[string]any); ok {
				children = []any{child}
			}
			for _, child := range children {
				if kind == "" || child.(map[string]any)["type"] == kind {
					s.add("", child)
				}
			}
		}
	}
	return s
}

// TestActivityShapes compares automations and activity with recorded responses.
func TestActivityShapes(t *testing.T) {
	if _, err := os.Stat(recordings); err != nil {
		t.Skip("no recorded responses beside the repository")
	}
	o := Demo(0)
	o.NumbersAsStrings = true // in the recordings, every number field is null
	a := New(o)
	rec := func(name string) got { return recording(t, name) }
	list := get(t, a, "/automations")
	welcome := get(t, a, "/automations/"+list.ids()[0])
	recorded := []got{rec("automations_list.python-cassette"), rec("automations_get.python-cassette")}
	older := []got{rec("automations_list.node-tape"), rec("automations_get.node-tape"), rec("automations_list.ruby-cassette"), rec("automations_get.docs")}

	t.Run("automation", func(t *testing.T) {
		may := rowShape(nil, rec("automations_create.docs")) // where counters are null
		may["warnings[]"] = map[string]bool{"string": true}
		compareShapes(t, rowShape(nil, list, welcome), rowShape(nil, recorded...), may, "steps[]", "triggers[]")
	})
	t.Run("trigger", func(t *testing.T) {
		may := shape{} // not recorded, from the notes
		for _, name := range []string{"ecommerce_shop_id", "unit", "value", "ecommerce_shop"} {
			may[name] = map[string]bool{"string": true}
		}
		may["exclude_group_ids[]"], may["excluded_groups[]"] = map[string]bool{"string": true}, map[string]bool{"object": true}
		compareShapes(t, nested("triggers", "", list), nested("triggers", "", recorded...), may, "excluded_groups[].")
	})
	for _, kind := range []string{"email", "webhook"} {
		t.Run(kind+" step", func(t *testing.T) {
			compareShapes(t, nested("steps", kind, list, welcome), nested("steps", kind, recorded...), nested("steps", kind, older...))
		})
	}
	t.Run("delay step", func(t *testing.T) {
		may := shape{}
		for _, name := range []string{"hour", "minute", "week_days[]"} {
			may[name] = map[string]bool{"string": true}
		}
		may["week_days"], may["broken"], may["type_count"] = map[string]bool{"array": true}, map[string]bool{"bool": true}, map[string]bool{"number": true}
		compareShapes(t, nested("steps", "delay", list), nested("steps", "delay", older...), may)
	})
	t.Run("action step", func(t *testing.T) {
		may := nested("steps", "action", recorded...)
		compareShapes(t, nested("steps", "action", list), nested("steps", "action", older...), may)
	})
	t.Run("condition step", func(t *testing.T) {
		may := shape{"broken": {"bool": true}, "type_count": {"number": true}, "no_step_id": {"string": true}}
		compareShapes(t, nested("steps", "condition", list), nested("nextStep", "condition", rec("automation_activity_list.docs")), may)
	})
	t.Run("automation activity", func(t *testing.T) {
		docs := rec("automation_activity_list.docs")
		may := rowShape(nil, docs)
		may["stepRuns[].finished_at"] = map[string]bool{"string": true}
		may["reason"] = map[string]bool{"string": true}
		for _, status := range runStates {
			ours := rowShape(nil, get(t, a, "/automations/"+list.ids()[1]+"/activity?limit=100&filter[status]="+status))
			compareShapes(t, ours, rowShape(nil, rec("automation_activity_list.ruby-cassette")), may, "currentStep.", "nextStep.")
		}
	})
	t.Run("campaign activity", func(t *testing.T) {
		path := "/campaigns/" + firstSent(t, a) + "/reports/subscriber-activity"
		plain := rowShape(nil, rec("campaign_subscriber_activity_post.python-cassette"))
		compareShapes(t, rowShape(nil, get(t, a, path)), plain, nil)
		with := shape{"subscriber": {"object": true}}
		for name, kinds := range rowShape(nil, rec("subscribers_list.python-cassette"), rec("subscribers_list.node-tape")) {
			if name != "" && !strings.HasPrefix(name, "groups") {
				with["subscriber."+name] = kinds
			}
		}
		maps.Copy(with, plain)
		compareShapes(t, rowShape(nil, get(t, a, path+"?include=subscriber")), with, nil, "subscriber.fields.")
	})
	t.Run("activity log", func(t *testing.T) {
		i := 0
		for log := activityLog(a.subs[i]); len(log) < 8 || log[1].name != "added_to_group" || a.subs[i].clicks == 0; log = activityLog(a.subs[i]) {
			i++
		}
		ours := rowShape(nil, get(t, a, "/subscribers/"+digits(a.subs[i].id)+"/activity-log"))
		may := shape{"properties.url": {"string": true}}
		compareShapes(t, ours, rowShape(nil, rec("subscriber_activity_log_list.docs")), may)
	})
}
