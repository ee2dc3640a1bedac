package tables

import "mailerlake/schema"

// formSubscriber declares who signed up through which form.
func formSubscriber() *schema.Table {
	return &schema.Table{
		Name:  "form_subscriber",
		About: "Who signed up through which form, of every status.",
		Key:   []string{"form_id", "subscriber_id"},
		Columns: []schema.Column{
			{Name: "form_id", Kind: schema.String, Path: "{form_id}", Required: true},
			{Name: "subscriber_id", Kind: schema.String, Path: "id", Required: true},
		},
		Means: means(`
			form_id: id of the form
			subscriber_id: id of the subscriber who signed up through it
		`),
		References: []schema.Reference{{Column: "form_id", Table: "form"}, {Column: "subscriber_id", Table: "subscriber"}},
		Closed:     true, // the rest of a subscriber is in its own table
		Optional:   true,
		Source: &schema.List{
			Path:   "/forms/{form_id}/subscribers",
			Paging: schema.ByCursor,
			Walks:  schema.Each(schema.EachStatus(subscriberStatuses...)...),
			Limits: []int{1000, 100, 25},
			Per:    &schema.Link{Table: "form", Columns: []string{"form_id"}},
			Size:   "conversions_count",
			Still:  []string{"conversions_count", "conversions_count_including_children", "last_registration_at"},
		},
	}
}
