package mailerlitetest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// form is a sign-up form. Its members change only together with its row: a
// sign-up raises conversions_count and may move last_registration_at. The one
// exception is a deleted subscriber, who is no longer listed although the row
// stands still; a change of status only moves a member to another filter.
type form struct {
	base
	kind, slug, name    string // kind: one of formKinds
	settings            formSettings
	conversions, opens  int
	active, empty       bool
	created, registered stamp
	groups              []*group
	members             []uint64 // ids of subscribers, ascending, deleted ones included
}

// formKinds are the types of forms; each has a list of its own.
var formKinds = []string{"popup", "embedded", "promotion"}

// webform is the index in sources of those who came by a form.
const webform = 3

// formSettings is one of the shapes that a form's settings come in.
type formSettings int

const (
	formFull     formSettings = iota // all of a pop-up, "schedule":false
	formFullText                     // the same, "schedule":"no"
	formShort                        // double_optin alone
	formNone                         // [], PHP's empty map
)

var forms = collection[*form]{
	path: "forms/{type}", model: `Form\Form`, attributes: formAttributes,
	of: func(a *Account) *[]*form { return &a.forms },
}

// listForms returns the function that answers for the forms of a kind.
func listForms(kind string) func(*Account, []byte, query, string) (int, []byte) {
	return func(a *Account, b []byte, q query, _ string) (int, []byte) {
		rows := slices.DeleteFunc(newestFirst(a.forms), func(f *form) bool { return f.kind != kind })
		filterByName(&rows, q.params.Get("filter[name]"), func(f *form) string { return f.name })
		if by := q.params.Get("sort"); by != "" {
			sortRows(rows, by, compareForms)
		}
		return forms.page(a, b, q, "forms/"+kind, rows, a.appendFormCounts)
	}
}

func compareForms(x, y *form, by string) int {
	switch by {
	case "created_at":
		return int(int64(x.created) - int64(y.created))
	case "conversions_count":
		return x.conversions - y.conversions
	case "opens_count", "visitors":
		return x.opens - y.opens
	case "conversion_rate":
		return compareFloat(ratio(x.conversions, x.opens), ratio(y.conversions, y.opens))
	case "last_registration_at":
		return int(int64(x.registered) - int64(y.registered))
	}
	return compareNames(x.name, y.name)
}

// appendFormCounts counts the forms by type, whatever the filter.
func (a *Account) appendFormCounts(b []byte) []byte {
	for i, kind := range formKinds {
		n := 0
		for _, f := range a.forms {
			if f.kind == kind {
				n++
			}
		}
		if i == 0 {
			b = strconv.AppendInt(append(append(append(b, `{"`...), kind...), `":`...), int64(n), 10)
			continue
		}
		b = appendCount(b, kind, n)
	}
	return append(b, '}')
}

func (a *Account) listFormMembers(b []byte, q query, id string) (int, []byte) {
	f := findRow(a.forms, id)
	if f == nil {
		return a.notFound(b, forms.model, id)
	}
	return a.cursorList(b, q, cursorList{
		path: "forms/" + id + "/subscribers", rule: "/forms/{id}/subscribers", activeOnly: true,
		of: a.formMembers(f), member: func(*subscriber) bool { return true }, groups: groupsNever,
	})
}

// formMembers returns the members of a form that still exist, id ascending.
func (a *Account) formMembers(f *form) []*subscriber {
	members := make([]*subscriber, 0, len(f.members))
	for _, id := range f.members {
		if s := a.find(id); s != nil {
			members = append(members, s)
		}
	}
	return members
}

var formMember = []string{"form_id", "subscriber_id"}

func (a *Account) eachFormMember(do rowFunc) {
	for _, f := range a.forms {
		for _, s := range a.formMembers(f) {
			if !do(digits(f.id)+"/"+digits(s.id), func(b []byte) []byte { return appendIDs(b, formMember, f.id, s.id) }) {
				return
			}
		}
	}
}

// signUp counts a sign-up by a form, also one of a member.
func (f *form) signUp(s *subscriber, at stamp) {
	if i, ok := slices.BinarySearch(f.members, s.id); !ok {
		f.members = slices.Insert(f.members, i, s.id)
	}
	f.conversions++
	if f.kind == "popup" {
		f.opens++
	}
	f.registered = max(f.registered, at)
}

var formNames = []string{
	"Newsletter sign-up", "Exit intent: 10% off", "Footer", "%3Cscript%3Ealert(1)%3C/script%3E", "Žiemos akcija", "Webinar", "Landing <b>page</b>", "空のフォーム",
}

// makeForms adds the forms of day 0. Every fourth is switched off, every eighth
// has no content and no members.
func (g *generator) makeForms() {
	a := g.a
	for i, n := 0, a.opt.Forms; i < n; i++ {
		f := &form{kind: formKinds[i%3], name: numbered(formNames, i), created: g.moment(i, n), active: i%4 != 3, empty: i%8 == 7}
		f.id = a.nextID(&a.lasts.form, f.created)
		f.slug = strings.ToUpper(strconv.FormatUint(mix(f.id)%1_000_000, 36)) + fmt.Sprintf("%02x", i%256)
		f.settings = []formSettings{formShort, formNone}[i%2]
		if f.kind == "popup" {
			f.settings = []formSettings{formFull, formFullText, formShort}[i/3%3]
		}
		for range min(len(a.groups), g.below(3)) {
			if gr := a.groups[g.below(len(a.groups))]; !slices.Contains(f.groups, gr) {
				f.groups = append(f.groups, gr)
			}
		}
		a.forms = append(a.forms, f)
	}
	if len(a.forms) > 0 {
		g.fillForms()
	}
	for _, f := range a.forms {
		if f.kind == "popup" { // nobody counts the views of the others
			f.opens += g.below(1 + 20*f.conversions)
		} else {
			f.opens = 0
		}
		f.conversions += g.below(1 + f.conversions/10) // members who have been deleted
	}
}

// fillForms makes the subscribers who came by a form its members, and some of
// another form too.
func (g *generator) fillForms() {
	for _, s := range g.a.subs {
		if s.source != webform {
			continue
		}
		for n := 1 + g.below(16)/15; n > 0; n-- {
			i := g.below(len(g.a.forms))
			for i > 0 && (g.a.forms[i].created > s.created || g.a.forms[i].empty) {
				i--
			}
			if f := g.a.forms[i]; !f.empty {
				f.members = append(f.members, s.id)
				f.conversions++
				f.registered = max(f.registered, s.created)
			}
		}
	}
	for _, f := range g.a.forms {
		f.members = slices.Clip(slices.Compact(f.members))
	}
}

// formEvents lets people sign up, most of them new subscribers. Forms that are
// switched off stand still.
func (d *day) formEvents() {
	a := d.a
	var open []*form
	for _, f := range a.forms {
		if f.active && !f.empty {
			open = append(open, f)
		}
	}
	if len(open) == 0 || len(a.subs) == 0 {
		return
	}
	for i := len(a.subs) - 1; i >= 0 && a.subs[i].created >= d.begin; i-- {
		if s := a.subs[i]; s.source == webform && d.chance(80) {
			open[d.below(len(open))].signUp(s, s.created)
		}
	}
	for range 2 {
		open[d.below(len(open))].signUp(a.subs[d.below(len(a.subs))], d.someTime())
	}
	if f := a.forms[d.below(len(a.forms))]; f.kind == "popup" && f.active {
		f.opens += 1 + d.below(30)
	}
}
