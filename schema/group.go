package schema

import "slices"

// groupTable declares the groups that subscribers are put into. Rates are 0 to 1.
func groupTable() *Table {
	return &Table{
		Name:  "group",
		Key:   []string{"id"},
		Order: []string{"id"},
		Columns: slices.Concat(
			key("id"),
			texts("name"),
			counts("active_count", "sent_count", "opens_count"),
			rates("open_rate"),
			counts("clicks_count"),
			rates("click_rate"),
			counts("unsubscribed_count", "unconfirmed_count", "bounced_count", "junk_count"),
			times("created_at"),
			flags("processing", "used_in_forms", "used_in_sites"),
		),
		Source: Source{
			Path:   "/groups",
			Paging: ByPage,
			Limits: []int{1000, 250, 100, 25},
			Item:   "/groups/{id}",
			After:  true,
		},
	}
}
