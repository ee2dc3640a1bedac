package export_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"mailerlake/client/mailerlitetest"
)

// mutation changes an account in one way. It reports whether there was something to change.
type mutation struct {
	name string
	do   func(m *mutator) bool
}

// mutator makes random changes to an account.
type mutator struct {
	*mailerlitetest.Account
	rng  *rand.Rand
	note func(what string)
	n    int // changes so far, for names
}

// pick returns the id of a random row of a table, "0" if it has none.
func (m *mutator) pick(table string) string {
	ids := m.IDs(table)
	if len(ids) == 0 {
		return "0"
	}
	return ids[m.rng.IntN(len(ids))]
}

// oneOf returns a random one of some texts.
func (m *mutator) oneOf(texts ...string) string { return texts[m.rng.IntN(len(texts))] }

func (m *mutator) name() string { return fmt.Sprint("Row ", m.n) }

// last returns what follows the last slash of an id.
func last(id string) string { return id[strings.LastIndex(id, "/")+1:] }

// changing returns a mutation for each of some tables, named after what it does to a random row.
func changing(what string, do func(m *mutator, table, id string) bool, tables ...string) []mutation {
	var list []mutation
	for _, table := range tables {
		list = append(list, mutation{what + " " + table, func(m *mutator) bool { return do(m, table, m.pick(table)) }})
	}
	return list
}

// few keeps the last rows of a table.
func few(m *mutator, table string, remove func(id string) bool) bool {
	return len(m.IDs(table)) > 1 && remove(m.pick(table))
}

