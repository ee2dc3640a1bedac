package schema

import (
	"net/url"
	"slices"
)

// subscriberTable declares the people on the account's lists, of every status. Rates are percent, 0 to 100.
func subscriberTable() *Table {
	return &Table{
		Name:  "subscriber",
		Key:   []string{"id"},
		Order: []string{"id"},
		Columns: slices.Concat(
			key("id"),
			texts("email", "status", "source"),
			counts("sent", "opens_count", "clicks_count"),
			columns(Double, "open_rate", "click_rate"),
			texts("ip_address"),
			times("subscribed_at", "unsubscribed_at", "created_at", "updated_at", "opted_in_at"),
			texts("optin_ip"),
		),
		Open:   "fields",
		Always: []string{"fields", "groups"},
		Source: Source{
			Path:   "/subscribers",
			Paging: ByCursor,
			Params: url.Values{"include": {"groups"}},
			Limits: []int{1000, 100, 25},
			Counts: eachStatus(subscriberStatuses...),
			Item:   "/subscribers/{id}",
		},
	}
}
