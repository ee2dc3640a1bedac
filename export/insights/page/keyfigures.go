package page

import (
	"math"

	"mailerlake/export/insights"
)

// keyFigures are the numbers that come first.
func keyFigures(r *insights.Report) *node {
	n := el("div", class("keys"))
	if s := r.Subscribers; s.Absent == "" {
		n.add(key("Active subscribers", whole(s.Active), "of "+whole(s.Subscribers)+" in the account"))
	}
	if r.Growth.Absent == "" {
		n.add(lastMonth(r))
	}
	if r.Campaigns.Absent == "" {
		n.add(lastYear(r))
	}
	if r.Revenue.Absent == "" {
		n.add(sales(r))
	}
	if len(n.kids) == 0 {
		return nil
	}
	return n
}

func key(label, value, about string) *node {
	return el("div", class("key"), el("span", class("label"), label), el("b", nil, value), el("span", class("muted"), about))
}

// lastMonth sums up the last month that has ended.
func lastMonth(r *insights.Report) *node {
	m := before(insights.Month{Year: r.AsOf.UTC().Year(), Month: r.AsOf.UTC().Month()})
	f := byMonth(r.Growth.Months, func(f insights.MonthFlow) insights.Month { return f.Month })[m]
	return key("Growth in "+monthName(m), signed(f.Joined-f.Unsubscribed), whole(f.Joined)+" joined, "+whole(f.Unsubscribed)+" unsubscribed")
}

// lastYear are the rates of the campaigns of the last twelve months.
func lastYear(r *insights.Report) []*node {
	months, sum, campaigns := byMonth(r.Campaigns.Months, monthOfSending), insights.Sending{}, int64(0)
	for _, m := range lastMonths(r, 12) {
		campaigns += months[m].Campaigns
		sum.Sent, sum.Opened, sum.Clicked = sum.Sent+months[m].Sent, sum.Opened+months[m].Opened, sum.Clicked+months[m].Clicked
	}
	about := "of " + whole(sum.Sent) + " campaign e\u2011mails in 12 months"
	var keys []*node
	if r.Campaigns.Total.OpenRate != nil {
		keys = append(keys, key("Open rate", of(sum.Opened, sum.Sent), about))
	}
	if r.Campaigns.Total.ClickRate != nil {
		keys = append(keys, key("Click rate", of(sum.Clicked, sum.Sent), about))
	}
	return keys
}

func monthOfSending(s insights.MonthSending) insights.Month { return s.Month }

// lastMonths returns so many months up to that of the report, the last one first.
func lastMonths(r *insights.Report, n int) []insights.Month {
	list := []insights.Month{{Year: r.AsOf.UTC().Year(), Month: r.AsOf.UTC().Month()}}
	for len(list) < n {
		list = append(list, before(list[len(list)-1]))
	}
	return list
}

// sales is the revenue of the last twelve months in the currency of most orders.
func sales(r *insights.Report) *node {
	c, orders, total := r.Revenue.Currencies[0], int64(0), 0.0
	months := byMonth(c.Months, monthOfSales)
	for _, m := range lastMonths(r, 12) {
		orders, total = orders+months[m].Orders, total+months[m].Total
	}
	return key("Revenue in "+currencyName(c.Currency), whole(int64(math.Round(total))), whole(orders)+" orders in 12 months")
}

func monthOfSales(s insights.MonthSales) insights.Month { return s.Month }

func currencyName(code string) string {
	if code = shortened(plain(code), 8); code != "" {
		return code
	}
	return "unknown currency"
}
