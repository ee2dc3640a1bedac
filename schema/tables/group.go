package tables

import (
	"slices"

	"mailerlake/schema"
)

// group declares the groups that subscribers are put into. Rates are 0 to 1.
func group() *schema.Table {
	return &schema.Table{
		Name: "group",
		Key:  []string{"id"},
		Columns: slices.Concat(
			schema.KeyColumn("id"),
			schema.Texts("name"),
			schema.Counts("active_count", "sent_count", "opens_count"),
			schema.Rates("open_rate"),
			schema.Counts("clicks_count"),
			schema.Rates("click_rate"),
			schema.Counts("unsubscribed_count", "unconfirmed_count", "bounced_count", "junk_count"),
			schema.Times("created_at"),
			schema.Flags("processing", "used_in_forms", "used_in_sites"),
		),
		Source: &schema.List{
			Path:   "/groups",
			Paging: schema.ByPage,
			Limits: []int{1000, 250, 100, 25},
			Item:   "/groups/{id}",
		},
	}
}
