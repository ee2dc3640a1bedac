package tables

import (
	"net/url"
	"slices"

	"mailerlake/schema"
)

// customFieldObject is the path of the object that has a subscriber's custom fields.
const customFieldObject = "fields"

// subscriber declares the people on the account's lists, of every status. Rates are percent, 0 to 100.
func subscriber() *schema.Table {
	return &schema.Table{
		Name:  "subscriber",
		About: "The people on the account's lists, of every status. Custom fields are columns as well.",
		Core:  true,
		Key:   []string{"id"},
		Columns: slices.Concat(
			schema.KeyColumn("id"),
			schema.Texts("email", "status", "source"),
			schema.Counts("sent", "opens_count", "clicks_count"),
			schema.Columns(schema.Double, "open_rate", "click_rate"),
			schema.Texts("ip_address"),
			schema.Times("subscribed_at", "unsubscribed_at", "created_at", "updated_at", "opted_in_at"),
			schema.Texts("optin_ip"),
		),
		Means: means(`
			id: id of the subscriber
			email: address of the subscriber
			status: active, unsubscribed, unconfirmed, bounced or junk
			source: where the subscriber came from: manual, import, api, webform and others
			sent: e-mails sent
			opens_count: opens, repeated ones included
			clicks_count: clicks on links, repeated ones included
			open_rate: opens for each e-mail sent, percent, 0 to 100
			click_rate: clicks for each e-mail sent, percent, 0 to 100
			ip_address: address that the subscriber signed up from
			subscribed_at: when the subscriber signed up, UTC
			unsubscribed_at: when the subscriber unsubscribed, UTC
			created_at: when the subscriber was added, UTC
			updated_at: when the subscriber was changed last, UTC; counts move without it
			opted_in_at: when the subscriber confirmed, UTC
			optin_ip: address that the subscriber confirmed from
		`),
		Address:  "email",
		Open:     &schema.Open{Object: customFieldObject, DefinedBy: "field"},
		Expected: []string{customFieldObject, "groups"},
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
