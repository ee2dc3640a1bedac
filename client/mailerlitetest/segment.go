package mailerlitetest

import (
	"fmt"
	"sync"
)

// segment is a saved selection of subscribers. As in MailerLite its rule is not
// to be seen from outside, so members come and go while the row stands still.
type segment struct {
	base
	name                string
	byOpenRate          bool // else a share that changes from day to day
	percent             int  // least open rate, or the share
	sent, opens, clicks int
	automations         int
	created             stamp
}

var segments = collection[*segment]{
	path: "segments", model: `Segment`, row: view{single: true},
	of: func(a *Account) *[]*segment { return &a.segments },
	attributes: declare(
		idAttribute("id", func(g *segment) uint64 { return g.id }),
		textAttribute("name", func(g *segment) string { return g.name }),
		attribute[*segment]{name: "total", append: func(b []byte, a *Account, g *segment, _ view) []byte {
			return fmt.Append(b, a.segmentTotal(g))
		}},
		rateAttribute("open_rate", func(g *segment) (int, int) { return g.opens, g.sent }),
		rateAttribute("click_rate", func(g *segment) (int, int) { return g.clicks, g.sent }),
		timeAttribute("created_at", func(g *segment) stamp { return g.created }),
		countAttribute("automations_using_segment_count", func(g *segment) int { return g.automations }).
			only(func(_ *segment, v view) bool { return !v.single }),
	),
}

// driftPerDay is how many of 1,000 subscribers enter a segment of a share each
// day, and as many leave it.
const driftPerDay = 7

// has says whether a subscriber is a member, whatever the status. It follows from
// the rule, the subscriber and the day; nothing is stored.
func (g *segment) has(s *subscriber, day int) bool {
	if g.byOpenRate {
		return s.sent > 0 && uint64(s.opens)*100 >= uint64(s.sent)*uint64(g.percent)
	}
	return (mix(s.id^g.id)%1000+uint64(day)*driftPerDay)%1000 < uint64(g.percent)*10
}

// totals are the numbers of the segments' active members, counted when first
// needed after a change.
type totals struct {
	mu        sync.Mutex
	change    int
	bySegment map[*segment]int
}

func (a *Account) segmentTotal(g *segment) int {
	t := &a.totals
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.bySegment == nil || t.change != a.changes {
		t.change, t.bySegment = a.changes, map[*segment]int{}
		for _, s := range a.subs {
			for _, g := range a.segments {
				if s.status == active && g.has(s, a.day) {
					t.bySegment[g]++
				}
			}
		}
	}
	return t.bySegment[g]
}

func (a *Account) listSegmentMembers(b []byte, q query, id string) (int, []byte) {
	g := findRow(a.segments, id)
	if g == nil {
		return a.notFound(b, segments.model, id)
	}
	return a.cursorList(b, q, cursorList{
		path: "segments/" + id + "/subscribers", rule: "/segments/{id}/subscribers", activeOnly: true,
		member: func(s *subscriber) bool { return g.has(s, a.day) }, endless: true, groups: groupsAlways,
	})
}

var segmentMember = []string{"segment_id", "subscriber_id"}

func (a *Account) eachSegmentMember(f rowFunc) {
	for _, g := range a.segments {
		for _, s := range a.subs {
			if !g.has(s, a.day) {
				continue
			}
			if !f(digits(g.id)+"/"+digits(s.id), func(b []byte) []byte { return appendIDs(b, segmentMember, g.id, s.id) }) {
				return
			}
		}
	}
}

var segmentNames = []string{"Engaged readers", "A third of all", "Never miss a sale", "Early birds", "Čia ir dabar", "\"Big\" spenders"}

// makeSegments adds the segments of day 0. Every other one goes by open rate.
func (g *generator) makeSegments() {
	a := g.a
	for i, n := 0, a.opt.Segments; i < n; i++ {
		s := &segment{name: numbered(segmentNames, i), byOpenRate: i%2 == 0, percent: 5 + g.below(60), automations: g.below(3)}
		s.created = g.moment(i, n)
		s.id = a.nextID(&a.lasts.segment, s.created)
		if g.chance(80) {
			s.sent = 1 + g.below(4000)
			s.opens = g.below(s.sent + 1)
			s.clicks = g.below(s.opens + 1)
		}
		a.segments = append(a.segments, s)
	}
}

// numbered returns the i-th name, with a number if they are used up.
func numbered(names []string, i int) string {
	if i < len(names) {
		return names[i]
	}
	return fmt.Sprintf("%s %d", names[i%len(names)], i/len(names)+1)
}
