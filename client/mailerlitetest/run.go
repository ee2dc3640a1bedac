package mailerlitetest

import (
	"slices"
	"strings"
)

// The states of a run, as filter[status] spells them. Rows have them
// capitalised.
const (
	completed = "completed"
	inQueue   = "active"
	canceled  = "canceled"
	failed    = "failed"
)

var runStates = []string{completed, inQueue, canceled, failed}

// run is a subscriber's way through an automation. It keeps the address as it was
// then, and stays if the subscriber is deleted.
type run struct {
	id           uint64
	subscriber   uint64
	email        string
	state        string
	at           int // index in the path of the step that the run is at, or ended at
	entered, end stamp
}

func (a *Account) listAutomationActivity(b []byte, q query, id string) (int, []byte) {
	m := a.findAutomation(parseID(id))
	if m == nil {
		return a.notFound(b, `Automation\Automation`, id)
	}
	state, search := q.params.Get("filter[status]"), strings.ToLower(q.params.Get("filter[search]"))
	switch {
	case state == "":
		return a.refuse(b, "filter.status", "The filter.status field is required.")
	case !slices.Contains(runStates, state):
		return a.refuse(b, "filter.status", "The selected filter.status is invalid.")
	}
	var rows []*run
	for _, r := range m.runs {
		if r.state == state && strings.Contains(strings.ToLower(r.email), search) {
			rows = append(rows, r)
		}
	}
	return a.pageSpan(b, q, span{
		path: "automations/" + id + "/activity", rule: "/automations/{id}/activity",
		total: len(rows), row: func(b []byte, i int) []byte { return a.appendRun(b, m, rows[i]) },
	})
}

// appendRun appends a row of an automation's activity, whose keys are the only
// ones in camel case. The step after the last one is left out.
func (a *Account) appendRun(b []byte, m *automation, r *run) []byte {
	path := m.path()
	reason, description := r.reason()
	b = appendID(append(b, `{"id":`...), r.id)
	b = a.appendText(append(b, `,"status":`...), strings.ToUpper(r.state[:1])+r.state[1:])
	b = appendStamp(append(b, `,"date":`...), max(r.entered, r.end))
	b = a.appendOrNull(append(b, `,"reason":`...), reason)
	b = a.appendText(append(b, `,"reason_description":`...), description)
	b = appendID(append(b, `,"subscriber":{"id":`...), r.subscriber)
	b = a.appendText(append(b, `,"email":`...), r.email)
	b = append(b, `},"stepRuns":[`...)
	for i, s := range path[:r.at+1] {
		if i > 0 {
			b = append(b, ',')
		}
		b = a.appendStepRun(b, r, s, i)
	}
	b = appendRow(append(b, `],"currentStep":`...), a, stepAttributes, stepOf{path[r.at], m}, nil, view{})
	if r.at+1 < len(path) {
		b = appendRow(append(b, `,"nextStep":`...), a, stepAttributes, stepOf{path[r.at+1], m}, nil, view{})
	}
	return append(b, '}')
}

func (a *Account) appendStepRun(b []byte, r *run, s *step, i int) []byte {
	at := r.entered + stamp(600*i)
	b = appendID(append(b, `{"id":`...), r.id+uint64(i)+1)
	b = appendID(append(b, `,"step_id":`...), s.id)
	b = a.appendText(append(b, `,"description":`...), s.description())
	var scheduled, finished stamp
	if s.kind == "delay" {
		scheduled = at + 600
	}
	if i < r.at || r.state == completed {
		finished = at + 600
	}
	b = appendStamp(append(b, `,"scheduled_for":`...), scheduled)
	b = appendStamp(append(b, `,"finished_at":`...), finished)
	return append(b, '}')
}

func (r *run) reason() (reason, description string) {
	switch r.state {
	case canceled:
		return "unsubscribed", "Subscriber has unsubscribed"
	case failed:
		return "step_failed", "The step could not be run"
	}
	return "", ""
}

// enter starts a run of a subscriber.
func (a *Account) enter(m *automation, s *subscriber, at stamp) *run {
	r := &run{id: a.nextID(&m.lastRun, at), subscriber: s.id, email: s.email, state: inQueue, entered: at}
	m.runs = append(m.runs, r)
	return r
}

// finish ends a run.
func (r *run) finish(m *automation, state string, at stamp) {
	r.state, r.end = state, at
	if state == completed {
		r.at = len(m.path()) - 1
	}
}

// EnterAutomation lets a subscriber into an automation and returns the id of the
// row in its activity, which is active; one more is in the queue. The result is
// "" if there is no such automation or subscriber, or if the automation has no
// steps that could be run.
func (a *Account) EnterAutomation(automationID, subscriberID string) string {
	var id string
	a.onAutomation(automationID, func(m *automation, at stamp) {
		if s := a.find(parseID(subscriberID)); s != nil && !m.fresh {
			id = digits(a.enter(m, s, at).id)
		}
	})
	return id
}

// FinishRun ends an active run, given by the id of its row: it is completed,
// canceled or failed from then on, and no longer in the queue.
func (a *Account) FinishRun(automationID, runID, state string) bool {
	done := false
	a.onAutomation(automationID, func(m *automation, at stamp) {
		for _, r := range m.runs {
			if digits(r.id) == runID && r.state == inQueue && state != inQueue && slices.Contains(runStates, state) {
				r.finish(m, state, at)
				done = true
			}
		}
	})
	return done
}
