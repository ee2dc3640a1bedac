package schema

import "slices"

// campaignTable declares the campaigns: drafts, those ready to be sent and those sent. Rates are 0 to 1.
//
// The walks follow the life of a campaign, so that one which moves on while the list is read is met again, not missed.
func campaignTable() *Table {
	return &Table{
		Name:    "campaign",
		Key:     []string{"id"},
		Order:   []string{"id"},
		Columns: slices.Concat(campaignHead(), campaignCourse(), campaignStats(), campaignTail()),
		same:    map[string]string{"language.id": "language_id"},
		// Only a single GET sends the body of an e-mail; without it both kinds of answer give the same row.
		omit: map[string][]string{"emails": {"content", "click_map"}},
		Source: Source{
			Path:   "/campaigns",
			Paging: ByPage,
			Walks:  eachStatus("draft", "ready", "sent"),
			Limits: []int{100, 50, 25, 10},
			Item:   "/campaigns/{id}",
		},
	}
}

func campaignHead() []Column {
	return slices.Concat(
		key("id"),
		texts("account_id", "name", "type", "status"),
		documents("missing_data"),
		flags("settings.track_opens", "settings.use_google_analytics", "settings.ecommerce_tracking"),
		texts("settings.test_type", "settings.test_split", "settings.select_winner_by",
			"settings.after_time_amount", "settings.after_time_unit", "settings.test_sent_at",
			"settings.winner_email_id", "settings.winner_selected_at"),
		documents("filter", "filter_for_humans"),
		texts("delivery_schedule", "language_id",
			"language.shortcode", "language.iso639", "language.name", "language.direction"),
		times("created_at", "updated_at"),
	)
}

func campaignCourse() []Column {
	return slices.Concat(
		times("scheduled_for", "queued_at", "started_at", "finished_at", "stopped_at"),
		texts("default_email_id"),
		documents("emails"),
		flags("used_in_automations"),
		texts("type_for_humans"),
	)
}

func campaignStats() []Column {
	return slices.Concat(
		counts("stats.sent", "stats.opens_count", "stats.unique_opens_count"),
		rates("stats.open_rate"),
		counts("stats.clicks_count", "stats.unique_clicks_count"),
		rates("stats.click_rate"),
		counts("stats.unsubscribes_count"),
		rates("stats.unsubscribe_rate"),
		counts("stats.spam_count"),
		rates("stats.spam_rate"),
		counts("stats.hard_bounces_count"),
		rates("stats.hard_bounce_rate"),
		counts("stats.soft_bounces_count"),
		rates("stats.soft_bounce_rate"),
		counts("stats.forwards_count"),
		rates("stats.forward_rate"),
		counts("stats.social_interactions_count"),
		rates("stats.social_interaction_rate", "stats.click_to_open_rate"),
	)
}

func campaignTail() []Column {
	return slices.Concat(
		flags("is_stopped", "has_winner"),
		texts("winner_version_for_human", "winner_sending_time_for_humans"),
		times("winner_selected_manually_at"),
		flags("can.update", "can.delete", "can.send", "can.copy", "can.resend",
			"uses_ecommerce", "uses_survey", "can_be_scheduled", "is_currently_sending_out"),
		counts("ecommerce_stats.total_orders"),
		texts("ecommerce_stats.total_price"),
		flags("ecommerce_stats.multi_currency"),
		documents("warnings"),
		times("initial_created_at"),
		flags("is_smart_sending_index_option_finished", "is_applied_for_smart_sending_index_option",
			"can_be_copied", "has_basic_filter"),
		documents("basic_filter_for_humans.included_groups", "basic_filter_for_humans.excluded_groups",
			"basic_filter_for_humans.included_segments", "basic_filter_for_humans.excluded_segments"),
		flags("basic_filter_for_humans.all_active_subscribers", "is_eligible_for_sending", "needs_repair"),
		documents("next_step"),
		counts("recipients_count"),
	)
}
