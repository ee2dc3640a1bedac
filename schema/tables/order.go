package tables

import (
	"slices"

	"mailerlake/schema"
)

// order declares the orders of the shops.
func order() *schema.Table {
	return &schema.Table{
		Name:  "order",
		About: "The orders of the shops.",
		Key:   []string{"shop_id", "id"},
		Columns: slices.Concat(
			schema.LinkedKey("shop_id"),
			schema.KeyColumn("id"),
			schema.Texts("customer.id", "status"),
			schema.Amounts("total_price"),
			schema.Texts("cart.id", "cart.checkout_url"),
			schema.Amounts("cart.cart_total"),
			schema.Times("created_at", "updated_at"),
		),
		Means: means(`
			shop_id: id of the shop
			id: id of the order
			customer_id: id of the customer
			status: pending or complete
			total_price: price of all items in the shop's currency
			cart_id: id of the cart that it came from
			cart_checkout_url: address at which the cart is paid
			cart_cart_total: price of the cart in the shop's currency
			created_at: when the order was made, UTC
			updated_at: when the order was changed last, UTC
		`),
		Expected:   []string{"cart.items"},
		Skip:       []string{"shop"},
		Repeats:    []string{"customer"},
		References: []schema.Reference{toShop(), inShop("customer_id", "customer"), cartOf()},
		Optional:   true,
		Source:     ofShop("orders"),
	}
}

// cartOf says that an order refers to the cart that it came from, which may not be listed any more.
func cartOf() schema.Reference {
	cart := inShop("cart_id", "cart")
	cart.Loose = true
	return cart
}
