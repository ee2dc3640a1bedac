package insights_test

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"mailerlake/export/insights"
)

// someone is a subscriber of the model.
type someone struct {
	id, email, status, source string
	sent, opens               int
	openRate, clickRate       any // percent
	subscribed, created, left any // times
}

// mailing is a campaign of the model.
type mailing struct {
	id, status                   string
	at                           time.Time
	sent, opened, clicked, unsub int
	recipients                   map[string]bool // who it was sent to, and whether they opened it
}

func randomPeople(r *rand.Rand, n int) (people []someone) {
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	for i := range n {
		s := someone{id: fmt.Sprintf("1%06d", i), status: pick("active", "active", "active", "unsubscribed", "bounced", "unconfirmed"), source: pick("api", "import", "webform")}
		s.email = fmt.Sprintf("p%d@%s", i, pick("Example.com", "example.com", "mail.example", fmt.Sprintf("d%d.example", r.IntN(40)), "a@b.example"))
		if r.IntN(50) == 0 {
			s.email = "nobody"
		}
		if s.sent = r.IntN(20); s.sent > 0 {
			s.opens = r.IntN(5)
			s.openRate, s.clickRate = float64(r.IntN(10000))/100, float64(r.IntN(5000))/100
		}
		at := now.Add(-time.Duration(r.Int64N(int64(13 * 365 * 24 * time.Hour))))
		switch r.IntN(10) {
		case 0:
			s.created = at
		case 1:
		default:
			s.subscribed, s.created = at, at.Add(-time.Hour)
		}
		if s.status == "unsubscribed" {
			s.left = now.Add(-time.Duration(r.Int64N(int64(900 * 24 * time.Hour))))
		}
		people = append(people, s)
	}
	return people
}

func randomMailings(r *rand.Rand, n int, people []someone) (list []mailing) {
	for i := range n {
		m := mailing{id: fmt.Sprintf("2%06d", i), status: []string{"sent", "sent", "draft"}[r.IntN(3)], recipients: map[string]bool{}}
		if m.status == "sent" {
			m.at = now.Add(-time.Duration(r.Int64N(int64(700 * 24 * time.Hour))))
			for _, s := range people {
				if r.IntN(4) == 0 {
					m.recipients[s.id] = r.IntN(6) == 0
				}
			}
		}
		m.sent = len(m.recipients)
		for _, opened := range m.recipients {
			if opened {
				m.opened++
			}
		}
		m.clicked, m.unsub = m.opened/2, m.opened/9
		list = append(list, m)
	}
	return list
}

// putModel writes the model as tables.
func (l *lake) putModel(people []someone, mailings []mailing) {
	l.put("subscriber", 1, subscriberColumns, len(people), func(row int) []any {
		s := people[row]
		return []any{s.id, s.email, s.status, s.source, s.sent, s.opens, s.openRate, s.clickRate, s.subscribed, s.created, s.left}
	})
	l.put("campaign", 1, campaignColumns, len(mailings), func(row int) []any {
		m := mailings[row]
		var at any
		if !m.at.IsZero() {
			at = m.at
		}
		return []any{m.id, "Campaign " + m.id, m.status, at, at, m.sent, m.opened, m.clicked, m.unsub}
	})
	var rows [][]any
	for _, m := range mailings {
		for _, id := range slices.Sorted(maps.Keys(m.recipients)) {
			rows = append(rows, []any{m.id, id, id, m.recipients[id]})
		}
	}
	l.put("campaign_activity", 2, activityColumns, len(rows), func(row int) []any { return rows[row] })
}

// TestFigures compares the figures of random accounts with what loops over the model find.
func TestFigures(t *testing.T) {
	for seed := range uint64(4) {
		r := rand.New(rand.NewPCG(seed, 1))
		people := randomPeople(r, 50+r.IntN(1500))
		mailings := randomMailings(r, 30, people)
		l := newLake(t)
		l.putModel(people, mailings)
		got := l.read()
		checkAudiences(t, got, people)
		checkGrowth(t, &got.Growth, people)
		checkAges(t, &got.Ages, people)
		checkRecency(t, &got.Recency, people, mailings)
		checkCampaigns(t, &got.Campaigns, mailings)
	}
}

