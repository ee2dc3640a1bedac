package tables

import (
	"slices"

	"mailerlake/schema"
)

// group declares the groups that subscribers are put into. Rates are 0 to 1.
func group() *schema.Table {
	return &schema.Table{
		Name:  "group",
		About: "The groups that subscribers are put into.",
		Core:  true,
		Key:   []string{"id"},
		Columns: slices.Concat(
			schema.KeyColumn("id"),
			schema.Texts("name"),
			schema.Counts("active_count", "sent_count", "opens_count"),
			schema.Rates("open_rate"),
			schema.Counts("clicks_count"),
			schema.Rates("click_rate"),
			schema.Counts("unsubscribed_count", "unconfirmed_count", "bounced_count", "junk_count"),
			schema.Times("created_at"),
			schema.Flags("processing", "used_in_forms", "used_in_sites"),
		),
		Means: means(`
			id: id of the group
			name: name of the group
			active_count: members who are active
			sent_count: e-mails sent to members
			opens_count: opens by members
			open_rate_*: share of e-mails to members that were opened
			clicks_count: clicks by members
			click_rate_*: share of e-mails to members that were clicked
			unsubscribed_count: members who unsubscribed
			unconfirmed_count: members who have not confirmed yet
			bounced_count: members whose address bounced
			junk_count: members who complained of spam
			created_at: when the group was made, UTC
			processing: whether members are being added or removed
			used_in_forms: whether a form puts subscribers into it
			used_in_sites: whether a site puts subscribers into it
		`),
		Source: &schema.List{
			Path:   "/groups",
			Paging: schema.ByPage,
			Limits: []int{1000, 250, 100, 25},
			Item:   "/groups/{id}",
		},
	}
}
