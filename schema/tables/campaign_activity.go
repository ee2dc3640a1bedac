package tables

import (
	"net/url"
	"slices"

	"mailerlake/schema"
)

// activityTypes are the columns that say what a recipient did, the types that the API filters and counts by, and the counters
// of the campaign that tell about how many did it.
var activityTypes = []struct{ column, filter, counter string }{
	{"opened", "opened", "stats_unique_opens_count"}, {"clicked", "clicked", "stats_unique_clicks_count"},
	{"unsubscribed", "unsubscribed", "stats_unsubscribes_count"}, {"forwarded", "forwarded", "stats_forwards_count"},
	{"hard_bounced", "hardbounced", "stats_hard_bounces_count"}, {"soft_bounced", "softbounced", "stats_soft_bounces_count"},
	{"junk", "junk", "stats_spam_count"},
}

// campaignActivity declares what each recipient of a sent campaign did. The rows do not say what for: one walk meets all
// recipients, and one for each type marks those that it meets.
func campaignActivity() *schema.Table {
	walks, marks := []schema.Walk{{Size: "stats_sent"}}, []string(nil)
	for _, t := range activityTypes {
		walks = append(walks, schema.Walk{Params: url.Values{"filter[type]": {t.filter}}, Marks: t.column, Counted: t.filter, Size: t.counter})
		marks = append(marks, t.column)
	}
	return &schema.Table{
		Name:  "campaign_activity",
		About: "What each recipient of a sent campaign did: one row for each recipient.",
		Key:   []string{"campaign_id", "id"},
		Columns: slices.Concat(
			schema.LinkedKey("campaign_id"),
			schema.KeyColumn("id"),
			schema.Texts("subscriber.id"),
			schema.Counts("opens_count", "clicks_count"),
			schema.Marked(marks...),
		),
		Means: means(`
			campaign_id: id of the campaign
			id: id of the row within the campaign; not that of the subscriber
			subscriber_id: id of the recipient
			opens_count: opens, repeated ones included
			clicks_count: clicks on links, repeated ones included
			opened: whether the recipient opened the e-mail
			clicked: whether the recipient clicked a link
			unsubscribed: whether the recipient unsubscribed
			forwarded: whether the recipient forwarded the e-mail
			hard_bounced: whether the e-mail was refused for good
			soft_bounced: whether the e-mail was refused for a time
			junk: whether the recipient complained of spam
		`),
		Repeats:    []string{"subscriber"},
		References: []schema.Reference{{Column: "campaign_id", Table: "campaign"}, outlived("subscriber_id", "subscriber")},
		Optional:   true,
		Source: &schema.List{
			Path:   "/campaigns/{campaign_id}/reports/subscriber-activity",
			Paging: schema.ByPage,
			Params: url.Values{"include": {"subscriber"}}, // without it nothing says who the recipient is
			Walks:  walks,
			Limits: []int{100, 50, 25, 10},
			Per:    &schema.Link{Table: "campaign", Columns: []string{"campaign_id"}},
			Of:     &schema.Condition{Column: "status", Values: []string{"sent"}},
			// Who opens again moves only the counters of the e-mails: the campaign counts people.
			Still: slices.Concat([]string{"status", "finished_at", "emails"}, sendingCounters),
		},
	}
}
