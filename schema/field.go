package schema

import "slices"

// fieldTable declares the definitions of the account's custom fields.
func fieldTable() *Table {
	return &Table{
		Name:    "field",
		Key:     []string{"id"},
		Order:   []string{"id"},
		Columns: slices.Concat(key("id"), texts("name", "key", "type"), flags("is_default", "used_in_automations")),
		needed:  []string{"key", "type"},
		Source: Source{
			Path:   "/fields",
			Paging: ByPage,
			Limits: []int{100, 25},
			After:  true,
		},
	}
}

// FieldKinds returns the type of each custom field by its key, from rows of the field table: text fields are String,
// number fields Double, date fields Date, and those of a type not known here String.
func FieldKinds(batches ...*Batch) map[string]Kind {
	kinds := map[string]Kind{}
	for _, b := range batches {
		keys, types := b.Vector("key"), b.Vector("type")
		for i := range b.Rows {
			if keys != nil && !keys.Null(i) {
				kinds[string(keys.Text(i))] = fieldKind(types, i)
			}
		}
	}
	return kinds
}

func fieldKind(types *Vector, i int) Kind {
	if types == nil {
		return String
	}
	switch string(types.Text(i)) {
	case "number":
		return Double
	case "date":
		return Date
	}
	return String
}
