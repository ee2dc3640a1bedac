package tables

import (
	"slices"

	"mailerlake/schema"
)

// shop declares the shops of the account. What they sell, to whom and when is listed shop by shop.
func shop() *schema.Table {
	return &schema.Table{
		Name:  "shop",
		About: "The shops that are connected to the account.",
		Key:   []string{"id"},
		Columns: slices.Concat(
			schema.KeyColumn("id"),
			schema.Texts("name", "url", "currency", "currency_sign"),
			schema.Flags("enabled", "enable_popups"),
			schema.Texts("group.id"),
			schema.Times("created_at", "updated_at"),
		),
		Means: means(`
			id: id of the shop
			name: name of the shop
			url: address of the shop
			currency: its currency, ISO 4217 code: USD
			currency_sign: sign of its currency: $
			enabled: whether it is in use
			enable_popups: whether popups are shown in it
			group_id: id of the group that its customers are put into
			created_at: when the shop was connected, UTC
			updated_at: when the shop was changed last, UTC
		`),
		Repeats:    []string{"group"},
		References: []schema.Reference{{Column: "group_id", Table: "group"}},
		Optional:   true,
		Source: &schema.List{
			Path:   "/ecommerce/shops",
			Paging: schema.ByPage,
			Limits: []int{100, 50, 25},
			Item:   "/ecommerce/shops/{id}",
		},
	}
}

// ofShop returns the list of a shop at a path below it, and one row of it.
func ofShop(list string) *schema.List {
	return &schema.List{
		Path:   "/ecommerce/shops/{shop_id}/" + list,
		Paging: schema.ByPage,
		Limits: []int{100, 50, 25},
		Item:   "/ecommerce/shops/{shop_id}/" + list + "/{id}",
		Per:    &schema.Link{Table: "shop", Columns: []string{"shop_id"}},
	}
}

// toShop says that rows refer to their shop.
func toShop() schema.Reference { return schema.Reference{Column: "shop_id", Table: "shop"} }

// inShop says that a column refers to a row of the same shop.
func inShop(column, table string) schema.Reference {
	return schema.Reference{Column: column, Table: table, Within: []string{"shop_id"}}
}
