package query

import (
	"fmt"
	"slices"
	"strings"
)

// Macro is a table macro of DuckDB that answers a question.
type Macro struct {
	Name string `json:"name"`
	// Call is how it is called, with the defaults of its parameters.
	Call     string `json:"call"`
	Question string `json:"question"`

	needs map[string]string // the columns that it reads, with spaces between them, by table
	query string
}

// Needs returns the columns that the macro reads, by table.
func (m Macro) Needs() map[string][]string {
	columns := map[string][]string{}
	for table, names := range m.needs {
		columns[table] = strings.Fields(names)
	}
	return columns
}

// answerable reports whether tables have all columns that the macro reads.
func (m Macro) answerable(tables []table) bool {
	for name, columns := range m.Needs() {
		if !slices.ContainsFunc(tables, func(t table) bool { return t.Name == name && t.hasAll(columns) }) {
			return false
		}
	}
	return true
}

func (m Macro) write(b *strings.Builder) {
	fmt.Fprintf(b, "\nCREATE OR REPLACE MACRO %s AS TABLE\n%s;\nCOMMENT ON MACRO TABLE %s IS %s;\n",
		m.Call, strings.TrimSpace(m.query), m.Name, literal(m.Question))
}

// macros are all macros. Days are counted back from ml_now(), and months are those of UTC.
var macros = []Macro{
	{
		Name: "ml_group_growth", Call: "ml_group_growth(days := 90)",
		Question: "How large are the groups, and how many of their members are new or have left in the last days?",
		needs:    map[string]string{"group": "id name", "group_subscriber": "group_id subscriber_id", "subscriber": "id status subscribed_at unsubscribed_at"},
		query: `
SELECT g.name, count(*) FILTER (WHERE s.status = 'active') AS members,
       count(*) FILTER (WHERE s.status = 'active' AND s.subscribed_at > since) AS new_members,
       count(*) FILTER (WHERE s.status = 'unsubscribed' AND s.unsubscribed_at > since) AS gone_members,
       round(100 * (new_members - gone_members) / nullif(members - new_members + gone_members, 0), 1) AS growth_percent
FROM (SELECT ml_now() - to_days(days) AS since), ml_group g
LEFT JOIN ml_group_subscriber gs ON gs.group_id = g.id
LEFT JOIN ml_subscriber s ON s.id = gs.subscriber_id
GROUP BY g.id, g.name ORDER BY members DESC, g.name`,
	},
	{
		Name: "ml_campaign_ranking", Call: "ml_campaign_ranking(min_sent := 100)",
		Question: "Which campaigns were opened most, of those sent to at least so many recipients? Rates are 0 to 1.",
		needs:    map[string]string{"campaign": "id name status finished_at stats_sent stats_open_rate_float stats_click_rate_float stats_unsubscribes_count"},
		query: `
SELECT row_number() OVER (ORDER BY stats_open_rate_float DESC, id) AS place, name, finished_at, stats_sent AS sent,
       stats_open_rate_float AS open_rate, stats_click_rate_float AS click_rate, stats_unsubscribes_count AS unsubscribes, id
FROM ml_campaign WHERE status = 'sent' AND stats_sent >= min_sent AND stats_open_rate_float IS NOT NULL
ORDER BY place`,
	},
	{
		Name: "ml_engagement_by_source", Call: "ml_engagement_by_source()",
		Question: "How do subscribers engage, by where they come from? Only those who were sent something count.",
		needs:    map[string]string{"subscriber": "source status sent open_rate click_rate"},
		query: `
SELECT source, count(*) AS subscribers, sum(sent)::BIGINT AS emails, round(avg(open_rate), 1) AS open_percent,
       round(avg(click_rate), 1) AS click_percent, round(100 * avg((status = 'unsubscribed')::INT), 1) AS unsubscribed_percent
FROM ml_subscriber WHERE sent > 0 GROUP BY source ORDER BY subscribers DESC, source`,
	},
	{
		Name: "ml_engagement_by_domain", Call: "ml_engagement_by_domain(min_subscribers := 10)",
		Question: "How do subscribers engage, and how many bounce, by the domain of their address?",
		needs:    map[string]string{"subscriber": "email status sent open_rate click_rate"},
		query: `
FROM (SELECT lower(split_part(email, '@', -1)) AS domain, count(*) AS subscribers, round(avg(open_rate), 1) AS open_percent,
             round(avg(click_rate), 1) AS click_percent, round(100 * avg((status = 'bounced')::INT), 1) AS bounced_percent
      FROM ml_subscriber WHERE sent > 0 GROUP BY domain)
WHERE subscribers >= min_subscribers ORDER BY subscribers DESC, domain`,
	},
	{
		Name: "ml_engagement_by_month", Call: "ml_engagement_by_month()",
		Question: "How were campaigns received, by the month in which they were sent? Rates are 0 to 1, of what was delivered.",
		needs: map[string]string{"campaign": "id finished_at",
			"campaign_activity": "campaign_id opened clicked unsubscribed junk hard_bounced soft_bounced"},
		query: `
SELECT date_trunc('month', finished_at AT TIME ZONE 'UTC')::DATE AS month, count(DISTINCT c.id) AS campaigns, count(*) AS delivered,
       round(avg(a.opened::INT), 3) AS opened, round(avg(a.clicked::INT), 3) AS clicked,
       round(avg((a.unsubscribed OR a.junk)::INT), 4) AS lost
FROM ml_campaign_activity a JOIN ml_campaign c ON c.id = a.campaign_id
WHERE c.finished_at IS NOT NULL AND NOT a.hard_bounced AND NOT a.soft_bounced
GROUP BY month ORDER BY month DESC`,
	},
	{
		Name: "ml_churn_by_month", Call: "ml_churn_by_month()",
		Question: "How many subscribed and unsubscribed each month, and what share of those who were there did so? Deleted subscribers are not counted.",
		needs:    map[string]string{"subscriber": "status subscribed_at unsubscribed_at"},
		query: `
SELECT month, at_start, subscribed, unsubscribed, round(100 * unsubscribed / nullif(at_start, 0), 2) AS churn_percent
FROM (SELECT month, sum(came)::BIGINT AS subscribed, sum(went)::BIGINT AS unsubscribed,
             (coalesce(sum(sum(came - went)) OVER (ORDER BY month ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0))::BIGINT AS at_start
      FROM (SELECT date_trunc('month', subscribed_at AT TIME ZONE 'UTC')::DATE AS month, 1 AS came, 0 AS went
            FROM ml_subscriber WHERE subscribed_at IS NOT NULL
            UNION ALL
            SELECT date_trunc('month', unsubscribed_at AT TIME ZONE 'UTC')::DATE, 0, 1
            FROM ml_subscriber WHERE subscribed_at IS NOT NULL AND unsubscribed_at IS NOT NULL AND status = 'unsubscribed')
      GROUP BY month)
ORDER BY month DESC`,
	},
	{
		Name: "ml_inactive_subscribers", Call: "ml_inactive_subscribers(days := 365, min_sent := 2)",
		Question: "Which active subscribers got at least so many campaigns in the last days, and opened none of them?",
		needs: map[string]string{"subscriber": "id status", "campaign": "id finished_at",
			"campaign_activity": "campaign_id subscriber_id opened clicked hard_bounced soft_bounced"},
		query: `
SELECT i.campaigns, i.last_campaign_at, s.*
FROM (SELECT a.subscriber_id, count(*) AS campaigns, max(c.finished_at) AS last_campaign_at, bool_or(a.opened OR a.clicked) AS engaged
      FROM ml_campaign_activity a JOIN ml_campaign c ON c.id = a.campaign_id
      WHERE c.finished_at > ml_now() - to_days(days) AND NOT a.hard_bounced AND NOT a.soft_bounced
      GROUP BY a.subscriber_id) i
JOIN ml_subscriber s ON s.id = i.subscriber_id
WHERE s.status = 'active' AND i.campaigns >= min_sent AND NOT i.engaged ORDER BY i.campaigns DESC, s.id`,
	},
	{
		Name: "ml_never_opened", Call: "ml_never_opened(min_sent := 10)",
		Question: "Which active subscribers were sent at least so many e-mails, and never opened one?",
		needs:    map[string]string{"subscriber": "id status sent opens_count"},
		query: `
FROM ml_subscriber WHERE status = 'active' AND sent >= min_sent AND opens_count = 0 ORDER BY sent DESC, id`,
	},
	{
		Name: "ml_automation_completion", Call: "ml_automation_completion()",
		Question: "How many runs through each automation were completed, of those that are over?",
		needs:    map[string]string{"automation": "id name", "automation_activity": "automation_id status"},
		query: `
SELECT a.name, count(*) AS runs, count(*) FILTER (WHERE r.status = 'Active') AS under_way,
       count(*) FILTER (WHERE r.status = 'Completed') AS completed, count(*) FILTER (WHERE r.status = 'Failed') AS failed,
       count(*) FILTER (WHERE r.status = 'Canceled') AS canceled,
       round(100 * completed / nullif(runs - under_way, 0), 1) AS completed_percent
FROM ml_automation a JOIN ml_automation_activity r ON r.automation_id = a.id
GROUP BY a.id, a.name ORDER BY runs DESC, a.name`,
	},
	{
		Name: "ml_revenue_by_month", Call: "ml_revenue_by_month()",
		Question: "What did each shop take by complete orders, by month, in its currency?",
		needs:    map[string]string{"shop": "id name currency", "order": "shop_id status created_at total_price"},
		query: `
SELECT date_trunc('month', o.created_at AT TIME ZONE 'UTC')::DATE AS month, s.name AS shop, s.currency, count(*) AS orders,
       round(sum(o.total_price), 2) AS revenue, round(avg(o.total_price), 2) AS per_order
FROM ml_order o JOIN ml_shop s ON s.id = o.shop_id WHERE o.status = 'complete'
GROUP BY month, s.id, s.name, s.currency ORDER BY month DESC, s.name`,
	},
	{
		Name: "ml_changed_rows", Call: "ml_changed_rows(table_name)",
		Question: "Which rows of a table, such as 'subscriber', did the last export that changed the table add or change?",
		query: `
FROM query_table(table_name) WHERE _synced_at = (SELECT max(_synced_at) FROM query_table(table_name))`,
	},
}
