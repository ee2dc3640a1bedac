package tables

import (
	"slices"

	"mailerlake/schema"
)

// subscriberField declares the custom fields in long form: a row for each value that is not null. They are made of the
// subscribers' rows, without a request.
func subscriberField() *schema.Table {
	return &schema.Table{
		Name:    "subscriber_field",
		About:   "The custom fields of the subscribers in long form: a row for each value.",
		Key:     []string{"subscriber_id", "field_id"},
		Columns: fieldColumns(),
		Means: means(`
			subscriber_id: id of the subscriber
			field_id: id of the field
			key: key of the field
			type: type of the field: text, number or date
			value_text: value of a text field, or one that does not fit the type of its field
			value_number: value of a number field
			value_date: value of a date field
		`),
		References: []schema.Reference{{Column: "subscriber_id", Table: "subscriber"}, {Column: "field_id", Table: "field"}},
		Optional:   true,
		Source:     &schema.Derived{From: schema.Link{Table: "subscriber", Columns: []string{"subscriber_id"}}, Rows: fieldRows},
	}
}

// The places of the columns that hold something of the field, or a value.
const (
	atField = iota + 1
	atKey
	atType
	atText
	atNumber
	atDate
)

func fieldColumns() []schema.Column {
	return slices.Concat(
		schema.LinkedKey("subscriber_id"),
		schema.KeyColumn("field_id"),
		schema.Texts("key", "type", "value_text"),
		schema.Columns(schema.Double, "value_number"),
		schema.Columns(schema.Date, "value_date"),
	)
}

// customField is a field whose values a batch of subscribers has.
type customField struct {
	id, key, kind []byte
	values        *schema.Vector // raw
}

// fieldRows makes the rows of a batch of subscribers. Values of a field that is not defined, which has no id, are left
// out: they are in the subscribers' own row.
func fieldRows(from *schema.Batch, definitions []*schema.Batch) schema.Children {
	out := schema.Children{Rows: &schema.Batch{Columns: fieldColumns()}, Offsets: make([]uint32, 1, from.Rows+1)}
	for _, c := range out.Rows.Columns {
		out.Rows.Vectors = append(out.Rows.Vectors, schema.NewVector(c.Kind))
	}
	out.Rows.Vectors[0] = nil // the subscriber, which is linked
	fields, value := customFields(from, definitions), &schema.Vector{}
	for row := range from.Rows {
		for _, f := range fields {
			if !f.values.Null(row) {
				f.append(out.Rows, f.values.Text(row), value)
			}
		}
		out.Offsets = append(out.Offsets, uint32(out.Rows.Rows))
	}
	return out
}

// customFields returns the defined fields that a batch has, in the order of their ids.
func customFields(from *schema.Batch, definitions []*schema.Batch) []customField {
	var fields []customField
	for _, b := range definitions {
		ids, keys, types := b.Vector("id"), b.Vector("key"), b.Vector("type")
		for i := range b.Rows {
			if keys == nil || types == nil || keys.Null(i) || types.Null(i) {
				continue
			}
			path := schema.JoinPath(customFieldObject, string(keys.Text(i)))
			at := slices.IndexFunc(from.Columns, func(c schema.Column) bool { return c.Kind == schema.Raw && c.Path == path })
			if at >= 0 && from.Vectors[at] != nil {
				fields = append(fields, customField{ids.Text(i), keys.Text(i), types.Text(i), from.Vectors[at]})
			}
		}
	}
	slices.SortStableFunc(fields, func(a, b customField) int { return schema.Key{string(a.id)}.Compare(schema.Key{string(b.id)}) })
	return fields
}

// append adds the row of a value, unless the value is null in the field's type. value is overwritten.
func (f *customField) append(rows *schema.Batch, raw []byte, value *schema.Vector) {
	at := f.place()
	if !set(value, rows.Columns[at].Kind, raw) {
		at = atText
		set(value, schema.String, raw)
	}
	if value.Null(0) {
		return
	}
	rows.Vectors[atField].AppendText(f.id)
	rows.Vectors[atKey].AppendText(f.key)
	rows.Vectors[atType].AppendText(f.kind)
	for i, v := range rows.Vectors[atText:] {
		if atText+i == at {
			v.AppendRows(value, 0, 1)
		} else {
			v.AppendNull(1)
		}
	}
	rows.Rows++
}

// place returns the place of the column for the values of the field's type.
func (f *customField) place() int {
	switch fieldKinds[string(f.kind)] {
	case schema.Double:
		return atNumber
	case schema.Date:
		return atDate
	}
	return atText
}

// set makes a value a vector's only row; false if it does not fit the kind.
func set(v *schema.Vector, k schema.Kind, raw []byte) bool {
	v.Reset()
	v.Kind = k
	return v.AppendJSON(raw)
}
