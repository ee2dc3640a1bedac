package readers

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"mailerlake/client/mailerlitetest"
	"mailerlake/testdata/lake/program"
	"mailerlake/testdata/lake/servers"
)

// everything says that slow readers read all tables and days, not a sample.
var everything = os.Getenv("LAKE") == "all"

// publication is a lake that is exported and published day after day, by the program as a user runs it.
type publication struct {
	*lake
	url  string   // of the destination
	root string   // of the tables, for readers
	env  []string // for the program and for readers
	args []string // of publish
}

// newPublication returns the demo account and where its days are published, in a format.
func newPublication(t testing.TB, format string) *publication {
	t.Helper()
	o := mailerlitetest.Demo(0)
	o.AccountID = "demo" // as the program has it
	p := &publication{lake: newLake(t, o), root: filepath.Join(t.TempDir(), "published"), args: []string{"--format", format}}
	p.url = "file://" + filepath.ToSlash(p.root)
	return p
}

// onS3 has the lake published to an S3 server.
func (p *publication) onS3(t testing.TB) *publication {
	t.Helper()
	server := servers.Start(t, servers.S3)
	bucket := server.Bucket(t)
	p.url, p.root = bucket.URL(server.Addr), "s3://"+bucket.Name
	p.env = append(bucket.Env(server.Addr), "AWS_ENDPOINT_URL=http://"+server.Addr)
	return p
}

// publish exports and publishes the account as it is on a day, which must not be before the last one, and records its rows.
func (p *publication) publish(t testing.TB, day int) {
	t.Helper()
	p.export(t, day)
	program.Must(t, p.publishing())
}

// export exports the account as it is on a day, and records its rows.
func (p *publication) export(t testing.TB, day int) {
	t.Helper()
	p.account.Advance(day - p.account.Day())
	program.Must(t, program.Command{Args: []string{"export", "--out", p.dir, "--demo-day", strconv.Itoa(day), "--tables", strings.Join(p.tables, ","), "--history", "--quiet"}})
	p.record(t)
}

// publishing is the command that publishes what was exported.
func (p *publication) publishing() program.Command {
	return program.Command{Args: append([]string{"publish", "--out", p.dir, "--to", p.url, "--quiet"}, p.args...), Env: p.env}
}

// read has a reader write tables as Parquet, and returns the directory that they are in.
func (p *publication) read(t testing.TB, reader string, wants []string) string {
	t.Helper()
	python := filepath.Join(servers.Tools(), "venv", "bin", "python")
	servers.Need(t, python, "readers")
	if reader == "spark" {
		servers.Need(t, filepath.Join(servers.Tools(), "jars"), "spark")
	}
	out := t.TempDir()
	cmd := exec.Command(python, append([]string{"published.py", reader, p.root, out}, wants...)...)
	cmd.Env = append(os.Environ(), p.env...)
	if printed, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", reader, err, printed[max(0, len(printed)-8<<10):])
	}
	return out
}

// found returns the SQL of what a reader wrote for a want.
func found(out, want string) string {
	file := filepath.Join(out, want+".parquet")
	if info, err := os.Stat(file); err == nil && info.IsDir() {
		file = filepath.Join(file, "*.parquet")
	}
	return "read_parquet(" + quote(file) + ")"
}

// checkFound compares what a reader found in a table with the account as it was at a moment.
func (p *publication) checkFound(t testing.TB, w *warehouse, reader, out, want, table string, moment int) {
	t.Helper()
	then := *p.lake
	then.moment = moment
	c := then.compare(t, w, table)
	c.relation = found(out, want)
	for _, difference := range c.differences(t) {
		t.Errorf("%s: %s, the account on day %d: %s", reader, want, moment-1, difference)
	}
}

// TestS3 has DuckDB and pyarrow read every table of a bucket, on each of two days.
func TestS3(t *testing.T) {
	p, w := newPublication(t, "parquet").onS3(t), newWarehouse(t)
	for day := range 3 {
		p.publish(t, day)
		for _, reader := range []string{"parquet-duckdb", "parquet-pyarrow"} {
			out := p.read(t, reader, p.tables)
			for _, table := range p.tables {
				p.checkFound(t, w, reader, out, table, table, p.moment)
			}
		}
	}
}

// history is the versions that the Delta tables of a publication had after each day.
type history []map[string]int64

