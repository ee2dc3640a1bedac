package insights

import "context"

// recencyLimits are the ages, in days, that steps end before; 0 has no end.
var recencyLimits = [...]int{30, 90, 180, 365, 0}

// recency follows active subscribers through the campaigns that were sent to them. It comes after the tables of subscribers
// and campaigns.
func (r *reader) recency(ctx context.Context) error {
	out := &r.out.Recency
	if out.Absent != "" {
		return nil
	}
	if out.Absent = r.recencyAbsent(); out.Absent != "" {
		return nil
	}
	t := tableOf(r.data, "campaign_activity")
	campaign, subscriber, opened := t.text("campaign_id"), t.text("subscriber_id"), t.flag("opened")
	var last []byte
	var sentAt int64
	var known bool
	err := t.rows(ctx, func(row int) {
		if id := campaign.text(row); last == nil || string(id) != string(last) {
			last = append(last[:0], id...)
			sentAt, known = r.sentAt[hash(id)]
		}
		if known {
			r.followed.received(subscriber.text(row), sentAt, opened.int(row) == 1)
		}
	})
	r.followed.report(r.out.AsOf.UnixMicro(), out)
	return err
}

func (r *reader) recencyAbsent() string {
	if why := tableOf(r.data, "subscriber").lacks("status"); why != "" {
		return why
	}
	if why := tableOf(r.data, "campaign").absent("status", "started_at"); why != "" {
		return why
	}
	switch {
	case len(r.sentAt) == 0:
		return "No campaign was sent yet."
	case len(r.sentAt) == maxCampaigns:
		return "There are too many campaigns to follow each to its recipients."
	}
	return tableOf(r.data, "campaign_activity").absent("campaign_id", "subscriber_id", "opened")
}

func (s *sample) report(asOf int64, out *Recency) {
	from := 0
	for _, days := range recencyLimits {
		out.Steps = append(out.Steps, RecencyStep{From: from, Until: days})
		from = days
	}
	for _, p := range s.people {
		switch {
		case p.opened:
			out.Steps[stepOf(asOf-p.last, recencyLimits[:])].Subscribers++
		case p.sent:
			out.Never++
		default:
			out.Unsent++
		}
	}
	out.Followed, out.Sampled = int64(len(s.people)), s.sampled()
}
