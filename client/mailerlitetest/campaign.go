package mailerlitetest

import "slices"

type language struct {
	id                              int
	shortcode, iso, name, direction string
}

var campaignLanguages = []*language{
	{4, "en", "en-US", "English", "ltr"},
	{1, "lt", "lt-LT", "Lietuviškai", "ltr"},
	{9, "de", "de-DE", "Deutsch", "ltr"},
	{27, "ar", "ar", "العربية", "rtl"},
}

type campaign struct {
	id                                            uint64
	name                                          string
	kind                                          string // regular, ab, resend, rss
	status                                        string // draft, ready, sent
	settings                                      settingsForm
	language                                      *language
	targets                                       []target // groups; none means all active subscribers
	delivery                                      string   // "", instant, scheduled
	emails                                        []*email
	stats                                         stats
	hasContent                                    bool
	created, updated                              stamp
	scheduled, queued, started, finished, stopped stamp
	recipients                                    *recipients // nil unless sent
	patch                                         *patch
}

// target is a group that a campaign goes to, as it was when it was chosen. The
// group itself may have been renamed or deleted since.
type target struct {
	id      uint64
	name    string
	created stamp
}

// settingsForm is one of the forms that a campaign's settings come in.
type settingsForm int

const (
	settingsBools   settingsForm = iota // {"track_opens":true,…}
	settingsShort                       // without ecommerce_tracking
	settingsStrings                     // "1" and "0"
	settingsEmpty                       // [], PHP's empty map
)

type email struct {
	id               uint64
	kind             string // "", builder, builder_html, builder_rich_text
	subject          string
	noSubject        bool
	preheader        string
	abType           string // a, b, winner; "" unless A/B
	isWinner         bool
	noLanguage       bool
	screenshot       stamp
	created, updated stamp
	stats            stats
}

// stats are the counters of a campaign or of one of its e-mails.
type stats struct {
	sent, opens, uniqueOpens, clicks, uniqueClicks int
	unsubscribes, spam, hardBounces, softBounces   int
	forwards, social                               int
}

func (s *stats) add(o stats) {
	s.sent += o.sent
	s.opens += o.opens
	s.uniqueOpens += o.uniqueOpens
	s.clicks += o.clicks
	s.uniqueClicks += o.uniqueClicks
	s.unsubscribes += o.unsubscribes
	s.spam += o.spam
	s.hardBounces += o.hardBounces
	s.softBounces += o.softBounces
	s.forwards += o.forwards
	s.social += o.social
}

// campaign adds the i-th of n campaigns of day 0. Three or more campaigns have
// every status among them.
func (g *generator) campaign(i, n int) {
	g.at = g.moment(i, n)
	name := campaignNames[i%len(campaignNames)]
	c := g.draft(name)
	c.settings = []settingsForm{settingsBools, settingsShort, settingsStrings, settingsEmpty}[g.below(4)]
	switch {
	case i == n-2 || i%5 == 3 && i != n-1:
		g.varyDraft(c, i)
	case i == n-1 || i%11 == 7:
		g.a.schedule(c, g.a.clock-stamp(g.below(secondsPerDay)))
	default:
		g.varyKind(c, i)
		g.a.schedule(c, c.created+stamp(600+g.below(3000)))
		g.a.send(c, (c.scheduled/7200+1)*7200+6, g.results())
		if i%6 == 1 {
			g.startTogether(c)
		}
	}
}

// startTogether makes the campaign before c start in the same second as c, as
// happens to mailings scheduled for the full hour.
func (g *generator) startTogether(c *campaign) {
	if n := len(g.a.campaigns); n > 1 && g.a.campaigns[n-2].status == "sent" {
		before := g.a.campaigns[n-2]
		before.scheduled, before.queued, before.started = c.scheduled, c.queued, c.started
		before.finished, before.updated = c.finished, c.updated
	}
}

// draft adds a draft created at g.at.
func (g *generator) draft(name string) *campaign {
	c := &campaign{
		id: g.a.nextID(&g.a.last.campaign, g.at), name: name, kind: "regular", status: "draft",
		language: campaignLanguages[g.below(len(campaignLanguages))], hasContent: true, created: g.at, updated: g.at,
	}
	if n := len(g.a.groups); n > 0 && g.chance(60) {
		gr := g.a.groups[g.below(n)]
		c.targets = []target{{gr.id, gr.name, gr.created}}
	}
	e := g.newEmail(c)
	e.preheader = []string{"", "See inside 👀", "\"Quoted\" & <b>bold</b>"}[g.below(3)]
	c.emails = []*email{e}
	g.a.campaigns = append(g.a.campaigns, c)
	return c
}