// versions returns the last version of each Delta table of a directory, by the names of its log's entries.
func (p *publication) versions(t testing.TB) map[string]int64 {
	t.Helper()
	versions := map[string]int64{}
	for _, table := range p.tables {
		entries, err := filepath.Glob(filepath.Join(p.root, table, "_delta_log", "*.json"))
		if err != nil || len(entries) == 0 {
			t.Fatalf("%s has no log: %v", table, err)
		}
		last := filepath.Base(slices.Max(entries))
		version, err := strconv.ParseInt(strings.TrimSuffix(last, ".json"), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		versions[table] = version
	}
	return versions
}

// TestDelta follows the account for five days, in the second of which a column is new, and has each reader read every table:
// as it is, as it was on each day before, and what its change feed says.
func TestDelta(t *testing.T) {
	p, w := newPublication(t, "delta"), newWarehouse(t)
	var h history
	for day := range 6 {
		p.publish(t, day)
		h = append(h, p.versions(t))
	}
	for _, reader := range []string{"deltalake", "duckdb", "polars", "spark"} {
		t.Run(reader, func(t *testing.T) {
			p, h := *p, h
			switch {
			case everything || reader == "deltalake":
			case reader == "spark": // it takes a second for each
				p.tables, h = []string{"subscriber", "campaign"}, h[len(h)-2:]
			default: // they read as deltalake does, and have no change feed
				h = h[len(h)-2:]
			}
			p.checkDays(t, w, reader, h)
		})
	}
}

// checkDays has a reader read the last days of a publication.
func (p *publication) checkDays(t *testing.T, w *warehouse, reader string, h history) {
	t.Helper()
	hasFeed := reader == "deltalake" || reader == "spark"
	out := p.read(t, reader, h.wants(p.tables, hasFeed))
	for _, table := range p.tables {
		p.checkFound(t, w, reader, out, table, table, p.moment)
		for i := range h {
			p.checkFound(t, w, reader, out, h.at(i, table), table, p.moment-len(h)+1+i)
			if feed := h.feed(i, table); hasFeed && feed != "" {
				checkFeed(t, w, reader+": "+feed, found(out, h.at(i-1, table)), found(out, feed), found(out, h.at(i, table)))
			}
		}
	}
}

// wants returns what a reader has to read: each table as it is and as it was after each day and, if the reader knows them, the
// changes of each day.
func (h history) wants(tables []string, feed bool) (wants []string) {
	for _, table := range tables {
		wants = append(wants, table)
		for i := range h {
			wants = append(wants, h.at(i, table))
			if feed {
				wants = append(wants, h.feed(i, table))
			}
		}
	}
	slices.Sort(wants)
	return slices.DeleteFunc(slices.Compact(wants), func(want string) bool { return want == "" })
}

// at is a table as it was after a day.
func (h history) at(i int, table string) string { return fmt.Sprintf("%s@%d", table, h[i][table]) }

// feed is the change feed of a day, empty if there is none.
func (h history) feed(i int, table string) string {
	if i == 0 || h[i][table] == h[i-1][table] {
		return ""
	}
	return fmt.Sprintf("%s@%d..%d", table, h[i-1][table]+1, h[i][table])
}

// checkFeed applies a change feed to a table as it was before, which must give the table as it was after.
func checkFeed(t testing.TB, w *warehouse, what, before, feed, after string) {
	t.Helper()
	names, _ := w.describe(t, after)
	list := columnList(names)
	gone := "SELECT " + list + " FROM " + aligned(t, w, feed, after) + " WHERE _change_type IN ('delete', 'update_preimage')"
	come := "SELECT " + list + " FROM " + aligned(t, w, feed, after) + " WHERE _change_type IN ('insert', 'update_postimage')"
	was := "SELECT " + list + " FROM " + aligned(t, w, before, after)
	is := "SELECT " + list + " FROM " + after
	missing := func(query, other string) int64 {
		return w.count(t, "SELECT count(*) FROM (("+query+") EXCEPT ALL ("+other+"))")
	}
	if n := missing(gone, was); n > 0 {
		t.Errorf("%s: %d rows go that were not there", what, n)
	}
	applied := "((" + was + ") EXCEPT ALL (" + gone + ")) UNION ALL (" + come + ")"
	if more, less := missing(applied, is), missing(is, applied); more+less > 0 {
		t.Errorf("%s: applied to the day before it gives %d rows that the day does not have, and lacks %d", what, more, less)
	}
	if n := w.count(t, "SELECT count(*) FROM "+feed); n == 0 {
		t.Errorf("%s: the feed is empty", what)
	}
}

// aligned returns the SQL of a relation that has also the columns of another, as NULL.
func aligned(t testing.TB, w *warehouse, relation, like string) string {
	t.Helper()
	has, _ := w.describe(t, relation)
	names, types := w.describe(t, like)
	list := "*"
	for i, column := range names {
		if !slices.Contains(has, column) {
			list += ", CAST(NULL AS " + types[i] + ") AS " + name(column)
		}
	}
	return "(SELECT " + list + " FROM " + relation + ")"
}

// columnList returns the names of columns as SQL.
func columnList(names []string) string {
	quoted := make([]string, len(names))
	for i := range names {
		quoted[i] = name(names[i])
	}
	return strings.Join(quoted, ", ")
}
