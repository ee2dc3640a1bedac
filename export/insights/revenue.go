package insights

import (
	"cmp"
	"context"
	"maps"
	"slices"
)

// maxShops is how many shops are told apart.
const maxShops = 100_000

// sales adds up the orders in one currency.
type sales struct {
	orders int64
	total  float64
	months *months[MonthSales]
}

func (r *reader) revenue(ctx context.Context) error {
	out := &r.out.Revenue
	orders := tableOf(r.data, "order")
	if out.Absent = cmp.Or(tableOf(r.data, "shop").absent(), orders.absent("status", "total_price", "created_at")); out.Absent != "" {
		return nil
	}
	currencies, err := r.shops(ctx)
	if err != nil || out.Absent != "" {
		return err
	}
	shop, status, price, at := orders.text("shop_id"), orders.text("status"), orders.share("total_price"), orders.when("created_at")
	totals := map[string]*sales{}
	err = orders.rows(ctx, func(row int) {
		if string(status.text(row)) != "complete" {
			out.Pending++
			return
		}
		currency := currencies[string(shop.text(row))]
		s := totals[currency]
		if s == nil {
			s = &sales{months: newMonths[MonthSales](r.out.AsOf)}
			totals[currency] = s
		}
		s.add(price.float(row), at, row)
	})
	out.report(totals)
	return err
}

// shops returns the currency of each shop.
func (r *reader) shops(ctx context.Context) (map[string]string, error) {
	out, t := &r.out.Revenue, tableOf(r.data, "shop")
	id, currency := t.text("id"), t.text("currency")
	currencies := map[string]string{}
	err := t.rows(ctx, func(row int) {
		if out.Shops++; out.Shops <= maxShops {
			currencies[string(id.text(row))] = string(currency.text(row))
		}
	})
	switch {
	case out.Shops == 0:
		out.Absent = "The account has no shops."
	case out.Shops > maxShops:
		out.Absent = "There are too many shops to tell their currencies apart."
	}
	return currencies, err
}

func (s *sales) add(price float64, at *column, row int) {
	s.orders++
	s.total += price
	if !at.has(row) {
		return
	}
	if m := s.months.at(at.int(row)); m != nil {
		m.Orders++
		m.Total += price
	}
}

// report lists the currencies, the one with most orders first.
func (out *Revenue) report(totals map[string]*sales) {
	out.Currencies = []Currency{}
	for _, currency := range slices.Sorted(maps.Keys(totals)) {
		s := totals[currency]
		c := Currency{Currency: currency, Orders: s.orders, Total: s.total, Months: []MonthSales{}}
		s.months.each(func(m Month, sales MonthSales) {
			sales.Month = m
			c.Months = append(c.Months, sales)
		})
		out.Currencies = append(out.Currencies, c)
	}
	slices.SortStableFunc(out.Currencies, func(a, b Currency) int { return cmp.Compare(b.Orders, a.Orders) })
	if len(totals) == 0 {
		out.Absent = "The shops have no complete orders."
	}
}
