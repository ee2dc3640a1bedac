package tables

import (
	"slices"

	"mailerlake/schema"
)

// automation declares the automations. Their steps and triggers have tables of their own.
func automation() *schema.Table {
	return &schema.Table{
		Name:  "automation",
		About: "The automations.",
		Key:   []string{"id"},
		Columns: slices.Concat(
			schema.KeyColumn("id"),
			schema.Texts("name"),
			schema.Flags("enabled", "complete", "broken", "has_banned_content", "trigger_data.track_ecommerce",
				"trigger_data.repeatable", "trigger_data.valid", "trigger_data.complete_workflow", "trigger_data.broken_workflow"),
			schema.Documents("warnings"),
			schema.Counts("emails_count"),
			schema.Texts("first_email_screenshot_url"),
			schema.Counts("stats.completed_subscribers_count", "stats.subscribers_in_queue_count"),
			sendingStats("stats"),
			schema.Rates("stats.bounce_rate"),
			schema.Times("created_at"),
			schema.Counts("qualified_subscribers_count"),
			schema.Texts("automation_template_id", "automation_template_name"),
		),
		Means: means(`
			id: id of the automation
			name: name of the automation
			enabled: whether it runs
			complete: whether nothing is missing in it
			broken: whether it cannot work
			has_banned_content: whether it has content that MailerLite does not allow
			trigger_data_track_ecommerce: whether purchases that follow are counted
			trigger_data_repeatable: whether a subscriber may enter more than once
			trigger_data_valid: whether its triggers are valid
			trigger_data_complete_workflow: whether its triggers lead to complete steps
			trigger_data_broken_workflow: whether its triggers lead to broken steps
			warnings: warnings, JSON array
			emails_count: e-mails in it
			first_email_screenshot_url: address of a picture of its first e-mail
			stats_completed_subscribers_count: times that a subscriber came to its end
			stats_subscribers_in_queue_count: subscribers who are in it
			stats_bounce_rate_*: share of e-mails that were refused
			created_at: when the automation was made, UTC
			qualified_subscribers_count: subscribers who could enter
			automation_template_id: id of the template that it was made from
			automation_template_name: name of that template
		`, under("stats_", sendingMeans)),
		Expected: []string{"steps", "triggers"},
		Never:    []string{"secret"}, // webhooks among the steps have one
		Optional: true,
		Source: &schema.List{
			Path:   "/automations",
			Paging: schema.ByPage,
			Limits: []int{100, 25, 10},
			Item:   "/automations/{id}",
		},
	}
}
