package tables

import (
	"slices"

	"mailerlake/schema"
)

// automationActivity declares the runs of subscribers through the automations. The API asks for a status.
func automationActivity() *schema.Table {
	walks := schema.Each(schema.EachStatus("completed", "active", "canceled", "failed")...)
	walks[0].Size, walks[1].Size = "stats_completed_subscribers_count", "stats_subscribers_in_queue_count"
	return &schema.Table{
		Name:  "automation_activity",
		About: "The runs of subscribers through the automations, of every status.",
		Key:   []string{"automation_id", "id"},
		Columns: slices.Concat(
			schema.LinkedKey("automation_id"),
			schema.KeyColumn("id"),
			schema.Texts("subscriber.id", "status"),
			schema.Times("date"),
			schema.Texts("reason", "reason_description"),
			schema.Named("current_step_id", schema.Texts("currentStep.id")),
			schema.Named("next_step_id", schema.Texts("nextStep.id")),
			schema.Named("step_runs", schema.Documents("stepRuns")),
		),
		Means: means(`
			automation_id: id of the automation
			id: id of the run
			subscriber_id: id of the subscriber
			status: Completed, Active, Canceled or Failed
			date: when the run came to its status, UTC
			reason: why it was canceled or failed
			reason_description: the same in words
			current_step_id: id of the step that the run is at
			next_step_id: id of the step that follows
			step_runs: the steps so far, JSON array of id, step_id, description, scheduled_for and finished_at, UTC
		`),
		Repeats: []string{"subscriber", "currentStep", "nextStep"},
		Never:   []string{"secret"}, // a webhook among the steps has one
		References: []schema.Reference{
			{Column: "automation_id", Table: "automation"},
			outlived("subscriber_id", "subscriber"),
			outlived("current_step_id", "automation_step"),
			outlived("next_step_id", "automation_step"),
		},
		Optional: true,
		Source: &schema.List{
			Path:   "/automations/{automation_id}/activity",
			Paging: schema.ByPage,
			Walks:  walks,
			Limits: []int{100, 50, 10},
			Per:    &schema.Link{Table: "automation", Columns: []string{"automation_id"}},
			Still:  slices.Concat([]string{"stats_completed_subscribers_count", "stats_subscribers_in_queue_count"}, sendingCounters),
		},
	}
}
