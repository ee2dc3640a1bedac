package readers

import "testing"

// TestComparisonNotices spoils a table in ways that a merge might and looks whether the comparison finds it.
func TestComparisonNotices(t *testing.T) {
	l, w := newLake(t, demo(300)), newWarehouse(t)
	l.export(t)
	l.check(t, w)
	all := func(table string) string { return "SELECT * FROM " + l.glob(table) }
	one := quote(l.account.IDs("subscriber")[17])
	for what, spoiled := range map[string]struct{ table, query string }{
		"a row less":          {"subscriber", all("subscriber") + " WHERE id <> " + one},
		"a row twice":         {"subscriber", all("subscriber") + " UNION ALL " + all("subscriber") + " WHERE id = " + one},
		"a column less":       {"subscriber", "SELECT * EXCLUDE (opted_in_at) FROM " + l.glob("subscriber")},
		"a custom field less": {"subscriber", "SELECT * EXCLUDE (fields_plan) FROM " + l.glob("subscriber")},
		"a column more":       {"field", "SELECT *, 1 AS more FROM " + l.glob("field")},
		"another type":        {"subscriber", "SELECT * REPLACE (CAST(sent AS DOUBLE) AS sent) FROM " + l.glob("subscriber")},
		"a count off by one":  {"subscriber", "SELECT * REPLACE (CASE WHEN id = " + one + " THEN sent + 1 ELSE sent END AS sent) FROM " + l.glob("subscriber")},
		"times in local time": {"campaign", "SELECT * REPLACE (created_at + INTERVAL 4 HOUR AS created_at) FROM " + l.glob("campaign")},
		"empty for null":      {"subscriber", "SELECT * REPLACE (coalesce(fields_company, '') AS fields_company) FROM " + l.glob("subscriber")},
		"a rate rounded":      {"campaign", "SELECT * REPLACE (round(stats_open_rate_float, 4) AS stats_open_rate_float) FROM " + l.glob("campaign")},
		"JSON changed":        {"campaign", "SELECT * REPLACE (replace(emails, 'false', 'true') AS emails) FROM " + l.glob("campaign")},
		"a date off by one":   {"subscriber", "SELECT * REPLACE (fields_birthday + 1 AS fields_birthday) FROM " + l.glob("subscriber")},
		"a value rescued":     {"group", "SELECT * REPLACE ('{}' AS _rescued) FROM " + l.glob("group")},
		"a membership moved":  {"group_subscriber", "SELECT * REPLACE (subscriber_id AS group_id, group_id AS subscriber_id) FROM " + l.glob("group_subscriber")},
	} {
		c := l.compare(t, w, spoiled.table)
		c.relation = "(" + spoiled.query + ")"
		if len(c.differences(t)) == 0 {
			t.Errorf("%s: not noticed in %s", what, spoiled.table)
		}
	}
}
