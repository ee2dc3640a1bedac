package tables

import (
	"slices"

	"mailerlake/schema"
)

// timezone declares the time zones that campaigns can be scheduled in. The offsets follow daylight saving at the time of
// the request, so that this table changes twice a year.
func timezone() *schema.Table {
	return &schema.Table{
		Name:  "timezone",
		About: "The time zones that MailerLite knows. Offsets follow daylight saving at the time of the export.",
		Key:   []string{"id"},
		Columns: slices.Concat(
			schema.KeyColumn("id"),
			schema.Texts("name", "name_for_humans", "offset_name"),
			schema.Counts("offset"),
		),
		Means: means(`
			id: id of the time zone
			name: name in the tz database: Europe/Vilnius
			name_for_humans: name and offset
			offset_name: offset from UTC as text: +03:00, daylight saving included
			offset: minutes ahead of UTC, daylight saving included
		`),
		Optional: true,
		Source:   &schema.List{Path: "/timezones", Paging: schema.ByPage},
	}
}
