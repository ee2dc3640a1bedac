package tables

import "mailerlake/schema"

// segmentSubscriber declares who is in which segment. Members follow from rules that the API does not show, so that nothing
// tells when they stand still.
func segmentSubscriber() *schema.Table {
	walks := schema.Each(schema.EachStatus(subscriberStatuses...)...)
	walks[0].Size = "total" // of the active ones
	return &schema.Table{
		Name:  "segment_subscriber",
		About: "Who is in which segment, of every status.",
		Key:   []string{"segment_id", "subscriber_id"},
		Columns: []schema.Column{
			{Name: "segment_id", Kind: schema.String, Path: "{segment_id}", Required: true},
			{Name: "subscriber_id", Kind: schema.String, Path: "id", Required: true},
		},
		Means: means(`
			segment_id: id of the segment
			subscriber_id: id of the subscriber who is in it
		`),
		References: []schema.Reference{{Column: "segment_id", Table: "segment"}, {Column: "subscriber_id", Table: "subscriber"}},
		Closed:     true, // the rest of a subscriber is in its own table
		Optional:   true,
		Source: &schema.List{
			Path:      "/segments/{segment_id}/subscribers",
			Paging:    schema.ByCursor,
			Walks:     walks,
			Limits:    []int{1000, 100, 50},
			Per:       &schema.Link{Table: "segment", Columns: []string{"segment_id"}},
			EndsEmpty: true,
		},
	}
}
