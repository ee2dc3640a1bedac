package tables

import (
	"slices"

	"mailerlake/schema"
)

// automationTrigger declares what starts an automation. What else a trigger has depends on its type.
func automationTrigger() *schema.Table {
	return &schema.Table{
		Name:  "automation_trigger",
		About: "What starts an automation. Which columns have values depends on the type.",
		Key:   []string{"id"},
		Columns: slices.Concat(
			schema.In("triggers", schema.KeyColumn("id")),
			schema.Linked("automation_id"),
			schema.In("triggers",
				schema.Texts("type"),
				schema.Flags("broken", "complete"),
				schema.Documents("group_ids", "groups", "exclude_group_ids", "excluded_groups"),
				schema.Texts("ecommerce_shop_id", "unit", "value"),
			),
		),
		Means: means(`
			id: id of the trigger
			automation_id: id of the automation
			type: what happens: subscriber_joins_group, abandoned_cart and others
			broken: whether it cannot work
			complete: whether nothing is missing in it
			group_ids: ids of the groups that it is about, JSON array
			groups: those groups, JSON array of id, name and url
			exclude_group_ids: ids of the groups whose members do not enter, JSON array
			excluded_groups: those groups, JSON array of id, name and url
			ecommerce_shop_id: id of the shop that it is about
			unit: unit of the value: minutes, hours, days and others
			value: number of units to wait
		`),
		Same:       map[string]string{"triggers.ecommerce_shop.id": "triggers.ecommerce_shop_id"},
		Repeats:    []string{"triggers.ecommerce_shop"},
		Sparse:     true,
		Never:      []string{"secret"},
		References: []schema.Reference{{Column: "automation_id", Table: "automation"}, outlived("ecommerce_shop_id", "shop")},
		Optional:   true,
		Source:     &schema.Nested{In: schema.Link{Table: "automation", Columns: []string{"automation_id"}}, Attribute: "triggers"},
	}
}
