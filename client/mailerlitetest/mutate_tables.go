package mailerlitetest

import (
	"slices"
	"strconv"
)

// AddGroup adds an empty group and returns its id.
func (a *Account) AddGroup(name string) string {
	var id string
	a.change(func() { id = digits(a.addGroup(name, a.tick()).id) })
	return id
}

// DeleteGroup deletes a group and its memberships.
func (a *Account) DeleteGroup(id string) bool {
	return a.onGroup(id, func(g *group) { a.removeGroup(g, a.tick()) })
}

// RenameGroup gives a group another name.
func (a *Account) RenameGroup(id, name string) bool {
	return a.onGroup(id, func(g *group) { g.name = name })
}

func (a *Account) onGroup(id string, f func(*group)) bool {
	found := false
	a.change(func() {
		if g := a.findGroup(parseID(id)); g != nil {
			f(g)
			a.touchGroup(g)
			found = true
		}
	})
	return found
}

// AddField adds a custom field of a type (text, number, date), null for
// everyone, and returns its id. Its key is made from the name; see FieldKey.
func (a *Account) AddField(name, kind string) string {
	var id string
	a.change(func() { id = strconv.Itoa(a.addField(a.nextFieldID(), name, "", kind).id) })
	return id
}

// DeleteField deletes a field from the account and from all subscribers.
func (a *Account) DeleteField(id string) bool {
	return a.onField(id, func(f *field) {
		a.fields = slices.DeleteFunc(a.fields, func(o *field) bool { return o == f })
	})
}

// SetFieldType changes the type of a field. The subscribers' values stay.
func (a *Account) SetFieldType(id, kind string) bool {
	return a.onField(id, func(f *field) { f.kind = kind })
}

// FieldKey returns the key of a field, "" if there is no such id.
func (a *Account) FieldKey(id string) string {
	var key string
	a.onField(id, func(f *field) { key = f.key })
	return key
}

func (a *Account) onField(id string, do func(*field)) bool {
	found := false
	a.change(func() {
		if f := a.findField(id); f != nil {
			do(f)
			found = true
		}
	})
	return found
}

// AddCampaign adds a draft and returns its id.
func (a *Account) AddCampaign(name string) string {
	var id string
	a.change(func() {
		g := newGenerator(a)
		g.at = a.tick()
		id = digits(g.draft(name).id)
	})
	return id
}

// DeleteCampaign deletes a campaign.
func (a *Account) DeleteCampaign(id string) bool {
	return a.onCampaign(id, func(c *campaign) {
		a.campaigns = slices.DeleteFunc(a.campaigns, func(o *campaign) bool { return o == c })
	})
}

// SendCampaign moves a campaign one step, from draft to ready or from ready to
// sent, and returns its new status, "" if there is no such id.
func (a *Account) SendCampaign(id string) string {
	var status string
	a.onCampaign(id, func(c *campaign) {
		switch c.status {
		case "draft":
			a.schedule(c, a.tick())
		case "ready":
			a.send(c, a.tick(), newGenerator(a).results())
		}
		status = c.status
	})
	return status
}

func (a *Account) onCampaign(id string, f func(*campaign)) bool {
	found := false
	a.change(func() {
		if c := a.findCampaign(parseID(id)); c != nil {
			f(c)
			found = true
		}
	})
	return found
}

// SetAttribute sets an attribute in a row's JSON to the given text, which is
// written as it is, valid or not. An attribute that MailerLite has ("id",
// "groups", "fields", …) keeps its place, another one is added at the end. The
// tables are all but those of links, timezone and campaign_language. An item of an
// order is that of its cart.
func (a *Account) SetAttribute(table, id, name, rawJSON string) bool {
	return a.onPatch(table, id, func(p *patch) *patch { return p.with(name, rawJSON) })
}

// DropAttribute leaves a top-level attribute out of a row's JSON.
func (a *Account) DropAttribute(table, id, name string) bool {
	return a.onPatch(table, id, func(p *patch) *patch { return p.without(name) })
}

func (a *Account) onPatch(table, id string, f func(*patch) *patch) bool {
	switch table {
	case "subscriber":
		return a.onSubscriber(id, func(s *subscriber, _ stamp) { s.patch = f(s.patch) })
	case "group":
		return a.onGroup(id, func(g *group) { g.patch = f(g.patch) })
	case "field":
		return a.onField(id, func(d *field) { d.patch = f(d.patch) })
	case "campaign":
		return a.onCampaign(id, func(c *campaign) { c.patch = f(c.patch) })
	case "automation":
		return a.onAutomation(id, func(m *automation, _ stamp) { m.patch = f(m.patch) })
	case "account":
		return a.onAccount(id, func() { a.patch = f(a.patch) })
	}
	return a.onRow(table, id, func(r *base) { r.patch = f(r.patch) })
}
