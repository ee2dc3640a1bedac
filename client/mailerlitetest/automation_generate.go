package mailerlitetest

import (
	"hash/fnv"
	"math/rand/v2"
	"strconv"
)

// newGeneratorOf returns a generator that draws from a source of randomness of
// its own, so that a table does not change what is drawn for others.
func newGeneratorOf(a *Account, table string) *generator {
	g := newGenerator(a)
	h := fnv.New64a()
	h.Write([]byte(table)) // cannot fail
	g.PCG = rand.NewPCG(a.opt.Seed^h.Sum64(), uint64(a.day))
	return g
}

var automationNames = []string{"Welcome, {$name}!", "Win back \"sleepers\"", "Palikti krepšeliai 🛒", "Untitled automation"}

// automations makes the automations of day 0. Four have steps of every kind
// among them.
func (g *generator) automations() {
	n := g.a.opt.Automations
	for i := range n {
		g.at = g.moment(i, n)
		m := &automation{id: g.next(), name: automationNames[i%len(automationNames)], complete: true, created: g.at}
		if i >= len(automationNames) {
			m.name += " " + strconv.Itoa(i/len(automationNames)+1)
		}
		m.lastRun = m.id
		g.a.automations = append(g.a.automations, m)
		[]func(*automation){g.welcome, g.everything, g.carts, g.unfinished}[i%4](m)
	}
	for _, m := range g.a.automations {
		g.pastRuns(m)
	}
}

func (g *generator) next() uint64 { return g.a.nextID(&g.a.lastAutomation, g.at) }

func (g *generator) welcome(m *automation) {
	m.enabled, m.template = true, "Simple welcome email"
	g.onJoining(m, 1)
	g.sendStep(m, "Welcome", "")
	s := g.step(m, "delay")
	s.unit, s.value = "days", "3"
	g.sendStep(m, "How are you, {$name}?", "Three days later…")
}

func (g *generator) everything(m *automation) {
	m.enabled = true
	g.onJoining(m, 2)
	s := g.step(m, "delay")
	s.unit, s.value = "minutes", "10"
	check := g.step(m, "condition")
	check.field, check.text = cityField, "Vilnius"
	check.yes = g.sendStep(m, "Visit us in \"Vilnius\"", "")
	hook := g.step(m, "webhook")
	hook.url, hook.secret, hook.webhook = "https://hooks.example.com/automation?step=4", "S"+strconv.Itoa(1000+g.below(9000))+"inclear", g.next()
	s = g.step(m, "action")
	s.action, s.field, s.text = "update_custom_field", cityField, "Vilnius"
	s = g.step(m, "action")
	s.aside, s.parent, check.no = true, check, s
	s.action, s.group = "copy_to_group", target{id: 1, name: "Gone"}
	if groups := g.a.groups; len(groups) > 0 {
		gr := groups[g.below(len(groups))]
		s.group = target{gr.id, gr.name, gr.created}
	}
}

func (g *generator) carts(m *automation) {
	m.broken, m.warnings = true, []string{"ecommerce_shop_deleted"}
	m.triggers = []*trigger{{id: g.next(), kind: "abandoned_cart", shop: "560", unit: "hours", value: "2", broken: true, complete: true}}
	s := g.step(m, "delay")
	s.unit, s.days, s.hour, s.minute = "next_weekday", []string{"monday", "thursday"}, "09", "30"
	g.sendStep(m, "You left something behind", "Still there")
}

func (g *generator) unfinished(m *automation) {
	m.complete, m.fresh = false, true
	m.triggers = []*trigger{}
	g.step(m, "action").complete = false
}

// onJoining lets those in who join one of n groups.
func (g *generator) onJoining(m *automation, n int) {
	t := &trigger{id: g.next(), kind: "subscriber_joins_group", complete: true}
	for i := range min(n, len(g.a.groups)) {
		gr := g.a.groups[i]
		t.groups = append(t.groups, target{gr.id, gr.name, gr.created})
	}
	if n > 1 && len(g.a.groups) > n {
		gr := g.a.groups[n]
		t.excluded = []target{{gr.id, gr.name, gr.created}}
	}
	m.triggers, m.qualified = []*trigger{t}, g.below(90)
}

// step adds a step after the last one that is not aside.
func (g *generator) step(m *automation, kind string) *step {
	g.at += 20
	s := &step{id: g.next(), kind: kind, number: 1, complete: true, created: g.at, updated: g.at + 300}
	for _, o := range m.steps {
		if o.kind == kind {
			s.number++
		}
		if !o.aside {
			s.parent = o
		}
	}
	m.steps = append(m.steps, s)
	return s
}

func (g *generator) sendStep(m *automation, subject, preheader string) *step {
	s := g.step(m, "email")
	s.email, s.subject, s.preheader = g.next(), subject, preheader
	return s
}

// pastRuns makes the runs before day 0. In one that is not enabled, nobody waits.
func (g *generator) pastRuns(m *automation) {
	if m.fresh || len(g.a.subs) == 0 {
		return
	}
	n := 20 + g.below(120)
	for i := range n {
		at := m.created + stamp(uint64(g.a.clock-m.created)*uint64(i)/uint64(n))
		r := g.a.enter(m, g.a.subs[g.below(len(g.a.subs))], at)
		switch p := g.below(100); {
		case m.enabled && i >= n-n/6:
			r.at = g.below(len(m.path()) - 1)
		case p < 8:
			r.finish(m, canceled, at+900)
		case p < 11:
			r.finish(m, failed, at+900)
		default:
			r.finish(m, completed, at+3600)
		}
		g.mail(m, 1)
	}
}

// mail counts what the e-mails of an automation brought from n subscribers.
func (g *generator) mail(m *automation, n int) {
	for _, s := range m.emails() {
		more := stats{sent: n, uniqueOpens: g.below(n + 1)}
		more.opens = more.uniqueOpens * (1 + g.below(2))
		more.uniqueClicks = g.below(more.uniqueOpens + 1)
		more.clicks = more.uniqueClicks
		if g.chance(3) {
			more.hardBounces = 1
		}
		s.stats.add(more)
	}
}

// automationEvents ends runs, lets others go on, and starts new ones. Whatever it
// does to the runs of an automation, the number of the completed ones or that of
// the waiting ones changes.
func (d day) automationEvents() {
	for _, m := range d.a.automations {
		if !m.enabled || len(d.a.subs) == 0 {
			continue
		}
		d.finishRuns(m)
		joined := 1 + d.below(4)
		for i := range joined {
			s := d.a.subs[d.below(len(d.a.subs))]
			d.a.enter(m, s, d.begin+stamp((i+1)*secondsPerDay/6))
		}
		d.mail(m, joined)
	}
}

// finishRuns completes the oldest of the runs that wait, if any, and cancels,
// fails or moves on some of the others.
func (d day) finishRuns(m *automation) {
	complete := 1 + d.below(4)
	for _, r := range m.runs {
		if r.state != inQueue {
			continue
		}
		switch p := d.below(100); {
		case complete > 0:
			r.finish(m, completed, d.someTime())
			complete--
		case p < 6:
			r.finish(m, canceled, d.someTime())
		case p < 8:
			r.finish(m, failed, d.someTime())
		case p < 40 && r.at+2 < len(m.path()):
			r.at++
		}
	}
}
