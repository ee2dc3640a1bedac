package readers

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mailerlake/export"
	"mailerlake/export/command"
	"mailerlake/export/dataset"
	"mailerlake/export/disk"
)

// feedDays is how many days are followed.
const feedDays = 20

// TestDuckDBFollowsTheFeed loads each day of the demo account into three copies of the dataset: one by the change files, one by
// what the command changes writes, and one that is made anew. All are equal every day. In the end, the history rebuilds every
// one of these days.
func TestDuckDBFollowsTheFeed(t *testing.T) {
	l, w := newLake(t, demo(400)), newWarehouse(t)
	l.history = true
	w.exec(t, "CREATE SCHEMA files; CREATE SCHEMA command")
	byFiles, byCommand := &loader{lake: l, warehouse: w, schema: "files"}, &loader{lake: l, warehouse: w, schema: "command"}
	changed, days := 0, map[int64]map[string]content{}
	for day := range feedDays {
		since := byFiles.snapshot
		if day > 0 {
			l.account.Advance(1)
		}
		l.export(t)
		m := l.state(t)
		byFiles.loadFiles(t, m)
		byCommand.loadChanges(t, m, []string{"parquet", "ndjson"}[day%2])
		days[m.Snapshot] = map[string]content{}
		for i := range m.Tables {
			state := &m.Tables[i]
			want := w.content(t, l.glob(state.Name), nil)
			days[m.Snapshot][state.Name] = want
			for _, from := range []*loader{byFiles, byCommand} {
				if got := w.content(t, from.table(state.Name), want.columns); !got.equal(want) {
					t.Fatalf("day %d: %s is %v, want %v", day, from.table(state.Name), got, want)
				}
			}
			if state.ChangedIn > since {
				changed++
			}
		}
	}
	if again := append(byFiles.again, byCommand.again...); len(again) > 0 {
		t.Logf("loaded again: %q", again)
	}
	if changed < 5*feedDays {
		t.Errorf("only %d tables changed on all days", changed)
	}
	l.checkPast(t, w, days)
}

func (l *lake) state(t testing.TB) *dataset.Manifest {
	t.Helper()
	d, err := dataset.Open(disk.OS(false), l.dir)
	if err != nil {
		t.Fatal(err)
	}
	return d.Manifest
}

// loader keeps a copy of a dataset in DuckDB.
type loader struct {
	lake      *lake
	warehouse *warehouse
	schema    string
	snapshot  int64    // loaded; 0 if nothing is
	again     []string // what had to be loaded as a whole after the first time
}

func (l *loader) table(table string) string { return l.schema + "." + name(table) }

// loadFiles loads what the change files of snapshots since the last one say, as the README has it.
func (l *loader) loadFiles(t testing.TB, m *dataset.Manifest) {
	t.Helper()
	for i := range m.Tables {
		state := &m.Tables[i]
		switch {
		case l.snapshot < state.CreatedIn || l.snapshot == 0:
			l.exec(t, "CREATE OR REPLACE TABLE %s AS FROM %s", l.table(state.Name), l.lake.glob(state.Name))
		case l.snapshot < state.ChangesSince:
			l.again = append(l.again, fmt.Sprintf("%s in %d", state.Name, m.Snapshot))
			l.exec(t, "CREATE OR REPLACE TABLE %s AS FROM %s", l.table(state.Name), l.lake.glob(state.Name))
		case state.ChangesUpTo(l.snapshot) < len(state.Changes):
			l.addColumns(t, state.Name, l.lake.glob(state.Name))
			key := strings.Join(state.Key, ", ")
			l.exec(t, `BEGIN;
				CREATE OR REPLACE TEMP TABLE changed AS SELECT DISTINCT %s FROM %s WHERE _snapshot > %d;
				DELETE FROM %s WHERE (%s) IN (FROM changed);
				INSERT INTO %[4]s BY NAME FROM %[6]s SEMI JOIN changed USING (%[1]s);
				COMMIT`, key, l.lake.changes(state.Name), l.snapshot, l.table(state.Name), key, l.lake.glob(state.Name))
		default:
			l.addColumns(t, state.Name, l.lake.glob(state.Name))
		}
	}
	l.snapshot = m.Snapshot
}

