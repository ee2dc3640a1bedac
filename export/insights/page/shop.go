package page

import "mailerlake/export/insights"

// shownCurrencies is how many currencies have a chart.
const shownCurrencies = 4

func revenue(r *insights.Report) *node {
	v := &r.Revenue
	about := "Complete orders of " + count(int(v.Shops), "shop", "shops") + ", by currency."
	if v.Pending > 0 {
		about += " Orders that are not complete (" + whole(v.Pending) + ") are left out."
	}
	return section("Revenue", about, v.Section, func(n *node) {
		for _, c := range v.Currencies[:min(shownCurrencies, len(v.Currencies))] {
			n.add(sold(r, c))
		}
		if len(v.Currencies) > shownCurrencies {
			n.add(el("h3", nil, "Other currencies"), otherCurrencies(v.Currencies[shownCurrencies:]))
		}
	})
}

func sold(r *insights.Report, c insights.Currency) []*node {
	currency := currencyName(c.Currency)
	heading := el("h3", nil, currency, el("span", class("muted"), " "+money(c.Total, "")+" in "+count(int(c.Orders), "order", "orders")))
	if len(c.Months) == 0 {
		return []*node{heading}
	}
	months := byMonth(c.Months, monthOfSales)
	t := timelineOf(r, c.Months[0].Month)
	values := t.over(func(m insights.Month) float64 { return months[m].Total })
	ch := chart{title: "Revenue in " + currency + ", by month", labels: t.labels(), every: 3, panels: []panel{{height: panelHeight * 0.7, unit: short,
		stacks: []series{{"Revenue in " + currency, "c1", values}},
		tip: func(i int) string {
			return tipOf(monthName(t[i]), money(months[t[i]].Total, c.Currency), count(int(months[t[i]].Orders), "order", "orders"))
		}}}}
	var rows [][]any
	for i := len(t) - 1; i >= 0; i-- {
		m := months[t[i]]
		mean := none
		if m.Orders > 0 {
			mean = money(m.Total/float64(m.Orders), "")
		}
		rows = append(rows, []any{monthName(t[i]), whole(m.Orders), money(m.Total, ""), mean})
	}
	return []*node{heading, ch.draw(), details("Numbers", table([]col{texts("Month"), numbers("Orders"), numbers("Revenue"), numbers("For each order")}, rows))}
}

func otherCurrencies(list []insights.Currency) *node {
	var rows [][]any
	for _, c := range list {
		rows = append(rows, []any{currencyName(c.Currency), whole(c.Orders), money(c.Total, "")})
	}
	return table([]col{texts("Currency"), numbers("Orders"), numbers("Revenue")}, rows)
}
