package tables

import (
	"slices"

	"mailerlake/schema"
)

// campaignLanguage declares the languages that a campaign can have.
func campaignLanguage() *schema.Table {
	return &schema.Table{
		Name:    "campaign_language",
		About:   "The languages that a campaign can have.",
		Key:     []string{"id"},
		Columns: slices.Concat(schema.KeyColumn("id"), schema.Texts("shortcode", "iso639", "name", "direction")),
		Means: means(`
			id: id of the language
			shortcode: short code: en
			iso639: code with the country: en-US
			name: name of the language, in its own words
			direction: ltr or rtl: which way it is written
		`),
		Optional: true,
		Source:   &schema.List{Path: "/campaigns/languages", Paging: schema.ByPage},
	}
}