func (g *generator) newEmail(c *campaign) *email {
	return &email{
		id: c.id + 14_680_066, kind: []string{"builder", "builder_html", "builder_rich_text"}[g.below(3)],
		subject: c.name, created: c.created, updated: c.created, noLanguage: g.chance(10),
	}
}

// varyDraft puts a draft into one of the states that drafts may be in.
func (g *generator) varyDraft(c *campaign, i int) {
	switch e := c.emails[0]; i % 3 {
	case 0: // nothing in it yet
		c.hasContent, e.kind, e.noSubject = false, "", true
	case 1: // scheduled, then stopped
		c.delivery, c.scheduled, c.stopped = "scheduled", c.created+30*secondsPerDay, c.created+600
		c.updated = c.stopped
	default:
		e.screenshot = c.created + 3
	}
}

// varyKind turns some campaigns into A/B tests or resends.
func (g *generator) varyKind(c *campaign, i int) {
	if i%9 == 4 {
		c.kind = "resend"
	}
	if i%7 != 2 {
		return
	}
	c.kind, c.settings = "ab", settingsStrings
	a := c.emails[0]
	b, w := *a, *a
	a.abType, b.abType, w.abType = "a", "b", "winner"
	b.id, w.id = a.id+1, a.id+2
	b.subject += " (B)"
	w.subject, w.isWinner = b.subject, true
	c.emails = append(c.emails, &b, &w)
}

// results makes up the counters of one mailing.
func (g *generator) results() stats {
	s := stats{sent: 1 + g.below([]int{3, 300, 1500}[g.below(3)])}
	if n := g.a.opt.Recipients; n > 0 {
		s.sent = max(1, min(n, len(g.a.everyone)))
	}
	s.hardBounces = g.below(1 + s.sent/40)
	s.softBounces = g.below(1 + s.sent/30)
	s.uniqueOpens = g.below(1 + s.sent - s.hardBounces)
	s.opens = s.uniqueOpens + g.below(1+2*s.uniqueOpens)
	s.uniqueClicks = g.below(1 + s.uniqueOpens/2)
	s.clicks = s.uniqueClicks + g.below(1+s.uniqueClicks*3)
	s.unsubscribes = g.below(1 + s.sent/90)
	s.spam = g.below(1 + s.sent/500)
	s.forwards = g.below(1 + s.uniqueOpens/100)
	return s
}

// schedule makes a draft ready.
func (a *Account) schedule(c *campaign, at stamp) {
	c.status, c.delivery, c.scheduled, c.stopped, c.updated = "ready", "scheduled", at, 0, at
	c.hasContent = true
	for _, e := range c.emails {
		e.kind, e.noSubject = orDefault(e.kind, "builder"), false
	}
}

// send marks a ready campaign as sent and adds its results.
func (a *Account) send(c *campaign, at stamp, results stats) {
	c.status, c.queued, c.started, c.finished = "sent", at-1, at, at+stamp(1+results.sent/50)
	c.delivery = orDefault(c.delivery, "instant")
	c.updated = c.finished
	a.addResults(c, results)
	c.recipients = a.choose(c)
	if c.scheduled == 0 {
		c.scheduled = at
	}
}

// addResults adds results to a campaign and its first e-mail, and a share of
// them to its variants. Counters do not move updated_at, here as in MailerLite.
func (a *Account) addResults(c *campaign, results stats) {
	c.stats.add(results)
	for i, e := range c.emails {
		part := results
		if i > 0 {
			part = stats{sent: results.sent / 5, uniqueOpens: results.uniqueOpens / 7, opens: results.opens / 7}
		}
		e.stats.add(part)
	}
}

func (a *Account) findCampaign(id uint64) *campaign {
	i := slices.IndexFunc(a.campaigns, func(c *campaign) bool { return c.id == id })
	if i < 0 {
		return nil
	}
	return a.campaigns[i]
}

// campaignsOf returns the campaigns of a status and a type ("" for all) in
// the order of the list: sent ones by start, the others by id, newest first.
// Those that started in the same second come in an arbitrary order, that of a
// hash of their ids.
func (a *Account) campaignsOf(status, kind string) []*campaign {
	var list []*campaign
	for _, c := range a.campaigns {
		if c.status == status && (kind == "" || c.kind == kind) {
			list = append(list, c)
		}
	}
	slices.SortFunc(list, func(x, y *campaign) int {
		switch {
		case x.started != y.started:
			return int(int64(y.started) - int64(x.started))
		case x.started != 0:
			return compare(mix(x.id), mix(y.id))
		}
		return compare(y.id, x.id)
	})
	return list
}

func compare(x, y uint64) int {
	switch {
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return 0
}
