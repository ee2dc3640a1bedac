package insights

import (
	"cmp"
	"context"
	"time"
)

const (
	shownCampaigns = 12
	// floor is how many recipients a campaign must have to be ranked by its open rate: a rate of a few says little.
	floor = 100
	// maxCampaigns is how many campaigns are followed to their recipients.
	maxCampaigns = 100_000
)

// campaigns are the columns of the table of campaigns.
type campaigns struct {
	id, name, status  *column
	started, finished *column
	sending           sendingColumns
	months            *months[MonthSending]
	recent, best      best[CampaignFacts]
	sentAt            map[uint64]int64 // when the campaigns were sent, by the hash of their ids
}

func (r *reader) campaigns(ctx context.Context) error {
	t := tableOf(r.data, "campaign")
	if r.out.Campaigns.Absent = t.absent("name", "status", "stats_sent"); r.out.Campaigns.Absent != "" {
		return nil
	}
	c := newCampaigns(t, r.out.AsOf)
	if err := t.rows(ctx, func(row int) { c.row(row, &r.out.Campaigns) }); err != nil {
		return err
	}
	c.report(&r.out.Campaigns)
	r.sentAt = c.sentAt
	return nil
}

func newCampaigns(t *table, asOf time.Time) *campaigns {
	newest := func(a, b CampaignFacts) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.ID, b.ID)) }
	c := &campaigns{id: t.text("id"), name: t.text("name"), status: t.text("status"),
		started: t.when("started_at"), finished: t.when("finished_at"), sending: sendingOf(t),
		months: newMonths[MonthSending](asOf), sentAt: map[uint64]int64{}}
	c.recent = best[CampaignFacts]{n: shownCampaigns, compare: newest}
	c.best = best[CampaignFacts]{n: shownCampaigns, compare: func(a, b CampaignFacts) int {
		return cmp.Or(cmp.Compare(*b.OpenRate, *a.OpenRate), newest(a, b))
	}}
	return c
}

func (c *campaigns) row(row int, out *Campaigns) {
	if string(c.status.text(row)) != "sent" {
		out.Unsent++
		return
	}
	f := CampaignFacts{ID: string(c.id.text(row)), Name: string(c.name.text(row)), Sending: c.sending.at(row)}
	out.Sent++
	out.Total.add(f.Sending)
	if at, known := first(row, c.started, c.finished); known {
		f.At = time.UnixMicro(at).UTC()
		if len(c.sentAt) < maxCampaigns {
			c.sentAt[hash(c.id.text(row))] = at
		}
		c.recent.put(f)
		if m := c.months.at(at); m != nil {
			m.Campaigns++
			m.add(f.Sending)
		}
	}
	if f.Sent >= floor && f.OpenRate != nil {
		c.best.put(f)
	}
}

func (c *campaigns) report(out *Campaigns) {
	out.Total = c.sending.rated(out.Total)
	out.Recent, out.Best, out.Floor = append([]CampaignFacts{}, c.recent.kept...), append([]CampaignFacts{}, c.best.kept...), floor
	out.Months = []MonthSending{}
	c.months.each(func(m Month, s MonthSending) {
		if s.Campaigns > 0 {
			s.Month, s.Sending = m, c.sending.rated(s.Sending)
			out.Months = append(out.Months, s)
		}
	})
	if out.Sent == 0 {
		out.Absent = "No campaign was sent yet."
	}
}
