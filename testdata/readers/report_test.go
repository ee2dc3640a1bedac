package readers

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailerlake/client/mailerlitetest"
	"mailerlake/testdata/lake/program"
)

// hostile is a name that would run, ask for something and change the title if it did not stay text.
const hostile = `</title></style></script><img src="http://evil.example/x.png" onerror="document.title='run'"><script>document.title='run';console.error('run')</script>` + "\u202e\x1b[31m 🛒"

// hostileNames gives an account such names wherever a report shows one.
func (l *lake) hostileNames(t *testing.T) {
	t.Helper()
	a := l.account
	a.AddSubscriber(func(s *mailerlitetest.Subscriber) {
		s.Email, s.Source = `x@<script>document.title="run"</script>`, hostile
	})
	group := a.AddGroup(hostile)
	for _, id := range a.IDs("subscriber")[:300] {
		a.Join(id, group)
	}
	a.SendCampaign(a.AddCampaign(hostile))
	for _, id := range a.IDs("automation") {
		if !a.RenameAutomation(id, hostile) {
			t.Fatal("there is no such automation")
		}
	}
}

// reported is a lake with a history of some days and hostile names, and the page of its report.
func reported(t *testing.T) (*lake, *page) {
	o := demo(800)
	o.AccountName = "Blumen & Söhne " + hostile
	l := newLake(t, o)
	l.export(t)
	for day := range 3 {
		l.history = day == 1
		l.account.Advance(9)
		if day == 2 {
			l.hostileNames(t)
		}
		l.export(t)
	}
	file := filepath.Join(t.TempDir(), "report.html")
	if r := program.Run(t, program.Command{Args: []string{"report", "--out", l.dir, "-o", file}}); r.Code != 0 {
		t.Fatal(r)
	}
	return l, browse(t, file)
}

// TestReportInABrowser opens a report in a browser: nothing runs, nothing is asked for, the console is silent, and the tables
// show what DuckDB finds in the same files.
func TestReportInABrowser(t *testing.T) {
	l, p := reported(t)
	if len(p.console)+len(p.asked) > 0 {
		t.Errorf("console: %q; asked: %q", p.console, p.asked)
	}
	if !strings.HasPrefix(p.title, "Blumen & Söhne </title></style>") || !strings.Contains(p.title, " · mailing report · ") {
		t.Errorf("the title is %q", p.title)
	}
	if strings.Contains(p.dom, "<script") || strings.Contains(p.dom, "<img") {
		t.Error("the document has elements that the report does not write")
	}
	w := newWarehouse(t)
	w.exec(t, "SET TimeZone = 'UTC'")
	w.exec(t, "CREATE MACRO whole(n) AS format('{:,}', n::BIGINT)")
	w.exec(t, "CREATE MACRO share(part, n) AS CASE WHEN coalesce(n, 0) = 0 THEN '–' ELSE printf('%.1f%%', 100 * part::DOUBLE / n) END")
	w.exec(t, "CREATE TABLE now AS SELECT max(moved) AS t FROM ("+l.updates(t, w)+")")
	w.exec(t, l.at("CREATE VIEW people AS SELECT *, coalesce(subscribed_at, CASE WHEN status <> 'unconfirmed' THEN created_at END) AS joined, lower(regexp_extract(email, '@([^@]*)$', 1)) AS domain FROM 'lake/subscriber/*.parquet'"))
	w.exec(t, l.at("CREATE VIEW sent AS SELECT *, coalesce(started_at, finished_at) AS sent_at, coalesce(stats_sent, 0) AS n FROM 'lake/campaign/*.parquet' WHERE status = 'sent'"))
	for heading, query := range reportQueries {
		t.Run(heading, func(t *testing.T) { p.compare(t, w, heading, l.at(query)) })
	}
}

// at puts the dataset's directory into a query.
func (l *lake) at(query string) string { return strings.ReplaceAll(query, "'lake/", "'"+l.dir+"/") }

// updates returns a query of the greatest updated_at of every table that has one.
func (l *lake) updates(t *testing.T, w *warehouse) string {
	t.Helper()
	var queries []string
	for _, table := range l.tables {
		for _, column := range first(w.describe(t, l.glob(table))) {
			if column == "updated_at" {
				queries = append(queries, "SELECT max(updated_at) AS moved FROM "+l.glob(table))
			}
		}
	}
	return strings.Join(queries, " UNION ALL ")
}

