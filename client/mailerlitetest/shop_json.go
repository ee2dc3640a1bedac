package mailerlitetest

import (
	"fmt"
	"strconv"
)

// No response of a real shop is recorded. The rows are those of the documentation;
// the order of the lists and the end of an order are assumptions.

var shops = collection[*shop]{
	path: "ecommerce/shops", model: `Ecommerce\Shop`,
	of: func(a *Account) *[]*shop { return &a.shops },
	attributes: declare(
		idAttribute("id", func(s *shop) uint64 { return s.id }),
		textAttribute("name", func(s *shop) string { return s.name }),
		textAttribute("url", func(s *shop) string { return s.url }),
		textAttribute("currency", func(s *shop) string { return s.currency }),
		flagAttribute("enabled", func(s *shop) bool { return s.enabled }),
		flagAttribute("enable_popups", func(s *shop) bool { return s.popups }),
		attribute[*shop]{name: "group", append: appendShopGroup},
		timeAttribute("created_at", func(s *shop) stamp { return s.created }),
		timeAttribute("updated_at", func(s *shop) stamp { return s.updated }),
		textAttribute("currency_sign", func(s *shop) string { return s.sign }).only(outside[*shop]),
	),
}

var products = collection[*product]{
	path: "ecommerce/shops/{id}/products", model: `Ecommerce\Product`,
	ofShop: func(s *shop) *[]*product { return &s.products },
	attributes: declare(
		idAttribute("id", func(p *product) uint64 { return p.id }),
		textAttribute("name", func(p *product) string { return p.name }),
		amountAttribute("price", func(p *product) int { return p.cents }),
		textAttribute("url", func(p *product) string { return "https://shop.example.com/p/" + digits(p.id) }),
		textAttribute("image", func(p *product) string { return "https://shop.example.com/p/" + digits(p.id) + ".jpg" }),
		flagAttribute("exclude_from_automations", func(p *product) bool { return p.excluded }),
		textAttribute("short_description", func(p *product) string { return "Short: " + p.name }).only(outside[*product]),
		textAttribute("description", func(p *product) string { return "<p>" + p.name + "</p>\nMade by hand." }).only(outside[*product]),
		attribute[*product]{name: "categories", append: func(b []byte, a *Account, p *product, _ view) []byte {
			return appendRows(b, p.categories, func(b []byte, c *category) []byte { return categories.append(b, a, c, view{inside: true}) })
		}},
	),
}

var categories = collection[*category]{
	path: "ecommerce/shops/{id}/categories", model: `Ecommerce\Category`,
	ofShop: func(s *shop) *[]*category { return &s.categories },
	attributes: declare(
		idAttribute("id", func(c *category) uint64 { return c.id }),
		textAttribute("name", func(c *category) string { return c.name }),
		flagAttribute("exclude_from_automations", func(c *category) bool { return c.excluded }),
		timeAttribute("created_at", func(c *category) stamp { return c.created }),
		timeAttribute("updated_at", func(c *category) stamp { return c.updated }),
	),
}

// A customer repeats the subscriber's row, and changes with it while its own
// updated_at stands still.
var customers = collection[*customer]{
	path: "ecommerce/shops/{id}/customers", model: `Ecommerce\Customer`,
	ofShop: func(s *shop) *[]*customer { return &s.customers },
	attributes: declare(
		idAttribute("id", func(c *customer) uint64 { return c.id }),
		textAttribute("email", func(c *customer) string { return c.email }),
		flagAttribute("accepts_marketing", func(c *customer) bool { return c.marketing }),
		attribute[*customer]{name: "subscriber", append: func(b []byte, a *Account, c *customer, _ view) []byte {
			s := a.find(c.subscriber)
			if s == nil {
				return append(b, "null"...)
			}
			return a.appendSubscriber(b, s, view{groups: true})
		}},
		timeAttribute("created_at", func(c *customer) stamp { return c.created }).only(outside[*customer]),
		timeAttribute("updated_at", func(c *customer) stamp { return c.updated }).only(outside[*customer]),
	),
}

