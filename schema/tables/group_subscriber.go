package tables

import "mailerlake/schema"

// groupSubscriber declares who is in which group. Its rows are nested in the subscribers and read in the same pass; if
// subscribers come without their groups, the members of each group are listed instead.
func groupSubscriber() *schema.Table {
	return &schema.Table{
		Name:  "group_subscriber",
		About: "Who is in which group, of every status.",
		Core:  true,
		Key:   []string{"group_id", "subscriber_id"},
		Order: []string{"subscriber_id", "group_id"},
		Columns: []schema.Column{
			{Name: "group_id", Kind: schema.String, Path: "groups.id", Required: true},
			{Name: "subscriber_id", Kind: schema.String, Path: "id", Required: true},
		},
		Means: means(`
			group_id: id of the group
			subscriber_id: id of the subscriber who is in it
		`),
		References: []schema.Reference{
			{Column: "subscriber_id", Table: "subscriber"},
			{Column: "group_id", Table: "group"},
		},
		Closed: true, // the rest of a group is in its own table
		Source: &schema.Nested{
			In:        schema.Link{Table: "subscriber", Columns: []string{"subscriber_id"}},
			Attribute: "groups",
			Otherwise: &schema.List{
				Path:   "/groups/{group_id}/subscribers",
				Paging: schema.ByCursor,
				Walks:  schema.Each(schema.EachStatus(subscriberStatuses...)...),
				Limits: []int{1000, 100, 50},
				Per:    &schema.Link{Table: "group", Columns: []string{"group_id"}},
			},
		},
	}
}
