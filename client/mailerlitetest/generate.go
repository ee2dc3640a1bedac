package mailerlitetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

// generator makes up rows for an account, from a seeded source of randomness.
type generator struct {
	*rand.PCG
	a     *Account
	at    stamp    // time of the rows being made
	cells []value  // memory for the rows' fields
	links []*group // memory for the rows' groups
}

// words are the vocabularies, as cells.
type words struct {
	first, last, company, country, city, state, zip []value
	plan, note, colour, language, title, yesNo      []value
	channel, hostile                                []value
	ipv6                                            value
}

func newGenerator(a *Account) *generator {
	g := &generator{a: a, at: a.clock, PCG: rand.NewPCG(a.opt.Seed, uint64(a.day))}
	if a.words == nil {
		a.words = newWords(&a.values)
	}
	return g
}

func newWords(v *values) *words {
	all := func(texts []string) []value {
		cells := make([]value, len(texts))
		for i, s := range texts {
			cells[i] = v.text(s)
		}
		return cells
	}
	return &words{
		first: all(firstNames), last: all(lastNames), country: all(countries), city: all(cities), state: all(states),
		company: all(combined(companies, companySuffixes)), zip: all(zips()), note: all(allNotes()),
		plan: all(plans), colour: all(colours), language: all(languages), title: all(titles), yesNo: all(yesNo),
		channel: all(channels), hostile: all(hostile),
		ipv6: v.text("2001:db8:85a3::8a2e:370:7334"),
	}
}

func combined(heads, tails []string) []string {
	var all []string
	for _, h := range heads {
		for _, t := range tails {
			all = append(all, h+t)
		}
	}
	return all
}

func zips() []string {
	all := []string{"", "SW1A 1AA", "〒100-0001", "K1A 0B1"}
	for n := range 2000 {
		all = append(all, fmt.Sprintf("%05d", n*47))
	}
	return all
}

func allNotes() []string {
	var all []string
	for _, n := range notes {
		for _, c := range cities {
			all = append(all, fmt.Sprintf(n, c))
		}
	}
	return all
}

// below returns a number in [0, n); n must be positive and below 2^32.
func (g *generator) below(n int) int { return int(g.Uint64() >> 32 * uint64(n) >> 32) }

// chance is true in so many percent of its calls.
func (g *generator) chance(percent int) bool { return g.below(100) < percent }

func (g *generator) bits() value { return value(g.Uint64()) & payloadMask }

func (g *generator) today() int { return int(g.at / secondsPerDay) }

// word picks a cell from a vocabulary, or now and then a hostile one.
func (g *generator) word(from []value) value {
	r := g.Uint64()
	if r&127 == 0 {
		from = g.a.words.hostile
	}
	return from[r>>32*uint64(len(from))>>32]
}

// fill makes the account as it is on day 0.
func (g *generator) fill() {
	for i, f := range defaultFields {
		g.a.addField(i+1, f.name, f.key, f.kind)
	}
	for i := range g.a.opt.CustomFields {
		f := customFields[i%len(customFields)]
		if i >= len(customFields) {
			f.name, f.key = f.name+" "+strconv.Itoa(i/len(customFields)+1), ""
		}
		g.a.addField(g.a.nextFieldID(), f.name, f.key, f.kind)
	}
	g.groups()
	g.subscribers()
	for i, n := 0, g.a.opt.Campaigns; i < n; i++ {
		g.campaign(i, n)
	}
	g.at = g.a.clock
}

func (g *generator) groups() {
	for i, n := 0, g.a.opt.Groups; i < n; i++ {
		name := groupNames[i%len(groupNames)]
		if i >= len(groupNames) {
			name += " " + strconv.Itoa(i/len(groupNames)+1)
		}
		gr := g.a.addGroup(name, g.moment(i, n))
		if g.chance(80) {
			gr.sent = 9 * (1 + g.below(900))
			gr.opens = g.below(gr.sent + 1)
			gr.clicks = g.below(gr.opens + 1)
		}
	}
}

// moment returns when the i-th of n rows was created. The account is older
// than five years. A tenth of its rows were created in the first days, so that
// they have ids of 14 and 15 digits.
func (g *generator) moment(i, n int) stamp {
	const hour, day = 3600, secondsPerDay
	age := int(g.a.clock - idEpoch)
	marks := [...]struct{ share, at int }{{0, 3 * hour}, {4, 26 * hour}, {10, 11 * day}, {20, 110 * day}, {50, 3 * 365 * day}, {100, age - hour}}
	percent := 100 * i / n
	for k := 1; ; k++ {
		from, to := marks[k-1], marks[k]
		if percent >= to.share {
			continue
		}
		first, last := n*from.share/100, n*to.share/100
		return idEpoch + stamp(from.at+(to.at-from.at)*max(0, i-first)/max(1, last-first))
	}
}

