package mailerlitetest

import "slices"

// automation is a workflow: triggers, through which subscribers come in, steps,
// and the runs of those who came.
type automation struct {
	id                        uint64
	name                      string
	enabled, complete, broken bool
	fresh                     bool // never enabled: its counters are null
	template                  string
	warnings                  []string
	triggers                  []*trigger
	steps                     []*step
	runs                      []*run // in order of coming in
	lastRun                   uint64 // greatest id so far of a run
	qualified                 int
	created                   stamp
	patch                     *patch
}

// trigger is what lets subscribers into an automation.
type trigger struct {
	id               uint64
	kind             string // subscriber_joins_group, abandoned_cart
	groups, excluded []target
	shop             string
	unit, value      string
	broken, complete bool
}

// step is one step of an automation. Which members a step has depends on its
// kind.
type step struct {
	id               uint64
	kind             string // email, delay, action, condition, webhook
	parent           *step  // nil for the first one
	number           int    // among the steps of its kind, from 1
	aside            bool   // on the branch of a condition that few take
	complete, broken bool
	created, updated stamp

	email              uint64 // id
	subject, preheader string
	stats              stats

	unit, value  string   // of a delay
	days         []string // of a delay until a day of the week
	hour, minute string

	action string // "" as long as nobody has chosen one
	field  fieldRef
	text   string // new value of the field
	group  target

	yes, no *step // of a condition

	url, secret string // of a webhook
	webhook     uint64
}

// fieldRef is a field as it was when a step was made.
type fieldRef struct{ id, name, key, kind string }

var cityField = fieldRef{"5", "City", "city", "text"}

func (m *automation) count(state string) int {
	n := 0
	for _, r := range m.runs {
		if r.state == state {
			n++
		}
	}
	return n
}

// results returns the sum of the counters of the e-mails.
func (m *automation) results() stats {
	var sum stats
	for _, s := range m.emails() {
		sum.add(s.stats)
	}
	return sum
}

func (m *automation) emails() []*step {
	return slices.DeleteFunc(slices.Clone(m.steps), func(s *step) bool { return s.kind != "email" })
}

// path returns the steps that a subscriber usually takes.
func (m *automation) path() []*step {
	return slices.DeleteFunc(slices.Clone(m.steps), func(s *step) bool { return s.aside })
}

func (a *Account) findAutomation(id uint64) *automation {
	i := slices.IndexFunc(a.automations, func(m *automation) bool { return m.id == id })
	if i < 0 {
		return nil
	}
	return a.automations[i]
}

func (a *Account) listAutomations(b []byte, q query, _ string) (int, []byte) {
	rows := slices.Clone(a.automations)
	filterByName(&rows, q.params.Get("filter[name]"), func(m *automation) string { return m.name })
	switch enabled := q.params.Get("filter[enabled]"); enabled {
	case "":
	case "true", "1", "false", "0":
		want := enabled == "true" || enabled == "1"
		rows = slices.DeleteFunc(rows, func(m *automation) bool { return m.enabled != want })
	default:
		return a.refuse(b, "filter.enabled", "The filter.enabled field must be true or false.")
	}
	return pageOf(a, b, q, pageList[*automation]{
		path: "automations", rows: rows, aggregations: a.appendAutomationTally,
		row: func(b []byte, m *automation) []byte { return a.appendAutomation(b, m, view{}) },
	})
}

// appendAutomationTally counts all automations, whatever the filter.
func (a *Account) appendAutomationTally(b []byte) []byte {
	drafts := 0
	for _, m := range a.automations {
		if !m.complete {
			drafts++
		}
	}
	start := len(b)
	b = appendCount(b, "workflows", len(a.automations)-drafts)
	b = appendCount(b, "drafts", drafts)
	b = appendCount(b, "unsync", 0)
	b = appendCount(b, "all", len(a.automations))
	b[start] = '{'
	return append(b, '}')
}

func (a *Account) getAutomation(b []byte, _ query, id string) (int, []byte) {
	m := a.findAutomation(parseID(id))
	if m == nil {
		return a.notFound(b, `Automation\Automation`, id)
	}
	return single(b, func(b []byte) []byte { return a.appendAutomation(b, m, view{single: true}) })
}

// eachOfAutomations calls f for the automations, or for the rows of a table that
// belong to them.
func (a *Account) eachOfAutomations(table string, f rowFunc) {
	more := true
	for _, m := range a.automations {
		under := func(id string, row func([]byte) []byte) bool {
			more = f(id, func(b []byte) []byte { return appendKeyed(b, "automation_id", m.id, row) })
			return more
		}
		switch table {
		case "automation":
			more = f(digits(m.id), func(b []byte) []byte { return a.appendAutomation(b, m, view{}) })
		case "automation_step":
			each(m.steps, under, func(s *step) string { return digits(s.id) },
				func(b []byte, s *step) []byte { return appendRow(b, a, stepAttributes, stepOf{s, m}, nil, view{}) })
		case "automation_trigger":
			each(m.triggers, under, func(t *trigger) string { return digits(t.id) }, a.appendTrigger)
		default:
			each(m.runs, under, func(r *run) string { return digits(m.id) + "/" + digits(r.id) },
				func(b []byte, r *run) []byte { return a.appendRun(b, m, r) })
		}
		if !more {
			return
		}
	}
}

// DeleteAutomation deletes an automation with its steps, triggers and runs.
func (a *Account) DeleteAutomation(id string) bool {
	return a.onAutomation(id, func(m *automation, _ stamp) {
		a.automations = slices.DeleteFunc(a.automations, func(o *automation) bool { return o == m })
	})
}

// RenameAutomation gives an automation another name, and nothing else.
func (a *Account) RenameAutomation(id, name string) bool {
	return a.onAutomation(id, func(m *automation, _ stamp) { m.name = name })
}

func (a *Account) onAutomation(id string, f func(m *automation, at stamp)) bool {
	found := false
	a.change(func() {
		if m := a.findAutomation(parseID(id)); m != nil {
			f(m, a.tick())
			found = true
		}
	})
	return found
}
