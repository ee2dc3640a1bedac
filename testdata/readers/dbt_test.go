package readers

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mailerlake/client/mailerlitetest"
	"mailerlake/testdata/lake/program"
	"mailerlake/testdata/lake/servers"
)

// project is a dbt project with the sources that the program writes.
type project struct {
	dir string
}

var projectFiles = map[string]string{
	"dbt_project.yml": "name: people\nversion: '1.0'\nprofile: people\nflags: {send_anonymous_usage_stats: false}\n",
	"profiles.yml":    "people:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: people.duckdb, threads: 2}\n",
	"models/members.sql": `{{ config(materialized = 'table') }}
SELECT g.name, count(*) AS members FROM {{ source('mailerlake', 'group') }} AS g
JOIN {{ source('mailerlake', 'group_subscriber') }} AS gs ON gs.group_id = g.id GROUP BY g.name
`,
}

// newProject makes a project for a dataset.
func newProject(t *testing.T, lake string) *project {
	t.Helper()
	p := &project{dir: t.TempDir()}
	for file, text := range projectFiles {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(p.dir, file)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(p.dir, file), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	program.Must(t, program.Command{Args: []string{"dbt", "--out", lake, "-o", filepath.Join(p.dir, "models", "sources.yml")}})
	return p
}

// run runs dbt and returns the names of what did not pass, by its status, and how much passed. What dbt warns of beside that,
// such as syntax that it will drop, fails the test.
func (p *project) run(t *testing.T, command string) (failed map[string][]string, passed int) {
	t.Helper()
	dbt := filepath.Join(servers.Tools(), "dbt", "bin", "dbt")
	servers.Need(t, dbt, "dbt")
	results := filepath.Join(p.dir, "target", "run_results.json")
	if err := os.RemoveAll(results); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(dbt, "--no-use-colors", "--show-all-deprecations", command, "--profiles-dir", ".")
	cmd.Dir = p.dir
	out, err := cmd.CombinedOutput()
	if strings.Contains(strings.ToLower(string(out)), "deprecat") {
		t.Errorf("dbt %s: something is deprecated\n%s", command, out)
	}
	data, missing := os.ReadFile(results)
	if missing != nil {
		t.Fatalf("dbt %s: %v, %v\n%s", command, err, missing, out)
	}
	var found struct {
		Results []struct {
			Status string
			ID     string `json:"unique_id"`
		}
	}
	if err := json.Unmarshal(data, &found); err != nil {
		t.Fatal(err)
	}
	failed = map[string][]string{}
	for _, r := range found.Results {
		switch r.Status {
		case "pass", "success":
			passed++
		default:
			failed[r.Status] = append(failed[r.Status], strings.Split(r.ID, ".")[2])
		}
	}
	for _, names := range failed {
		slices.Sort(names)
	}
	return failed, passed
}

// TestDBT builds a project on the demo account: all tests pass, and a model reads the sources. Then rows are put into a copy of
// the dataset that should not be there, and just the tests that are about them fail.
func TestDBT(t *testing.T) {
	servers.Need(t, filepath.Join(servers.Tools(), "dbt", "bin", "dbt"), "dbt")
	l := newLake(t, mailerlitetest.Demo(0))
	l.dir = filepath.Join(t.TempDir(), oddPath, "lake")
	l.export(t)
	p := newProject(t, l.dir)
	failed, passed := p.run(t, "build")
	// the simulated account has a step that calls a webhook which is gone
	if want := map[string][]string{"warn": {"mailerlake_automation_step_webhook_id_is_in_webhook"}}; fmt.Sprint(failed) != fmt.Sprint(want) || passed < 120 {
		t.Errorf("dbt build: %d pass, not %v, want more than 120 but for %v", passed, failed, want)
	}
	w := newWarehouse(t)
	w.exec(t, "ATTACH "+quote(filepath.Join(p.dir, "people.duckdb"))+" AS people (READ_ONLY)")
	if got, want := w.count(t, "SELECT sum(members)::BIGINT FROM people.members"), int64(len(l.account.IDs("group_subscriber"))); got != want {
		t.Errorf("the model has %d memberships, want %d", got, want)
	}
	w.exec(t, "DETACH people") // dbt wants it alone

	l.put(t, w, "subscriber", "FROM rows LIMIT 1")                                                // twice
	l.put(t, w, "order_item", "FROM rows LIMIT 1")                                                // twice, by a key of three columns
	l.put(t, w, "group_subscriber", "SELECT * REPLACE ('1' AS group_id) FROM rows LIMIT 1")       // to no group
	l.put(t, w, "cart_item", "SELECT * REPLACE ('1' AS id, '2' AS product_id) FROM rows LIMIT 1") // to no product of the shop
	l.put(t, w, "campaign_activity", "SELECT * REPLACE ('1' AS id, '3' AS subscriber_id) FROM rows LIMIT 1")
	l.put(t, w, "field", "SELECT * REPLACE (NULL AS id) FROM rows LIMIT 1")
	want := map[string][]string{
		"warn": {"mailerlake_automation_step_webhook_id_is_in_webhook", "mailerlake_campaign_activity_subscriber_id_is_in_subscriber"},
		"fail": {"mailerlake_cart_item_product_id_is_in_product", "mailerlake_group_subscriber_group_id_is_in_group",
			"mailerlake_order_item_key_is_unique", "source_not_null_mailerlake_field_id", "source_unique_mailerlake_subscriber_id"},
	}
	if failed, _ := p.run(t, "test"); fmt.Sprint(failed) != fmt.Sprint(want) {
		t.Errorf("dbt test of a damaged copy: %v, want %v", failed, want)
	}
}

// put adds a part to a table, with rows that a query makes of the first part's.
func (l *lake) put(t *testing.T, w *warehouse, table, query string) {
	t.Helper()
	part := func(name string) string { return quote(filepath.Join(l.dir, table, name)) }
	w.exec(t, "CREATE OR REPLACE TEMP TABLE rows AS FROM read_parquet("+strings.ReplaceAll(part("part-00000.parquet"), "[", "[[]")+", hive_partitioning = false)")
	w.exec(t, "COPY ("+query+") TO "+part("part-99999.parquet")+" (FORMAT parquet)")
}