var carts = collection[*cart]{
	path: "ecommerce/shops/{id}/carts", model: `Ecommerce\Cart`,
	ofShop: func(s *shop) *[]*cart { return &s.carts },
	attributes: declare(
		idAttribute("id", func(c *cart) uint64 { return c.id }),
		attribute[*cart]{name: "ecommerce_order_id", append: func(b []byte, _ *Account, c *cart, _ view) []byte {
			if c.order == 0 {
				return append(b, "null"...)
			}
			return appendID(b, c.order)
		}}.only(outside[*cart]),
		textAttribute("checkout_url", func(c *cart) string { return "https://shop.example.com/checkout/" + strconv.FormatUint(mix(c.id), 36) }),
		amountAttribute("cart_total", (*cart).total),
		attribute[*cart]{name: "customer", append: func(b []byte, a *Account, c *cart, _ view) []byte {
			return customers.append(b, a, c.customer, view{inside: true})
		}}.only(outside[*cart]),
		attribute[*cart]{name: "items", append: func(b []byte, a *Account, c *cart, _ view) []byte {
			return appendRows(b, c.items, a.appendItem)
		}},
	),
}

var itemAttributes = declare(
	idAttribute("id", func(i *item) uint64 { return i.id }),
	attribute[*item]{name: "product", append: func(b []byte, a *Account, i *item, _ view) []byte {
		if i.product == nil {
			return append(b, "null"...)
		}
		return products.append(b, a, i.product, view{inside: true})
	}},
	textAttribute("variant", func(i *item) string { return i.variant }),
	countAttribute("quantity", func(i *item) int { return i.quantity }),
	amountAttribute("price", func(i *item) int { return i.cents }),
)

var orders = collection[*order]{
	path: "ecommerce/shops/{id}/orders", model: `Ecommerce\Order`,
	ofShop: func(s *shop) *[]*order { return &s.orders },
	attributes: declare(
		idAttribute("id", func(o *order) uint64 { return o.id }),
		attribute[*order]{name: "shop", append: func(b []byte, a *Account, o *order, _ view) []byte {
			return shops.append(b, a, o.shop, view{inside: true})
		}},
		attribute[*order]{name: "customer", append: func(b []byte, a *Account, o *order, _ view) []byte {
			return customers.append(b, a, o.cart.customer, view{inside: true})
		}},
		attribute[*order]{name: "cart", append: func(b []byte, a *Account, o *order, _ view) []byte {
			return carts.append(b, a, o.cart, view{inside: true})
		}},
		attribute[*order]{name: "status", append: func(b []byte, a *Account, o *order, _ view) []byte {
			if o.complete {
				return append(b, `"complete"`...)
			}
			return append(b, `"pending"`...)
		}},
		attribute[*order]{name: "total_price", append: appendTotalPrice},
		timeAttribute("created_at", func(o *order) stamp { return o.created }),
		timeAttribute("updated_at", func(o *order) stamp { return o.updated }),
	),
}

// appendTotalPrice appends the price as text, or as a number in every fourth order:
// nobody has seen which it is.
func appendTotalPrice(b []byte, _ *Account, o *order, _ view) []byte {
	cents := o.cart.total()
	if o.id%4 == 0 {
		return appendCents(b, int64(cents))
	}
	return fmt.Appendf(b, `"%d.%02d"`, cents/100, cents%100)
}

// appendShopGroup appends the group of a shop's customers, which has fewer
// attributes here than elsewhere.
func appendShopGroup(b []byte, a *Account, s *shop, _ view) []byte {
	g := s.group
	if g == nil || a.findGroup(g.id) != g {
		return append(b, "null"...)
	}
	b = append(appendID(append(b, `{"id":`...), g.id), `,"name":`...)
	b = appendCount(a.appendText(b, g.name), "total", g.members())
	b = appendRate(append(b, `,"open_rate":`...), g.opens, g.sent, 14)
	b = appendRate(append(b, `,"click_rate":`...), g.clicks, g.sent, 14)
	return append(appendStamp(append(b, `,"created_at":`...), g.created), '}')
}

func (a *Account) appendItem(b []byte, i *item) []byte {
	return appendRow(b, a, itemAttributes, i, i.patch, view{})
}

// appendRows appends an array of rows.
func appendRows[T any](b []byte, rows []T, row func([]byte, T) []byte) []byte {
	b = append(b, '[')
	for i, r := range rows {
		if i > 0 {
			b = append(b, ',')
		}
		b = row(b, r)
	}
	return append(b, ']')
}

// amountAttribute is an amount of money, as a number.
func amountAttribute[T any](name string, cents func(T) int) attribute[T] {
	return attribute[T]{name: name, append: func(b []byte, _ *Account, row T, _ view) []byte {
		return appendCents(b, int64(cents(row)))
	}}
}

// outside says whether a row stands for itself.
func outside[T any](_ T, v view) bool { return !v.inside }
