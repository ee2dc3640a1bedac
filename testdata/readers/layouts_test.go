package readers

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// layouts state the columns of each core table, one a line: its name, its type and, if it differs from the name, its path in
// the API. They follow from the facts about the API and the dataset's rules for names. Types are DuckDB's, except that
// TIME stands for a time in UTC, JSON for JSON text and IDS for the ids of an array of objects as JSON text.
var layouts = map[string]string{
	"subscriber": `
		id VARCHAR
		email VARCHAR
		status VARCHAR
		source VARCHAR
		sent BIGINT
		opens_count BIGINT
		clicks_count BIGINT
		open_rate DOUBLE
		click_rate DOUBLE
		ip_address VARCHAR
		subscribed_at TIME
		unsubscribed_at TIME
		created_at TIME
		updated_at TIME
		opted_in_at TIME
		optin_ip VARCHAR
`,
	"group": `
		id VARCHAR
		name VARCHAR
		active_count BIGINT
		sent_count BIGINT
		opens_count BIGINT
		open_rate_float DOUBLE open_rate.float
		open_rate_string VARCHAR open_rate.string
		clicks_count BIGINT
		click_rate_float DOUBLE click_rate.float
		click_rate_string VARCHAR click_rate.string
		unsubscribed_count BIGINT
		unconfirmed_count BIGINT
		bounced_count BIGINT
		junk_count BIGINT
		created_at TIME
		processing BOOLEAN
		used_in_forms BOOLEAN
		used_in_sites BOOLEAN
`,
	"group_subscriber": `
		group_id VARCHAR
		subscriber_id VARCHAR
`,
	"field": `
		id VARCHAR
		name VARCHAR
		key VARCHAR
		type VARCHAR
		is_default BOOLEAN
		used_in_automations BOOLEAN
`,
	"campaign": `
		id VARCHAR
		account_id VARCHAR
		name VARCHAR
		type VARCHAR
		status VARCHAR
		missing_data JSON
		settings_track_opens BOOLEAN settings.track_opens
		settings_use_google_analytics BOOLEAN settings.use_google_analytics
		settings_ecommerce_tracking BOOLEAN settings.ecommerce_tracking
		settings_test_type VARCHAR settings.test_type
		settings_test_split VARCHAR settings.test_split
		settings_select_winner_by VARCHAR settings.select_winner_by
		settings_after_time_amount VARCHAR settings.after_time_amount
		settings_after_time_unit VARCHAR settings.after_time_unit
		settings_test_sent_at VARCHAR settings.test_sent_at
		settings_winner_email_id VARCHAR settings.winner_email_id
		settings_winner_selected_at VARCHAR settings.winner_selected_at
		filter JSON
		filter_for_humans JSON
		delivery_schedule VARCHAR
		language_id VARCHAR
		language_shortcode VARCHAR language.shortcode
		language_iso639 VARCHAR language.iso639
		language_name VARCHAR language.name
		language_direction VARCHAR language.direction
		created_at TIME
		updated_at TIME
		scheduled_for TIME
		queued_at TIME
		started_at TIME
		finished_at TIME
		stopped_at TIME
		default_email_id VARCHAR
		emails JSON
		used_in_automations BOOLEAN
		type_for_humans VARCHAR
		stats_sent BIGINT stats.sent
		stats_opens_count BIGINT stats.opens_count
		stats_unique_opens_count BIGINT stats.unique_opens_count
		stats_open_rate_float DOUBLE stats.open_rate.float
		stats_open_rate_string VARCHAR stats.open_rate.string
		stats_clicks_count BIGINT stats.clicks_count
		stats_unique_clicks_count BIGINT stats.unique_clicks_count
		stats_click_rate_float DOUBLE stats.click_rate.float
		stats_click_rate_string VARCHAR stats.click_rate.string
		stats_unsubscribes_count BIGINT stats.unsubscribes_count
		stats_unsubscribe_rate_float DOUBLE stats.unsubscribe_rate.float
		stats_unsubscribe_rate_string VARCHAR stats.unsubscribe_rate.string
		stats_spam_count BIGINT stats.spam_count
		stats_spam_rate_float DOUBLE stats.spam_rate.float
		stats_spam_rate_string VARCHAR stats.spam_rate.string
		stats_hard_bounces_count BIGINT stats.hard_bounces_count
		stats_hard_bounce_rate_float DOUBLE stats.hard_bounce_rate.float
		stats_hard_bounce_rate_string VARCHAR stats.hard_bounce_rate.string
		stats_soft_bounces_count BIGINT stats.soft_bounces_count
		stats_soft_bounce_rate_float DOUBLE stats.soft_bounce_rate.float
		stats_soft_bounce_rate_string VARCHAR stats.soft_bounce_rate.string
		stats_forwards_count BIGINT stats.forwards_count
		stats_forward_rate_float DOUBLE stats.forward_rate.float
		stats_forward_rate_string VARCHAR stats.forward_rate.string
		stats_social_interactions_count BIGINT stats.social_interactions_count
		stats_social_interaction_rate_float DOUBLE stats.social_interaction_rate.float
		stats_social_interaction_rate_string VARCHAR stats.social_interaction_rate.string
		stats_click_to_open_rate_float DOUBLE stats.click_to_open_rate.float
		stats_click_to_open_rate_string VARCHAR stats.click_to_open_rate.string
		is_stopped BOOLEAN
		has_winner BOOLEAN
		winner_version_for_human VARCHAR
		winner_sending_time_for_humans VARCHAR
		winner_selected_manually_at TIME
		can_update BOOLEAN can.update
		can_delete BOOLEAN can.delete
		can_send BOOLEAN can.send
		can_copy BOOLEAN can.copy
		can_resend BOOLEAN can.resend
		uses_ecommerce BOOLEAN
		uses_survey BOOLEAN
		can_be_scheduled BOOLEAN
		is_currently_sending_out BOOLEAN
		ecommerce_stats_total_orders BIGINT ecommerce_stats.total_orders
		ecommerce_stats_total_price DOUBLE ecommerce_stats.total_price
		ecommerce_stats_multi_currency BOOLEAN ecommerce_stats.multi_currency
		warnings JSON
		initial_created_at TIME
		is_smart_sending_index_option_finished BOOLEAN
		is_applied_for_smart_sending_index_option BOOLEAN
		can_be_copied BOOLEAN
		has_basic_filter BOOLEAN
		basic_filter_for_humans_included_groups JSON basic_filter_for_humans.included_groups
		basic_filter_for_humans_excluded_groups JSON basic_filter_for_humans.excluded_groups
		basic_filter_for_humans_included_segments JSON basic_filter_for_humans.included_segments
		basic_filter_for_humans_excluded_segments JSON basic_filter_for_humans.excluded_segments
		basic_filter_for_humans_all_active_subscribers BOOLEAN basic_filter_for_humans.all_active_subscribers
		is_eligible_for_sending BOOLEAN
		needs_repair BOOLEAN
		next_step JSON
		recipients_count BIGINT
`,
}