// changes returns what a user writes after FROM to read the changes of a table.
func (l *lake) changes(table string) string {
	return fmt.Sprintf("read_parquet(%s, union_by_name = true)", quote(filepath.Join(l.dir, dataset.ChangesDir, table, "*.parquet")))
}

// addColumns adds the columns that a relation has and the copy of a table lacks.
func (l *loader) addColumns(t testing.TB, table, relation string) {
	t.Helper()
	had, _ := l.warehouse.describe(t, l.table(table))
	names, types := l.warehouse.describe(t, relation)
	for i, column := range names {
		if !slices.Contains(had, column) && column != "_change" && column != "_snapshot" {
			l.exec(t, "ALTER TABLE %s ADD COLUMN %s %s", l.table(table), name(column), types[i])
		}
	}
}

// loadChanges loads what the command changes writes, each table as a Parquet file, or all together as NDJSON.
func (l *loader) loadChanges(t testing.TB, m *dataset.Manifest, format string) {
	t.Helper()
	var tables []string
	for i := range m.Tables {
		tables = append(tables, m.Tables[i].Name)
	}
	if format == "parquet" {
		for _, table := range tables {
			l.loadOrReload(t, m, format, table)
		}
	} else {
		l.loadOrReload(t, m, format, tables...)
	}
	l.snapshot = m.Snapshot
}

// loadOrReload loads the changes since the last snapshot, and as a whole the tables whose changes are not known.
func (l *loader) loadOrReload(t testing.TB, m *dataset.Manifest, format string, tables ...string) {
	t.Helper()
	err := l.load(t, m, format, l.snapshot, tables)
	unknown, ok := errors.AsType[*export.NotKeptError](err)
	if err != nil && (!ok || command.ExitCode(err) != 8) {
		t.Fatal(err)
	}
	if !ok {
		return
	}
	for _, table := range unknown.Tables {
		l.again = append(l.again, fmt.Sprintf("%s in %d", table, m.Snapshot))
		l.exec(t, "DROP TABLE %s", l.table(table))
	}
	if err := l.load(t, m, format, 0, unknown.Tables); err != nil {
		t.Fatal(err)
	}
	others := slices.DeleteFunc(slices.Clone(tables), func(table string) bool { return slices.Contains(unknown.Tables, table) })
	if len(others) > 0 {
		if err := l.load(t, m, format, l.snapshot, others); err != nil {
			t.Fatal(err)
		}
	}
}

func (l *loader) load(t testing.TB, m *dataset.Manifest, format string, since int64, tables []string) error {
	t.Helper()
	file := filepath.Join(t.TempDir(), "changes."+format)
	var out, problems bytes.Buffer
	args := []string{"mailerlake", "changes", "--since", fmt.Sprint(since), "--tables", strings.Join(tables, ","), "--out", l.lake.dir, "-o", file, "--json"}
	if err := command.Run(context.Background(), args, nil, &out, &problems, func(string) string { return "" }, "0.0.0"); err != nil {
		return err
	}
	if want := fmt.Sprintf(`"snapshot": %d`, m.Snapshot); !strings.Contains(out.String(), want) {
		t.Fatalf("no %s in %s", want, out.String())
	}
	for _, table := range tables {
		rows := "read_parquet(" + quote(file) + ")"
		if format != "parquet" {
			rows = l.ndjson(t, file, table)
		}
		l.apply(t, m.Table(table), rows)
	}
	return nil
}

// ndjson returns the rows of a table in a file of all tables.
func (l *loader) ndjson(t testing.TB, file, table string) string {
	t.Helper()
	names, types := l.warehouse.describe(t, l.lake.glob(table))
	columns := map[string]string{"_change": "VARCHAR", "_snapshot": "BIGINT"}
	for i := range names {
		columns[names[i]] = types[i]
	}
	structure, err := json.Marshal(columns)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("(SELECT unnest(json_transform(json, %s)) FROM read_ndjson_objects(%s) WHERE json->>'$._table' = %s)",
		quote(string(structure)), quote(file), quote(table))
}

