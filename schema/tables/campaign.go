package tables

import (
	"slices"

	"mailerlake/schema"
)

// campaign declares the campaigns: drafts, those ready to be sent and those sent. Rates are 0 to 1.
//
// With content, its e-mails are read one campaign at a time.
//
// The walks follow the life of a campaign, so that one which moves on while the list is read is met again, not missed.
func campaign(content bool) *schema.Table {
	t := &schema.Table{
		Name:    "campaign",
		About:   "The campaigns: drafts, those ready to be sent and those sent.",
		Core:    true,
		Key:     []string{"id"},
		Columns: slices.Concat(campaignHead(), campaignCourse(), sendingStats("stats"), campaignTail()),
		Means:   means(campaignMeans, under("stats_", sendingMeans)),
		Same:    map[string]string{"language.id": "language_id"},
		References: []schema.Reference{
			{Column: "language_id", Table: "campaign_language"},
			{Column: "default_email_id", Table: "campaign_email"},
			{Column: "settings_winner_email_id", Table: "campaign_email"},
		},
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
	if !content { // else the rows of campaign_email are not read from them
		t.Expected = []string{"emails"}
	}
	return t
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

func campaignTail() []schema.Column {
	return slices.Concat(
		schema.Flags("is_stopped", "has_winner"),
		schema.Texts("winner_version_for_human", "winner_sending_time_for_humans"),
		schema.Times("winner_selected_manually_at"),
		schema.Flags("can.update", "can.delete", "can.send", "can.copy", "can.resend",
			"uses_ecommerce", "uses_survey", "can_be_scheduled", "is_currently_sending_out"),
		schema.Counts("ecommerce_stats.total_orders"),
		schema.Amounts("ecommerce_stats.total_price"),
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

const campaignMeans = `
	id: id of the campaign
	account_id: id of the account
	name: name of the campaign
	type: regular, ab, resend, rss or multivariate
	status: draft, ready or sent
	missing_data: what a draft lacks, JSON array
	settings_track_opens: whether opens are counted
	settings_use_google_analytics: whether Google Analytics is used
	settings_ecommerce_tracking: whether purchases that follow are counted
	settings_test_type: what a test varies
	settings_test_split: share of recipients that a test is sent to, percent, 0 to 100
	settings_select_winner_by: what the winner of a test is chosen by
	settings_after_time_amount: units to wait until the winner is chosen
	settings_after_time_unit: unit of that wait
	settings_test_sent_at: when the test was sent, as text
	settings_winner_email_id: id of the e-mail that won
	settings_winner_selected_at: when the winner was chosen, as text
	filter: who receives it, JSON array of conditions
	filter_for_humans: who receives it, in words, JSON array
	delivery_schedule: instant, scheduled and others
	language_id: id of its language
	language_shortcode: short code of the language: en
	language_iso639: code of the language with the country: en-US
	language_name: name of the language
	language_direction: ltr or rtl: which way the language is written
	created_at: when the campaign was made, UTC
	updated_at: when the campaign was changed last, UTC
	scheduled_for: when it is to be sent, UTC
	queued_at: when it was queued, UTC
	started_at: when sending began, UTC
	finished_at: when sending ended, UTC
	stopped_at: when sending was stopped, UTC
	default_email_id: id of its main e-mail
	emails: its e-mails without content, JSON array; campaign_email has them as rows
	used_in_automations: whether an automation uses it
	type_for_humans: the type in words
	is_stopped: whether sending was stopped
	has_winner: whether a test has a winner
	winner_version_for_human: the winner of a test, in words
	winner_sending_time_for_humans: when the winner is sent, in words
	winner_selected_manually_at: when a person chose the winner, UTC
	can_update: whether it can be changed
	can_delete: whether it can be deleted
	can_send: whether it can be sent
	can_copy: whether it can be copied
	can_resend: whether it can be sent again
	uses_ecommerce: whether it shows products
	uses_survey: whether it has a survey
	can_be_scheduled: whether it can be scheduled
	is_currently_sending_out: whether it is being sent
	ecommerce_stats_total_orders: orders that followed
	ecommerce_stats_total_price: price of these orders in the shop's currency
	ecommerce_stats_multi_currency: whether they are in several currencies
	warnings: warnings, JSON array
	initial_created_at: when the campaign that it is a copy of was made, UTC
	is_smart_sending_index_option_finished: whether smart sending has ended
	is_applied_for_smart_sending_index_option: whether smart sending is used
	can_be_copied: whether it can be copied
	has_basic_filter: whether its filter is a simple one
	basic_filter_for_humans_included_groups: groups that receive it, JSON array
	basic_filter_for_humans_excluded_groups: groups that do not receive it, JSON array
	basic_filter_for_humans_included_segments: segments that receive it, JSON array
	basic_filter_for_humans_excluded_segments: segments that do not receive it, JSON array
	basic_filter_for_humans_all_active_subscribers: whether all active subscribers receive it
	is_eligible_for_sending: whether it can be sent
	needs_repair: whether its content must be repaired
	next_step: what is to be done next, JSON
	recipients_count: recipients
`
