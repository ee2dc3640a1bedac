package mailerlitetest

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// listCampaignActivity answers GET and, as it was until 2025, POST with the
// parameters in the body.
func (a *Account) listCampaignActivity(b []byte, q query, id string) (int, []byte) {
	c := a.findCampaign(parseID(id))
	switch {
	case c == nil:
		return a.notFound(b, `Campaign\Campaign`, id)
	case c.status != "sent":
		return a.opt.UnsentStatus, a.appendMessage(b, "Campaign is not with status sent")
	}
	var body map[string]any
	if json.Unmarshal(q.body, &body) == nil {
		flatten(q.params, "", body)
	}
	rows, refusal := a.matching(c, q.params.Get("filter[type]"), strings.ToLower(q.params.Get("filter[search]")))
	if refusal != "" {
		return a.refuse(b, "filter.type", refusal)
	}
	include := strings.Split(q.params.Get("include"), ",")
	v := view{groups: slices.Contains(include, "subscriber.groups")}
	withSubscriber := v.groups || slices.Contains(include, "subscriber")
	return a.pageSpan(b, q, span{
		path: "campaigns/" + id + "/reports/subscriber-activity", rule: "/campaigns/{id}/reports/subscriber-activity",
		total: rows.n, aggregations: c.appendTally,
		row: func(b []byte, i int) []byte {
			k := rows.at(i)
			b = appendResult(b, c, k, c.result(k))
			if withSubscriber {
				b = a.appendSubscriber(append(b, `,"subscriber":`...), a.recipient(c, k), v)
			}
			return append(b, '}')
		},
	})
}

// selection is some of a campaign's recipients, or all of them.
type selection struct {
	n    int
	list []int32 // nil: all
}

func (s selection) at(i int) int {
	if s.list == nil {
		return i
	}
	return int(s.list[i])
}

// matching returns the recipients of a type, "" for any, whose address contains a
// text in lower case, or a message if there is no such type.
func (a *Account) matching(c *campaign, kind, search string) (s selection, refusal string) {
	s.n = c.recipients.n
	if kind != "" {
		t := activityTypeOf(kind)
		if t == nil {
			return s, "The selected filter.type is invalid."
		}
		s.list = c.ofType(t)
		s.n = len(s.list)
	}
	if search == "" {
		return s, ""
	}
	found := []int32{}
	for i := range s.n {
		if k := s.at(i); strings.Contains(strings.ToLower(a.recipient(c, k).email), search) {
			found = append(found, int32(k))
		}
	}
	return selection{n: len(found), list: found}, ""
}

// appendResult appends the row of the k-th recipient but for the closing brace.
func appendResult(b []byte, c *campaign, k int, res result) []byte {
	b = appendID(append(b, `{"id":`...), c.recipients.id(k))
	b = appendCount(b, "opens_count", res.opens)
	return appendCount(b, "clicks_count", res.clicks)
}

func (c *campaign) appendTally(b []byte) []byte {
	b = strconv.AppendInt(append(b, `{"all":`...), int64(c.recipients.n), 10)
	for i, n := range c.tallied() {
		b = appendCount(b, activityTypes[i].name, n)
	}
	return append(b, '}')
}

// eachCampaignActivity calls f for the recipients of each sent campaign, with
// flags in place of the lists by type.
func (a *Account) eachCampaignActivity(f rowFunc) {
	for _, c := range a.campaigns {
		if c.status != "sent" {
			continue
		}
		for k := range c.recipients.n {
			row := func(b []byte) []byte { return a.appendRecipient(b, c, k) }
			if !f(digits(c.id)+"/"+digits(c.recipients.id(k)), row) {
				return
			}
		}
	}
}

func (a *Account) appendRecipient(b []byte, c *campaign, k int) []byte {
	res := c.result(k)
	b = appendKeyed(b, "campaign_id", c.id, func(b []byte) []byte { return appendResult(b, c, k, res) })
	b = appendID(append(b, `,"subscriber_id":`...), a.recipient(c, k).id)
	for _, t := range activityTypes {
		if t.column != "" {
			b = append(append(append(b, `,"`...), t.column...), `":`...)
			b = appendBool(b, t.is(res))
		}
	}
	return append(b, '}')
}

// React lets a recipient of a sent campaign do something once more: "opened",
// "clicked" (which is an open as well), "unsubscribed", "forwarded",
// "hardbounced", "softbounced" or "junk". The counters of the campaign and of its
// e-mails move with it, nobody else's row changes, and neither does the
// subscriber. One who opens again moves the opens_count of the e-mail alone, for a
// campaign counts the people who opened. The result is false if there is no such
// campaign, recipient or kind, or if the recipient has done that and it cannot be
// done twice.
func (a *Account) React(campaignID, subscriberID, kind string) bool {
	done := false
	a.onCampaign(campaignID, func(c *campaign) {
		if c.status != "sent" {
			return
		}
		for k := range c.recipients.n {
			if a.recipient(c, k).id == parseID(subscriberID) {
				done = a.react(c, k, kind)
				return
			}
		}
	})
	return done
}

func (a *Account) react(c *campaign, k int, kind string) bool {
	was, r := c.result(k), c.recipients
	if t := activityTypeOf(kind); t == nil || kind == "unopened" || t.is(was) && kind != "opened" && kind != "clicked" {
		return false
	}
	var more result
	var counters stats
	switch kind {
	case "opened", "clicked":
		more.opens, counters.opens = 1, 1
		if was.opens == 0 {
			counters.uniqueOpens = 1
		}
		if kind == "clicked" {
			more.clicks, counters.clicks = 1, 1
			if was.clicks == 0 {
				counters.uniqueClicks = 1
			}
		}
	case "unsubscribed":
		more.unsubscribed, counters.unsubscribes = true, 1
	case "forwarded":
		more.forwarded, counters.forwards = true, 1
	case "hardbounced":
		more.hardBounced, counters.hardBounces = true, 1
	case "softbounced":
		more.softBounced, counters.softBounces = true, 1
	case "junk":
		more.junk, counters.spam = true, 1
	}
	more.add(r.own[k])
	if r.own == nil {
		r.own = map[int]result{}
	}
	r.own[k] = more
	r.added.add(counters)
	a.addResults(c, counters)
	return true
}
