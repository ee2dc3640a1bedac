package readers

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailerlake/client/mailerlitetest"
	"mailerlake/testdata/lake/program"
	"mailerlake/testdata/lake/servers"
)

var readme = flag.String("readme", "../../README.md", "`file` with the recipes")

// recipesHeading is where the recipes begin in the README. A heading of the next level begins each.
const recipesHeading = "## Load it elsewhere"

// recipes returns the shell blocks of each recipe of a text, by its heading.
func recipes(text string) map[string][]string {
	_, text, _ = strings.Cut("\n"+text, "\n"+recipesHeading)
	text, _, _ = strings.Cut(text, "\n## ")
	found := map[string][]string{}
	for _, recipe := range strings.Split(text, "\n### ")[1:] {
		heading, _, _ := strings.Cut(recipe, "\n")
		for _, block := range strings.Split(recipe, "\n```sh\n")[1:] {
			block, _, _ = strings.Cut(block, "\n```")
			found[heading] = append(found[heading], block+"\n")
		}
	}
	return found
}

func TestRecipesOf(t *testing.T) {
	got := recipes("# A\n## Load it elsewhere\n### One\n```sh\na\n```\ntext\n```sh\nb\nc\n```\n### Two\n```sql\nd\n```\n```sh\ne\n```\n## B\n### Three\n```sh\nf\n```\n")
	want := map[string][]string{"One": {"a\n", "b\nc\n"}, "Two": {"e\n"}}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("recipes (-want +got)\n%s", d)
	}
}

// kitchen is where recipes are followed: a directory with a dataset, and the commands that a user has.
type kitchen struct {
	*lake
	recipes map[string][]string
	dir     string   // the working directory
	env     []string // of the commands
	replace []string // pairs: what a user would write in place of an example
}

// newKitchen makes a kitchen whose dataset is the demo account of day 0.
func newKitchen(t *testing.T) *kitchen {
	t.Helper()
	text, err := os.ReadFile(*readme)
	if err != nil {
		t.Fatal(err)
	}
	dir, home := t.TempDir(), t.TempDir()
	k := &kitchen{lake: newLake(t, mailerlitetest.Demo(0)), recipes: recipes(string(text)), dir: dir}
	k.lake.dir = filepath.Join(dir, "lake")
	tools := servers.Tools()
	bin := filepath.Join(home, "bin")
	k.env = append(os.Environ(), "HOME="+home, fmt.Sprintf("PATH=%s:%s:%s", bin, filepath.Join(tools, "venv", "bin"), os.Getenv("PATH")))
	k.shim(t, bin, "mailerlake", fmt.Sprintf(`exec %q "$@"`, program.Build(t)))
	duckdb := filepath.Join(tools, "venv", "bin", "duckdb")
	servers.Need(t, duckdb, "readers")
	extensions, err := filepath.Glob(filepath.Join(tools, "venv", "lib", "python*", "site-packages", "duckdb_ext", "extensions"))
	if err != nil || len(extensions) != 1 {
		t.Fatalf("extensions of DuckDB: %v, %v", extensions, err)
	}
	k.shim(t, bin, "duckdb", fmt.Sprintf(`exec %q -cmd "SET custom_extension_repository = '%s'" "$@"`, duckdb, extensions[0]))
	k.day(t, 0)
	return k
}

