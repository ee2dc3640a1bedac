package tables

import (
	"slices"

	"mailerlake/schema"
)

// form declares the sign-up forms. Each type has a list of its own.
func form() *schema.Table {
	return &schema.Table{
		Name:       "form",
		About:      "The sign-up forms: popups, embedded forms and promotions.",
		Key:        []string{"id"},
		Columns:    slices.Concat(formHead(), formState()),
		Means:      means(formMeans),
		IDs:        []string{"groups"},
		References: []schema.Reference{{Column: "parent_id", Table: "form"}},
		Optional:   true,
		Source: &schema.List{
			Path:   "/forms",
			Paging: schema.ByPage,
			Walks:  []schema.Walk{{Path: "/forms/popup"}, {Path: "/forms/embedded"}, {Path: "/forms/promotion"}},
			Limits: []int{100, 25},
			Item:   "/forms/{id}",
		},
	}
}

func formHead() []schema.Column {
	return slices.Concat(
		schema.KeyColumn("id"),
		schema.Texts("account_id", "type", "slug", "name"),
		schema.Times("created_at"),
		schema.Counts("conversions_count", "opens_count"),
		schema.Rates("conversion_rate"),
		schema.Counts("conversions_count_including_children", "opens_count_including_children"),
		schema.Rates("conversion_rate_including_children"),
		schema.Flags("settings.double_optin"),
		schema.Texts("settings.groot_id", "settings.form_type"),
		schema.Documents("settings.triggers"),
		schema.Counts("settings.timeout_seconds", "settings.scroll_percentage", "settings.frequency"),
		schema.Texts("settings.frequency_unit", "settings.visibility"),
		schema.Documents("settings.url_list"),
		schema.Flags("settings.url_list_strict"),
		schema.Documents("settings.hide_on", "settings.schedule"), // a schedule is an object, false or "no"
		schema.Flags("settings.needs_content_refresh"),
	)
}

func formState() []schema.Column {
	return slices.Concat(
		schema.Times("last_registration_at"),
		schema.Flags("active", "is_broken", "has_content", "used_in_automations", "has_missing_groups"),
		schema.Documents("warning_messages", "warnings", "children", "groups"),
		schema.Flags("can.update", "double_optin"),
		schema.Texts("screenshot_url"),
		schema.Flags("has_split_tests", "split_test_finished", "split_test_enabled", "is_split_test_winner"),
		schema.Counts("split_percentage"),
		schema.Texts("parent_id", "original_name"),
		schema.Times("analytics_reset_at"),
		schema.Flags("uses_survey", "uses_new_builder", "can_choose_template"),
	)
}

const formMeans = `
	id: id of the form
	account_id: id of the account
	type: popup, embedded or promotion
	slug: short name in the form's address
	name: name of the form
	created_at: when the form was made, UTC
	conversions_count: sign-ups
	opens_count: times that the form was shown
	conversion_rate_*: sign-ups for each time shown
	conversions_count_including_children: sign-ups, those of its variants included
	opens_count_including_children: times shown, those of its variants included
	conversion_rate_including_children_*: sign-ups for each time shown, those of its variants included
	settings_double_optin: whether new subscribers must confirm, as set
	settings_groot_id: id of the form in MailerLite's builder
	settings_form_type: look of a popup: fullscreen, popup and others
	settings_triggers: what makes a popup appear, JSON array
	settings_timeout_seconds: seconds until a popup appears
	settings_scroll_percentage: how far a visitor scrolls until a popup appears, percent, 0 to 100
	settings_frequency: how often a popup appears: once in so many units
	settings_frequency_unit: unit of the frequency: days, months and others
	settings_visibility: on which pages a popup appears
	settings_url_list: addresses of the pages that visibility is about, JSON array
	settings_url_list_strict: whether the addresses must match as a whole
	settings_hide_on: devices on which a popup does not appear, JSON array
	settings_schedule: when a popup appears, JSON; false or "no" if always
	settings_needs_content_refresh: whether the content has to be made again
	last_registration_at: when someone signed up last, UTC
	active: whether the form is active
	is_broken: whether the form cannot work
	has_content: whether the form has content
	used_in_automations: whether an automation uses it
	has_missing_groups: whether a group that it adds to is gone
	warning_messages: warnings as text, JSON array
	warnings: warnings, JSON array
	children: its variants, JSON array
	groups: ids of the groups that new subscribers are put into, JSON array
	can_update: whether the key's user may change it
	double_optin: whether new subscribers must confirm
	screenshot_url: address of a picture of it
	has_split_tests: whether variants are tested against each other
	split_test_finished: whether the test has ended
	split_test_enabled: whether the test runs
	is_split_test_winner: whether this variant won
	split_percentage: share of visitors who see the variant, percent, 0 to 100
	parent_id: id of the form that it is a variant of
	original_name: name of that form
	analytics_reset_at: when its counts were set to zero, UTC
	uses_survey: whether it has a survey
	uses_new_builder: whether it was made with the newer builder
	can_choose_template: whether a template can be chosen
`
