package schema

import "slices"

// groupSubscriberTable declares who is in which group. Its rows come inside the subscribers; Source is the fall-back
// for subscribers that come without their groups, {id} standing for the group: subscribers of that group, of one
// status a walk.
func groupSubscriberTable() *Table {
	group, subscriber := key("groups.id"), key("id")
	group[0].Name, subscriber[0].Name = "group_id", "subscriber_id"
	return &Table{
		Name:    "group_subscriber",
		Key:     []string{"group_id", "subscriber_id"},
		Order:   []string{"subscriber_id", "group_id"},
		Columns: slices.Concat(group, subscriber),
		Source: Source{
			Path:   "/groups/{id}/subscribers",
			Paging: ByCursor,
			Walks:  eachStatus(subscriberStatuses...),
			Limits: []int{1000, 100, 50},
		},
	}
}
