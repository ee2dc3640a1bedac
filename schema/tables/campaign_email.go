package tables

import (
	"maps"
	"slices"

	"mailerlake/schema"
)

// campaignEmail declares the e-mails of the campaigns, which are nested in them. Without content they come with the list of
// campaigns; only the answer about one campaign has the content, so that it takes a request for each. Both ways they are the
// same rows.
func campaignEmail(content bool) *schema.Table {
	t := &schema.Table{
		Name:       "campaign_email",
		About:      "The e-mails of the campaigns: one, or several where variants are tested.",
		Key:        []string{"id"},
		Columns:    slices.Concat(schema.In("emails", schema.KeyColumn("id")), schema.Linked("campaign_id"), schema.In("emails", emailColumns())),
		Means:      means(campaignEmailMeans, under("stats_", sendingMeans)),
		Same:       map[string]string{"emails.language.id": "emails.language_id"},
		Repeats:    []string{"emails.language"},
		References: []schema.Reference{{Column: "campaign_id", Table: "campaign"}, {Column: "language_id", Table: "campaign_language"}},
		Optional:   true,
	}
	link := schema.Link{Table: "campaign", Columns: []string{"campaign_id"}}
	if !content {
		t.Skip = []string{"emails.content", "emails.click_map"}
		t.Source = &schema.Nested{In: link, Attribute: "emails"}
		return t
	}
	t.Columns = slices.Concat(t.Columns, schema.In("emails", schema.Texts("content"), schema.Documents("click_map")))
	maps.Copy(t.Means, means(campaignContentMeans))
	t.Source = &schema.List{
		Path:    "/campaigns/{campaign_id}",
		Paging:  schema.InObject,
		Records: "emails",
		Per:     &link,
		Still:   slices.Concat([]string{"updated_at", "status", "finished_at", "emails"}, sendingCounters),
	}
	return t
}

func emailColumns() []schema.Column {
	return slices.Concat(emailHead(), emailTail(), sendingStats("stats"))
}

func emailHead() []schema.Column {
	return slices.Concat(
		schema.Texts("account_id", "emailable_id", "emailable_type", "type", "ab_type", "from", "from_name", "reply_to", "name",
			"subject", "preheader", "plain_text", "screenshot_url", "preview_url"),
		schema.Times("generate_screenshot_timestamp", "created_at", "updated_at"),
	)
}

func emailTail() []schema.Column {
	return slices.Concat(
		schema.Flags("is_designed", "is_winner", "track_opens", "uses_survey", "uses_quiz"),
		schema.Texts("language_id"),
		schema.Documents("send_after"),
	)
}

const campaignEmailMeans = `
	id: id of the e-mail
	campaign_id: id of the campaign
	account_id: id of the account
	emailable_id: id of what the e-mail belongs to: the campaign
	emailable_type: kind of what it belongs to: campaigns
	type: how it was made: builder, builder_html, builder_rich_text
	ab_type: a, b or winner in a campaign that tests variants
	from: address of the sender
	from_name: name of the sender
	reply_to: address for replies
	name: name of the e-mail
	subject: subject line
	preheader: text that mail programs show beside the subject
	plain_text: the e-mail as plain text
	screenshot_url: address of a picture of it
	preview_url: address of a preview
	generate_screenshot_timestamp: when the picture was asked for, UTC
	created_at: when the e-mail was made, UTC
	updated_at: when the e-mail was changed last, UTC
	is_designed: whether it has a design
	is_winner: whether this variant won the test
	track_opens: whether opens are counted
	uses_survey: whether it has a survey
	uses_quiz: whether it has a quiz
	language_id: id of its language
	send_after: delay before it is sent, JSON
`

const campaignContentMeans = `
	content: the e-mail as HTML
	click_map: clicks by number of the link, JSON object of id, count and percentage, 0 to 100
`
