package tables

import (
	"slices"

	"mailerlake/schema"
)

// campaign declares the campaigns: drafts, those ready to be sent and those sent. Rates are 0 to 1.
//
// The walks follow the life of a campaign, so that one which moves on while the list is read is met again, not missed.
func campaign() *schema.Table {
	return &schema.Table{
		Name:    "campaign",
		Key:     []string{"id"},
		Columns: slices.Concat(campaignHead(), campaignCourse(), campaignStats(), campaignTail()),
		Same:    map[string]string{"language.id": "language_id"},
		// Only a single GET sends the body of an e-mail; without it both kinds of answer give the same row.
		Omit: map[string][]string{"emails": {"content", "click_map"}},
		Source: &schema.List{
			Path:   "/campaigns",
			Paging: schema.ByPage,
			Walks:  schema.Each(schema.EachStatus("draft", "ready", "sent")...),
			Limits: []int{100, 50, 25, 10},
			Item:   "/campaigns/{id}",
		},
	}
}

func campaignHead() []schema.Column {
	return slices.Concat(
		schema.KeyColumn("id"),
		schema.Texts("account_id", "name", "type", "status"),
		schema.Documents("missing_data"),
		schema.Flags("settings.track_opens", "settings.use_google_analytics", "settings.ecommerce_tracking"),
		schema.Texts("settings.test_type", "settings.test_split", "settings.select_winner_by",
			"settings.after_time_amount", "settings.after_time_unit", "settings.test_sent_at",
			"settings.winner_email_id", "settings.winner_selected_at"),
		schema.Documents("filter", "filter_for_humans"),
		schema.Texts("delivery_schedule", "language_id",
			"language.shortcode", "language.iso639", "language.name", "language.direction"),
		schema.Times("created_at", "updated_at"),
	)
}

func campaignCourse() []schema.Column {
	return slices.Concat(
		schema.Times("scheduled_for", "queued_at", "started_at", "finished_at", "stopped_at"),
		schema.Texts("default_email_id"),
		schema.Documents("emails"),
		schema.Flags("used_in_automations"),
		schema.Texts("type_for_humans"),
	)
}

func campaignStats() []schema.Column {
	return slices.Concat(
		schema.Counts("stats.sent", "stats.opens_count", "stats.unique_opens_count"),
		schema.Rates("stats.open_rate"),
		schema.Counts("stats.clicks_count", "stats.unique_clicks_count"),
		schema.Rates("stats.click_rate"),
		schema.Counts("stats.unsubscribes_count"),
		schema.Rates("stats.unsubscribe_rate"),
		schema.Counts("stats.spam_count"),
		schema.Rates("stats.spam_rate"),
		schema.Counts("stats.hard_bounces_count"),
		schema.Rates("stats.hard_bounce_rate"),
		schema.Counts("stats.soft_bounces_count"),
		schema.Rates("stats.soft_bounce_rate"),
		schema.Counts("stats.forwards_count"),
		schema.Rates("stats.forward_rate"),
		schema.Counts("stats.social_interactions_count"),
		schema.Rates("stats.social_interaction_rate", "stats.click_to_open_rate"),
	)
}

func campaignTail() []schema.Column {
	return slices.Concat(
		schema.Flags("is_stopped", "has_winner"),
		schema.Texts("winner_version_for_human", "winner_sending_time_for_humans"),
		schema.Times("winner_selected_manually_at"),
		schema.Flags("can.update", "can.delete", "can.send", "can.copy", "can.resend",
			"uses_ecommerce", "uses_survey", "can_be_scheduled", "is_currently_sending_out"),
		schema.Counts("ecommerce_stats.total_orders"),
		schema.Texts("ecommerce_stats.total_price"),
		schema.Flags("ecommerce_stats.multi_currency"),
		schema.Documents("warnings"),
		schema.Times("initial_created_at"),
		schema.Flags("is_smart_sending_index_option_finished", "is_applied_for_smart_sending_index_option",
			"can_be_copied", "has_basic_filter"),
		schema.Documents("basic_filter_for_humans.included_groups", "basic_filter_for_humans.excluded_groups",
			"basic_filter_for_humans.included_segments", "basic_filter_for_humans.excluded_segments"),
		schema.Flags("basic_filter_for_humans.all_active_subscribers", "is_eligible_for_sending", "needs_repair"),
		schema.Documents("next_step"),
		schema.Counts("recipients_count"),
	)
}
