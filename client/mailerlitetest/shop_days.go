package mailerlitetest

import (
	"fmt"
	"slices"
)

var (
	productNames = []string{
		"Cornflower seeds", "Watering can, 5 l", "Gartenschere", "Sėklų rinkinys", "Straw hat \"Ona\"", "Tea & honey", "鉢", "Compost 40 l", "Rake",
		"<b>Wool</b> gloves", "Lavender", "Bird house", "Ölkanne", "Twine 50 m", "Rosebush", "Bee hotel",
	}
	productVariants = []string{"", "blue", "XL / green", "2 kg", "žalia"}
	categoryNames   = []string{"Seeds", "Tools", "Gifts & more", "Kleidung", "Nauja", "Sale <50%", "Books"}
	shopNames       = []string{"Kornblume Shop", "Wholesale", "Sėklų krautuvė", "Outlet"}
	currencies      = [][2]string{{"EUR", "€"}, {"USD", "$"}, {"GBP", "£"}, {"PLN", "zł"}}
)

// makeShops adds the shops of day 0. Their rows have ids that grow from the same
// start, so that two shops share some.
func (g *generator) makeShops() {
	a := g.a
	for i, n := 0, a.opt.Shops; i < n; i++ {
		s := &shop{name: numbered(shopNames, i), currency: currencies[i%4][0], sign: currencies[i%4][1], enabled: i%3 != 2, created: g.moment(i, n)}
		s.id, s.updated = uint64(560+13*i), s.created
		s.url = fmt.Sprintf("https://shop-%d.example.com", i+1)
		if len(a.groups) > 0 {
			s.group = a.groups[i%len(a.groups)]
		}
		a.shops = append(a.shops, s)
		for k, n := 0, max(0, a.opt.Products+3)/4; k < n; k++ {
			g.addCategory(s, numbered(categoryNames, k), g.moment(k, n))
		}
		for k, n := 0, a.opt.Products; k < n; k++ {
			g.addProduct(s, numbered(productNames, k), g.moment(k, n), k%6 == 5)
		}
		for k, n := 0, a.opt.Orders; k < n; k++ {
			at := g.moment(k, n)
			if k%3 != 2 || len(s.customers) == 0 {
				g.addCustomer(s, at)
			}
			c := g.addCart(s, at)
			if k%5 != 4 {
				g.addOrder(s, c, at+60)
				continue
			}
			g.addOrder(s, g.addCart(s, at), at+60) // the first one stays open
		}
	}
}

func (g *generator) addCategory(s *shop, name string, at stamp) *category {
	c := &category{name: name, excluded: g.chance(10), created: at, updated: at}
	c.id = g.a.nextID(&s.lasts.category, at)
	s.categories = append(s.categories, c)
	return c
}

// addProduct adds a product that is in up to three categories.
func (g *generator) addProduct(s *shop, name string, at stamp, excluded bool) *product {
	p := &product{name: name, cents: 50 * (1 + g.below(500)), excluded: excluded}
	if g.chance(30) {
		p.cents--
	}
	p.id = g.a.nextID(&s.lasts.product, at)
	for n := min(len(s.categories), g.below(4)); n > 0; n-- {
		if c := s.categories[g.below(len(s.categories))]; !slices.Contains(p.categories, c) {
			p.categories = append(p.categories, c)
		}
	}
	s.products = append(s.products, p)
	return p
}

// addCustomer adds a customer, who most often is a subscriber too.
func (g *generator) addCustomer(s *shop, at stamp) *customer {
	c := &customer{marketing: g.chance(70), created: at, updated: at}
	c.id = g.a.nextID(&s.lasts.customer, at)
	if n := len(g.a.subs); n > 0 && g.chance(80) {
		sub := g.a.subs[g.below(n)]
		c.subscriber, c.email = sub.id, sub.email
	} else {
		c.email = g.email(c.id)
	}
	s.customers = append(s.customers, c)
	return c
}

