package readers

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailerlake/client/mailerlitetest"
	"mailerlake/export/dataset"
	"mailerlake/export/disk"
	"mailerlake/export/query"
	"mailerlake/schema"
	"mailerlake/schema/tables"
	"mailerlake/testdata/lake/program"
	"mailerlake/testdata/lake/servers"
)

// oddPath is a directory whose name ends strings and is a pattern, for whoever takes it as it is.
const oddPath = "it's [h]ere/year=2024"

// newScript returns the demo account of the second day in an odd directory, and the start script that the program writes for
// it.
func newScript(t *testing.T) (l *lake, script string) {
	t.Helper()
	l = newLake(t, mailerlitetest.Demo(0))
	l.dir = filepath.Join(t.TempDir(), oddPath, "lake")
	l.export(t)
	l.account.Advance(1)
	l.export(t)
	script = filepath.Join(t.TempDir(), "it's.sql")
	program.Must(t, program.Command{Args: []string{"sql", "--out", l.dir, "-o", script}})
	return l, script
}

func readText(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// committed is the manifest as the program reads it.
func (l *lake) committed(t *testing.T) *dataset.Manifest {
	t.Helper()
	d, err := dataset.Open(disk.OS(false), l.dir)
	if err != nil || d.Manifest == nil {
		t.Fatalf("manifest %v: %v", d, err)
	}
	return d.Manifest
}

// TestScript runs the start script and compares what its views and macros say with the manifest, and with queries of the files.
func TestScript(t *testing.T) {
	l, script := newScript(t)
	w := newWarehouse(t)
	for range 2 { // it can be run again
		w.exec(t, readText(t, script))
	}
	t.Run("views", func(t *testing.T) { testViews(t, l, w) })
	t.Run("macros", func(t *testing.T) { testMacros(t, l, w) })
	t.Run("shell", func(t *testing.T) { testShell(t, script) })
	t.Run("guard", func(t *testing.T) { testGuard(t, l, script) })
}

func testViews(t *testing.T, l *lake, w *warehouse) {
	m := l.committed(t)
	for _, table := range m.Tables {
		for _, view := range []string{name(table.Name), "ml_" + table.Name} {
			if got := w.count(t, "SELECT count(*) FROM "+view); got != table.Rows {
				t.Errorf("%s has %d rows, want %d", view, got, table.Rows)
			}
		}
		got, _ := w.describe(t, "ml_"+table.Name)
		if want, _ := w.describe(t, fmt.Sprintf("read_parquet(%s, hive_partitioning = false)", l.pattern(table.Name))); !slices.Equal(got, want) {
			t.Errorf("ml_%s has the columns %v, want %v", table.Name, got, want)
		}
		row := w.table(t, "SELECT row_count, added, changed, deleted, changed_in FROM ml_last_run WHERE table_name = "+quote(table.Name))
		want := []any{table.Rows, table.Last.Added, table.Last.Changed, table.Last.Deleted, table.ChangedIn}
		if len(row) != 1 || !slices.Equal(row[0], want) {
			t.Errorf("ml_last_run of %s is %v, want %v", table.Name, row, want)
		}
	}
	if n := w.count(t, `SELECT count(*) FROM duckdb_columns() WHERE NOT internal AND comment IS NULL AND table_name NOT IN ('ml_dataset', 'ml_last_run', 'ml_help')`); n != 0 {
		t.Errorf("%d columns have no comment", n)
	}
	if got := w.table(t, "SELECT account, account_name, snapshot FROM ml_dataset")[0]; !slices.Equal(got, []any{"83510", "Kornblume & Söhne", m.Snapshot}) {
		t.Errorf("ml_dataset is %v", got)
	}
}

// pattern is glob for a directory that is a pattern itself.
func (l *lake) pattern(table string) string { return strings.ReplaceAll(l.glob(table), "[h]", "[[]h]") }

// answers are the same answers as those of macros, from the files and in other words. {table} stands for a table, now for the
// last moment of the account.
var answers = map[string]string{
	"SELECT name, members, new_members, gone_members FROM ml_group_growth(days := 60) ORDER BY ALL": `
		SELECT g.name, (SELECT count(*) FROM {subscriber} s WHERE s.status = 'active' AND s.id IN (SELECT subscriber_id FROM {group_subscriber} WHERE group_id = g.id)),
		(SELECT count(*) FROM {subscriber} s WHERE s.status = 'active' AND s.subscribed_at > now - INTERVAL 60 DAY AND s.id IN (SELECT subscriber_id FROM {group_subscriber} WHERE group_id = g.id)),
		(SELECT count(*) FROM {subscriber} s WHERE s.status = 'unsubscribed' AND s.unsubscribed_at > now - INTERVAL 60 DAY AND s.id IN (SELECT subscriber_id FROM {group_subscriber} WHERE group_id = g.id))
		FROM {group} g ORDER BY ALL`,
	"SELECT id, open_rate FROM ml_campaign_ranking() ORDER BY place": `
		SELECT id, stats_open_rate_float FROM {campaign} WHERE status = 'sent' AND stats_sent >= 100 ORDER BY 2 DESC, 1`,
	"SELECT source, subscribers, emails FROM ml_engagement_by_source() ORDER BY source": `
		SELECT source, count(*), sum(sent)::BIGINT FROM {subscriber} WHERE sent > 0 GROUP BY source ORDER BY source`,
	"SELECT domain, subscribers, open_percent FROM ml_engagement_by_domain(min_subscribers := 195) ORDER BY domain": `
		SELECT lower(regexp_extract(email, '@(.*)$', 1)) AS d, count(*), round(avg(open_rate), 1) FROM {subscriber} WHERE sent > 0 GROUP BY d HAVING count(*) >= 195 ORDER BY d`,
	"SELECT sum(delivered)::BIGINT, sum(campaigns)::BIGINT FROM ml_engagement_by_month()": `
		SELECT count(*), count(DISTINCT campaign_id) FROM {campaign_activity} WHERE NOT (hard_bounced OR soft_bounced)`,
	"SELECT sum(subscribed)::BIGINT, sum(unsubscribed)::BIGINT, max(at_start + subscribed - unsubscribed) FROM ml_churn_by_month()": `
		SELECT count(subscribed_at), count(*) FILTER (WHERE status = 'unsubscribed'), count(*) FILTER (WHERE subscribed_at IS NOT NULL AND status <> 'unsubscribed') FROM {subscriber}`,
	"SELECT month, subscribed, unsubscribed FROM ml_churn_by_month() WHERE month = DATE '2026-01-01'": `
		SELECT DATE '2026-01-01', (SELECT count(*) FROM {subscriber} WHERE subscribed_at >= TIMESTAMPTZ '2026-01-01 00:00:00+00' AND subscribed_at < TIMESTAMPTZ '2026-02-01 00:00:00+00'),
		(SELECT count(*) FROM {subscriber} WHERE status = 'unsubscribed' AND unsubscribed_at >= TIMESTAMPTZ '2026-01-01 00:00:00+00' AND unsubscribed_at < TIMESTAMPTZ '2026-02-01 00:00:00+00')`,
	"SELECT id FROM ml_inactive_subscribers() ORDER BY id": `
		WITH got AS (SELECT a.* FROM {campaign_activity} a WHERE NOT hard_bounced AND NOT soft_bounced AND campaign_id IN (SELECT id FROM {campaign} WHERE finished_at > now - INTERVAL 365 DAY))
		SELECT id FROM {subscriber} s WHERE status = 'active' AND (SELECT count(*) FROM got WHERE subscriber_id = s.id) >= 2
		AND s.id NOT IN (SELECT subscriber_id FROM got WHERE opened OR clicked) ORDER BY id`,
	"SELECT id FROM ml_never_opened(min_sent := 20) ORDER BY id": `
		SELECT id FROM {subscriber} WHERE opens_count = 0 AND sent >= 20 AND status = 'active' ORDER BY id`,
	"SELECT sum(runs)::BIGINT, sum(under_way)::BIGINT, sum(completed + failed + canceled)::BIGINT FROM ml_automation_completion()": `
		SELECT count(*), count(*) FILTER (WHERE status = 'Active'), count(*) FILTER (WHERE status <> 'Active') FROM {automation_activity}`,
	"SELECT shop, round(sum(revenue)), sum(orders)::BIGINT FROM ml_revenue_by_month() GROUP BY shop ORDER BY shop": `
		SELECT s.name, round(sum(o.total_price)), count(*) FROM {shop} s, {order} o WHERE o.shop_id = s.id AND o.status = 'complete' GROUP BY s.name ORDER BY s.name`,
	"SELECT id FROM ml_changed_rows('order') ORDER BY id": `
		SELECT id FROM {order} WHERE _synced_at > (SELECT min(_synced_at) FROM {order}) ORDER BY id`,
}

func testMacros(t *testing.T, l *lake, w *warehouse) {
	now := w.table(t, "SELECT CAST(ml_now() AS VARCHAR)")[0][0].(string)
	if !strings.HasPrefix(now, "2026-03-03 0") && !strings.HasPrefix(now, "2026-03-02 ") {
		t.Errorf("the account's last moment is %s, want the second day of the demo", now)
	}
	for macro, files := range answers {
		for _, table := range l.tables {
			files = strings.ReplaceAll(files, "{"+table+"}", "read_parquet("+l.pattern(table)+")")
		}
		got, want := w.table(t, macro), w.table(t, strings.ReplaceAll(files, "now", "TIMESTAMPTZ "+quote(now)))
		if d := cmp.Diff(want, got); d != "" || len(got) == 0 {
			t.Errorf("%s: %d rows (-files +macro)\n%.1000s", macro, len(got), d)
		}
	}
	for _, row := range w.table(t, "SELECT from_what FROM ml_help") {
		call := strings.Replace(row[0].(string), "table_name", "'order'", 1)
		names, rows, err := w.query("FROM " + call)
		if err != nil || len(rows) == 0 || len(names) < 2 {
			t.Errorf("FROM %s: %d rows, %v", call, len(rows), err)
		}
		asked := func(macro string) bool { return strings.Contains(macro, strings.Split(call, "(")[0]) }
		if strings.Contains(call, "(") && !slices.ContainsFunc(slices.Collect(maps.Keys(answers)), asked) {
			t.Errorf("the answers of %s are not compared", call)
		}
	}
}

// testShell starts the shell with the script, as the README says, in another directory.
func testShell(t *testing.T, script string) {
	duckdb := filepath.Join(servers.Tools(), "venv", "bin", "duckdb")
	servers.Need(t, duckdb, "readers")
	cmd := exec.Command(duckdb, "-init", script, "-csv", "-c", `SELECT count(*) FROM "order"`, "-c", "SELECT count(*) AS groups FROM ml_group_growth()")
	cmd.Dir = t.TempDir()
	out, err := cmd.CombinedOutput()
	if want := "count_star()\n154\ngroups\n12\n"; err != nil || string(out) != want {
		t.Errorf("the shell printed %q, %v, want %q", out, err, want)
	}
}

// testGuard has the script refuse a dataset that is another account's by now.
func testGuard(t *testing.T, l *lake, script string) {
	file := filepath.Join(l.dir, "manifest.json")
	text := readText(t, file)
	for from, want := range map[string][2]string{
		`"id": "83510"`: {`"id": "9"`, "of another account"},
		`"format": `:    {`"format": 9`, "newer format"},
	} {
		if err := os.WriteFile(file, []byte(strings.Replace(text, from, want[0], 1)), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := newWarehouse(t).db.Exec(readText(t, script)); err == nil || !strings.Contains(err.Error(), want[1]) {
			t.Errorf("with %s: %v, want %s", want[0], err, want[1])
		}
	}
}

// TestMacroNeeds runs each macro on files that have just the columns which it says it needs.
func TestMacroNeeds(t *testing.T) {
	l := newLake(t, demo(300))
	l.export(t)
	whole := query.Dataset{Dir: l.dir, Manifest: l.committed(t), Catalog: tables.All()}
	for _, m := range query.DuckDB(whole).Macros {
		if len(m.Needs()) == 0 {
			continue // of any table
		}
		d := query.Dataset{Dir: t.TempDir(), Manifest: whole.Manifest.Clone(), Catalog: tables.All()}
		w := newWarehouse(t)
		d.Manifest.Tables = nil
		for table, columns := range m.Needs() {
			state := whole.Manifest.Table(table).Clone()
			state.Columns = slices.DeleteFunc(state.Columns, func(c schema.Column) bool { return !slices.Contains(columns, c.Name) })
			d.Manifest.Put(state)
			if err := os.Mkdir(filepath.Join(d.Dir, table), 0o755); err != nil {
				t.Fatal(err)
			}
			w.exec(t, fmt.Sprintf("COPY (SELECT %s FROM %s) TO %s", strings.Join(columns, ", "), l.glob(table), quote(filepath.Join(d.Dir, table, "part-00000.parquet"))))
		}
		w.exec(t, fmt.Sprintf("COPY (SELECT content FROM read_text(%s)) TO %s (FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER e'\\x01')", quote(filepath.Join(l.dir, "manifest.json")), quote(filepath.Join(d.Dir, "manifest.json"))))
		s := query.DuckDB(d)
		w.exec(t, s.Text)
		if i := slices.IndexFunc(s.Macros, func(other query.Macro) bool { return other.Name == m.Name }); i < 0 {
			t.Errorf("%s is not there with what it needs", m.Name)
			continue
		}
		w.table(t, "FROM "+m.Call)
	}
}

// TestScriptOfHostileNames runs the script of a dataset in which everything has a name that ends strings, identifiers and
// comments.
func TestScriptOfHostileNames(t *testing.T) {
	l := newLake(t, demo(20))
	l.dir = filepath.Join(t.TempDir(), "a\"b'; SELECT error('no') --\n; SELECT error('no');[x]*", "lake")
	l.tables = []string{"subscriber"}
	l.export(t)
	m, w := l.committed(t), newWarehouse(t)
	m.Account.Name = "\n; SELECT error('no'); --"
	state := m.Table("subscriber")
	columns := "*"
	for i, hostile := range []string{`a"b`, "it's", "x'); SELECT error('no'); --", "--\n;SELECT error('no');", "select"} {
		state.Columns = append(state.Columns, schema.Column{Name: "fields_" + hostile, Kind: schema.String, Path: "fields." + hostile})
		columns += fmt.Sprintf(", '%d' AS %s", i, name("fields_"+hostile))
	}
	d := query.Dataset{Dir: l.dir, Manifest: m, Catalog: tables.All(), Program: "mailerlake\n;"}
	part := filepath.Join(l.dir, "subscriber", "part-00000.parquet")
	w.exec(t, "CREATE TABLE rows AS FROM read_parquet("+strings.NewReplacer("[", "[[]", "*", "[*]").Replace(quote(part))+", hive_partitioning = false)")
	w.exec(t, fmt.Sprintf("COPY (SELECT %s FROM rows) TO %s (FORMAT parquet)", columns, quote(part)))
	w.exec(t, query.DuckDB(d).Text)
	if n := w.count(t, `SELECT count(*) FROM subscriber WHERE "fields_a""b" = '0' AND "fields_it's" = '1' AND fields_select = '4'`); n != 20 {
		t.Errorf("the view has %d rows, want 20", n)
	}
	if n := w.count(t, `SELECT count(*) FROM duckdb_columns() WHERE table_name = 'subscriber' AND comment LIKE 'value of the field %error(''no'')%'`); n != 2 {
		t.Errorf("%d columns have a hostile comment, want 2", n)
	}
}
