package tables

import (
	"slices"

	"mailerlake/schema"
)

// category declares the categories of the shops' products.
func category() *schema.Table {
	return &schema.Table{
		Name:  "category",
		About: "The categories of the shops' products.",
		Key:   []string{"shop_id", "id"},
		Columns: slices.Concat(
			schema.LinkedKey("shop_id"),
			schema.KeyColumn("id"),
			schema.Texts("name"),
			schema.Flags("exclude_from_automations"),
			schema.Times("created_at", "updated_at"),
		),
		Means: means(`
			shop_id: id of the shop
			id: id of the category
			name: name of the category
			exclude_from_automations: whether automations leave its products out
			created_at: when the category was added, UTC
			updated_at: when the category was changed last, UTC
		`),
		References: []schema.Reference{toShop()},
		Optional:   true,
		Source:     ofShop("categories"),
	}
}
