package readers

import "testing"

// TestComparisonNotices damages a table as a faulty merge might, and checks that the comparison notices.
func TestComparisonNotices(t *testing.T) {
	l, w := newLake(t, demo(300)), newWarehouse(t)
	l.export(t)
	l.check(t, w)
	all := func(table string) string { return "SELECT * FROM " + l.glob(table) }
	one := quote(l.account.IDs("subscriber")[17])
	for what, damaged := range map[string]struct{ table, query string }{
		"a missing row":          {"subscriber", all("subscriber") + " WHERE id <> " + one},
		"a duplicate row":        {"subscriber", all("subscriber") + " UNION ALL " + all("subscriber") + " WHERE id = " + one},
		"a missing column":       {"subscriber", "SELECT * EXCLUDE (opted_in_at) FROM " + l.glob("subscriber")},
		"a missing custom field": {"subscriber", "SELECT * EXCLUDE (fields_plan) FROM " + l.glob("subscriber")},
		"an extra column":        {"field", "SELECT *, 1 AS more FROM " + l.glob("field")},
		"another type":           {"subscriber", "SELECT * REPLACE (CAST(sent AS DOUBLE) AS sent) FROM " + l.glob("subscriber")},
		"a count off by one":     {"subscriber", "SELECT * REPLACE (CASE WHEN id = " + one + " THEN sent + 1 ELSE sent END AS sent) FROM " + l.glob("subscriber")},
		"times in local time":    {"campaign", "SELECT * REPLACE (created_at + INTERVAL 4 HOUR AS created_at) FROM " + l.glob("campaign")},
		"empty for null":         {"subscriber", "SELECT * REPLACE (coalesce(fields_company, '') AS fields_company) FROM " + l.glob("subscriber")},
		"a rounded rate":         {"campaign", "SELECT * REPLACE (round(stats_open_rate_float, 4) AS stats_open_rate_float) FROM " + l.glob("campaign")},
		"changed JSON":           {"campaign", "SELECT * REPLACE (replace(emails, 'false', 'true') AS emails) FROM " + l.glob("campaign")},
		"a date off by one":      {"subscriber", "SELECT * REPLACE (fields_birthday + 1 AS fields_birthday) FROM " + l.glob("subscriber")},
		"a rescued value":        {"group", "SELECT * REPLACE ('{}' AS _rescued) FROM " + l.glob("group")},
		"swapped ids":            {"group_subscriber", "SELECT * REPLACE (subscriber_id AS group_id, group_id AS subscriber_id) FROM " + l.glob("group_subscriber")},
	} {
		c := l.compare(t, w, damaged.table)
		c.relation = "(" + damaged.query + ")"
		if len(c.differences(t)) == 0 {
			t.Errorf("%s: not noticed in %s", what, damaged.table)
		}
	}
}
