package mailerlitetest

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// query is a request to the account, or a part of a batch.
type query struct {
	method string
	path   string // below /api, without slashes around it
	params url.Values
	body   []byte // of a POST; a part of a batch has it in params
	n      int    // number of the request, from 1
	fault  *Fault // never nil
}

// route is one endpoint. serve appends the answer to b; the account is locked for
// reading.
type route struct {
	method  string
	pattern string // {id} stands for one segment; the ids of several are joined by slashes
	serve   func(a *Account, b []byte, q query, id string) (status int, body []byte)
}

var routes = slices.Concat(listRoutes, shopRoutes, []route{
	{"GET", "subscribers", (*Account).listSubscribers},
	{"GET", "subscribers/{id}", (*Account).getSubscriber},
	{"GET", "groups", (*Account).listGroups},
	{"GET", "groups/{id}", (*Account).getGroup},
	{"GET", "groups/{id}/subscribers", (*Account).listMembers},
	{"GET", "fields", (*Account).listFields},
	{"GET", "campaigns", (*Account).listCampaigns},
	{"GET", "campaigns/{id}", (*Account).getCampaign},
	{"GET", "campaigns/{id}/reports/subscriber-activity", (*Account).listCampaignActivity},
	{"POST", "campaigns/{id}/reports/subscriber-activity", (*Account).listCampaignActivity},
	{"GET", "automations", (*Account).listAutomations},
	{"GET", "automations/{id}", (*Account).getAutomation},
	{"GET", "automations/{id}/activity", (*Account).listAutomationActivity},
	{"GET", "subscribers/{id}/activity-log", (*Account).listSubscriberActivity},
	{"GET", "account", (*Account).getAccount},
	{"POST", "batch", nil}, // answered by Account.batch
})

// match returns the route of a query and the id in its path. If there is none,
// known says whether the path has a route with another method.
func (a *Account) match(q query) (r *route, id string, known bool) {
	for i := range routes {
		r := &routes[i]
		id, ok := matchPath(r.pattern, q.path)
		if !ok || a.opt.NoAccount && r.pattern == "account" || a.opt.NoGroup && r.pattern == "groups/{id}" {
			continue
		}
		if r.method == q.method || r.method == "GET" && q.method == "HEAD" {
			return r, id, true
		}
		known = true
	}
	return nil, "", known
}

func matchPath(pattern, path string) (id string, ok bool) {
	want, got := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return "", false
	}
	var ids []string
	for i, w := range want {
		switch {
		case w == "{id}" && got[i] != "":
			ids = append(ids, got[i])
		case w != got[i]:
			return "", false
		}
	}
	return strings.Join(ids, "/"), true
}

// answerQuery appends the answer to a query other than a batch.
func (a *Account) answerQuery(b []byte, q query) (status int, body []byte) {
	r, id, known := a.match(q)
	switch {
	case r == nil && known:
		return 405, a.appendMessage(b, "The "+q.method+" method is not supported for route api/"+q.path+".")
	case r == nil || r.serve == nil:
		return 404, a.appendMessage(b, "The route api/"+q.path+" could not be found.")
	case a.opt.lacks(r.pattern) || a.opt.lacks(q.path):
		return a.opt.UnavailableStatus, a.appendMessage(b, "This feature is not available on your plan.")
	}
	a.mu.RLock()
	defer a.mu.RUnlock()
	return r.serve(a, b, q, id)
}

// appendMessage appends the body of an error.
func (a *Account) appendMessage(b []byte, message string) []byte {
	return append(a.appendText(append(b, `{"message":`...), message), '}')
}

// refuse appends the answer 422 to an invalid parameter.
func (a *Account) refuse(b []byte, name, message string) (int, []byte) {
	b = a.appendText(append(b, `{"message":`...), message)
	b = a.appendText(append(b, `,"errors":{`...), name)
	b = a.appendText(append(b, `:[`...), message)
	return 422, append(b, `]}}`...)
}