// shim puts a command into a directory.
func (k *kitchen) shim(t *testing.T, bin, name, script string) {
	t.Helper()
	if err := os.MkdirAll(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
}

// day exports the account as it is on a day.
func (k *kitchen) day(t *testing.T, day int) {
	t.Helper()
	k.sh(t, fmt.Sprintf("mailerlake export --demo-day %d --tables core --quiet --out lake", day))
}

// sh runs a script as a user would type it, and returns what it prints.
func (k *kitchen) sh(t *testing.T, script string) string {
	t.Helper()
	cmd := exec.Command("bash", "-euo", "pipefail", "-c", strings.NewReplacer(k.replace...).Replace(script))
	cmd.Dir, cmd.Env = k.dir, k.env
	out, err := cmd.CombinedOutput()
	if err != nil || strings.Contains(string(out), "Error:") {
		t.Fatalf("%v\n%s\n%s", err, script, out)
	}
	return string(out)
}

// recipe returns the blocks of a recipe, which must be a number of them.
func (k *kitchen) recipe(t *testing.T, heading string, blocks int) []string {
	t.Helper()
	found := k.recipes[heading]
	if len(found) != blocks {
		t.Fatalf("%s has %d shell blocks under %q, want %d", *readme, len(found), heading, blocks)
	}
	return found
}

// TestRecipes follows the recipes of the README.
func TestRecipes(t *testing.T) {
	t.Run("DuckDB from S3", testRecipeS3)
	t.Run("Delta in DuckDB", testRecipeDelta)
	t.Run("Delta in Spark", testRecipeSpark)
	t.Run("Changes into DuckDB", testRecipeDuckDB)
	t.Run("Changes into Postgres", testRecipePostgres)
}

func testRecipeS3(t *testing.T) {
	k := newKitchen(t)
	server := servers.Start(t, servers.S3)
	bucket := server.Bucket(t)
	k.env = append(k.env, bucket.Env(server.Addr)...)
	k.replace = []string{
		"s3://my-bucket/lake?region=eu-central-1", strings.Replace(bucket.URL(server.Addr), "?", "/lake?", 1),
		"s3://my-bucket", "s3://" + bucket.Name,
		"KEY_ID '...', SECRET '...', REGION 'eu-central-1'", servers.DuckDBSecret(server.Addr),
	}
	k.checkStatuses(t, k.sh(t, k.recipe(t, "DuckDB from S3", 1)[0]))
}

func testRecipeDelta(t *testing.T) {
	k := newKitchen(t)
	k.sh(t, "mailerlake publish --to file://./delta --format delta")
	k.day(t, 1)
	out := k.sh(t, k.recipe(t, "Delta in DuckDB", 1)[0])
	k.checkStatuses(t, out)
	if !strings.Contains(out, "gone") {
		t.Errorf("it does not say how many are gone:\n%s", out)
	}
}

func testRecipeSpark(t *testing.T) {
	if !everything {
		t.Skip("runs with LAKE=all, as it takes half a minute")
	}
	k := newKitchen(t)
	jars, err := filepath.Glob(filepath.Join(servers.Tools(), "jars", "*.jar"))
	if err != nil {
		t.Fatal(err)
	}
	servers.Need(t, filepath.Join(servers.Tools(), "jars"), "spark")
	k.replace = []string{"--packages io.delta:delta-spark_2.13:4.0.1", "--jars " + strings.Join(jars, ","),
		"mailerlake export --history", "mailerlake export --history --demo --tables core --out lake"}
	k.env = append(k.env, "SPARK_LOCAL_IP=127.0.0.1")
	k.sh(t, "mailerlake export --history --demo --tables core --out lake && mailerlake publish --to file://./delta --format delta")
	k.replace[3] = "mailerlake export --history --demo-day 1 --tables core --out lake"
	out := k.sh(t, k.recipe(t, "Delta in Spark", 1)[0])
	for _, want := range []string{"update_postimage", "update_preimage", "unsubscribed"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %s in:\n%s", want, out)
		}
	}
}

// checkStatuses checks that output has the number of subscribers of each status.
func (k *kitchen) checkStatuses(t *testing.T, out string) {
	t.Helper()
	for _, row := range newWarehouse(t).table(t, "SELECT status, count(*) FROM "+k.glob("subscriber")+" GROUP BY ALL") {
		if !strings.Contains(out, fmt.Sprint(row[0])) || !strings.Contains(out, fmt.Sprint(row[1])) {
			t.Errorf("not %v in:\n%s", row, out)
		}
	}
}

func testRecipeDuckDB(t *testing.T) {
	k := newKitchen(t)
	blocks := k.recipe(t, "Changes into DuckDB", 3)
	once, each, column := blocks[0], blocks[1], blocks[2]
	k.sh(t, once)
	for day := range 4 {
		k.day(t, day)
		if day == 2 {
			k.sh(t, column)
		}
		k.sh(t, each)
		k.sh(t, each) // again, as after a kill
		difference := k.sh(t, `duckdb -noheader -list warehouse.duckdb "SELECT count(*) FROM ((FROM subscriber) EXCEPT ALL (FROM 'lake/subscriber/*.parquet'))
			UNION ALL SELECT count(*) FROM ((FROM 'lake/subscriber/*.parquet') EXCEPT ALL (FROM subscriber))"`)
		if difference != "0\n0\n" {
			t.Fatalf("day %d: rows that only one of both has: %s", day, difference)
		}
	}
}

func testRecipePostgres(t *testing.T) {
	k := newKitchen(t)
	k.env = append(k.env, startPostgres(t)...)
	blocks := k.recipe(t, "Changes into Postgres", 2)
	k.sh(t, blocks[0])
	const columns = "id, email, status, opens_count, "
	for day := range 4 {
		k.day(t, day)
		k.sh(t, blocks[1])
		k.sh(t, blocks[1]) // again, as after a kill
		got := k.sh(t, `psql -At -F '|' -c 'SELECT `+columns+`extract(epoch FROM subscribed_at)::bigint FROM subscriber ORDER BY id COLLATE "C"'`)
		want := k.sh(t, `duckdb -noheader -list -nullvalue '' :memory: "SELECT `+columns+`CAST(epoch(subscribed_at) AS BIGINT) FROM 'lake/subscriber/*.parquet' ORDER BY id"`)
		if d := cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")); d != "" {
			t.Fatalf("day %d (-dataset +Postgres)\n%.2000s", day, d)
		}
	}
}
