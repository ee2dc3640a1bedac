package tables

import (
	"slices"

	"mailerlake/schema"
)

// orderItem declares what was ordered. Its rows are nested in the orders.
func orderItem() *schema.Table {
	return &schema.Table{
		Name:       "order_item",
		About:      "What was ordered: the items of the orders.",
		Key:        []string{"shop_id", "order_id", "id"},
		Columns:    slices.Concat(schema.LinkedKey("shop_id"), schema.LinkedKey("order_id"), schema.In("cart.items", itemColumns())),
		Means:      means(itemMeans, "order_id: id of the order"),
		Repeats:    []string{"cart.items.product"},
		References: []schema.Reference{toShop(), inShop("order_id", "order"), inShop("product_id", "product")},
		Optional:   true,
		Source:     &schema.Nested{In: schema.Link{Table: "order", Columns: []string{"shop_id", "order_id"}}, Attribute: "cart.items"},
	}
}

// itemColumns are the columns of an item of an order or a cart.
func itemColumns() []schema.Column {
	return slices.Concat(
		schema.KeyColumn("id"),
		schema.Texts("product.id", "variant"),
		schema.Counts("quantity"),
		schema.Amounts("price"),
	)
}

const itemMeans = `
	shop_id: id of the shop
	id: id of the item
	product_id: id of the product
	variant: variant of the product
	quantity: pieces
	price: price of one piece in the shop's currency
`