// moreLayouts are the layouts of the other tables, each under its name. Paths of nested rows begin at the row.
//
//go:embed layouts.txt
var moreLayouts string

func init() {
	table := ""
	for line := range strings.Lines(moreLayouts) {
		if column, ok := strings.CutPrefix(line, "\t"); ok {
			layouts[table] += column
		} else {
			table = strings.TrimSpace(line)
		}
	}
}

// keys state the key of each table, in the order that its rows are sorted by.
var keys = map[string][]string{
	"account":             {"id"},
	"timezone":            {"id"},
	"campaign_language":   {"id"},
	"webhook":             {"id"},
	"import":              {"id"},
	"subscriber_field":    {"subscriber_id", "field_id"},
	"subscriber_activity": {"subscriber_id", "log_name", "id"},
	"segment":             {"id"},
	"segment_subscriber":  {"segment_id", "subscriber_id"},
	"form":                {"id"},
	"form_subscriber":     {"form_id", "subscriber_id"},
	"campaign_email":      {"id"},
	"campaign_activity":   {"campaign_id", "id"},
	"automation":          {"id"},
	"automation_step":     {"id"},
	"automation_trigger":  {"id"},
	"automation_activity": {"automation_id", "id"},
	"shop":                {"id"},
	"product":             {"shop_id", "id"},
	"category":            {"shop_id", "id"},
	"category_product":    {"shop_id", "product_id", "category_id"},
	"customer":            {"shop_id", "id"},
	"order":               {"shop_id", "id"},
	"order_item":          {"shop_id", "order_id", "id"},
	"cart":                {"shop_id", "id"},
	"cart_item":           {"shop_id", "cart_id", "id"},

	"subscriber":       {"id"},
	"group":            {"id"},
	"group_subscriber": {"subscriber_id", "group_id"},
	"field":            {"id"},
	"campaign":         {"id"},
}

