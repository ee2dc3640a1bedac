package mailerlitetest

import (
	"fmt"
	"slices"
)

// How many of 10,000 subscribers a day changes, and how; see day.share for small
// accounts.
const (
	newShare         = 60
	fieldShare       = 70
	mailedShare      = 80
	unsubscribeShare = 15
	bounceShare      = 8
	confirmShare     = 10
	joinShare        = 30
	leaveShare       = 12
	deleteShare      = 12
)

// day is one day of an account, and makes its changes.
type day struct {
	*generator
	number int
	begin  stamp
	old    int // number of subscribers when it began
}

// evolve makes the changes of a day, numbered from 1.
func (a *Account) evolve(number int) {
	a.clock = max(a.clock, stampOf(a.opt.Start)+stamp(number)*secondsPerDay)
	d := day{generator: newGenerator(a), number: number, begin: a.clock - secondsPerDay, old: len(a.subs)}
	d.groupEvents()
	d.fieldEvents()
	d.campaignEvents()
	d.signUps()
	if d.old > 0 {
		d.subscriberEvents()
		d.deletes()
	}
	d.listEvents()
	day{generator: newGeneratorOf(a, "automation"), number: number, begin: d.begin, old: d.old}.automationEvents()
}

// share returns how many subscribers perTenThousand in 10,000 are, and at least
// the given minimum if there are fifty subscribers or more.
func (d *day) share(perTenThousand, minimum int) int {
	n := int(float64(d.old) * float64(perTenThousand) * d.a.opt.Churn / 10_000)
	if d.old < 50 {
		return n
	}
	return max(n, minimum)
}

// someTime returns a random time of the day.
func (d *day) someTime() stamp { return d.begin + stamp(d.below(secondsPerDay)) }

// pick returns a random subscriber from before today that meets a condition, or
// nil if forty tries found none.
func (d *day) pick(is func(*subscriber) bool) *subscriber {
	for range 40 {
		if s := d.a.subs[d.below(d.old)]; is(s) {
			return s
		}
	}
	return nil
}

// changeSome calls f for n random subscribers that meet a condition. There are
// fewer if pick finds none, and one may be picked twice.
func (d *day) changeSome(n int, is func(*subscriber) bool, f func(*subscriber)) {
	for range n {
		if s := d.pick(is); s != nil {
			f(s)
		}
	}
}

func (d *day) signUps() {
	n := max(3, d.share(newShare, 8))
	rows := make([]subscriber, n)
	for i := range rows {
		d.at = d.begin + stamp(i*(secondsPerDay-600)/n)
		d.signUp(&rows[i], false)
		d.a.subs = append(d.a.subs, &rows[i])
		d.a.everyone = append(d.a.everyone, &rows[i])
	}
}

func anyone(*subscriber) bool { return true }

func hasStatus(st status) func(*subscriber) bool {
	return func(s *subscriber) bool { return s.status == st }
}

func (d *day) subscriberEvents() {
	a := d.a
	d.changeSome(d.share(fieldShare, 12), anyone, d.editField)
	d.changeSome(d.share(mailedShare, 15), hasStatus(active), func(s *subscriber) {
		s.sent++
		s.opens += uint32(d.below(2))
		s.clicks += uint32(d.below(2)) * min(1, s.opens-s.clicks)
		if d.chance(50) { // for the others only the counters move
			s.updated = d.someTime()
		}
	})
	d.changeSome(d.share(unsubscribeShare, 3), hasStatus(active), func(s *subscriber) { a.setStatus(s, unsubscribed, d.someTime()) })
	d.changeSome(d.share(bounceShare, 2), hasStatus(active), func(s *subscriber) { a.setStatus(s, bounced, d.someTime()) })
	d.changeSome(d.share(confirmShare, 2), hasStatus(unconfirmed), func(s *subscriber) { a.setStatus(s, active, d.someTime()) })
	if n := len(a.groups); n > 0 {
		d.changeSome(d.share(joinShare, 6), hasStatus(active), func(s *subscriber) {
			if a.join(s, a.groups[d.below(n)]) {
				s.updated = d.someTime()
			}
		})
	}
	d.changeSome(d.share(leaveShare, 4), func(s *subscriber) bool { return len(s.groups) > 0 }, func(s *subscriber) {
		if a.leave(s, s.groups[d.below(len(s.groups))]) {
			s.updated = d.someTime()
		}
	})
}

