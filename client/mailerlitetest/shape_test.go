package mailerlitetest

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// shape maps the path of every value in JSON documents to the types found there.
// The keys of open maps are "*".
type shape map[string]map[string]bool

var openMaps = []string{"fields", "emails[].click_map"}

func (s shape) add(path string, v any) {
	kind := "null"
	switch v := v.(type) {
	case map[string]any:
		kind = "object"
		for key, member := range v {
			if slices.Contains(openMaps, path) {
				key = "*"
			}
			s.add(strings.TrimPrefix(path+"."+key, "."), member)
		}
	case []any:
		kind = "array"
		for _, element := range v {
			s.add(path+"[]", element)
		}
	case string:
		kind = "string"
	case json.Number:
		kind = "number"
	case bool:
		kind = "bool"
	}
	if s[path] == nil {
		s[path] = map[string]bool{}
	}
	s[path][kind] = true
}

const recordings = "../../../shared/recorded"

// recording returns the body of a recorded response.
func recording(t *testing.T, name string) got {
	t.Helper()
	file, err := os.ReadFile(filepath.Join(recordings, name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Body map[string]any `json:"body"`
	}
	d := json.NewDecoder(bytes.NewReader(file))
	d.UseNumber()
	if err := d.Decode(&doc); err != nil {
		t.Fatalf("decode %s: %v", name, err)
	}
	return got{body: doc.Body}
}

// rowShape returns the shape of those rows in the answers that meet a condition,
// of all rows if it is nil.
func rowShape(is func(row map[string]any) bool, answers ...got) shape {
	s := shape{}
	for _, g := range answers {
		rows := g.rows()
		if row, ok := g.body["data"].(map[string]any); ok {
			rows = append(rows, row)
		}
		for _, row := range rows {
			if is == nil || is(row) {
				s.add("", row)
			}
		}
	}
	return s
}

// compareShapes reports what must has and ours lacks, and what ours has and
// neither must nor may has. Paths that begin with an excused one are left out.
func compareShapes(t *testing.T, ours, must, may shape, excused ...string) {
	t.Helper()
	isExcused := func(path string) bool {
		return slices.ContainsFunc(excused, func(p string) bool { return strings.HasPrefix(path, p) })
	}
	for path, kinds := range must {
		if ours[path] == nil && !isExcused(path) {
			t.Errorf("%s: recorded as %v, missing here", path, names(kinds))
		}
	}
	for path, kinds := range ours {
		if isExcused(path) {
			continue
		}
		for kind := range kinds {
			known := must[path][kind] || may[path][kind] || kind == "null"
			onlyNull := len(must[path])+len(may[path]) > 0 && len(must[path]) <= 1 && len(may[path]) <= 1 && (must[path]["null"] || may[path]["null"])
			if len(must[path])+len(may[path]) == 0 || !known && !onlyNull {
				t.Errorf("%s: %s here, recorded as %v and %v", path, kind, names(must[path]), names(may[path]))
			}
		}
	}
}

func names(kinds map[string]bool) []string { return slices.Sorted(maps.Keys(kinds)) }

// TestShapes compares every attribute and its JSON types with recorded
// responses of the real API.
func TestShapes(t *testing.T) {
	if _, err := os.Stat(recordings); err != nil {
		t.Skip("no recorded responses beside the repository")
	}
	o := small()
	o.NumbersAsStrings = true // in the recordings, every number field is null
	a := New(o)
	rec := func(name string) got { return recording(t, name) }
	status := func(want string) func(map[string]any) bool {
		return func(row map[string]any) bool { return row["status"] == want }
	}
	groups := rowShape(nil, rec("groups_list.python-cassette"), rec("groups_list.node-tape"))
	drafts := rowShape(status("draft"), rec("campaigns_list.python-cassette"), rec("campaigns_get.python-cassette"))
	older := rowShape(nil, rec("campaign_schedule.ruby-cassette"), rec("campaigns_create.ruby-cassette"), rec("campaigns_list.node-tape"))

	t.Run("subscriber", func(t *testing.T) {
		real := rowShape(nil, rec("subscribers_list.python-cassette"), rec("subscribers_list.node-tape"), rec("subscribers_get.python-cassette"))
		ours := rowShape(nil, get(t, a, "/subscribers?limit=1000"), get(t, a, "/subscribers/"+digits(a.subs[0].id)))
		compareShapes(t, ours, real, nil, "groups[]") // see the next
	})
	t.Run("group", func(t *testing.T) {
		compareShapes(t, rowShape(nil, get(t, a, "/groups"), get(t, a, "/groups/"+a.IDs("group")[0])), groups, nil)
	})
	t.Run("group of a subscriber", func(t *testing.T) {
		inside := shape{}
		for _, row := range get(t, a, "/subscribers?include=groups").rows() {
			for _, g := range row["groups"].([]any) {
				inside.add("", g)
			}
		}
		compareShapes(t, inside, groups, nil)
	})
	t.Run("field", func(t *testing.T) {
		compareShapes(t, rowShape(nil, get(t, a, "/fields")), rowShape(nil, rec("fields_list.python-cassette")), nil)
	})
	t.Run("draft campaign", func(t *testing.T) {
		list := get(t, a, "/campaigns?filter[status]=draft&limit=100")
		ours := rowShape(nil, list, get(t, a, "/campaigns/"+list.ids()[1]))
		compareShapes(t, ours, drafts, older)
	})
	t.Run("sent campaign", func(t *testing.T) {
		list := get(t, a, "/campaigns?filter[status]=sent&filter[type]=regular&limit=100")
		ours := rowShape(nil, list, get(t, a, "/campaigns/"+list.ids()[0]))
		real := rowShape(status("sent"), rec("campaigns_list.node-tape"), rec("campaigns_list.node-tape.2"), rec("campaigns_get.node-tape"))
		maps.Copy(older, drafts)
		compareShapes(t, ours, real, older, "settings", "emails[].click_map.*")
	})
	t.Run("account", func(t *testing.T) {
		compareShapes(t, rowShape(nil, get(t, a, "/account")), rowShape(nil, rec("account_get.github-report")), nil)
	})
}

// TestEnvelopes compares the members beside the rows with recorded responses.
func TestEnvelopes(t *testing.T) {
	if _, err := os.Stat(recordings); err != nil {
		t.Skip("no recorded responses beside the repository")
	}
	a := New(automated())
	empty, automations := a.AddGroup("empty"), a.IDs("automation")
	few := a.campaigns[slices.IndexFunc(a.campaigns, func(c *campaign) bool { return c.status == "sent" && c.stats.sent < 50 })]
	for path, name := range map[string]string{
		"/subscribers?limit=5":                    "subscribers_list.node-tape",
		"/subscribers?limit=0":                    "subscribers_count.python-cassette",
		"/groups?limit=10&page=1":                 "groups_list.python-cassette",
		"/fields?limit=100":                       "fields_list.python-cassette",
		"/groups/" + empty + "/subscribers":       "group_subscribers_list.python-cassette",
		"/campaigns?filter[status]=sent&limit=25": "campaigns_list.node-tape",

		"/automations": "automations_list.python-cassette",
		"/automations/" + automations[3] + "/activity?filter[status]=active": "automation_activity_list.python-cassette",
		"/campaigns/" + digits(few.id) + "/reports/subscriber-activity":      "campaign_subscriber_activity_post.python-cassette",
	} {
		ours, real := shape{}, shape{}
		g, r := get(t, a, path), recording(t, name)
		delete(g.body, "data")
		delete(r.body, "data")
		ours.add("", g.body)
		real.add("", r.body)
		if diff := cmp.Diff(ours, real); diff != "" {
			t.Errorf("%s against %s:\n%s", path, name, diff)
		}
	}
}
