package mailerlitetest

import (
	"slices"
	"strconv"
)

type group struct {
	id                  uint64
	name                string
	counts              [5]int // members by status
	sent, opens, clicks int
	created             stamp
	patch               *patch
	dirty               bool   // json is out of date
	json                []byte // the row
}

var groupAttributes = declare(
	attribute[*group]{name: "id", append: func(b []byte, _ *Account, g *group, _ view) []byte {
		return appendID(b, g.id)
	}},
	attribute[*group]{name: "name", append: func(b []byte, a *Account, g *group, _ view) []byte {
		return appendString(b, g.name, a.opt.PlainJSON)
	}},
	groupCount("active_count", func(g *group) int { return g.counts[active] }),
	groupCount("sent_count", func(g *group) int { return g.sent }),
	groupCount("opens_count", func(g *group) int { return g.opens }),
	attribute[*group]{name: "open_rate", append: func(b []byte, _ *Account, g *group, _ view) []byte {
		return appendRate(b, g.opens, g.sent, 14)
	}},
	groupCount("clicks_count", func(g *group) int { return g.clicks }),
	attribute[*group]{name: "click_rate", append: func(b []byte, _ *Account, g *group, _ view) []byte {
		return appendRate(b, g.clicks, g.sent, 14)
	}},
	groupCount("unsubscribed_count", func(g *group) int { return g.counts[unsubscribed] }),
	groupCount("unconfirmed_count", func(g *group) int { return g.counts[unconfirmed] }),
	groupCount("bounced_count", func(g *group) int { return g.counts[bounced] }),
	groupCount("junk_count", func(g *group) int { return g.counts[junk] }),
	attribute[*group]{name: "created_at", append: func(b []byte, _ *Account, g *group, _ view) []byte {
		return appendStamp(b, g.created)
	}},
)

func groupCount(name string, count func(*group) int) attribute[*group] {
	return attribute[*group]{name: name, append: func(b []byte, _ *Account, g *group, _ view) []byte {
		return strconv.AppendInt(b, int64(count(g)), 10)
	}}
}

func (g *group) members() int {
	n := 0
	for _, c := range g.counts {
		n += c
	}
	return n
}

func (a *Account) findGroup(id uint64) *group {
	for _, g := range a.groups {
		if g.id == id {
			return g
		}
	}
	return nil
}

func (a *Account) addGroup(name string, at stamp) *group {
	g := &group{id: a.nextID(&a.last.group, at), name: name, created: at, dirty: true}
	a.groups = append(a.groups, g)
	a.dirty = true
	return g
}

func (a *Account) touchGroup(g *group) { g.dirty, a.dirty = true, true }

func (a *Account) removeGroup(g *group, at stamp) {
	for _, s := range a.subs {
		if a.leave(s, g) {
			s.updated = at
		}
	}
	a.groups = slices.DeleteFunc(a.groups, func(o *group) bool { return o == g })
}