// editField sets one of a subscriber's fields to another value, or to null.
func (d *day) editField(s *subscriber) {
	i := d.below(len(d.a.fields))
	f := d.a.fields[i]
	if def := declaredField(i, f); def != nil && d.chance(85) {
		s.setField(f, def.cell(d.generator))
	} else {
		s.setField(f, nullValue)
	}
	s.updated = d.someTime()
}

func (d *day) deletes() {
	gone := map[*subscriber]bool{}
	for range d.share(deleteShare, 3) {
		gone[d.a.subs[d.below(d.old)]] = true
	}
	d.a.remove(func(s *subscriber) bool { return gone[s] })
}

// remove deletes subscribers and takes them out of their groups' counts.
func (a *Account) remove(gone func(*subscriber) bool) {
	a.subs = slices.DeleteFunc(a.subs, func(s *subscriber) bool {
		if !gone(s) {
			return false
		}
		for _, g := range s.groups {
			a.count(g, s.status, -1)
		}
		return true
	})
}

// groupEvents moves the counters of some groups and renames one. Every third day
// it renames none and deletes the smallest if there are eight or more. Every
// fourth day it adds one.
func (d *day) groupEvents() {
	a := d.a
	if len(a.groups) == 0 {
		return
	}
	for range 1 + len(a.groups)/8 {
		g := a.groups[d.below(len(a.groups))]
		g.sent += 1 + d.below(50)
		g.opens += d.below(10)
		a.touchGroup(g)
	}
	switch {
	case d.number%3 != 0:
		g := a.groups[d.below(len(a.groups))]
		g.name = fmt.Sprintf("%s (%d)", g.name, d.number)
		a.touchGroup(g)
	case len(a.groups) >= 8:
		smallest := slices.MinFunc(a.groups, func(x, y *group) int { return x.members() - y.members() })
		a.removeGroup(smallest, d.someTime())
	}
	if d.number%4 == 0 {
		a.addGroup(fmt.Sprintf("Campaign of day %d", d.number), d.someTime())
	}
}

// fieldEvents adds a custom field on day 2 and every ninth day after that, and
// fills it in for some subscribers.
func (d *day) fieldEvents() {
	if d.number%9 != 2 {
		return
	}
	def := laterFields[d.number/9%len(laterFields)]
	if d.number/9 >= len(laterFields) {
		def.name, def.key = fmt.Sprintf("%s %d", def.name, d.number), ""
	}
	f := d.a.addField(d.a.nextFieldID(), def.name, def.key, def.kind)
	if d.old == 0 {
		return
	}
	d.changeSome(d.share(fieldShare, 12), anyone, func(s *subscriber) {
		s.setField(f, def.cell(d.generator))
		s.updated = d.someTime()
	})
}

// campaignEvents adds opens and clicks to the latest mailings, sends a ready
// campaign, makes a draft ready and adds another draft.
func (d *day) campaignEvents() {
	a := d.a
	for i := len(a.campaigns) - 1; i >= 0 && i > len(a.campaigns)-6; i-- {
		if c := a.campaigns[i]; c.status == "sent" {
			a.addResults(c, stats{opens: 3, uniqueOpens: min(2, c.stats.sent-c.stats.uniqueOpens), clicks: 1})
		}
	}
	if c := a.firstWith("ready"); c != nil {
		a.send(c, d.someTime(), d.results())
	}
	if c := a.firstWith("draft"); c != nil {
		a.schedule(c, d.someTime())
	}
	d.at = d.begin + stamp(d.below(secondsPerDay))
	d.draft(fmt.Sprintf("%s, day %d", campaignNames[d.below(len(campaignNames))], d.number))
}

func (a *Account) firstWith(status string) *campaign {
	i := slices.IndexFunc(a.campaigns, func(c *campaign) bool { return c.status == status })
	if i < 0 {
		return nil
	}
	return a.campaigns[i]
}