// mutations are all ways in which an account changes.
var mutations = slices.Concat(
	changing("delete", func(m *mutator, table, id string) bool { return len(m.IDs(table)) > 1 && m.DeleteRow(table, id) },
		"segment", "form", "webhook", "import", "product", "category", "customer", "order", "cart", "order_item", "cart_item", "shop"),
	changing("touch", func(m *mutator, table, id string) bool { return m.TouchRow(table, id) },
		"segment", "form", "webhook", "import", "shop", "product", "category", "customer", "order", "cart", "order_item", "cart_item"),
	[]mutation{
		{"delete subscriber", func(m *mutator) bool { return few(m, "subscriber", m.DeleteSubscriber) }},
		{"delete recipient", func(m *mutator) bool { return m.DeleteSubscriber(m.recipient(m.pick("campaign_activity"))) }},
		{"delete group", func(m *mutator) bool { return few(m, "group", m.DeleteGroup) }},
		{"delete campaign", func(m *mutator) bool { return few(m, "campaign", m.DeleteCampaign) }},
		{"delete automation", func(m *mutator) bool { return few(m, "automation", m.DeleteAutomation) }},
		{"delete field", func(m *mutator) bool {
			ids := m.IDs("field")
			return len(ids) > 10 && m.DeleteField(ids[8+m.rng.IntN(len(ids)-8)])
		}},
		{"add subscriber", func(m *mutator) bool {
			group := m.pick("group")
			return m.AddSubscriber(func(s *mailerlitetest.Subscriber) { s.Groups = []string{group} }) != ""
		}},
		{"add group", func(m *mutator) bool { return m.AddGroup(m.name()) != "" }},
		{"add campaign", func(m *mutator) bool { return m.AddCampaign(m.name()) != "" }},
		{"add field", func(m *mutator) bool { return m.AddField(m.name(), m.oneOf("text", "number", "date")) != "" }},
		{"add order", func(m *mutator) bool { return m.AddOrder(m.pick("shop")) != "" }},
		{"add cart", func(m *mutator) bool { return m.AddCart(m.pick("shop")) != "" }},
		{"add product", func(m *mutator) bool { return m.AddProduct(m.pick("shop"), m.name()) != "" }},
		{"send campaign", func(m *mutator) bool { return m.SendCampaign(m.pick("campaign")) != "" }},
		{"rename group", func(m *mutator) bool { return m.RenameGroup(m.pick("group"), m.name()) }},
		{"rename automation", func(m *mutator) bool { return m.RenameAutomation(m.pick("automation"), m.name()) }},
		{"rename account", func(m *mutator) bool {
			return m.SetAttribute("account", m.pick("account"), "sender_name", fmt.Sprintf("%q", m.name()))
		}},
		{"undeclared attribute", func(m *mutator) bool {
			table := m.oneOf("subscriber", "order", "campaign", "form", "automation", "webhook")
			return m.SetAttribute(table, m.pick(table), "novelty", `"`+m.name()+`"`)
		}},
		{"misfit", func(m *mutator) bool {
			table := m.oneOf("shop", "form", "customer", "segment")
			return m.SetAttribute(table, m.pick(table), "created_at", `"yesterday"`)
		}},
		{"status", func(m *mutator) bool {
			return m.SetStatus(m.pick("subscriber"), m.oneOf(mailerlitetest.Statuses...))
		}},
		{"counters", func(m *mutator) bool { return m.BumpCounters(m.pick("subscriber")) }},
		{"set field", func(m *mutator) bool {
			key := m.FieldKey(m.pick("field"))
			return m.SetField(m.pick("subscriber"), key, m.oneOf(`null`, `""`, `"17"`, `"2026-02-03"`, `"text"`))
		}},
		{"join", func(m *mutator) bool { return m.Join(m.pick("subscriber"), m.pick("group")) }},
		{"leave", func(m *mutator) bool {
			group, subscriber, _ := strings.Cut(m.pick("group_subscriber"), "/")
			return m.Leave(subscriber, group)
		}},
		{"sign up", func(m *mutator) bool { return m.SignUp(m.pick("subscriber"), m.pick("form")) }},
		{"into category", func(m *mutator) bool {
			product := m.pick("product")
			shop, _, _ := strings.Cut(product, "/")
			in := slices.DeleteFunc(m.IDs("category"), func(id string) bool { return !strings.HasPrefix(id, shop+"/") })
			return len(in) > 0 && m.SetCategory(product, last(m.oneOf(in...)), true)
		}},
		{"out of category", func(m *mutator) bool {
			ids := strings.Split(m.pick("category_product"), "/")
			return len(ids) == 3 && m.SetCategory(ids[0]+"/"+ids[2], ids[1], false)
		}},
		{"react", func(m *mutator) bool {
			activity := m.pick("campaign_activity")
			campaign, _, _ := strings.Cut(activity, "/")
			return m.React(campaign, m.recipient(activity), m.oneOf("opened", "clicked", "unsubscribed", "forwarded", "hardbounced", "softbounced", "junk"))
		}},
		{"enter automation", func(m *mutator) bool { return m.EnterAutomation(m.pick("automation"), m.pick("subscriber")) != "" }},
		{"finish run", func(m *mutator) bool {
			automation, run, _ := strings.Cut(m.pick("automation_activity"), "/")
			// A run that is canceled may leave the counters as they were before it began: one that is completed moves them.
			done := m.FinishRun(automation, run, m.oneOf("completed", "canceled", "failed"))
			return done && m.complete(automation)
		}},
	},
)

// complete completes a new run of an automation.
func (m *mutator) complete(automation string) bool {
	run := m.EnterAutomation(automation, m.pick("subscriber"))
	return run != "" && m.FinishRun(automation, run, "completed")
}

// recipient returns the subscriber of a row of campaign_activity.
func (m *mutator) recipient(activity string) string {
	var found string
	_ = m.Truth("campaign_activity", writeFunc(func(p []byte) {
		for line := range strings.Lines(string(p)) {
			campaign, rest, _ := strings.Cut(strings.TrimPrefix(line, `{"campaign_id":"`), `","id":"`)
			id, rest, _ := strings.Cut(rest, `"`)
			if campaign+"/"+id == activity {
				_, rest, _ = strings.Cut(rest, `"subscriber_id":"`)
				found, _, _ = strings.Cut(rest, `"`)
			}
		}
	}))
	return found
}

// writeFunc is a writer.
type writeFunc func(p []byte)

func (f writeFunc) Write(p []byte) (int, error) { f(p); return len(p), nil }

// mutate makes a mutation, and reports whether it changed anything.
func (m *mutator) mutate(x mutation) bool {
	m.n++
	return x.do(m)
}