// apply applies changed rows to the copy of a table.
func (l *loader) apply(t testing.TB, state *dataset.TableState, rows string) {
	t.Helper()
	l.exec(t, "CREATE TABLE IF NOT EXISTS %s AS SELECT * EXCLUDE (_change, _snapshot) FROM %s LIMIT 0", l.table(state.Name), rows)
	l.addColumns(t, state.Name, rows)
	l.exec(t, `BEGIN;
		CREATE OR REPLACE TEMP TABLE changed AS FROM %s;
		DELETE FROM %s WHERE (%s) IN (SELECT %[3]s FROM changed);
		INSERT INTO %[2]s BY NAME SELECT * EXCLUDE (_change, _snapshot) FROM changed WHERE _change <> 'delete';
		COMMIT`, rows, l.table(state.Name), strings.Join(state.Key, ", "))
}

func (l *loader) exec(t testing.TB, query string, args ...any) {
	t.Helper()
	l.warehouse.exec(t, fmt.Sprintf(query, args...))
}

// content is what is in a relation: the columns, the number of rows and the sum of their hashes.
type content struct {
	columns   []string // as SQL, in order
	rows, sum string
}

func (c content) equal(o content) bool {
	return slices.Equal(c.columns, o.columns) && c.rows == o.rows && c.sum == o.sum
}

// content reads a relation. The columns are those given, or else its own; it may not have others than its own.
func (w *warehouse) content(t testing.TB, relation string, columns []string) content {
	t.Helper()
	names, _ := w.describe(t, relation)
	for i := range names {
		names[i] = name(names[i])
	}
	if columns != nil && !slices.Equal(slices.Sorted(slices.Values(names)), slices.Sorted(slices.Values(columns))) {
		t.Fatalf("%s has the columns %q, want %q", relation, names, columns)
	}
	if columns == nil {
		columns = names
	}
	list := strings.Join(columns, ", ")
	row := w.table(t, fmt.Sprintf("SELECT count(*)::VARCHAR, coalesce(sum(hash(%s)), 0)::VARCHAR FROM %s", list, relation))[0]
	return content{columns, row[0].(string), row[1].(string)}
}

// checkPast rebuilds the tables of each day from the present rows and the history, as the README has it.
func (l *lake) checkPast(t *testing.T, w *warehouse, days map[int64]map[string]content) {
	t.Helper()
	m := l.state(t)
	rebuilt, moved := 0, 0
	for i := range m.Tables {
		state := &m.Tables[i]
		for snapshot, tables := range days {
			want, there := tables[state.Name]
			if !there || len(state.Changes) == 0 {
				continue
			}
			w.exec(t, fmt.Sprintf(`CREATE OR REPLACE TEMP TABLE rebuilt AS
				WITH first_change AS (
					FROM %s WHERE _snapshot > %d AND _change <> 'update_after'
					QUALIFY row_number() OVER (PARTITION BY %s ORDER BY _snapshot) = 1)
				SELECT * EXCLUDE (_change, _snapshot, _changed_at) FROM first_change WHERE _change <> 'insert'
				UNION ALL BY NAME
				FROM %s ANTI JOIN first_change USING (%[3]s)`, l.changes(state.Name), snapshot, strings.Join(state.Key, ", "), l.glob(state.Name)))
			got := w.content(t, "(SELECT "+strings.Join(want.columns, ", ")+" FROM rebuilt)", want.columns)
			if !got.equal(want) {
				t.Errorf("%s as of snapshot %d is %v, want %v", state.Name, snapshot, got, want)
			}
			rebuilt++
			if state.ChangedIn > snapshot {
				moved++
			}
		}
	}
	if moved < 8*feedDays {
		t.Errorf("of %d tables that were rebuilt, only %d have changed since", rebuilt, moved)
	}
}
