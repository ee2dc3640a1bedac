package mailerlitetest

import (
	"slices"
	"strings"
)

// SignUp makes a subscriber a member of a form, as a sign-up does: it raises
// conversions_count and moves last_registration_at.
func (a *Account) SignUp(subscriberID, formID string) bool {
	found := false
	a.change(func() {
		f, s := findRow(a.forms, formID), a.find(parseID(subscriberID))
		if f != nil && s != nil {
			f.signUp(s, a.tick())
			found = true
		}
	})
	return found
}

// AddOrder adds an order of some customer to a shop, with its cart, and returns its
// id, "shop id/order id". It is "" if there is no such shop.
func (a *Account) AddOrder(shopID string) string {
	return a.addToShop(shopID, func(g *generator, s *shop) *base { return &g.addOrder(s, g.addCart(s, g.at), g.at).base })
}

// AddCart adds an open cart to a shop and returns its id like AddOrder.
func (a *Account) AddCart(shopID string) string {
	return a.addToShop(shopID, func(g *generator, s *shop) *base { return &g.addCart(s, g.at).base })
}

// AddProduct adds a product to a shop and returns its id like AddOrder.
func (a *Account) AddProduct(shopID, name string) string {
	return a.addToShop(shopID, func(g *generator, s *shop) *base { return &g.addProduct(s, name, g.at, false).base })
}

func (a *Account) addToShop(shopID string, add func(*generator, *shop) *base) string {
	id := ""
	a.change(func() {
		s := findRow(a.shops, shopID)
		if s == nil {
			return
		}
		g := a.generatorOf("added")
		g.at = a.tick()
		if len(s.customers) == 0 {
			g.addCustomer(s, g.at)
		}
		id = shopID + "/" + digits(add(g, s).id)
	})
	return id
}

// SetCategory puts a product, given as "shop id/product id", into a category of its
// shop or takes it out. The result is false if nothing changed.
func (a *Account) SetCategory(productID, categoryID string, in bool) bool {
	done := false
	a.change(func() {
		shopID, _, _ := strings.Cut(productID, "/")
		p, c := products.find(a, productID), categories.find(a, shopID+"/"+categoryID)
		if p == nil || c == nil || slices.Contains(p.categories, c) == in {
			return
		}
		done = true
		if in {
			p.categories = append(slices.Clip(p.categories), c)
			return
		}
		p.leave(c)
	})
	return done
}