func (g *generator) subscribers() {
	n, a := g.a.opt.Subscribers, g.a
	rows := make([]subscriber, n)
	a.subs = make([]*subscriber, n, n+n/8)
	g.cells = make([]value, n*len(a.fields))
	burst := 0 // rows left of an import: created in the same second, with consecutive ids
	for i := range rows {
		burst--
		if burst < 0 {
			g.at = g.moment(i, n)
			burst = max(0, g.below(60)-50)
			g.signUp(&rows[i], false)
		} else {
			g.signUp(&rows[i], true)
		}
		a.subs[i] = &rows[i]
	}
	a.everyone = slices.Clone(a.subs)
}

// signUp fills in a subscriber who signed up at g.at.
func (g *generator) signUp(s *subscriber, imported bool) {
	a := g.a
	s.created, s.source = g.at, uint8(g.below(len(sources)))
	if imported {
		s.source = 1
		a.last.subscriber++
		s.id = a.last.subscriber
	} else {
		s.id = a.nextID(&a.last.subscriber, g.at)
	}
	s.subscribed, s.updated = g.at, g.at
	s.status = g.status()
	g.history(s)
	g.origin(s)
	g.fields(s)
	s.email = g.email(s.id)
	g.memberships(s)
}

func (g *generator) status() status {
	switch p := g.below(100); {
	case p < 81:
		return active
	case p < 90:
		return unsubscribed
	case p < 94:
		return unconfirmed
	case p < 98:
		return bounced
	default:
		return junk
	}
}

// history gives a subscriber e-mails, opens, clicks and the times that go with
// the status. No time is later than the account's clock.
func (g *generator) history(s *subscriber) {
	age := int(g.a.clock-s.created) + 1
	later := func() stamp { return s.created + stamp(uint64(g.below(1000))*uint64(age)/1000) }
	if s.status == unconfirmed {
		s.subscribed = 0
		return
	}
	if s.status == unsubscribed {
		s.unsubscribed = later()
		s.updated = s.unsubscribed
	}
	if g.chance(30) {
		return // never mailed
	}
	s.sent = uint32(1 + g.below(min(400, 1+age/secondsPerDay)))
	if s.status != bounced {
		s.opens = uint32(g.below(int(s.sent) + 1))
		s.clicks = uint32(g.below(int(s.opens) + 1))
	}
	s.updated = max(s.updated, later())
}

func (g *generator) origin(s *subscriber) {
	switch {
	case s.source == 1 || g.chance(30):
	case g.chance(3):
		s.ip = g.a.words.ipv6
	default:
		s.ip = ipValue | g.bits()
	}
	switch {
	case s.source == 3 && s.subscribed != 0:
		s.optedIn, s.optinIP = min(s.subscribed+stamp(g.below(300)), g.a.clock), s.ip
		s.updated = max(s.updated, s.optedIn)
	case g.chance(4):
		s.optinIP = g.a.values.text("")
	}
}

func (g *generator) fields(s *subscriber) {
	n := len(g.a.fields)
	if len(g.cells) < n {
		g.cells = make([]value, n)
	}
	s.fields, g.cells = g.cells[:n:n], g.cells[n:]
	for i, f := range g.a.fields {
		if d := declaredField(i, f); d != nil && g.chance(d.filled) {
			s.fields[f.slot] = d.cell(g)
		}
	}
}

// declaredField returns the declaration of the i-th field, nil if a test has
// added the field.
func declaredField(i int, f *field) *customField {
	switch {
	case f.isDefault && i < len(defaultFields):
		return &defaultFields[i]
	case i < len(defaultFields):
		return nil
	}
	d := &customFields[(i-len(defaultFields))%len(customFields)]
	if d.kind != f.kind || !strings.HasPrefix(f.name, d.name) {
		return nil
	}
	return d
}

var mailDomains = []string{"example.com", "example.org", "mail.example", "post.example.net", "tea-house.example", "büro.example", "example.co.uk"}
var mailNames = []string{"anna", "info", "j.smith", "ona.k", "mail+news", "o'brien", "hello", "x", "kasia_w", "the.longest-address", "Bob", "user"}

// email returns an address that no other subscriber has: the id is in it.
func (g *generator) email(id uint64) string {
	r := g.Uint64()
	b := make([]byte, 0, 48)
	b = append(b, mailNames[r%uint64(len(mailNames))]...)
	b = append(b, '.')
	b = strconv.AppendUint(b, id, 36)
	b = append(b, '@')
	return string(append(b, mailDomains[r>>32%uint64(len(mailDomains))]...))
}

// memberships puts a subscriber into up to five groups, the first groups more
// often than the last.
func (g *generator) memberships(s *subscriber) {
	n := len(g.a.groups)
	want := min(n, [8]int{0, 1, 2, 2, 3, 3, 4, 5}[g.below(8)])
	if len(g.links) < want {
		g.links = make([]*group, 4096)
	}
	s.groups = g.links[:0:want]
	for tries := 0; len(s.groups) < want && tries < 8; tries++ {
		gr := g.a.groups[min(g.below(n), g.below(n))]
		if !s.in(gr) {
			s.groups = append(s.groups, gr)
			g.a.count(gr, s.status, 1)
		}
	}
	g.links = g.links[want:]
}
