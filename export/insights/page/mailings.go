package page

import (
	"math"
	"strconv"

	"mailerlake/export/insights"
)

func campaigns(r *insights.Report) *node {
	c := &r.Campaigns
	about := whole(c.Sent) + " campaigns were sent, " + whole(c.Unsent) + " are drafts or ready. Rates are recipients who opened or clicked, of the e-mails sent."
	return section("Campaigns", about, c.Section, func(n *node) {
		if len(c.Months) > 0 {
			n.add(campaignChart(r), el("h3", nil, "The latest"))
		}
		n.add(campaignTable(c.Recent))
	})
}

func campaignChart(r *insights.Report) []*node {
	months := byMonth(r.Campaigns.Months, monthOfSending)
	t := timelineOf(r, r.Campaigns.Months[0].Month)
	rate := func(of func(insights.Sending) *float64) []float64 {
		return t.over(func(m insights.Month) float64 {
			if share := of(months[m].Sending); share != nil {
				return 100 * *share
			}
			return math.NaN()
		})
	}
	lines := []series{{"Open rate", "c1", rate(func(s insights.Sending) *float64 { return s.OpenRate })},
		{"Click rate", "c2", rate(func(s insights.Sending) *float64 { return s.ClickRate })}}
	sent := t.over(func(m insights.Month) float64 { return float64(months[m].Sent) })
	tip := func(i int) string {
		s := months[t[i]]
		return tipOf(monthName(t[i]), count(int(s.Campaigns), "campaign", "campaigns"), whole(s.Sent)+" e-mails", percent(s.OpenRate)+" opened", percent(s.ClickRate)+" clicked")
	}
	c := chart{title: "Open and click rates and e-mails sent, by month", labels: t.labels(), every: 3, panels: []panel{
		{height: panelHeight, lines: lines, tip: tip, unit: func(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) + "%" }},
		{height: panelHeight / 2, stacks: []series{{"E-mails sent", "c6", sent}}, tip: tip, unit: short, least: 1}}}
	var rows [][]any
	for i := len(t) - 1; i >= 0; i-- {
		if s := months[t[i]]; s.Campaigns > 0 {
			rows = append(rows, []any{monthName(t[i]), whole(s.Campaigns), whole(s.Sent), percent(s.OpenRate), percent(s.ClickRate), whole(s.Unsubscribed)})
		}
	}
	return []*node{c.draw(), details("Numbers", table([]col{texts("Month"), numbers("Campaigns"), numbers("E-mails"), numbers("Opened"), numbers("Clicked"), numbers("Unsubscribed")}, rows))}
}

func campaignTable(list []insights.CampaignFacts) *node {
	var rows [][]any
	for _, c := range list {
		at := none
		if !c.At.IsZero() {
			at = c.At.Format("2 Jan 2006")
		}
		rows = append(rows, []any{name(c.Name), el("span", class("nowrap"), at), whole(c.Sent), rateBar(c.OpenRate, "c1"), percent(c.OpenRate), percent(c.ClickRate), whole(c.Unsubscribed)})
	}
	return table([]col{texts("Campaign"), texts("Sent on"), numbers("E-mails"), bars(""), numbers("Opened"), numbers("Clicked"), numbers("Unsubscribed")}, rows)
}

func best(r *insights.Report) *node {
	c := &r.Campaigns
	if c.Absent != "" || len(c.Best) == 0 {
		return nil
	}
	about := "By open rate, of the campaigns with at least " + whole(c.Floor) + " e-mails: the rate of a smaller one says little."
	return section("Best campaigns", about, c.Section, func(n *node) { n.add(campaignTable(c.Best)) })
}

func recency(r *insights.Report) *node {
	y := &r.Recency
	about := "Active subscribers by when the last campaign that they opened was sent. MailerLite does not say when it was opened."
	if y.Sampled {
		about += " Estimated from an even sample of " + whole(y.Followed) + " subscribers."
	}
	return section("When they last opened a campaign", about, y.Section, func(n *node) {
		var rows [][]any
		row := func(label string, people int64, color string) {
			cells := []any{label, bar(float64(people), float64(y.Followed), color), whole(people), of(people, y.Followed)}
			if y.Sampled {
				cells = append(cells[:2], cells[3])
			}
			rows = append(rows, cells)
		}
		for i, s := range y.Steps {
			row(ago(s), s.Subscribers, []string{"c1", "c1", "c3", "c3", "c2"}[min(i, 4)])
		}
		row("never, though some were sent", y.Never, "c4")
		row("none was sent to them", y.Unsent, "c6")
		cols := []col{texts("Last opened"), bars(""), numbers("People"), numbers("Share")}
		if y.Sampled {
			cols = append(cols[:2], cols[3])
		}
		n.add(table(cols, rows))
	})
}

// ago writes how long ago a campaign was sent.
func ago(s insights.RecencyStep) string { return span(s.From, s.Until) + " ago" }

func automations(r *insights.Report) *node {
	a := &r.Automations
	about := whole(a.Enabled) + " of " + whole(a.Automations) + " automations are running. Those that sent most:"
	return section("Automations", about, a.Section, func(n *node) {
		var rows [][]any
		for _, x := range a.Top {
			state := el("span", class("tag off"), "off")
			if x.Enabled {
				state = el("span", class("tag on"), "on")
			}
			rows = append(rows, []any{name(x.Name), state, whole(x.Sent), rateBar(x.OpenRate, "c1"), percent(x.OpenRate), percent(x.ClickRate), whole(x.Completed), whole(x.Queued)})
		}
		n.add(table([]col{texts("Automation"), texts(""), numbers("E-mails"), bars(""), numbers("Opens"), numbers("Clicks"), numbers("Completed"), numbers("In it now")}, rows))
	})
}
