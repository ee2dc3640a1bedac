package tables

import (
	"slices"

	"mailerlake/schema"
)

// segment declares the segments. Their rules are not in the API.
func segment() *schema.Table {
	return &schema.Table{
		Name:  "segment",
		About: "The segments: groups whose members follow from rules. The API does not show the rules.",
		Key:   []string{"id"},
		Columns: slices.Concat(
			schema.KeyColumn("id"),
			schema.Texts("name"),
			schema.Counts("total"),
			schema.Rates("open_rate", "click_rate"),
			schema.Times("created_at"),
			schema.Counts("automations_using_segment_count"),
		),
		Means: means(`
			id: id of the segment
			name: name of the segment
			total: members
			open_rate_*: share of e-mails to members that were opened
			click_rate_*: share of e-mails to members that were clicked
			created_at: when the segment was made, UTC
			automations_using_segment_count: automations that use it
		`),
		Optional: true,
		Source: &schema.List{
			Path:   "/segments",
			Paging: schema.ByPage,
			Limits: []int{250, 100, 25},
			Item:   "/segments/{id}",
		},
	}
}
