package tables

import (
	"slices"

	"mailerlake/schema"
)

// product declares what the shops sell.
func product() *schema.Table {
	return &schema.Table{
		Name:  "product",
		About: "What the shops sell.",
		Key:   []string{"shop_id", "id"},
		Columns: slices.Concat(
			schema.LinkedKey("shop_id"),
			schema.KeyColumn("id"),
			schema.Texts("name"),
			schema.Amounts("price"),
			schema.Texts("url", "image"),
			schema.Flags("exclude_from_automations"),
			schema.Texts("short_description", "description"),
			schema.Times("created_at", "updated_at"),
		),
		Means: means(`
			shop_id: id of the shop
			id: id of the product
			name: name of the product
			price: price in the shop's currency
			url: address of the product
			image: address of a picture of it
			exclude_from_automations: whether automations leave it out
			short_description: what it is, in short
			description: what it is
			created_at: when the product was added, UTC
			updated_at: when the product was changed last, UTC
		`),
		Expected:   []string{"categories"},
		References: []schema.Reference{toShop()},
		Optional:   true,
		Source:     ofShop("products"),
	}
}
