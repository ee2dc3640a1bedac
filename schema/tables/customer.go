package tables

import (
	"slices"

	"mailerlake/schema"
)

// customer declares the customers of the shops.
func customer() *schema.Table {
	return &schema.Table{
		Name:  "customer",
		About: "The customers of the shops.",
		Key:   []string{"shop_id", "id"},
		Columns: slices.Concat(
			schema.LinkedKey("shop_id"),
			schema.KeyColumn("id"),
			schema.Texts("email"),
			schema.Flags("accepts_marketing"),
			schema.Texts("subscriber.id"),
			schema.Times("created_at", "updated_at"),
		),
		Means: means(`
			shop_id: id of the shop
			id: id of the customer
			email: address of the customer
			accepts_marketing: whether the customer agreed to be written to
			subscriber_id: id of the subscriber who the customer is
			created_at: when the customer was added, UTC
			updated_at: when the customer was changed last, UTC
		`),
		Address:    "email",
		Repeats:    []string{"subscriber"},
		References: []schema.Reference{toShop(), {Column: "subscriber_id", Table: "subscriber"}},
		Optional:   true,
		Source:     ofShop("customers"),
	}
}
