package export_test

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"mailerlake/client/mailerlitetest"
	"mailerlake/export"
	"mailerlake/export/dataset"
	"mailerlake/export/disk"
	"mailerlake/schema"
)

// watch keeps, while an account changes under a run, the rows that were there all the time.
type watch struct {
	account *mailerlitetest.Account
	mu      sync.Mutex
	always  map[string]map[string]bool // by table and key
	gaps    bool                       // rows were left out, or counted too low: a scan cannot know of all it did not meet
	log     []string                   // what happened, for a test that fails
}

func newWatch(a *mailerlitetest.Account) *watch {
	w := &watch{account: a, always: map[string]map[string]bool{}}
	for _, table := range mailerlitetest.CoreTables {
		w.always[table] = setOf(a.IDs(table))
	}
	return w
}

func setOf(ids []string) map[string]bool {
	s := make(map[string]bool, len(ids))
	for _, id := range ids {
		s[id] = true
	}
	return s
}

// note takes what has gone out of what was always there.
func (w *watch) note(what string) {
	w.log = append(w.log, what)
	for table, keys := range w.always {
		now := setOf(w.account.IDs(table))
		for key := range keys {
			if !now[key] {
				delete(keys, key)
			}
		}
	}
}

// check looks at the dataset after a run that began with the keys before in the dataset and in the account those of
// begin; nil if rows may be older. No row that was always there may be missing if it was in the dataset, nor if the scan is said to be complete;
// and then what had gone before the run must be gone.
func (w *watch) check(t testing.TB, after map[string]map[string]bool, r *export.Report, before, begin map[string]map[string]bool) {
	t.Helper()
	for _, table := range r.Tables {
		got := after[table.Name]
		complete := table.Err == nil && table.Withheld == "" && table.Incomplete == ""
		for key := range w.always[table.Name] {
			if !got[key] && before[table.Name][key] {
				t.Errorf("%s: %s was deleted, and is there", table.Name, key)
			}
			if !got[key] && complete && !w.gaps {
				t.Errorf("%s: %s was lost", table.Name, key)
			}
		}
		for key := range got {
			if complete && begin != nil && !begin[table.Name][key] && before[table.Name][key] {
				t.Errorf("%s: %s had gone before the run, and stays", table.Name, key)
			}
		}
	}
}

func keySets(of func(table string) map[string]bool) map[string]map[string]bool {
	s := map[string]map[string]bool{}
	for _, table := range mailerlitetest.CoreTables {
		s[table] = of(table)
	}
	return s
}

func (x *trial) existing() map[string]map[string]bool {
	return keySets(func(table string) map[string]bool { return setOf(x.account.IDs(table)) })
}

// driftCase is a change of the account before a certain request.
type driftCase struct {
	name    string
	at      requests
	n       int // of the requests at, from 1
	change  func(a *mailerlitetest.Account, ids map[string][]string) bool
	fault   func() fault
	account func(*mailerlitetest.Options)
	// withheld says, by table, why deletes are withheld: nothing may be in doubt unless it says so.
	withheld map[string]string
}

