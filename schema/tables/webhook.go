package tables

import (
	"slices"

	"mailerlake/schema"
)

// webhook declares where MailerLite sends events to. The API shows their secrets in clear.
func webhook() *schema.Table {
	return &schema.Table{
		Name:  "webhook",
		About: "Where MailerLite sends events to. Secrets are left out.",
		Key:   []string{"id"},
		Columns: slices.Concat(
			schema.KeyColumn("id"),
			schema.Texts("name", "url"),
			schema.Documents("events"),
			schema.Flags("enabled", "is_blocked", "batchable"),
			schema.Texts("version"),
			schema.Times("created_at", "updated_at", "last_fired_at"),
			schema.Counts("response_code"),
		),
		Means: means(`
			id: id of the webhook
			name: name of the webhook
			url: where events are sent to
			events: names of the events that are sent, JSON array
			enabled: whether events are sent
			is_blocked: whether MailerLite has stopped sending
			batchable: whether several events may come in one request
			version: version of the format: 2022-01
			created_at: when the webhook was made, UTC
			updated_at: when the webhook was changed last, UTC
			last_fired_at: when an event was sent last, UTC
			response_code: HTTP status of the last answer
		`),
		Never:    []string{"secret"},
		Optional: true,
		Source: &schema.List{
			Path:   "/webhooks",
			Paging: schema.ByPage,
			Limits: []int{100, 50},
			Item:   "/webhooks/{id}",
		},
	}
}