// notFound appends the answer 404 to an id that a model does not have.
func (a *Account) notFound(b []byte, model, id string) (int, []byte) {
	switch {
	case !a.opt.LegacyNotFound:
		return 404, a.appendMessage(b, "Resource does not exist.")
	case model == `Subscriber\Subscriber`:
		return 404, a.appendMessage(b, `No query results for model [App\Models\Subscriber\Subscriber].`)
	}
	return 404, a.appendMessage(b, `No query results for model [App\Models\`+model+`] `+id)
}

func single(b []byte, row func([]byte) []byte) (int, []byte) {
	return 200, append(row(append(b, `{"data":`...)), '}')
}

func (a *Account) getSubscriber(b []byte, _ query, id string) (int, []byte) {
	s := a.find(parseID(id))
	if s == nil && strings.Contains(id, "@") {
		if i := slices.IndexFunc(a.subs, func(s *subscriber) bool { return strings.EqualFold(s.email, id) }); i >= 0 {
			s = a.subs[i]
		}
	}
	if s == nil {
		return a.notFound(b, `Subscriber\Subscriber`, id)
	}
	return single(b, func(b []byte) []byte { return a.appendSubscriber(b, s, view{groups: true, single: true}) })
}

func (a *Account) getGroup(b []byte, _ query, id string) (int, []byte) {
	g := a.findGroup(parseID(id))
	if g == nil {
		return a.notFound(b, `Group\Group`, id)
	}
	return single(b, func(b []byte) []byte { return append(b, g.json...) })
}

func (a *Account) getCampaign(b []byte, _ query, id string) (int, []byte) {
	c := a.findCampaign(parseID(id))
	if c == nil {
		return a.notFound(b, `Campaign\Campaign`, id)
	}
	return single(b, func(b []byte) []byte {
		return appendRow(b, a, campaignAttributes, c, c.patch, view{single: true})
	})
}

func (a *Account) listSubscribers(b []byte, q query, _ string) (int, []byte) {
	for name := range q.params {
		if strings.HasPrefix(name, "filter[") && name != "filter[status]" && name != "filter[email]" {
			return a.refuse(b, strings.TrimSuffix(strings.Replace(name, "[", ".", 1), "]"), "Requested filter(s) are not allowed.")
		}
	}
	return a.cursorList(b, q, cursorList{path: "subscribers", rule: "/subscribers", activeOnly: a.opt.ActiveOnly, email: q.params.Get("filter[email]")})
}

func (a *Account) listMembers(b []byte, q query, id string) (int, []byte) {
	g := a.findGroup(parseID(id))
	if g == nil {
		return a.notFound(b, `Group\Group`, id)
	}
	return a.cursorList(b, q, cursorList{path: "groups/" + id + "/subscribers", rule: "/groups/{id}/subscribers", activeOnly: true, member: func(s *subscriber) bool { return s.in(g) }})
}

func (a *Account) listGroups(b []byte, q query, _ string) (int, []byte) {
	rows := slices.Clone(a.groups)
	filterByName(&rows, q.params.Get("filter[name]"), func(g *group) string { return g.name })
	sortRows(rows, orDefault(q.params.Get("sort"), "name"), func(x, y *group, by string) int {
		switch by {
		case "total":
			return x.members() - y.members()
		case "open_rate":
			return compareFloat(ratio(x.opens, x.sent), ratio(y.opens, y.sent))
		case "click_rate":
			return compareFloat(ratio(x.clicks, x.sent), ratio(y.clicks, y.sent))
		case "created_at":
			return int(int64(x.created) - int64(y.created))
		}
		return compareNames(x.name, y.name)
	})
	return pageOf(a, b, q, pageList[*group]{path: "groups", rows: rows, row: func(b []byte, g *group) []byte { return append(b, g.json...) }})
}

func (a *Account) listFields(b []byte, q query, _ string) (int, []byte) {
	rows := slices.Clone(a.fields)
	filterByName(&rows, q.params.Get("filter[keyword]"), func(f *field) string { return f.name })
	if kind := q.params.Get("filter[type]"); kind != "" {
		rows = slices.DeleteFunc(rows, func(f *field) bool { return f.kind != kind })
	}
	sortRows(rows, orDefault(q.params.Get("sort"), "name"), func(x, y *field, by string) int {
		if by == "type" {
			return strings.Compare(x.kind, y.kind)
		}
		return compareNames(x.name, y.name)
	})
	return pageOf(a, b, q, pageList[*field]{path: "fields", rows: rows, row: func(b []byte, f *field) []byte {
		return appendRow(b, a, fieldAttributes, f, f.patch, view{})
	}})
}

func (a *Account) listCampaigns(b []byte, q query, _ string) (int, []byte) {
	status := orDefault(q.params.Get("filter[status]"), "ready")
	if status != "sent" && status != "draft" && status != "ready" {
		return a.refuse(b, "filter.status", "The selected filter.status is invalid.")
	}
	return pageOf(a, b, q, pageList[*campaign]{
		path: "campaigns", rows: a.campaignsOf(status, q.params.Get("filter[type]")),
		row: func(b []byte, c *campaign) []byte {
			return appendRow(b, a, campaignAttributes, c, c.patch, view{})
		},
		aggregations: a.appendAggregations,
	})
}

// appendAggregations counts the campaigns by status, whatever the filter.
func (a *Account) appendAggregations(b []byte) []byte {
	counts := map[string]int{}
	for _, c := range a.campaigns {
		counts[c.status]++
	}
	b = strconv.AppendInt(append(b, `{"all":`...), int64(len(a.campaigns)), 10)
	for _, status := range []string{"draft", "ready", "sent"} {
		b = appendCount(b, status, counts[status])
	}
	return append(b, '}')
}
