package tables

import (
	"net/url"
	"slices"

	"mailerlake/schema"
)

// subscriber declares the people on the account's lists, of every status. Rates are percent, 0 to 100.
func subscriber() *schema.Table {
	return &schema.Table{
		Name: "subscriber",
		Key:  []string{"id"},
		Columns: slices.Concat(
			schema.KeyColumn("id"),
			schema.Texts("email", "status", "source"),
			schema.Counts("sent", "opens_count", "clicks_count"),
			schema.Columns(schema.Double, "open_rate", "click_rate"),
			schema.Texts("ip_address"),
			schema.Times("subscribed_at", "unsubscribed_at", "created_at", "updated_at", "opted_in_at"),
			schema.Texts("optin_ip"),
		),
		Open:     &schema.Open{Object: "fields", DefinedBy: "field"},
		Expected: []string{"fields", "groups"},
		Source: &schema.List{
			Path:   "/subscribers",
			Paging: schema.ByCursor,
			Params: url.Values{"include": {"groups"}},
			Limits: []int{1000, 100, 25},
			Counts: schema.EachStatus(subscriberStatuses...),
			Item:   "/subscribers/{id}",
		},
	}
}
