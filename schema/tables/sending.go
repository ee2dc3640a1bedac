package tables

import (
	"slices"

	"mailerlake/schema"
)

// sendingStats are the statistics of what was sent, in an object at a path.
func sendingStats(at string) []schema.Column {
	in := func(names ...string) []string {
		for i := range names {
			names[i] = at + "." + names[i]
		}
		return names
	}
	return slices.Concat(
		schema.Counts(in("sent", "opens_count", "unique_opens_count")...),
		schema.Rates(in("open_rate")...),
		schema.Counts(in("clicks_count", "unique_clicks_count")...),
		schema.Rates(in("click_rate")...),
		schema.Counts(in("unsubscribes_count")...),
		schema.Rates(in("unsubscribe_rate")...),
		schema.Counts(in("spam_count")...),
		schema.Rates(in("spam_rate")...),
		schema.Counts(in("hard_bounces_count")...),
		schema.Rates(in("hard_bounce_rate")...),
		schema.Counts(in("soft_bounces_count")...),
		schema.Rates(in("soft_bounce_rate")...),
		schema.Counts(in("forwards_count")...),
		schema.Rates(in("forward_rate")...),
		schema.Counts(in("social_interactions_count")...),
		schema.Rates(in("social_interaction_rate", "click_to_open_rate")...),
	)
}

const sendingMeans = `
	sent: e-mails sent
	opens_count: opens, repeated ones included
	unique_opens_count: recipients who opened
	open_rate_*: share of recipients who opened
	clicks_count: clicks on links, repeated ones included
	unique_clicks_count: recipients who clicked
	click_rate_*: share of recipients who clicked
	unsubscribes_count: recipients who unsubscribed
	unsubscribe_rate_*: share of recipients who unsubscribed
	spam_count: recipients who complained of spam
	spam_rate_*: share of recipients who complained of spam
	hard_bounces_count: e-mails refused for good
	hard_bounce_rate_*: share of e-mails refused for good
	soft_bounces_count: e-mails refused for a time
	soft_bounce_rate_*: share of e-mails refused for a time
	forwards_count: times that the e-mail was forwarded
	forward_rate_*: share of recipients who forwarded
	social_interactions_count: interactions on social networks
	social_interaction_rate_*: share of recipients who interacted on social networks
	click_to_open_rate_float: clicks for each open, 0 to 1 or more
	click_to_open_rate_string: clicks for each open, as text: 12.5%
`

// sendingCounters are the columns of the statistics at "stats" that grow whenever a recipient does something.
var sendingCounters = []string{"stats_sent", "stats_opens_count", "stats_unique_opens_count", "stats_clicks_count", "stats_unique_clicks_count",
	"stats_unsubscribes_count", "stats_spam_count", "stats_hard_bounces_count", "stats_soft_bounces_count", "stats_forwards_count"}
