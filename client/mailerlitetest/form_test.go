package mailerlitetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestFormMembers checks that the members of a form change only with its counters,
// except for deleted subscribers.
func TestFormMembers(t *testing.T) {
	a := New(wide())
	standing := 0
	for range 25 {
		type state struct {
			conversions int
			registered  stamp
			members     []uint64
		}
		before := map[uint64]state{}
		for _, f := range a.forms {
			s := state{conversions: f.conversions, registered: f.registered}
			for _, m := range a.formMembers(f) {
				s.members = append(s.members, m.id)
			}
			before[f.id] = s
		}
		a.Advance(1)
		for _, f := range a.forms {
			was := before[f.id]
			if f.conversions != was.conversions || f.registered != was.registered {
				continue
			}
			standing++
			var now []uint64
			for _, m := range a.formMembers(f) {
				now = append(now, m.id)
			}
			still := slices.DeleteFunc(was.members, func(id uint64) bool { return a.find(id) == nil })
			if diff := cmp.Diff(now, still); diff != "" {
				t.Errorf("day %d: form %d stands still, its members do not: %s", a.Day(), f.id, diff)
			}
		}
	}
	if standing < 10 || standing > 8*25 {
		t.Errorf("a form stood still %d times of %d", standing, 9*25)
	}
}

func TestFormMemberList(t *testing.T) {
	a := New(wide())
	a.Advance(9)
	var got []string
	for _, form := range a.IDs("form") {
		for _, status := range Statuses {
			ids, _ := walkAll(t, a, "/forms/"+form+"/subscribers?limit=2&filter[status]="+status)
			if !slices.IsSortedFunc(ids, func(x, y string) int { return compare(parseID(y), parseID(x)) }) {
				t.Errorf("form %s: members are not in the order of descending ids: %v", form, ids)
			}
			for _, id := range ids {
				got = append(got, form+"/"+id)
			}
		}
	}
	slices.Sort(got)
	want := slices.Sorted(slices.Values(a.IDs("form_subscriber")))
	if diff := cmp.Diff(got, want); diff != "" || len(want) < 20 {
		t.Errorf("%d memberships: %s", len(want), diff)
	}
	form, subscriber, _ := strings.Cut(want[0], "/")
	a.SetStatus(subscriber, "active")
	g := get(t, a, "/forms/"+form+"/subscribers?include=groups")
	if !slices.Contains(g.ids(), subscriber) || fmt.Sprint(g.at("meta", "per_page")) != "25" || g.rows()[0]["groups"] != nil {
		t.Errorf("got %v, per_page %v, groups %v", g.ids(), g.at("meta", "per_page"), g.rows()[0]["groups"])
	}
	conversions := func() string { return fmt.Sprint(get(t, a, "/forms/"+form).at("data", "conversions_count")) }
	old := conversions()
	a.DeleteSubscriber(subscriber)
	if conversions() != old || slices.Contains(a.IDs("form_subscriber"), want[0]) {
		t.Error("a deleted subscriber is still a member, or has changed the form's row")
	}
	joined := a.AddSubscriber()
	if !a.SignUp(joined, form) || conversions() == old || !slices.Contains(a.IDs("form_subscriber"), form+"/"+joined) {
		t.Error("a sign-up changed nothing")
	}
	if a.SignUp("1", form) || a.SignUp(joined, "1") {
		t.Error("SignUp: got true for what does not exist")
	}
}

func TestFormVariety(t *testing.T) {
	all := truth(t, New(wide()), "form")
	for _, want := range []string{
		`"settings":[]`, `"settings":{"double_optin":true}`, `"schedule":false`, `"schedule":"no"`, `.000000Z"`, `"last_registration_at":null`,
		`"active":false`, `"has_content":false`, `"double_optin":null`, `"groups":[]`, `"groups":[{"id":`, `"conversion_rate":{"float":0.`,
	} {
		if !strings.Contains(all, want) {
			t.Errorf("no %s", want)
		}
	}
}

// TestFormOfDeletedGroup checks that a form does not show a group that is gone.
func TestFormOfDeletedGroup(t *testing.T) {
	a := New(wide())
	for _, id := range a.IDs("group") {
		a.DeleteGroup(id)
	}
	for _, kind := range formKinds {
		for _, row := range get(t, a, "/forms/"+kind).rows() {
			if len(row["groups"].([]any)) != 0 || row["has_missing_groups"] != true {
				t.Errorf("got groups %v, has_missing_groups %v", row["groups"], row["has_missing_groups"])
			}
		}
	}
}

func TestFormFilterAndSort(t *testing.T) {
	a := New(wide())
	if g := get(t, a, "/forms/popup?filter[name]=NEWS"); len(g.rows()) != 1 || g.rows()[0]["name"] != "Newsletter sign-up" {
		t.Errorf("filter by name: got %v", g.ids())
	}
	for _, by := range []string{"created_at", "name", "conversions_count", "opens_count", "conversion_rate", "last_registration_at"} {
		up, down := get(t, a, "/forms/popup?sort="+by).ids(), get(t, a, "/forms/popup?sort=-"+by).ids()
		if len(up) != 3 || up[0] == down[0] {
			t.Errorf("sort by %s: got %v and %v", by, up, down)
		}
	}
}
