package mailerlitetest

import (
	"fmt"
	"slices"
	"strings"
)

// listRow is what a test may do with the rows of a table beside the core tables.
// Each takes an id as IDs gives it.
type listRow struct {
	find   func(a *Account, id string) *base // nil if there is no such row
	touch  func(a *Account, id string, at stamp)
	remove func(a *Account, id string)
}

// rowsOf returns the listRow of a collection; touch changes a row at a time.
func rowsOf[T based](c collection[T], touch func(row T, at stamp), removed func(a *Account, s *shop, row T)) listRow {
	return listRow{
		find: func(a *Account, id string) *base {
			row := c.find(a, id)
			if isNil(row) {
				return nil
			}
			return row.self()
		},
		touch: func(a *Account, id string, at stamp) { touch(c.find(a, id), at) },
		remove: func(a *Account, id string) {
			shopID, _, _ := strings.Cut(id, "/")
			row := c.remove(a, id)
			if removed != nil {
				removed(a, findRow(a.shops, shopID), row)
			}
		},
	}
}

var itemRow = listRow{
	find: func(a *Account, id string) *base {
		_, i := a.findItem(id)
		if i == nil {
			return nil
		}
		return &i.base
	},
	touch: func(a *Account, id string, _ stamp) {
		_, i := a.findItem(id)
		i.quantity++
	},
	remove: func(a *Account, id string) {
		c, i := a.findItem(id)
		c.items = slices.DeleteFunc(slices.Clone(c.items), func(o *item) bool { return o == i })
	},
}

var rowsByTable = map[string]listRow{
	"segment": rowsOf(segments, func(g *segment, _ stamp) { g.name += "*" }, nil),
	"form":    rowsOf(forms, func(f *form, _ stamp) { f.name += "*" }, nil),
	"webhook": rowsOf(webhooks, func(w *webhook, at stamp) { w.fire(at, 200) }, nil),
	"import":  rowsOf(imports, func(r *importRun, at stamp) { r.changed = at }, nil),
	"shop":    rowsOf(shops, func(s *shop, at stamp) { s.popups, s.updated = !s.popups, at }, nil),
	"product": rowsOf(products, func(p *product, _ stamp) { p.cents += 25 }, (*Account).forgetProduct),
	"category": rowsOf(categories, func(c *category, at stamp) { c.name, c.updated = c.name+"*", at },
		func(_ *Account, s *shop, c *category) { s.removeCategory(c) }),
	"customer": rowsOf(customers, func(c *customer, at stamp) { c.marketing, c.updated = !c.marketing, at }, (*Account).forgetCustomer),
	"order": rowsOf(orders, func(o *order, at stamp) { o.complete, o.updated = !o.complete, at },
		func(_ *Account, _ *shop, o *order) { o.cart.order = 0 }),
	"cart": rowsOf(carts, func(c *cart, _ stamp) { c.touch() },
		func(_ *Account, s *shop, c *cart) {
			s.orders = slices.DeleteFunc(slices.Clone(s.orders), func(o *order) bool { return o.cart == c })
		}),
	"cart_item": itemRow,
	"order_item": {
		find:   func(a *Account, id string) *base { return itemRow.find(a, a.cartItemID(id)) },
		touch:  func(a *Account, id string, at stamp) { itemRow.touch(a, a.cartItemID(id), at) },
		remove: func(a *Account, id string) { itemRow.remove(a, a.cartItemID(id)) },
	},
}

func (c *cart) touch() {
	if len(c.items) == 0 {
		c.customer.marketing = !c.customer.marketing
		return
	}
	c.items[0].quantity++
}

// cartItemID returns the id of an item of an order as an item of its cart.
func (a *Account) cartItemID(id string) string {
	parts := strings.Split(id, "/")
	if len(parts) != 3 {
		return ""
	}
	o := orders.find(a, parts[0]+"/"+parts[1])
	if o == nil {
		return ""
	}
	return parts[0] + "/" + digits(o.cart.id) + "/" + parts[2]
}

// forgetProduct leaves the items of a deleted product without one.
func (a *Account) forgetProduct(s *shop, p *product) {
	for _, c := range s.carts {
		for _, i := range c.items {
			if i.product == p {
				i.product = nil
			}
		}
	}
}

// forgetCustomer deletes the carts and orders of a deleted customer.
func (a *Account) forgetCustomer(s *shop, c *customer) {
	s.orders = slices.DeleteFunc(slices.Clone(s.orders), func(o *order) bool { return o.cart.customer == c })
	s.carts = slices.DeleteFunc(slices.Clone(s.carts), func(o *cart) bool { return o.customer == c })
}

// DeleteRow deletes a row of a table of lists and shops: segment, form, webhook,
// import, shop, product, category, customer, order, order_item, cart or cart_item. The
// id is as IDs gives it, say "560/12". What belongs to the row goes too: members,
// the rows of a shop, the orders and carts of a customer, the order of a cart. The
// items of a product stay, with the product null, and the cart of an order is open again.
func (a *Account) DeleteRow(table, id string) bool {
	found := false
	a.change(func() {
		if r := rowOf(table); r.find(a, id) != nil {
			r.remove(a, id)
			found = true
		}
	})
	return found
}

// TouchRow changes a row of one of DeleteRow's tables as the account's owner or a
// visitor might: a price, a name, a quantity, a call of a webhook. If the row has an
// updated_at, it moves. An empty cart changes only with its customer.
func (a *Account) TouchRow(table, id string) bool {
	found := false
	a.change(func() {
		if r := rowOf(table); r.find(a, id) != nil {
			r.touch(a, id, a.tick())
			found = true
		}
	})
	return found
}

func rowOf(table string) listRow {
	r, ok := rowsByTable[table]
	if !ok {
		panic(fmt.Sprintf("mailerlitetest: rows of table %q cannot be changed this way", table))
	}
	return r
}

// onRow calls f for what all rows of DeleteRow's tables have.
func (a *Account) onRow(table, id string, f func(*base)) bool {
	found := false
	a.change(func() {
		if r := rowOf(table).find(a, id); r != nil {
			f(r)
			found = true
		}
	})
	return found
}
