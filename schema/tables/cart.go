package tables

import (
	"slices"

	"mailerlake/schema"
)

// cart declares the carts of the shops.
func cart() *schema.Table {
	return &schema.Table{
		Name:  "cart",
		About: "The carts of the shops.",
		Key:   []string{"shop_id", "id"},
		Columns: slices.Concat(
			schema.LinkedKey("shop_id"),
			schema.KeyColumn("id"),
			schema.Texts("ecommerce_order_id", "checkout_url"),
			schema.Amounts("cart_total"),
			schema.Texts("customer.id"),
		),
		Means: means(`
			shop_id: id of the shop
			id: id of the cart
			ecommerce_order_id: id of the order that it became
			checkout_url: address at which it is paid
			cart_total: price of all items in the shop's currency
			customer_id: id of the customer
		`),
		Expected:   []string{"items"},
		Repeats:    []string{"customer"},
		References: []schema.Reference{toShop(), inShop("customer_id", "customer"), inShop("ecommerce_order_id", "order")},
		Optional:   true,
		Source:     ofShop("carts"),
	}
}
