package terminal

import (
	"encoding/json"
	"io"
	"strings"
	"testing"

	"mailerlake/export/dataset"
	"mailerlake/schema"
	"mailerlake/schema/tables"
)

// allTables returns the shape of all tables, m's where it has them.
func allTables(m *dataset.Manifest) []TableSchema {
	return Schema(tables.All(), m, Variant{"--campaign-content", tables.Catalog(tables.Options{CampaignContent: true})})
}

func markdown(t *testing.T, shown []TableSchema) string {
	return text(t, func(w io.Writer) error { return WriteSchemaMarkdown(w, shown) })
}

// TestSchemaMarkdown looks for every table, and in its section for every column, in the document.
func TestSchemaMarkdown(t *testing.T) {
	document := markdown(t, allTables(nil))
	overview, _, _ := strings.Cut(document, "\n## ")
	for _, table := range tables.Catalog(tables.Options{CampaignContent: true}).Tables() {
		if !strings.Contains(overview, "\n| `"+table.Name+"` | `"+strings.Join(table.Key, ", ")+"` | ") {
			t.Errorf("%s is not in the table of tables", table.Name)
		}
		_, section, _ := strings.Cut(document, "\n## "+table.Name+"\n")
		section, _, _ = strings.Cut(section, "\n## ")
		if !strings.Contains(section, table.About) || !strings.Contains(section, "| `_rescued` | STRING") {
			t.Errorf("%s: section %.200q", table.Name, section)
		}
		for _, c := range table.Columns {
			if !strings.Contains(section, "| `"+c.Name+"` | "+kind(c)+" | "+table.Means[c.Name]) {
				t.Errorf("%s.%s is not in the section", table.Name, c.Name)
			}
		}
		for _, r := range table.References {
			if !strings.Contains(section, r.Column+"` refers to `"+r.Table+"`") {
				t.Errorf("%s.%s: reference to %s is not in the section", table.Name, r.Column, r.Table)
			}
		}
	}
}

// TestTableOfTables pins what is said about a table of each kind.
func TestTableOfTables(t *testing.T) {
	document := markdown(t, allTables(nil))
	for _, line := range []string{
		"| `subscriber` | `id` | `/subscribers?include=groups` | 1 per 1,000 rows + 6 | every run | `fields_<key>`: defined by `field`; `open_rate`, `click_rate`: 0 to 100 |",
		"| `campaign` | `id` | `/campaigns` | 1 per 100 rows of each status | every run | `settings_winner_email_id`, `language_id`, `default_email_id`; `*_float`: 0 to 1; `ecommerce_stats_total_price`: in the shop's currency |",
		"| `timezone` | `id` | `/timezones` | 1 | every run | `offset`: minutes |",
		"| `group_subscriber` | `group_id, subscriber_id` | `groups` in `subscriber`, else `/groups/{group_id}/subscribers` | none | with `subscriber` |  |",
		"| `subscriber_field` | `subscriber_id, field_id` | derived from `subscriber` | none | with `subscriber` |  |",
		"| `segment_subscriber` | `segment_id, subscriber_id` | `/segments/{segment_id}/subscribers` | 1 per 1,000 rows of each `segment` and status | every run |  |",
		"| `campaign_activity` | `campaign_id, id` | `/campaigns/{campaign_id}/reports/subscriber-activity?include=subscriber` | 1 per 100 rows of each `campaign` with `status` sent, and again for each of 7 kinds of rows" +
			" | where `campaign` changed in `status`, `finished_at`, `emails`, 10 of `stats_*` | `opened`, `clicked`, `unsubscribed`, `forwarded`, `hard_bounced`, `soft_bounced`, `junk`: true or false; `subscriber_id` |",
		"- Requests: none; with `--campaign-content` 1 for each `campaign`",
		"| `content` | STRING | the e-mail as HTML; only with `--campaign-content` |",
		"- `shop_id, product_id` refers to `product`",
		"- `subscriber_id` refers to `subscriber`, which may not have the row any more",
		"- Asked for with `filter[status]=completed`, `filter[status]=active`, `filter[status]=canceled`, `filter[status]=failed`",
		"- Not read again while these columns of `subscriber` stand still: `sent`, `opens_count`, `clicks_count`, `updated_at`",
		"| `opened_at` |", // must not be there
	} {
		if got := strings.Contains(document, "\n"+line); got == strings.HasPrefix(line, "| `opened_at`") {
			t.Errorf("in the document: %v, of the line %s", got, line)
		}
	}
}

// TestSchemaOfDataset shows the columns that a dataset has, whatever they are called.
func TestSchemaOfDataset(t *testing.T) {
	m := &dataset.Manifest{Tables: []dataset.TableState{{Name: "subscriber", Key: []string{"id"}, Columns: []schema.Column{
		{Name: "id", Kind: schema.String, Path: "id", Required: true},
		{Name: "fields_x|y", Kind: schema.Double, Path: "fields.x|y"},
		{Name: "new\x1b", Kind: schema.String, Path: "new"},
		{Name: "_synced_at", Kind: schema.Timestamp},
	}}}}
	shown := allTables(m)
	_, section, _ := strings.Cut(markdown(t, shown), "\n| column | type | meaning |\n| --- | --- | --- |\n")
	section, _, _ = strings.Cut(section, "\n\n")
	want(t, section+"\n", `
| `+"`id`"+` | STRING | id of the subscriber |
| `+"`fields_x\\|y`"+` | DOUBLE | value of the field x\|y |
| `+"`new`"+` | STRING | as MailerLite sends it; this version of mailerlake does not know it |
| `+"`_synced_at`"+` | TIMESTAMP | when this version of the row was first exported, UTC |
`)
	data, err := json.Marshal(shown[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{`"requests":"1 per 1,000 rows + 6"`, `"read":"every run"`, `"references":[]`, `{"name":"id","type":"STRING","path":"id","required":true,"meaning":"id of the subscriber"}`} {
		if !strings.Contains(string(data), part) {
			t.Errorf("%s is not in %s", part, data)
		}
	}
}