// near compares sums of floats that may have been added up in another order.
var near = cmpopts.EquateApprox(0, 1e-9)

// audienceOf adds up the subscribers that a function chooses.
func audienceOf(people []someone, chosen func(someone) bool) insights.Audience {
	var a insights.Audience
	var opens, clicks float64
	for _, s := range people {
		if !chosen(s) {
			continue
		}
		a.Subscribers++
		if s.status == "active" {
			a.Active++
		}
		if a.Sent += int64(s.sent); s.sent > 0 {
			opens += s.openRate.(float64) * float64(s.sent) / 100
			clicks += s.clickRate.(float64) * float64(s.sent) / 100
		}
	}
	if a.Sent > 0 {
		opens, clicks = opens/float64(a.Sent), clicks/float64(a.Sent)
		a.OpenRate, a.ClickRate = &opens, &clicks
	}
	return a
}

func checkAudiences(t *testing.T, got *insights.Report, people []someone) {
	t.Helper()
	if d := gocmp.Diff(audienceOf(people, func(someone) bool { return true }), got.Subscribers.Audience, near); d != "" {
		t.Errorf("subscribers (-want +got)\n%s", d)
	}
	if d := gocmp.Diff(rank(people, 10, func(s someone) string { return s.status }).Top, rankedStatuses(got, people), near); d != "" {
		t.Errorf("statuses (-want +got)\n%s", d)
	}
	if d := gocmp.Diff(rank(people, 12, func(s someone) string { return s.source }), got.Sources, near); d != "" {
		t.Errorf("sources (-want +got)\n%s", d)
	}
	domain := func(s someone) string {
		if at := strings.LastIndex(s.email, "@"); at >= 0 {
			return strings.ToLower(s.email[at+1:])
		}
		return ""
	}
	if d := gocmp.Diff(rank(people, 12, domain), got.Domains, near); d != "" {
		t.Errorf("domains (-want +got)\n%s", d)
	}
}

// rankedStatuses gives the statuses the form of a ranking.
func rankedStatuses(got *insights.Report, people []someone) (list []insights.Ranked) {
	for _, c := range got.Subscribers.Statuses {
		a := audienceOf(people, func(s someone) bool { return s.status == c.Name })
		a.Subscribers = c.Rows
		list = append(list, insights.Ranked{Name: c.Name, Audience: a})
	}
	return list
}

func rank(people []someone, n int, value func(someone) string) insights.Ranking {
	values := map[string]bool{}
	for _, s := range people {
		values[value(s)] = true
	}
	delete(values, "")
	k := insights.Ranking{Values: int64(len(values)), Others: int64(len(people))}
	for v := range values {
		k.Top = append(k.Top, insights.Ranked{Name: v, Audience: audienceOf(people, func(s someone) bool { return value(s) == v })})
	}
	slices.SortFunc(k.Top, func(a, b insights.Ranked) int {
		return cmp.Or(cmp.Compare(b.Subscribers, a.Subscribers), cmp.Compare(a.Name, b.Name))
	})
	k.Top = k.Top[:min(n, len(k.Top))]
	for _, v := range k.Top {
		k.Others -= v.Subscribers
	}
	return k
}

func checkGrowth(t *testing.T, got *insights.Growth, people []someone) {
	t.Helper()
	var earlier insights.Flow
	var undated int64
	months := map[string]insights.Flow{}
	first := now.AddDate(0, -119, 1-now.Day()).Format("2006-01")
	note := func(at any, do func(*insights.Flow)) {
		month := at.(time.Time).Format("2006-01")
		if month < first {
			do(&earlier)
			return
		}
		f := months[month]
		do(&f)
		months[month] = f
	}
	for _, s := range people {
		switch joined := func(f *insights.Flow) { f.Joined++ }; {
		case s.subscribed != nil:
			note(s.subscribed, joined)
		case s.status == "unconfirmed": // has not joined yet
		case s.created != nil:
			note(s.created, joined)
		default:
			undated++
		}
		if s.left != nil {
			note(s.left, func(f *insights.Flow) { f.Unsubscribed++ })
		}
	}
	if got.Earlier != earlier || got.Undated != undated {
		t.Errorf("got %+v before the first month and %d undated, want %+v and %d", got.Earlier, got.Undated, earlier, undated)
	}
	for _, m := range got.Months {
		text, _ := m.Month.MarshalText()
		if m.Flow != months[string(text)] {
			t.Errorf("%s: got %+v, want %+v", text, m.Flow, months[string(text)])
		}
		delete(months, string(text))
	}
	if len(months) > 0 {
		t.Errorf("the months lack %v", months)
	}
}