// addCart adds an open cart of some customer. It is empty if nothing is for sale.
func (g *generator) addCart(s *shop, at stamp) *cart {
	c := &cart{customer: s.customers[g.below(len(s.customers))]}
	c.id = g.a.nextID(&s.lasts.cart, at)
	s.carts = append(s.carts, c)
	for n, tries := 1+g.below(3), 0; len(s.products) > 0 && len(c.items) < n && tries < 20; tries++ {
		if p := s.products[g.below(len(s.products))]; !p.excluded {
			c.addItem(p, 1+g.below(3))
		}
	}
	return c
}

// addOrder makes an order of an open cart.
func (g *generator) addOrder(s *shop, c *cart, at stamp) *order {
	o := &order{shop: s, cart: c, complete: g.chance(85), created: at, updated: at}
	o.id = g.a.nextID(&s.lasts.order, at)
	c.order = o.id
	s.orders = append(s.orders, o)
	return o
}

func (d *day) shopEvents() {
	for _, s := range d.a.shops {
		d.stockEvents(s)
		if d.a.opt.Orders > 0 {
			d.orderEvents(s)
		}
		if d.number%6 == 0 {
			s.popups, s.updated = !s.popups, d.someTime()
		}
	}
}

// stockEvents changes prices, adds a product on two days of three, moves one to
// another category, and now and then deletes a product that nobody has bought, or
// adds, renames or deletes a category.
func (d *day) stockEvents(s *shop) {
	if d.a.opt.Products <= 0 {
		return
	}
	for range len(s.products)/16 + min(1, len(s.products)) {
		s.products[d.below(len(s.products))].cents += 25 * (1 + d.below(20))
	}
	if d.number%3 != 0 {
		d.addProduct(s, fmt.Sprintf("%s of day %d", productNames[d.below(len(productNames))], d.number), d.someTime(), d.chance(50))
	}
	if d.number%3 == 2 && len(s.products) > 5 {
		if i := slices.IndexFunc(s.products, func(p *product) bool { return p.excluded }); i >= 0 {
			s.products = slices.Delete(s.products, i, i+1)
		}
	}
	if d.number%4 == 1 {
		d.addCategory(s, fmt.Sprintf("%s %d", categoryNames[d.below(len(categoryNames))], d.number), d.someTime())
	}
	if len(s.categories) == 0 {
		return
	}
	c := s.categories[d.below(len(s.categories))]
	switch p := s.products[d.below(len(s.products))]; {
	case d.number%4 == 2:
		c.name, c.updated = fmt.Sprintf("%s (%d)", c.name, d.number), d.someTime()
	case d.number%4 == 3 && len(s.categories) > 7:
		s.removeCategory(slices.MinFunc(s.categories, func(x, y *category) int { return len(x.members(s)) - len(y.members(s)) }))
	case slices.Contains(p.categories, c):
		p.leave(c)
	default:
		p.categories = append(slices.Clip(p.categories), c)
	}
}

// orderEvents completes pending orders, makes orders of open and of new carts, and
// leaves some new carts open.
func (d *day) orderEvents(s *shop) {
	n := 1 + int(float64(len(s.orders))*d.a.opt.Churn/50)
	d.first(n, len(s.orders), func(i int) bool {
		o := s.orders[i]
		if o.complete {
			return false
		}
		o.complete, o.updated = true, d.someTime()
		return true
	})
	d.first((n+1)/2, len(s.carts), func(i int) bool {
		if s.carts[i].order != 0 {
			return false
		}
		d.addOrder(s, s.carts[i], d.part(1, 4))
		return true
	})
	for i := range n {
		at := d.part(4*(i+1), 4*(n+2))
		d.addCustomer(s, at)
		if d.chance(60) {
			d.addOrder(s, d.addCart(s, at), at)
		} else {
			d.addCart(s, at)
		}
	}
	c := s.customers[d.below(len(s.customers))]
	c.marketing, c.updated = !c.marketing, d.someTime()
}

// first calls f for the numbers from 0 to below end, until it has been true n times.
func (d *day) first(n, end int, f func(int) bool) {
	for i := 0; i < end && n > 0; i++ {
		if f(i) {
			n--
		}
	}
}

// part returns the time when a part of the day has passed.
func (d *day) part(of, whole int) stamp { return d.begin + stamp(secondsPerDay*of/whole) }
