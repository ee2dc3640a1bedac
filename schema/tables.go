package schema

import "slices"

var tables = declare()

func declare() []*Table {
	subscriber, member := subscriberTable(), groupSubscriberTable()
	subscriber.Child = &Child{Attribute: "groups", Column: "group_id", ParentColumn: "subscriber_id", Table: member}
	member.Parent = subscriber
	return []*Table{subscriber, groupTable(), member, fieldTable(), campaignTable()}
}

// Tables returns the tables that are exported, a parent before its child.
func Tables() []*Table { return slices.Clone(tables) }

// Lookup returns the table of the name, nil if there is none.
func Lookup(name string) *Table {
	for _, t := range tables {
		if t.Name == name {
			return t
		}
	}
	return nil
}