func driftCases() []driftCase {
	subscribers, campaigns := list("/subscribers"), list("/campaigns")
	type account = *mailerlitetest.Account
	type ids = map[string][]string
	newest := func(i ids, n int) string { return i["subscriber"][len(i["subscriber"])-n] }
	each := func(all []string, do func(string) bool) bool {
		return !slices.ContainsFunc(all, func(id string) bool { return !do(id) })
	}
	return []driftCase{
		{name: "sign-ups", at: subscribers, n: 3, change: func(a account, i ids) bool {
			for range 25 {
				a.AddSubscriber(func(s *mailerlitetest.Subscriber) { s.Groups = i["group"][:2] })
			}
			return true
		}},
		{name: "sign-ups while newer rows are read", at: subscribers, n: 7, change: func(a account, i ids) bool { return a.AddSubscriber() != "" }},
		{name: "deletes behind the cursor", at: subscribers, n: 4, change: func(a account, i ids) bool {
			return a.DeleteSubscriber(newest(i, 1)) && a.DeleteSubscriber(newest(i, 12)) && a.DeleteSubscriber(newest(i, 13))
		}},
		{name: "deletes before the cursor", at: subscribers, n: 4, change: func(a account, i ids) bool {
			return each(i["subscriber"][:8], a.DeleteSubscriber)
		}},
		{name: "the row of the cursor is deleted", at: subscribers, n: 2, change: func(a account, i ids) bool { return a.DeleteSubscriber(newest(i, 10)) }},
		{name: "the whole next page is deleted", at: subscribers, n: 3, change: func(a account, i ids) bool {
			all := i["subscriber"]
			return each(all[len(all)-30:len(all)-20], a.DeleteSubscriber)
		}},
		{name: "status changes", at: subscribers, n: 4, change: func(a account, i ids) bool {
			return each(i["subscriber"][20:40], func(id string) bool { return a.SetStatus(id, "unsubscribed") })
		}},
		{name: "status changes while they are counted", at: counts, n: 3, change: func(a account, i ids) bool {
			return each(i["subscriber"][20:40], func(id string) bool { return a.SetStatus(id, "active") || true })
		}},
		{name: "a group is created", at: subscribers, n: 4, change: func(a account, i ids) bool {
			group := a.AddGroup("During the scan")
			return each(i["subscriber"][:9], func(id string) bool { return a.Join(id, group) })
		}},
		{name: "a group is created after the groups were read", at: list("/fields"), n: 1, change: func(a account, i ids) bool {
			return a.Join(newest(i, 3), a.AddGroup("After the scan"))
		}},
		{name: "a group is deleted", at: subscribers, n: 4, change: func(a account, i ids) bool { return a.DeleteGroup(i["group"][2]) }},
		{name: "a group is deleted after the subscribers were read", at: list("/groups"), n: 1, change: func(a account, i ids) bool { return a.DeleteGroup(i["group"][2]) }},
		{name: "a group is deleted between two pages of groups", at: list("/groups"), n: 2, change: func(a account, i ids) bool { return a.DeleteGroup(i["group"][2]) }},
		{name: "a group is renamed between two pages of groups", at: list("/groups"), n: 2, change: func(a account, i ids) bool {
			return a.RenameGroup(i["group"][0], "zzz") // what comes after it moves up a place
		}},
		{name: "a group is renamed while members are listed", at: members, n: 4, account: ignoreInclude, change: func(a account, i ids) bool {
			return a.RenameGroup(i["group"][0], "zzz")
		}},
		{name: "a group is deleted while members are listed", at: members, n: 4, account: ignoreInclude, change: func(a account, i ids) bool {
			return a.DeleteGroup(i["group"][2])
		}},
		{name: "memberships move", at: subscribers, n: 4, change: func(a account, i ids) bool {
			for _, id := range i["subscriber"] {
				if a.Leave(id, i["group"][2]) {
					a.Join(id, i["group"][3])
				}
			}
			return true
		}},
		{name: "a draft is sent between the walks", at: campaigns, n: 4, change: func(a account, i ids) bool {
			return each(i["campaign"], func(id string) bool { a.SendCampaign(id); return true })
		}},
		{name: "ready campaigns become drafts between the walks", at: ready, n: 1, fault: backToDraft},
		{name: "ready campaigns become drafts while others go", at: ready, n: 1, fault: backToDraft, change: func(a account, i ids) bool {
			return each(i["campaign"][len(i["campaign"])-drafts:], a.DeleteCampaign)
		}},
		{name: "a campaign is created and one deleted", at: campaigns, n: 2, change: func(a account, i ids) bool {
			return a.AddCampaign("Between") != "" && a.DeleteCampaign(i["campaign"][0])
		}},
		{name: "a field is created", at: subscribers, n: 4, change: func(a account, i ids) bool {
			key := a.FieldKey(a.AddField("Midway", "number"))
			return each(i["subscriber"], func(id string) bool { return a.SetField(id, key, "42.5") })
		}},
		{name: "a field is created after the fields were read", at: lookups, n: 1, change: func(a account, i ids) bool {
			key := a.FieldKey(a.AddField("At last", "number"))
			return each(i["subscriber"], func(id string) bool { return a.SetField(id, key, "42.5") })
		}},
		{name: "a field is created before a missing row is asked for", at: lookups, n: 1, fault: masked, change: func(a account, i ids) bool {
			key := a.FieldKey(a.AddField("At last", "number"))
			return each(i["subscriber"], func(id string) bool { return a.SetField(id, key, "42.5") })
		}},
		{name: "a field is deleted", at: subscribers, n: 4, change: func(a account, i ids) bool { return a.DeleteField(i["field"][9]) }},
		{name: "a row goes while it is asked for", at: lookups, n: 1, change: func(a account, i ids) bool { return a.DeleteSubscriber(newest(i, 2)) }},
	}
}

