package tables

import (
	"slices"

	"mailerlake/schema"
)

// subscriberActivity declares what happened to each subscriber. Ids are unique among the entries of one kind only.
func subscriberActivity() *schema.Table {
	return &schema.Table{
		Name:  "subscriber_activity",
		About: "What happened to each subscriber: the activity log.",
		Key:   []string{"subscriber_id", "log_name", "id"},
		Columns: slices.Concat(
			schema.LinkedKey("subscriber_id"),
			schema.KeyColumn("log_name"),
			schema.KeyColumn("id"),
			schema.Texts("subject_id", "subject_type"),
			schema.Documents("properties"),
			schema.Times("created_at", "updated_at"),
		),
		Means: means(`
			subscriber_id: id of the subscriber
			log_name: what happened: email_open, link_click, added_to_group and others
			id: id of the entry, unique together with log_name
			subject_id: id of what it happened to
			subject_type: kind of what it happened to
			properties: details, JSON; they depend on log_name
			created_at: when it happened, UTC
			updated_at: when the entry was changed last, UTC
		`),
		References: []schema.Reference{{Column: "subscriber_id", Table: "subscriber"}},
		Optional:   true,
		Source: &schema.List{
			Path:   "/subscribers/{subscriber_id}/activity-log",
			Paging: schema.ByPage,
			Limits: []int{100, 50, 25},
			Per:    &schema.Link{Table: "subscriber", Columns: []string{"subscriber_id"}},
			Still:  []string{"sent", "opens_count", "clicks_count", "updated_at"},
		},
	}
}
