package tables

import (
	"slices"

	"mailerlake/schema"
)

// cartItem declares what is in the carts. Its rows are nested in the carts.
func cartItem() *schema.Table {
	return &schema.Table{
		Name:       "cart_item",
		About:      "What is in the carts.",
		Key:        []string{"shop_id", "cart_id", "id"},
		Columns:    slices.Concat(schema.LinkedKey("shop_id"), schema.LinkedKey("cart_id"), schema.In("items", itemColumns())),
		Means:      means(itemMeans, "cart_id: id of the cart"),
		Repeats:    []string{"items.product"},
		References: []schema.Reference{toShop(), inShop("cart_id", "cart"), inShop("product_id", "product")},
		Optional:   true,
		Source:     &schema.Nested{In: schema.Link{Table: "cart", Columns: []string{"shop_id", "cart_id"}}, Attribute: "items"},
	}
}
