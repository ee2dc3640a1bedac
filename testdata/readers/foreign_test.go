package readers

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"mailerlake/client/mailerlitetest"
	"mailerlake/testdata/lake/program"
	"mailerlake/testdata/lake/servers"
)

// TestForeignCommit has Spark change a published Delta table. The next publish names the table and refuses; with --adopt it
// starts over from the dataset, and every reader sees that.
func TestForeignCommit(t *testing.T) {
	if !everything {
		t.Skip("runs with LAKE=all, as it takes a minute of Spark")
	}
	p, w := newPublication(t, "delta"), newWarehouse(t)
	p.tables = []string{"group", "field"}
	p.publish(t, 0)
	p.spark(t, fmt.Sprintf("DELETE FROM delta.`%s/group` WHERE active_count < 400", p.root))
	foreign := p.versions(t)["group"]
	r := program.Run(t, p.publishing())
	if r.Code != 0 { // the dataset has not changed, and nobody looks at the logs then
		t.Errorf("no change: %v", r)
	}
	p.export(t, 1)
	r = program.Run(t, p.publishing())
	if r.Code == 0 || !strings.Contains(r.Stderr, "group") || !strings.Contains(r.Stderr, "--adopt") || !strings.Contains(r.Stderr, "DELETE") {
		t.Errorf("it should be refused, and say who did what and what to do: %v", r)
	}
	if now := p.versions(t)["group"]; now != foreign {
		t.Errorf("refused, but the table is at version %d, before %d", now, foreign)
	}
	p.args = append(p.args, "--adopt")
	program.Must(t, p.publishing())
	for _, reader := range []string{"deltalake", "duckdb", "polars", "spark"} {
		out := p.read(t, reader, p.tables)
		for _, table := range p.tables {
			p.checkFound(t, w, reader, out, table, table, p.moment)
		}
	}
}

// spark has Spark run a statement.
func (p *publication) spark(t *testing.T, statement string) {
	t.Helper()
	python := filepath.Join(servers.Tools(), "venv", "bin", "python")
	servers.Need(t, filepath.Join(servers.Tools(), "jars"), "spark")
	cmd := exec.Command(python, "-c", "import sys, published; published.session().sql(sys.argv[1]).show()", statement)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", statement, err, out)
	}
}

// TestDeltaOnS3 has delta-rs and DuckDB read Delta tables in a bucket.
func TestDeltaOnS3(t *testing.T) {
	p, w := newPublication(t, "delta").onS3(t), newWarehouse(t)
	p.tables = mailerlitetest.CoreTables
	for day := range 3 {
		p.publish(t, day)
	}
	for _, reader := range []string{"deltalake", "duckdb"} {
		out := p.read(t, reader, p.tables)
		for _, table := range p.tables {
			p.checkFound(t, w, reader, out, table, table, p.moment)
		}
	}
}
