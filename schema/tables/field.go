package tables

import (
	"slices"

	"mailerlake/schema"
)

// field declares the definitions of the account's custom fields.
func field() *schema.Table {
	return &schema.Table{
		Name:    "field",
		Key:     []string{"id"},
		Columns: slices.Concat(schema.KeyColumn("id"), schema.Texts("name", "key", "type"), schema.Flags("is_default", "used_in_automations")),
		Defines: &schema.Definitions{
			Key: "key", Type: "type",
			Kinds: map[string]schema.Kind{"number": schema.Double, "date": schema.Date},
		},
		Source: &schema.List{
			Path:   "/fields",
			Paging: schema.ByPage,
			Limits: []int{100, 25},
		},
	}
}
