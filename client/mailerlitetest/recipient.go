package mailerlitetest

import "sync/atomic"

// recipients are those whom a campaign was sent to. They are fixed when it is
// sent: a recipient who is deleted later stays one. Nothing is stored for each
// of them: who they are and what they did follows from the campaign's id and its
// counters, so that it changes only if a counter does.
type recipients struct {
	n                 int // as many as the campaign was sent to, as far as there were subscribers
	start, step, of   int // the k-th is everyone[(start+k*step)%of]
	turn              int // the k-th has the rank k*turn%n
	readers, clickers int // unique opens and clicks when it was sent
	firstID           uint64

	own   map[int]result // what tests have added for the k-th
	added stats          // the sum of own
	tally atomic.Pointer[tally]
	last  atomic.Pointer[typeList]
}

// result is what one recipient did with a campaign, and what became of it.
type result struct {
	opens, clicks                                     int
	unsubscribed, forwarded, hardBounced, softBounced bool
	junk                                              bool
}

// choose chooses the recipients of a campaign that was just sent.
func (a *Account) choose(c *campaign) *recipients {
	of := len(a.everyone)
	r := &recipients{n: min(c.stats.sent, of), of: of, readers: c.stats.uniqueOpens, clickers: c.stats.uniqueClicks}
	if r.n == 0 {
		return r
	}
	r.start = int(mix(c.id) % uint64(of))
	r.step, r.turn = coprime(of*61/100, of), coprime(r.n*38/100, r.n)
	r.firstID = (uint64(c.started-idEpoch)*1000+mix(c.id)%1000)<<20 | 1
	return r
}

// coprime returns the least number from n on that has no divisor in common with m.
func coprime(n, m int) int {
	for n = max(n, 1); ; n++ {
		x, y := n, m
		for y != 0 {
			x, y = y, x%y
		}
		if x == 1 {
			return n
		}
	}
}

// recipient returns the k-th recipient of a sent campaign.
func (a *Account) recipient(c *campaign, k int) *subscriber {
	r := c.recipients
	return a.everyone[(r.start+k*r.step)%r.of]
}

// id returns the id of the k-th recipient's row, which is not the subscriber's.
// The rows are not quite in the order of their ids, as in MailerLite: of each
// three, the last comes first.
func (r *recipients) id(k int) uint64 {
	if third := k % 3; k-third+3 <= r.n {
		k += [3]int{2, -1, -1}[third]
	}
	return r.firstID + uint64(k)
}

// result returns the k-th recipient's part in the campaign's counters. Who opens
// or clicks once more never does less than before.
func (c *campaign) result(k int) result {
	r, s := c.recipients, c.stats
	rank := k * r.turn % r.n
	in := func(from, n int) bool { return from <= rank && rank < from+n }
	hard, soft := s.hardBounces-r.added.hardBounces, s.softBounces-r.added.softBounces
	left, spam := s.unsubscribes-r.added.unsubscribes, s.spam-r.added.spam
	res := result{
		opens:        r.share(rank, s.uniqueOpens-r.added.uniqueOpens, s.opens-r.added.opens, r.readers),
		clicks:       r.share(rank, s.uniqueClicks-r.added.uniqueClicks, s.clicks-r.added.clicks, r.clickers),
		unsubscribed: in(0, left), junk: in(left, spam), forwarded: in(left+spam, s.forwards-r.added.forwards),
		hardBounced: in(r.n-hard, hard), softBounced: in(r.n-hard-soft, soft),
	}
	if own, ok := r.own[k]; ok {
		res.add(own)
	}
	return res
}

// share returns how much of total the recipient of a rank did. Each of the first
// unique ones did it once; the rest falls on those who did it first.
func (r *recipients) share(rank, unique, total, first int) int {
	n := 0
	if rank < unique {
		n = 1
	}
	rest := max(0, total-unique)
	if first = min(max(first, 1), r.n); rank < first {
		n += (rest + first - 1 - rank) / first
	}
	return n
}

func (r *result) add(o result) {
	r.opens += o.opens
	r.clicks += o.clicks
	r.unsubscribed = r.unsubscribed || o.unsubscribed
	r.forwarded = r.forwarded || o.forwarded
	r.hardBounced = r.hardBounced || o.hardBounced
	r.softBounced = r.softBounced || o.softBounced
	r.junk = r.junk || o.junk
}

// activityType is a list of recipients by what they did.
type activityType struct {
	name   string // in meta.aggregations and filter[type]
	column string // in Truth; "" for none
	is     func(result) bool
}

var activityTypes = []activityType{
	{"opened", "opened", func(r result) bool { return r.opens > 0 }},
	{"unopened", "", func(r result) bool { return r.opens == 0 }},
	{"clicked", "clicked", func(r result) bool { return r.clicks > 0 }},
	{"unsubscribed", "unsubscribed", func(r result) bool { return r.unsubscribed }},
	{"forwarded", "forwarded", func(r result) bool { return r.forwarded }},
	{"hardbounced", "hard_bounced", func(r result) bool { return r.hardBounced }},
	{"softbounced", "soft_bounced", func(r result) bool { return r.softBounced }},
	{socialInteraction, "", func(result) bool { return false }},
	{"junk", "junk", func(r result) bool { return r.junk }},
}

// socialInteraction is counted, but cannot be asked for.
const socialInteraction = "social_interaction"

func activityTypeOf(name string) *activityType {
	for i := range activityTypes {
		if t := &activityTypes[i]; t.name == name && name != socialInteraction {
			return t
		}
	}
	return nil
}

// tally counts a campaign's recipients by type, as they are with some counters.
type tally struct {
	at     stats
	counts []int // of activityTypes
}

// tallied returns the counts of the campaign's recipients by type. They are
// counted anew only if a counter has changed.
func (c *campaign) tallied() []int {
	if t := c.recipients.tally.Load(); t != nil && t.at == c.stats {
		return t.counts
	}
	t := &tally{at: c.stats, counts: make([]int, len(activityTypes))}
	for k := range c.recipients.n {
		res := c.result(k)
		for i, kind := range activityTypes {
			if kind.is(res) {
				t.counts[i]++
			}
		}
	}
	c.recipients.tally.Store(t)
	return t.counts
}

// typeList is a campaign's recipients of a type, as they are with some counters.
type typeList struct {
	at   stats
	kind string
	list []int32
}

// ofType returns the campaign's recipients of a type, in order. The last such
// list is kept, for it is read page by page.
func (c *campaign) ofType(t *activityType) []int32 {
	if l := c.recipients.last.Load(); l != nil && l.kind == t.name && l.at == c.stats {
		return l.list
	}
	l := &typeList{at: c.stats, kind: t.name, list: []int32{}}
	for k := range c.recipients.n {
		if t.is(c.result(k)) {
			l.list = append(l.list, int32(k))
		}
	}
	c.recipients.last.Store(l)
	return l.list
}
