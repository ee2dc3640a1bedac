package mailerlitetest

import "strconv"

// webhook calls an address when something happens.
type webhook struct {
	base
	name, url               string
	events                  []string
	enabled, blocked        bool
	batchable               bool
	created, updated, fired stamp
	response                int // status of the last call
}

// Like MailerLite, the list and the single row show the secret in clear. The rows
// of Truth do not have it.
var webhooks = collection[*webhook]{
	path: "webhooks", model: `Webhook`, list: view{secrets: true}, row: view{secrets: true},
	of: func(a *Account) *[]*webhook { return &a.webhooks },
	attributes: declare(
		idAttribute("id", func(w *webhook) uint64 { return w.id }),
		textAttribute("name", func(w *webhook) string { return w.name }),
		textAttribute("url", func(w *webhook) string { return w.url }),
		attribute[*webhook]{name: "events", append: func(b []byte, a *Account, w *webhook, _ view) []byte {
			return a.appendTexts(b, w.events)
		}},
		flagAttribute("enabled", func(w *webhook) bool { return w.enabled }),
		flagAttribute("is_blocked", func(w *webhook) bool { return w.blocked }),
		textAttribute("secret", (*webhook).secret).only(func(_ *webhook, v view) bool { return v.secrets }),
		timeAttribute("created_at", func(w *webhook) stamp { return w.created }),
		timeAttribute("updated_at", func(w *webhook) stamp { return w.updated }),
		flagAttribute("batchable", func(w *webhook) bool { return w.batchable }),
		rawAttribute[*webhook]("version", `"2022-01"`),
		timeAttribute("last_fired_at", func(w *webhook) stamp { return w.fired }),
		attribute[*webhook]{name: "response_code", append: func(b []byte, _ *Account, w *webhook, _ view) []byte {
			return appendCountOrNull(b, w.response, w.response != 0)
		}},
	),
}

// secret makes up the key with which calls are signed.
func (w *webhook) secret() string { return "S" + strconv.FormatUint(mix(w.id), 36) }

func (a *Account) appendTexts(b []byte, texts []string) []byte {
	b = append(b, '[')
	for i, s := range texts {
		if i > 0 {
			b = append(b, ',')
		}
		b = a.appendText(b, s)
	}
	return append(b, ']')
}

var webhookEvents = [][]string{
	{"subscriber.created"}, {"subscriber.created", "subscriber.unsubscribed"}, {"campaign.sent"}, {"subscriber.deleted", "campaign.open", "campaign.click"},
}

// makeWebhooks adds the webhooks of day 0.
func (g *generator) makeWebhooks() {
	a := g.a
	for i, n := 0, a.opt.Webhooks; i < n; i++ {
		w := &webhook{
			name: numbered([]string{"CRM", "Bestellungen & \"mehr\"", "test_webhook"}, i), url: "https://hooks.example.com/" + strconv.Itoa(i),
			events: webhookEvents[i%len(webhookEvents)], enabled: i%3 != 2, batchable: i%4 == 3, created: g.moment(i, n),
		}
		w.id, w.updated = a.nextID(&a.lasts.webhook, w.created), w.created
		if w.enabled && g.chance(60) {
			w.fire(w.created+stamp(g.below(int(a.clock-w.created))), 200)
		}
		a.webhooks = append(a.webhooks, w)
	}
}

// fire calls a webhook. In the recordings, updated_at is the time of the last call.
func (w *webhook) fire(at stamp, response int) {
	w.fired, w.updated, w.response = at, at, response
}

func (d *day) webhookEvents() {
	for i, w := range d.a.webhooks {
		if w.enabled && (i+d.number)%2 == 0 {
			w.fire(d.someTime(), []int{200, 200, 204, 400, 500}[d.below(5)])
		}
	}
}