func first(names, _ []string) []string { return names }

// compare compares the first rows and columns of a section with those of a query.
func (p *page) compare(t *testing.T, w *warehouse, heading, query string) {
	t.Helper()
	var want, got [][]string
	for _, row := range w.table(t, query) {
		texts := make([]string, len(row))
		for i, x := range row {
			texts[i] = strings.TrimSpace(fmt.Sprint(x))
		}
		want = append(want, texts)
	}
	if len(want) == 0 {
		t.Fatal("DuckDB finds nothing")
	}
	for _, row := range p.sections[heading] {
		var cells []string
		for _, cell := range row {
			switch {
			case len(cells) == len(want[0]):
			case strings.Contains(cell, "<script>"):
				cells = append(cells, "hostile")
			case cell != "": // else a bar, or the heading of one
				cells = append(cells, cell)
			}
		}
		got = append(got, cells)
	}
	if len(got) <= len(want) {
		t.Fatalf("the page shows the rows %q, and DuckDB finds %d", got, len(want))
	}
	if d := cmp.Diff(want, got[1:1+len(want)]); d != "" { // below the names of the columns
		t.Errorf("(-DuckDB +page)\n%s", d)
	}
}

// reportQueries are what DuckDB is asked for the tables of a report, by their headings. Hostile names count as one: what
// the page leaves of them is its own affair.
var reportQueries = map[string]string{
	"Subscribers by status": `SELECT status, whole(count(*)), share(count(*), (SELECT count(*) FROM people)) FROM people GROUP BY status ORDER BY count(*) DESC, status`,

	"Growth by month": `SELECT strftime(m, '%b %Y'), whole(j), whole(l), CASE WHEN j > l THEN '+' WHEN j < l THEN '−' ELSE '' END || whole(abs(j - l)) FROM (
		SELECT m, (SELECT count(*) FROM people, now WHERE date_trunc('month', joined) = m AND joined < t + INTERVAL 1 MONTH) AS j,
			(SELECT count(*) FROM people WHERE date_trunc('month', unsubscribed_at) = m) AS l
		FROM (SELECT unnest(generate_series(date_trunc('month', t) - INTERVAL 23 MONTH, date_trunc('month', t), INTERVAL 1 MONTH)) AS m FROM now)) ORDER BY m DESC`,

	"Sources": rankingQuery("source", 5),

	"E-mail domains": rankingQuery("domain", 7),

	"When they last opened a campaign": `WITH opens AS (SELECT subscriber_id AS id, max(s.sent_at) FILTER (WHERE a.opened) AS opened_at
			FROM 'lake/campaign_activity/*.parquet' a JOIN sent s ON s.id = a.campaign_id GROUP BY ALL),
		steps AS (SELECT *, CASE WHEN o.id IS NULL THEN 7 WHEN o.opened_at IS NULL THEN 6 WHEN o.opened_at > t - INTERVAL 30 DAY THEN 1 WHEN o.opened_at > t - INTERVAL 90 DAY THEN 2
			WHEN o.opened_at > t - INTERVAL 180 DAY THEN 3 WHEN o.opened_at > t - INTERVAL 365 DAY THEN 4 ELSE 5 END AS step
			FROM people p LEFT JOIN opens o ON o.id = p.id, now WHERE status = 'active')
		SELECT label, whole(count(steps.step)), share(count(steps.step), (SELECT count(*) FROM steps)) FROM (VALUES (1, 'under 1 month ago'), (2, '1 to 3 months ago'),
			(3, '3 to 6 months ago'), (4, '6 months to 1 year ago'), (5, 'over 1 year ago'), (6, 'never, though some were sent'), (7, 'none was sent to them')) l(step, label)
		LEFT JOIN steps USING (step) GROUP BY l.step, label ORDER BY l.step`,

	"Engagement by time on the list": `SELECT label, whole(count(p.id)), share(sum(open_rate * sent), 100 * sum(sent)), share(sum(click_rate * sent), 100 * sum(sent)),
			share(count(*) FILTER (WHERE sent > 0 AND opens_count = 0), count(p.id))
		FROM (VALUES (0, 30, 'under 1 month'), (30, 90, '1 to 3 months'), (90, 180, '3 to 6 months'), (180, 365, '6 months to 1 year'), (365, 730, '1 to 2 years'),
			(730, 1095, '2 to 3 years'), (1095, 99999, 'over 3 years')) l(low, high, label)
		LEFT JOIN (SELECT * FROM people, now) p ON status = 'active' AND joined > t - to_days(high) AND (joined <= t - to_days(low) OR low = 0) GROUP BY low, label ORDER BY low`,

	"Best campaigns": `SELECT CASE WHEN name LIKE '%<script>%' THEN 'hostile' ELSE name END, strftime(sent_at, '%-d %b %Y'), whole(n), share(stats_unique_opens_count, n), share(stats_unique_clicks_count, n),
		whole(stats_unsubscribes_count) FROM sent WHERE n >= 100 ORDER BY stats_unique_opens_count / n DESC, sent_at DESC LIMIT 12`,

	"Groups": `SELECT CASE WHEN name LIKE '%<script>%' THEN 'hostile' ELSE name END, whole(active_count), whole(unsubscribed_count), whole(sent_count), CASE WHEN sent_count > 0 THEN share(open_rate_float, 1) ELSE '–' END,
		CASE WHEN sent_count > 0 THEN share(click_rate_float, 1) ELSE '–' END FROM 'lake/group/*.parquet' ORDER BY active_count DESC, name LIMIT 8`,

	"Automations": `SELECT 'hostile', CASE WHEN enabled THEN 'on' ELSE 'off' END, whole(coalesce(stats_sent, 0)), CASE WHEN stats_sent > 0 THEN share(stats_open_rate_float, 1) ELSE '–' END, CASE WHEN stats_sent > 0 THEN share(stats_click_rate_float, 1) ELSE '–' END,
		whole(stats_completed_subscribers_count), whole(stats_subscribers_in_queue_count) FROM 'lake/automation/*.parquet'
		ORDER BY coalesce(stats_sent, 0) DESC, stats_completed_subscribers_count DESC, length(id), id`,

	"Campaigns": `SELECT strftime(date_trunc('month', sent_at), '%b %Y'), whole(count(*)), whole(sum(n)), share(sum(stats_unique_opens_count), sum(n)), share(sum(stats_unique_clicks_count), sum(n)),
		whole(sum(stats_unsubscribes_count)) FROM sent, now WHERE date_trunc('month', sent_at) > date_trunc('month', t) - INTERVAL 24 MONTH GROUP BY date_trunc('month', sent_at) ORDER BY date_trunc('month', sent_at) DESC`,

	"What changed lately": `SELECT '#' || _snapshot, strftime(max(_changed_at), '%-d %b %Y %H:%M'), whole(count(*) FILTER (WHERE _change = 'insert')),
		whole(count(*) FILTER (WHERE _change IN ('update', 'update_after'))), whole(count(*) FILTER (WHERE _change = 'delete'))
		FROM read_parquet('lake/_changes/*/*.parquet', union_by_name = true) GROUP BY _snapshot ORDER BY _snapshot DESC`,

	"Revenue": `SELECT strftime(m, '%b %Y'), whole(count(o.id)), format('{:,.2f}', coalesce(sum(total_price), 0)), CASE WHEN count(o.id) = 0 THEN '–' ELSE format('{:,.2f}', avg(total_price)) END
		FROM (SELECT unnest(generate_series(date_trunc('month', t) - INTERVAL 23 MONTH, date_trunc('month', t), INTERVAL 1 MONTH)) AS m FROM now)
		LEFT JOIN (SELECT o.* FROM 'lake/order/*.parquet' o JOIN 'lake/shop/*.parquet' s ON s.id = o.shop_id WHERE status = 'complete' AND currency = (
			SELECT currency FROM 'lake/order/*.parquet' o JOIN 'lake/shop/*.parquet' s ON s.id = o.shop_id WHERE status = 'complete' GROUP BY 1 ORDER BY count(*) DESC, currency LIMIT 1)) o
		ON date_trunc('month', o.created_at) = m GROUP BY m ORDER BY m DESC`,
}

// rankingQuery asks for the most frequent values of a column.
func rankingQuery(column string, n int) string {
	return fmt.Sprintf(`SELECT %[1]s, whole(count(*)), share(count(*) FILTER (WHERE status = 'active'), count(*)), share(sum(open_rate * sent), 100 * sum(sent))
		FROM people WHERE %[1]s <> '' GROUP BY %[1]s ORDER BY count(*) DESC, %[1]s LIMIT %[2]d`, column, n)
}
