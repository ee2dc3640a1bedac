package tables

import (
	"slices"

	"mailerlake/schema"
)

// automationStep declares the steps of the automations. What else a step has depends on its type; a webhook's has its
// secret in clear.
func automationStep() *schema.Table {
	return &schema.Table{
		Name:       "automation_step",
		About:      "The steps of the automations. Which columns have values depends on the type. Secrets are left out.",
		Key:        []string{"id"},
		Columns:    slices.Concat(schema.In("steps", schema.KeyColumn("id")), schema.Linked("automation_id"), schema.In("steps", stepColumns())),
		Means:      means(stepMeans),
		Same:       map[string]string{"steps.field.id": "steps.field_id"},
		Repeats:    []string{"steps.field"},
		Sparse:     true,
		Never:      []string{"secret"},
		References: stepReferences(),
		Optional:   true,
		Source:     &schema.Nested{In: schema.Link{Table: "automation", Columns: []string{"automation_id"}}, Attribute: "steps"},
	}
}

func stepColumns() []schema.Column {
	return slices.Concat(
		schema.Texts("type", "parent_id", "description"),
		schema.Flags("complete", "broken"),
		schema.Counts("type_count"),
		schema.Times("created_at", "updated_at"),
		// of an e-mail
		schema.Texts("name", "subject", "preheader", "from", "from_name", "reply_to", "email_id"),
		schema.Documents("email"), // no other table has it
		schema.Texts("language_id"),
		schema.Flags("track_opens"),
		schema.Documents("google_analytics"),
		schema.Flags("tracking_was_disabled", "has_unsubscribe_url", "eligible_for_sending"),
		schema.Texts("builder_type"),
		// of a delay, and the value of an action
		schema.Texts("unit", "value"),
		schema.Documents("week_days"),
		schema.Texts("hour", "minute"),
		// of an action
		schema.Texts("action_type", "field_id"),
		schema.Documents("date_operation"),
		schema.Texts("group_id", "group_name"),
		// of a webhook
		schema.Texts("url", "webhook_id"),
		// of a condition
		schema.Texts("yes_step_id", "no_step_id", "matching_type"),
		schema.Documents("conditions"),
	)
}

const stepMeans = `
	id: id of the step
	automation_id: id of the automation
	type: what it does: email, delay, action, webhook, condition and others
	parent_id: id of the step before it
	description: what it does, in words
	complete: whether nothing is missing in it
	broken: whether it cannot work
	type_count: its number among the steps of its type
	created_at: when the step was made, UTC
	updated_at: when the step was changed last, UTC
	name: name of the e-mail
	subject: subject line of the e-mail
	preheader: text that mail programs show beside the subject
	from: address of the sender
	from_name: name of the sender
	reply_to: address for replies
	email_id: id of the e-mail
	email: the e-mail with its statistics, JSON object; rates in it are 0 to 1
	language_id: id of the language of the e-mail
	track_opens: whether opens are counted
	google_analytics: settings of Google Analytics, JSON
	tracking_was_disabled: whether counting of opens was switched off
	has_unsubscribe_url: whether the e-mail has a link to unsubscribe
	eligible_for_sending: whether the e-mail can be sent
	builder_type: how the e-mail was made
	unit: unit of a delay: minutes, hours, days, next_weekday
	value: number of units of a delay, or the value that a field is set to
	week_days: days of the week that a delay waits for, JSON array
	hour: hour of the day that a delay waits for
	minute: minute of the hour that a delay waits for
	action_type: what an action does: copy_to_group, update_custom_field and others
	field_id: id of the custom field that is set
	date_operation: how a date is set, JSON
	group_id: id of the group that subscribers are moved or copied to
	group_name: name of that group
	url: where a webhook sends to
	webhook_id: id of the webhook
	yes_step_id: id of the step that follows if a condition is met
	no_step_id: id of the step that follows if it is not
	matching_type: whether all or any of the conditions must be met
	conditions: the conditions, JSON array
`

func stepReferences() []schema.Reference {
	return []schema.Reference{
		{Column: "automation_id", Table: "automation"},
		{Column: "parent_id", Table: "automation_step"},
		{Column: "yes_step_id", Table: "automation_step"},
		{Column: "no_step_id", Table: "automation_step"},
		{Column: "language_id", Table: "campaign_language"},
		outlived("field_id", "field"), // then the step is broken
		outlived("group_id", "group"),
		outlived("webhook_id", "webhook"), // or the list never had it
	}
}