func checkAges(t *testing.T, got *insights.Ages, people []someone) {
	t.Helper()
	for _, step := range got.Steps {
		silent := int64(0)
		in := func(s someone) bool {
			at := s.subscribed
			if at == nil {
				at = s.created
			}
			if at == nil || s.status != "active" {
				return false
			}
			days := now.Sub(at.(time.Time)).Hours() / 24
			return days >= float64(step.From) && (step.Until == 0 || days < float64(step.Until))
		}
		for _, s := range people {
			if in(s) && s.sent > 0 && s.opens == 0 {
				silent++
			}
		}
		want := insights.AgeStep{From: step.From, Until: step.Until, Audience: audienceOf(people, in), Silent: &silent}
		if d := gocmp.Diff(want, step, near); d != "" {
			t.Errorf("age from %d days (-want +got)\n%s", step.From, d)
		}
	}
}

func checkRecency(t *testing.T, got *insights.Recency, people []someone, mailings []mailing) {
	t.Helper()
	want := insights.Recency{Steps: slices.Clone(got.Steps)}
	for i := range want.Steps {
		want.Steps[i].Subscribers = 0
	}
	for _, s := range people {
		if s.status != "active" {
			continue
		}
		want.Followed++
		sent, last := false, math.Inf(1)
		for _, m := range mailings {
			opened, to := m.recipients[s.id]
			if sent = sent || to; opened {
				last = min(last, now.Sub(m.at).Hours()/24)
			}
		}
		switch {
		case !math.IsInf(last, 1):
			i := slices.IndexFunc(want.Steps, func(s insights.RecencyStep) bool { return s.Until == 0 || last < float64(s.Until) })
			want.Steps[i].Subscribers++
		case sent:
			want.Never++
		default:
			want.Unsent++
		}
	}
	if d := gocmp.Diff(want, *got); d != "" {
		t.Errorf("recency (-want +got)\n%s", d)
	}
}

func checkCampaigns(t *testing.T, got *insights.Campaigns, mailings []mailing) {
	t.Helper()
	var sent []mailing
	var total, opened, inMonths int64
	for _, m := range mailings {
		if m.status == "sent" {
			sent = append(sent, m)
			total, opened = total+int64(m.sent), opened+int64(m.opened)
		}
	}
	for _, m := range got.Months {
		inMonths += m.Campaigns
	}
	n := int64(len(sent))
	if got.Sent != n || got.Unsent != int64(len(mailings))-n || got.Total.Sent != total || got.Total.Opened != opened || inMonths != n {
		t.Errorf("got %d sent (%d in months), %d unsent, %+v; want %d sent, %d e-mails, %d opened", got.Sent, inMonths, got.Unsent, got.Total, n, total, opened)
	}
	slices.SortFunc(sent, func(a, b mailing) int { return b.at.Compare(a.at) })
	for i, c := range got.Recent {
		if c.ID != sent[i].id || c.Sent != int64(sent[i].sent) || c.Sent > 0 && *c.OpenRate != float64(sent[i].opened)/float64(sent[i].sent) {
			t.Errorf("campaign %d is %+v, want %+v", i, c, sent[i])
		}
	}
	sent = slices.DeleteFunc(sent, func(m mailing) bool { return m.sent < int(got.Floor) })
	slices.SortStableFunc(sent, func(a, b mailing) int { return cmp.Compare(b.opened*a.sent, a.opened*b.sent) })
	for i, c := range got.Best {
		if c.ID != sent[i].id {
			t.Errorf("best campaign %d is %s, want %s", i, c.ID, sent[i].id)
		}
	}
	if len(got.Best) != min(12, len(sent)) {
		t.Errorf("got %d best campaigns of %d", len(got.Best), len(sent))
	}
}
