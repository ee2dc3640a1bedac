package page

import (
	"math"
	"strings"

	"mailerlake/export/insights"
)

// colors of the statuses that are known.
var statusColors = map[string]string{"active": "c1", "unsubscribed": "c2", "unconfirmed": "c3", "bounced": "c4", "junk": "c5"}

func statuses(r *insights.Report) *node {
	s := &r.Subscribers
	return section("Subscribers by status", "", s.Section, func(n *node) {
		var rows [][]any
		for _, c := range s.Statuses {
			color := statusColors[c.Name]
			if color == "" {
				color = "c6"
			}
			rows = append(rows, []any{el("span", class("nowrap"), swatch(color), name(c.Name)), bar(float64(c.Rows), float64(s.Audience.Subscribers), color), whole(c.Rows), of(c.Rows, s.Audience.Subscribers)})
		}
		n.add(table([]col{texts("Status"), bars(""), numbers("People"), numbers("Share")}, rows))
	})
}

func ages(r *insights.Report) *node {
	a := &r.Ages
	return section("Engagement by time on the list", "Active subscribers by how long ago they subscribed, and how they read what was sent to them since.", a.Section, func(n *node) {
		var rows [][]any
		for _, s := range a.Steps {
			silent := none
			if s.Silent != nil {
				silent = of(*s.Silent, s.Subscribers)
			}
			rows = append(rows, []any{span(s.From, s.Until), whole(s.Subscribers), rateBar(s.OpenRate, "c1"), percent(s.OpenRate), percent(s.ClickRate), silent})
		}
		n.add(table([]col{texts("Subscribed"), numbers("Active"), bars(""), numbers("Opens"), numbers("Clicks"), numbers("Never opened")}, rows))
		n.add(el("p", class("muted"), "Opens and clicks are the rates that MailerLite gives for each subscriber, weighted by e-mails sent. "+
			"Never opened: e-mails were sent, none was opened."))
	})
}

// rateBar draws a share; nothing if it is not known.
func rateBar(share *float64, color string) *node {
	if share == nil {
		return bar(0, 1, color)
	}
	return bar(*share, 1, color)
}

func growth(r *insights.Report) *node {
	g := &r.Growth
	about := "Who joined, by the date of subscription, and who unsubscribed. People who have not confirmed yet, or were deleted from the account, are in neither."
	return section("Growth by month", about, g.Section, func(n *node) {
		months := byMonth(g.Months, func(f insights.MonthFlow) insights.Month { return f.Month })
		from := lastMonths(r, 1)[0]
		if len(g.Months) > 0 {
			from = g.Months[0].Month
		}
		t := timelineOf(r, from)
		joined, left := t.over(func(m insights.Month) float64 { return float64(months[m].Joined) }), t.over(func(m insights.Month) float64 { return -float64(months[m].Unsubscribed) })
		c := chart{title: "Subscribers who joined and unsubscribed, by month", labels: t.labels(), every: 3, panels: []panel{{height: panelHeight, least: 1,
			unit:   func(v float64) string { return short(math.Abs(v)) },
			stacks: []series{{"Joined", "c1", joined}, {"Unsubscribed", "c2", left}},
			tip: func(i int) string {
				f := months[t[i]]
				return tipOf(monthName(t[i]), whole(f.Joined)+" joined", whole(f.Unsubscribed)+" unsubscribed")
			}}}}
		n.add(c.draw(), details("Numbers", growthTable(g, months, t)))
	})
}

func growthTable(g *insights.Growth, months map[insights.Month]insights.MonthFlow, t timeline) *node {
	var rows [][]any
	row := func(head string, f insights.Flow) {
		rows = append(rows, []any{head, whole(f.Joined), whole(f.Unsubscribed), signed(f.Joined - f.Unsubscribed)})
	}
	for i := len(t) - 1; i >= 0; i-- {
		row(monthName(t[i]), months[t[i]].Flow)
	}
	earlier := g.Earlier
	for _, m := range g.Months {
		if after(t[0], m.Month) {
			earlier.Joined, earlier.Unsubscribed = earlier.Joined+m.Joined, earlier.Unsubscribed+m.Unsubscribed
		}
	}
	if earlier != (insights.Flow{}) {
		row("Earlier", earlier)
	}
	return table([]col{texts("Month"), numbers("Joined"), numbers("Unsubscribed"), numbers("Net")}, rows)
}

func sources(r *insights.Report) *node {
	return ranking("Sources", "Where subscribers came from.", "Source", &r.Sources)
}

func domains(r *insights.Report) *node {
	return ranking("E-mail domains", "Where subscribers have their mailboxes.", "Domain", &r.Domains)
}

func ranking(title, about, what string, k *insights.Ranking) *node {
	return section(title, about, k.Section, func(n *node) {
		var rows [][]any
		all := k.Others
		for _, v := range k.Top {
			all += v.Subscribers
		}
		for _, v := range k.Top {
			rows = append(rows, []any{name(v.Name), bar(float64(v.Subscribers), float64(k.Top[0].Subscribers), "c1"), whole(v.Subscribers), of(v.Active, v.Subscribers), percent(v.OpenRate)})
		}
		if k.Others > 0 {
			rows = append(rows, []any{el("span", class("muted"), "others, or none"), bar(float64(k.Others), float64(all), "c6"), whole(k.Others), "", ""})
		}
		n.add(table([]col{texts(what), bars(""), numbers("People"), numbers("Active"), numbers("Opens")}, rows))
		if k.Values == 0 && k.Error > 0 {
			n.add(el("p", class("muted"), "There are too many different values to count all: each number may be up to "+whole(k.Error)+" too low."))
		}
	})
}

func groups(r *insights.Report) *node {
	g := &r.Groups
	return section("Groups", groupsAbout(r), g.Section, func(n *node) {
		if len(g.Top) == 0 {
			n.add(el("p", class("absent"), "The account has no groups."))
			return
		}
		var rows [][]any
		for _, x := range g.Top {
			rows = append(rows, []any{name(x.Name), bar(float64(x.Active), float64(g.Top[0].Active), "c1"), whole(x.Active), whole(x.Unsubscribed), whole(x.Sent), percent(x.OpenRate), percent(x.ClickRate)})
		}
		n.add(table([]col{texts("Group"), bars(""), numbers("Active"), numbers("Unsubscribed"), numbers("Sent"), numbers("Opens"), numbers("Clicks")}, rows))
	})
}

func groupsAbout(r *insights.Report) string {
	g := &r.Groups
	about := []string{"The groups with most active members, and the rates of the e-mails that were sent to their members."}
	if int64(len(g.Top)) < g.Groups {
		about = append(about, whole(int64(len(g.Top)))+" of "+whole(g.Groups)+" groups are shown.")
	}
	if g.Grouped != nil && r.Subscribers.Audience.Subscribers > 0 {
		about = append(about, whole(max(0, r.Subscribers.Audience.Subscribers-*g.Grouped))+" of "+whole(r.Subscribers.Audience.Subscribers)+" subscribers, of any status, are in no group.")
	}
	return strings.Join(about, " ")
}
