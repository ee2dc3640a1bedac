package insights

import (
	"cmp"
	"context"
)

const shownAutomations = 15

func (r *reader) automations(ctx context.Context) error {
	t := tableOf(r.data, "automation")
	out := &r.out.Automations
	if out.Absent = t.absent("name"); out.Absent != "" {
		return nil
	}
	id, name, enabled, emails := t.text("id"), t.text("name"), t.flag("enabled"), t.count("emails_count")
	completed, queued := t.count("stats_completed_subscribers_count"), t.count("stats_subscribers_in_queue_count")
	sent, left, opens, clicks := t.count("stats_sent"), t.count("stats_unsubscribes_count"), t.share("stats_open_rate_float"), t.share("stats_click_rate_float")
	top := best[Automation]{n: shownAutomations, compare: func(a, b Automation) int {
		return cmp.Or(cmp.Compare(b.Sent, a.Sent), cmp.Compare(b.Completed, a.Completed), cmp.Compare(a.ID, b.ID))
	}}
	err := t.rows(ctx, func(row int) {
		a := Automation{ID: string(id.text(row)), Name: string(name.text(row)), Enabled: enabled.int(row) == 1, Emails: emails.int(row),
			Completed: completed.int(row), Queued: queued.int(row), Sent: sent.int(row), Unsubscribed: left.int(row)}
		if a.Sent > 0 {
			a.OpenRate, a.ClickRate = opens.pointer(row), clicks.pointer(row)
		}
		out.Automations++
		if a.Enabled {
			out.Enabled++
		}
		top.put(a)
	})
	out.Top = append([]Automation{}, top.kept...)
	if out.Automations == 0 {
		out.Absent = "The account has no automations."
	}
	return err
}
