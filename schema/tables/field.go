package tables

import (
	"slices"

	"mailerlake/schema"
)

// fieldKinds are the column types of the types of custom fields; all others are text.
var fieldKinds = map[string]schema.Kind{"number": schema.Double, "date": schema.Date}

// field declares the definitions of the account's custom fields.
func field() *schema.Table {
	return &schema.Table{
		Name:    "field",
		About:   "The definitions of the custom fields.",
		Core:    true,
		Key:     []string{"id"},
		Columns: slices.Concat(schema.KeyColumn("id"), schema.Texts("name", "key", "type"), schema.Flags("is_default", "used_in_automations")),
		Means: means(`
			id: id of the field
			name: name of the field
			key: name of its value among the fields of a subscriber
			type: text, number or date
			is_default: whether every account has it
			used_in_automations: whether an automation uses it
		`),
		Defines: &schema.Definitions{
			Key: "key", Type: "type",
			Kinds: fieldKinds,
		},
		Source: &schema.List{
			Path:   "/fields",
			Paging: schema.ByPage,
			Limits: []int{100, 25},
		},
	}
}
