package insights

import (
	"bytes"
	"context"
	"time"
)

const (
	shownValues   = 12      // of a ranking
	maxSources    = 1 << 10 // different ones that are told apart
	maxDomains    = 1 << 14
	maxStatuses   = 1 << 6
	shownStatuses = 10
)

const (
	active      = "active"
	unconfirmed = "unconfirmed"
)

// subscribers computes in one pass all figures that come from the table of subscribers.
type subscribers struct {
	asOf time.Time

	id, email, status, source               *column
	sent, opens                             *column
	openRate, clickRate                     *column
	subscribedAt, createdAt, unsubscribedAt *column

	all                        audience
	statuses, sources, domains *topCounter
	months                     *months[Flow]
	earlier                    Flow
	undated                    int64
	ages                       [len(ageLimits)]ageTally
	undatedActive              int64
	followed                   *sample // of the active ones
}

func (r *reader) subscribers(ctx context.Context) error {
	t := tableOf(r.data, "subscriber")
	if why := t.absent(); why != "" {
		r.out.Subscribers.Absent, r.out.Growth.Absent, r.out.Sources.Absent = why, why, why
		r.out.Domains.Absent, r.out.Ages.Absent, r.out.Recency.Absent = why, why, why
		return nil
	}
	s := newSubscribers(t, r.out.AsOf)
	if err := t.rows(ctx, s.row); err != nil {
		return err
	}
	r.followed = s.followed
	s.report(t, r.out)
	return nil
}

func newSubscribers(t *table, asOf time.Time) *subscribers {
	return &subscribers{asOf: asOf,
		id: t.text("id"), email: t.text("email"), status: t.text("status"), source: t.text("source"),
		sent: t.count("sent"), opens: t.count("opens_count"), openRate: t.share("open_rate"), clickRate: t.share("click_rate"),
		subscribedAt: t.when("subscribed_at"), createdAt: t.when("created_at"), unsubscribedAt: t.when("unsubscribed_at"),
		statuses: newTopCounter(maxStatuses), sources: newTopCounter(maxSources), domains: newTopCounter(maxDomains),
		months: newMonths[Flow](asOf), followed: newSample(maxFollowed)}
}

func (s *subscribers) row(row int) {
	isActive := string(s.status.text(row)) == active
	s.count(&s.all, row, isActive)
	if status := s.status.text(row); len(status) > 0 {
		s.count(s.statuses.of(status), row, isActive)
	}
	if source := s.source.text(row); len(source) > 0 {
		s.count(s.sources.of(source), row, isActive)
	}
	if domain := domainOf(s.email.text(row)); len(domain) > 0 {
		s.count(s.domains.of(domain), row, isActive)
	}
	joined, dated := first(row, s.subscribedAt, s.createdAt)
	s.flow(row, joined, dated)
	if isActive {
		s.followed.add(s.id.text(row))
		s.age(row, joined, dated)
	}
}

func (s *subscribers) count(a *audience, row int, isActive bool) {
	sent := s.sent.int(row)
	a.rows++
	a.sent += sent
	if isActive {
		a.active++
	}
	a.opens.add(s.openRate, row, sent)
	a.clicks.add(s.clickRate, row, sent)
}

// domainOf returns the domain of an address in lower case; empty if it has none.
func domainOf(email []byte) []byte {
	at := bytes.LastIndexByte(email, '@')
	if at < 0 {
		return nil
	}
	return bytes.ToLower(email[at+1:])
}

// flow counts who joined and who left by month. Who has not confirmed yet has not joined.
func (s *subscribers) flow(row int, joined int64, dated bool) {
	switch waiting := !s.subscribedAt.has(row) && string(s.status.text(row)) == unconfirmed; {
	case waiting:
	case !dated:
		s.undated++
	default:
		s.join(joined)
	}
	if s.unsubscribedAt.has(row) {
		if f := s.monthOf(s.unsubscribedAt.int(row)); f != nil {
			f.Unsubscribed++
		}
	}
}

func (s *subscribers) join(at int64) {
	if f := s.monthOf(at); f != nil {
		f.Joined++
	}
}

// monthOf returns where an instant is counted: its month, or what was before the first month; nil if it is after AsOf.
func (s *subscribers) monthOf(micros int64) *Flow {
	f := s.months.at(micros)
	if f == nil && micros < s.asOf.UnixMicro() {
		return &s.earlier
	}
	return f
}

func (s *subscribers) report(t *table, out *Report) {
	out.Subscribers = Subscribers{Audience: s.all.figures(), Statuses: []Count{}}
	if out.Subscribers.Absent = t.lacks("status"); out.Subscribers.Absent == "" {
		for _, v := range s.statuses.sorted()[:min(shownStatuses, len(s.statuses.values))] {
			out.Subscribers.Statuses = append(out.Subscribers.Statuses, Count{v.name, v.rows})
		}
	}
	out.Sources = s.sources.ranking(shownValues, s.all.rows)
	out.Sources.Absent = t.lacks("source")
	out.Domains = s.domains.ranking(shownValues, s.all.rows)
	out.Domains.Absent = t.lacks("email")
	out.Growth = Growth{Earlier: s.earlier, Months: []MonthFlow{}, Undated: s.undated}
	s.months.each(func(m Month, f Flow) { out.Growth.Months = append(out.Growth.Months, MonthFlow{m, f}) })
	if s.subscribedAt == nil && s.createdAt == nil {
		out.Growth.Absent = t.lacks("subscribed_at")
	}
	out.Ages = Ages{Steps: s.ageSteps(), Undated: s.undatedActive}
	out.Ages.Absent = out.Growth.Absent
	if out.Ages.Absent == "" {
		out.Ages.Absent = t.lacks("status")
	}
}