// column is one column of a table, and where its values come from.
type column struct{ name, kind, path string }

func layoutOf(t testing.TB, table string) []column {
	t.Helper()
	var columns []column
	for line := range strings.Lines(layouts[table]) {
		switch f := strings.Fields(line); len(f) {
		case 0:
		case 2:
			columns = append(columns, column{f[0], f[1], f[0]})
		case 3:
			columns = append(columns, column{f[0], f[1], f[2]})
		default:
			t.Fatalf("layout of %s: %q does not describe a column", table, line)
		}
	}
	return columns
}

// fieldLayout returns the columns of the account's custom fields, those deleted since among them: it takes them from all
// recordings of the table field.
func (l *lake) fieldLayout(t testing.TB, w *warehouse) []column {
	t.Helper()
	kinds := map[string]string{"text": "VARCHAR", "number": "DOUBLE", "date": "DATE"}
	var columns []column
	for moment := 1; moment <= l.moment; moment++ {
		for _, row := range w.table(t, fmt.Sprintf(`SELECT json->>'$.key', json->>'$.type'
			FROM read_ndjson_objects(%s) ORDER BY CAST(json->>'$.id' AS BIGINT)`, quote(l.rows("field", moment)))) {
			key := row[0].(string)
			c := column{"fields_" + key, kinds[row[1].(string)], "fields." + key}
			if !slices.Contains(columns, c) {
				columns = append(columns, c)
			}
		}
	}
	return columns
}

// sqlType returns the type that DuckDB should show for the column.
func (c column) sqlType() string {
	switch c.kind {
	case "TIME":
		return "TIMESTAMP WITH TIME ZONE"
	case "JSON", "IDS":
		return "VARCHAR"
	}
	return c.kind
}

// fromJSON returns the SQL of the column's value in a record of the API.
func (c column) fromJSON() string {
	path := quote(`$."` + strings.ReplaceAll(c.path, ".", `"."`) + `"`)
	switch text := "(json->>" + path + ")"; c.kind {
	case "VARCHAR":
		return text
	case "TIME": // the API's times are in UTC and most do not say so
		return "CAST(rtrim(" + text + ", 'Z') || '+00' AS TIMESTAMPTZ)"
	case "IDS":
		return "json(to_json(json_extract_string(json, " + quote("$."+c.path+"[*].id") + ")))"
	case "JSON":
		return "CASE WHEN json_type(json, " + path + ") <> 'NULL' THEN json(json->" + path + ") END"
	default:
		return "CAST(" + text + " AS " + c.kind + ")"
	}
}

// stored returns the SQL of the column's value in the dataset. JSON text is compared by content, whatever its spacing.
func (c column) stored() string {
	if c.kind == "JSON" || c.kind == "IDS" {
		return "json(" + name(c.name) + ")"
	}
	return name(c.name)
}
