package mailerlitetest

import (
	"slices"
	"strings"
)

// shop is a web shop that is connected to the account. The ids of its rows are
// unique within the shop only: another shop may have the same.
type shop struct {
	base
	name, url, currency, sign string
	enabled, popups           bool
	group                     *group // of its customers; may have been deleted
	created, updated          stamp
	products                  []*product
	categories                []*category
	customers                 []*customer
	orders                    []*order
	carts                     []*cart // open ones, and those of the orders
	lasts                     struct{ product, category, customer, order, cart uint64 }
}

type product struct {
	base
	name       string
	cents      int
	excluded   bool // from automations; nobody buys these
	categories []*category
}

type category struct {
	base
	name             string
	excluded         bool // from automations
	created, updated stamp
}

type customer struct {
	base
	email            string
	subscriber       uint64 // id; 0, or that of a deleted one: null
	marketing        bool
	created, updated stamp
}

// cart becomes a part of an order when it is paid for, and stays a cart.
type cart struct {
	base
	order    uint64 // id; 0 while open
	customer *customer
	items    []*item
}

// item is a line of a cart. The price is that of the day of buying.
type item struct {
	base
	product  *product // nil if it has been deleted
	variant  string
	quantity int
	cents    int
}

type order struct {
	base
	shop             *shop
	cart             *cart
	complete         bool
	created, updated stamp
}

// addItem adds a line to a cart. A line of another cart may have the same id.
func (c *cart) addItem(p *product, quantity int) {
	i := &item{product: p, quantity: quantity, cents: p.cents, variant: productVariants[int(p.id>>3)%len(productVariants)]}
	i.id = c.id + 1
	if n := len(c.items); n > 0 {
		i.id = c.items[n-1].id + 1
	}
	c.items = append(c.items, i)
}

func (c *cart) total() int {
	cents := 0
	for _, i := range c.items {
		cents += i.quantity * i.cents
	}
	return cents
}

// members returns the products of a category, id ascending.
func (c *category) members(s *shop) []*product {
	var members []*product
	for _, p := range s.products {
		if slices.Contains(p.categories, c) {
			members = append(members, p)
		}
	}
	return members
}

func (p *product) leave(c *category) {
	p.categories = slices.DeleteFunc(slices.Clone(p.categories), func(o *category) bool { return o == c })
}

func (s *shop) removeCategory(c *category) {
	s.categories = slices.DeleteFunc(slices.Clone(s.categories), func(o *category) bool { return o == c })
	for _, p := range s.products {
		p.leave(c)
	}
}

// shopRoutes are the endpoints of the shops. An id of a row of a shop is
// "shop id/id", that of an item "shop id/cart id/id".
var shopRoutes = []route{
	{"GET", "ecommerce/shops", shops.serveList},
	{"GET", "ecommerce/shops/{id}", shops.serveRow},
	{"GET", "ecommerce/shops/{id}/products", products.serveList},
	{"GET", "ecommerce/shops/{id}/products/{id}", products.serveRow},
	{"GET", "ecommerce/shops/{id}/categories", categories.serveList},
	{"GET", "ecommerce/shops/{id}/categories/{id}", categories.serveRow},
	{"GET", "ecommerce/shops/{id}/categories/{id}/products", (*Account).listCategoryProducts},
	{"GET", "ecommerce/shops/{id}/customers", customers.serveList},
	{"GET", "ecommerce/shops/{id}/customers/{id}", customers.serveRow},
	{"GET", "ecommerce/shops/{id}/orders", orders.serveList},
	{"GET", "ecommerce/shops/{id}/orders/{id}", orders.serveRow},
	{"GET", "ecommerce/shops/{id}/carts", carts.serveList},
	{"GET", "ecommerce/shops/{id}/carts/{id}", carts.serveRow},
	{"GET", "ecommerce/shops/{id}/carts/{id}/items", (*Account).listCartItems},
	{"GET", "ecommerce/shops/{id}/carts/{id}/items/{id}", (*Account).getCartItem},
}

func (a *Account) listCategoryProducts(b []byte, q query, id string) (int, []byte) {
	shopID, categoryID, _ := strings.Cut(id, "/")
	c := categories.find(a, id)
	if c == nil {
		return a.notFound(b, categories.model, categoryID)
	}
	return pageOf(a, b, q, pageList[*product]{
		path: "ecommerce/shops/" + shopID + "/categories/" + categoryID + "/products",
		rule: "/ecommerce/shops/{id}/categories/{id}/products",
		rows: newestFirst(c.members(findRow(a.shops, shopID))),
		row:  func(b []byte, p *product) []byte { return products.append(b, a, p, view{inside: true}) },
	})
}

func (a *Account) listCartItems(b []byte, q query, id string) (int, []byte) {
	shopID, cartID, _ := strings.Cut(id, "/")
	c := carts.find(a, id)
	if c == nil {
		return a.notFound(b, carts.model, cartID)
	}
	return pageOf(a, b, q, pageList[*item]{
		path: "ecommerce/shops/" + shopID + "/carts/" + cartID + "/items",
		rule: "/ecommerce/shops/{id}/carts/{id}/items", rows: newestFirst(c.items),
		row: a.appendItem,
	})
}

func (a *Account) getCartItem(b []byte, _ query, id string) (int, []byte) {
	_, i := a.findItem(id)
	if i == nil {
		return a.notFound(b, `Ecommerce\CartItem`, id[strings.LastIndexByte(id, '/')+1:])
	}
	return single(b, func(b []byte) []byte { return a.appendItem(b, i) })
}

// findItem returns the cart and the item of an id "shop id/cart id/id", or nil.
func (a *Account) findItem(id string) (*cart, *item) {
	last := max(0, strings.LastIndexByte(id, '/'))
	c := carts.find(a, id[:last])
	if c == nil {
		return nil, nil
	}
	return c, findRow(c.items, id[last+1:])
}

var categoryProduct = []string{"shop_id", "category_id", "product_id"}

func (a *Account) eachCategoryProduct(f rowFunc) {
	for _, s := range a.shops {
		for _, c := range s.categories {
			for _, p := range c.members(s) {
				id := digits(s.id) + "/" + digits(c.id) + "/" + digits(p.id)
				if !f(id, func(b []byte) []byte { return appendIDs(b, categoryProduct, s.id, c.id, p.id) }) {
					return
				}
			}
		}
	}
}

func (a *Account) eachOrderItem(f rowFunc) {
	for _, s := range a.shops {
		for _, o := range s.orders {
			if !a.eachItem(s, o.cart, "order_id", o.id, f) {
				return
			}
		}
	}
}

func (a *Account) eachCartItem(f rowFunc) {
	for _, s := range a.shops {
		for _, c := range s.carts {
			if !a.eachItem(s, c, "cart_id", c.id, f) {
				return
			}
		}
	}
}

// eachItem calls f for the items of a cart as rows of a parent, the cart or its
// order, and returns false if f did.
func (a *Account) eachItem(s *shop, c *cart, parent string, parentID uint64, f rowFunc) bool {
	for _, i := range c.items {
		row := func(b []byte) []byte {
			return appendKeyed(b, "shop_id", s.id, func(b []byte) []byte {
				return appendKeyed(b, parent, parentID, func(b []byte) []byte { return a.appendItem(b, i) })
			})
		}
		if !f(digits(s.id)+"/"+digits(parentID)+"/"+digits(i.id), row) {
			return false
		}
	}
	return true
}