func ignoreInclude(o *mailerlitetest.Options) { o.IgnoreInclude = true }

// drafts is how many new drafts there are when the run begins.
const drafts = 8

// masked leaves a row out of a page, and hides that by counting too low.
func masked() fault {
	gap := once(3, list("/subscribers"), mailerlitetest.Fault{Rewrite: func(b []byte) []byte {
		return editRows(b, func(rows []string) []string { return slices.Delete(rows, 5, 6) })
	}})()
	low := ever(1, counts, mailerlitetest.Fault{Body: `{"total":0}`})()
	return func(r *http.Request) *mailerlitetest.Fault {
		if f := gap(r); f != nil {
			return f
		}
		return low(r)
	}
}

// backToDraft answers as if all ready campaigns had become drafts since the drafts were listed.
var backToDraft = once(1, ready, mailerlitetest.Fault{Rewrite: func(b []byte) []byte {
	counts := regexp.MustCompile(`"aggregations":\{[^}]*\}`).Find(b)
	return fmt.Appendf(nil, `{"data":[],"links":{"next":null},"meta":{"current_page":1,"last_page":1,"total":0,%s}}`, counts)
}})

func members(r *http.Request) bool {
	return strings.HasPrefix(r.URL.Path, "/api/groups/") && strings.HasSuffix(r.URL.Path, "/subscribers")
}

func ready(r *http.Request) bool {
	return list("/campaigns")(r) && r.URL.Query().Get("filter[status]") == "ready"
}

func (c driftCase) run(t *testing.T) {
	x := newTrial(t, c.account)
	x.settle(t)
	x.day(t)
	for i, id := range x.account.IDs("group") {
		x.account.RenameGroup(id, fmt.Sprintf("Group %d", i))
	}
	for range drafts {
		x.account.AddCampaign("Draft")
	}
	before, begin := x.keys(t), x.existing()
	ids := map[string][]string{}
	for _, table := range mailerlitetest.CoreTables {
		ids[table] = x.account.IDs(table)
	}
	w := newWatch(x.account)
	if c.fault != nil {
		x.disturb(c.fault())
	}
	n := 0
	x.account.OnRequest(func(_ int, r *http.Request) {
		w.mu.Lock()
		defer w.mu.Unlock()
		if !c.at(r) {
			return
		}
		if n++; n == c.n {
			if c.change != nil && !c.change(x.account, ids) {
				t.Error("the change was not possible")
			}
			w.note(c.name)
		}
	})
	r, err := export.Export(t.Context(), x.options(t))
	if err != nil {
		t.Fatal(err)
	}
	if n < c.n {
		t.Fatalf("request %d never came", c.n)
	}
	for _, table := range r.Tables {
		if table.Err != nil || table.Withheld != c.withheld[table.Name] {
			t.Errorf("%s: error %v, withheld %q, want %q", table.Name, table.Err, table.Withheld, c.withheld[table.Name])
		}
	}
	w.check(t, x.keys(t), r, before, begin)
	x.settle(t)
	x.checkTypes(t)
}

// checkTypes requires that custom fields have the types of their definitions.
func (x *trial) checkTypes(t *testing.T) {
	t.Helper()
	m, err := dataset.Open(fastFS{disk.OS(false)}, x.dir)
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]schema.Kind{}
	for _, c := range m.Manifest.Table("subscriber").Columns {
		kinds[c.Path] = c.Kind
	}
	for _, row := range x.rows(t, "field") {
		want := map[string]schema.Kind{"text": schema.String, "number": schema.Double, "date": schema.Date}[row["type"].(string)]
		if got := kinds["fields."+row["key"].(string)]; got != want {
			t.Errorf("field %s: got type %v, want %v", row["key"], got, want)
		}
	}
}

func TestAccountChangesDuringScan(t *testing.T) {
	for _, c := range driftCases() {
		t.Run(c.name, func(t *testing.T) { bubble(t, c.run) })
	}
}
