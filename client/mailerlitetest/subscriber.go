package mailerlitetest

import (
	"slices"
	"strconv"
)

// status is an index in Statuses.
type status uint8

const (
	active status = iota
	unsubscribed
	unconfirmed
	bounced
	junk
)

// Statuses are the five statuses of a subscriber, as the API spells them.
var Statuses = []string{"active", "unsubscribed", "unconfirmed", "bounced", "junk"}

var sources = []string{"manual", "import", "api", "webform", "subscribe app"}

// subscriber takes about 250 bytes, custom fields included.
type subscriber struct {
	id                                uint64
	email                             string
	fields                            []value  // by field.slot; missing ones are null
	groups                            []*group // in order of joining
	patch                             *patch
	created, updated                  stamp
	subscribed, unsubscribed, optedIn stamp
	sent, opens, clicks               uint32
	ip, optinIP                       value
	status                            status
	source                            uint8
}

var subscriberAttributes = declare(
	attribute[*subscriber]{name: "id", append: func(b []byte, _ *Account, s *subscriber, _ view) []byte {
		return appendID(b, s.id)
	}},
	attribute[*subscriber]{name: "email", append: func(b []byte, a *Account, s *subscriber, _ view) []byte {
		return appendString(b, s.email, a.opt.PlainJSON)
	}},
	attribute[*subscriber]{name: "status", append: func(b []byte, _ *Account, s *subscriber, _ view) []byte {
		return append(append(append(b, '"'), Statuses[s.status]...), '"')
	}},
	attribute[*subscriber]{name: "source", append: func(b []byte, _ *Account, s *subscriber, _ view) []byte {
		return append(append(append(b, '"'), sources[s.source]...), '"')
	}},
	attribute[*subscriber]{name: "sent", append: func(b []byte, _ *Account, s *subscriber, _ view) []byte {
		return strconv.AppendUint(b, uint64(s.sent), 10)
	}},
	attribute[*subscriber]{name: "opens_count", append: func(b []byte, _ *Account, s *subscriber, _ view) []byte {
		return strconv.AppendUint(b, uint64(s.opens), 10)
	}},
	attribute[*subscriber]{name: "clicks_count", append: func(b []byte, _ *Account, s *subscriber, _ view) []byte {
		return strconv.AppendUint(b, uint64(s.clicks), 10)
	}},
	attribute[*subscriber]{name: "open_rate", append: func(b []byte, _ *Account, s *subscriber, _ view) []byte {
		return appendPercent(b, s.opens, s.sent)
	}},
	attribute[*subscriber]{name: "click_rate", append: func(b []byte, _ *Account, s *subscriber, _ view) []byte {
		return appendPercent(b, s.clicks, s.sent)
	}},
	attribute[*subscriber]{name: "ip_address", append: func(b []byte, a *Account, s *subscriber, _ view) []byte {
		return a.values.append(b, s.ip, false)
	}},
	attribute[*subscriber]{name: "subscribed_at", append: func(b []byte, _ *Account, s *subscriber, _ view) []byte {
		return appendStamp(b, s.subscribed)
	}},
	attribute[*subscriber]{name: "unsubscribed_at", append: func(b []byte, _ *Account, s *subscriber, _ view) []byte {
		return appendStamp(b, s.unsubscribed)
	}},
	attribute[*subscriber]{name: "created_at", append: func(b []byte, _ *Account, s *subscriber, _ view) []byte {
		return appendStamp(b, s.created)
	}},
	attribute[*subscriber]{name: "updated_at", append: func(b []byte, _ *Account, s *subscriber, _ view) []byte {
		return appendStamp(b, s.updated)
	}},
	attribute[*subscriber]{name: "fields", append: func(b []byte, a *Account, s *subscriber, _ view) []byte {
		return a.appendFields(b, s)
	}},
	attribute[*subscriber]{name: "groups", append: appendGroups,
		when: func(_ *subscriber, v view) bool { return v.groups }},
	attribute[*subscriber]{name: "opted_in_at", append: func(b []byte, _ *Account, s *subscriber, _ view) []byte {
		return appendStamp(b, s.optedIn)
	}},
	attribute[*subscriber]{name: "optin_ip", append: func(b []byte, a *Account, s *subscriber, _ view) []byte {
		return a.values.append(b, s.optinIP, false)
	}},
)

func (a *Account) appendSubscriber(b []byte, s *subscriber, v view) []byte {
	return appendRow(b, a, subscriberAttributes, s, s.patch, v)
}

func (a *Account) appendFields(b []byte, s *subscriber) []byte {
	if len(a.fields) == 0 {
		return append(b, "[]"...) // PHP's empty map
	}
	start := len(b)
	for _, f := range a.fields {
		b = append(b, f.prefix...)
		b = a.values.append(b, s.field(f), a.opt.NumbersAsStrings && f.kind == "number")
	}
	b[start] = '{'
	return append(b, '}')
}

func appendGroups(b []byte, _ *Account, s *subscriber, _ view) []byte {
	b = append(b, '[')
	for i, g := range s.groups {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, g.json...)
	}
	return append(b, ']')
}

func (s *subscriber) field(f *field) value {
	if f.slot < len(s.fields) {
		return s.fields[f.slot]
	}
	return nullValue
}

func (s *subscriber) setField(f *field, v value) {
	if missing := f.slot + 1 - len(s.fields); missing > 0 {
		s.fields = append(s.fields[:len(s.fields):len(s.fields)], make([]value, missing)...)
	}
	s.fields[f.slot] = v
}

func (s *subscriber) in(g *group) bool { return slices.Contains(s.groups, g) }

// join makes a subscriber a member of a group, counts it there, and reports
// whether it was not a member before.
func (a *Account) join(s *subscriber, g *group) bool {
	if s.in(g) {
		return false
	}
	s.groups = append(s.groups[:len(s.groups):len(s.groups)], g)
	a.count(g, s.status, 1)
	return true
}

// leave undoes join, and reports whether there was a membership.
func (a *Account) leave(s *subscriber, g *group) bool {
	if !s.in(g) {
		return false
	}
	s.groups = slices.DeleteFunc(slices.Clone(s.groups), func(o *group) bool { return o == g })
	a.count(g, s.status, -1)
	return true
}

// count adds to the number of a group's members of a status.
func (a *Account) count(g *group, st status, by int) {
	g.counts[st] += by
	g.dirty, a.dirty = true, true
}

// setStatus gives a subscriber a status at a time, as MailerLite would: the times
// of subscribing and unsubscribing are set to match.
func (a *Account) setStatus(s *subscriber, st status, at stamp) {
	for _, g := range s.groups {
		a.count(g, s.status, -1)
		a.count(g, st, 1)
	}
	s.status, s.updated = st, at
	switch st {
	case active:
		s.unsubscribed = 0
		if s.subscribed == 0 {
			s.subscribed, s.optedIn = at, at
		}
	case unsubscribed:
		s.unsubscribed = at
	}
}

// find returns the subscriber with an id, or nil.
func (a *Account) find(id uint64) *subscriber {
	if i, ok := slices.BinarySearchFunc(a.subs, id, compareSubscriber); ok {
		return a.subs[i]
	}
	return nil
}

func compareSubscriber(s *subscriber, id uint64) int {
	switch {
	case s.id < id:
		return -1
	case s.id > id:
		return 1
	}
	return 0
}
