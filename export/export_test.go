package export_test

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"mailerlake/client"
	"mailerlake/client/mailerlitetest"
	"mailerlake/export"
	"mailerlake/export/disk"
	"mailerlake/schema/tables"
)

// lake is a dataset in a temporary directory, exported from a simulated account.
type lake struct {
	dir     string
	account *mailerlitetest.Account
	mu      sync.Mutex
	now     time.Time
}

// fastFS is the real file system without waiting for the disk: most tests are not about power loss.
type fastFS struct{ disk.FS }

type fastFile struct{ disk.File }

func (fastFile) Sync() error { return nil }

func (fastFS) SyncDir(string) error { return nil }

func (f fastFS) Create(name string, access disk.Access) (disk.File, error) {
	file, err := f.FS.Create(name, access)
	return fastFile{file}, err
}

func (f fastFS) OpenAppend(name string, access disk.Access) (disk.File, error) {
	file, err := f.FS.OpenAppend(name, access)
	return fastFile{file}, err
}

func newLake(t testing.TB, o mailerlitetest.Options) *lake {
	o.RatePerMinute = -1
	return &lake{dir: filepath.Join(t.TempDir(), "lake"), account: mailerlitetest.New(o),
		now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
}

// tick is a clock that a second passes on whenever it is looked at.
func (l *lake) tick() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now = l.now.Add(time.Second)
	return l.now
}

// advance lets time pass while a run is under way.
func (l *lake) advance(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now = l.now.Add(d)
}

func (l *lake) options(t testing.TB) export.Options {
	t.Helper()
	c, err := client.New(client.Options{Key: "test", Transport: unpacked{l.account.Transport()}, Rate: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	return export.Options{Client: c, FS: fastFS{disk.OS(false)}, Dir: l.dir, Program: "mailerlake test", Catalog: core(),
		ResumeWithin: 24 * time.Hour, Now: l.tick}
}

// export exports the account and fails the test unless every table was exported with its deletes.
func (l *lake) export(t testing.TB) *export.Report {
	t.Helper()
	return mustExport(t, l.options(t))
}

// mustExport makes a run that has to succeed in every table.
func mustExport(t testing.TB, o export.Options) *export.Report {
	t.Helper()
	r, err := export.Export(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range r.Tables {
		if table.Err != nil {
			t.Fatalf("%s: %v", table.Name, table.Err)
		}
		if table.TablePlan != nil && table.Withheld != "" {
			t.Fatalf("%s: deletes withheld: %s", table.Name, table.Withheld)
		}
	}
	return r
}

// rows returns a table's rows by key.
func (l *lake) rows(t testing.TB, table string) map[string]map[string]any {
	t.Helper()
	rows := map[string]map[string]any{}
	for _, row := range l.list(t, table) {
		key := keyOf(table, row)
		if rows[key] != nil {
			t.Errorf("key %s twice", key)
		}
		rows[key] = row
	}
	return rows
}

// list reads a table as any Parquet reader would, by the glob that users query.
func (l *lake) list(t testing.TB, table string) (rows []map[string]any) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(l.dir, table, "*.parquet"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no parts of %s: %v", table, err)
	}
	for _, name := range names {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		info, _ := f.Stat()
		file, err := parquet.OpenFile(f, info.Size())
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		rows = append(rows, readRows(t, file)...)
		f.Close()
	}
	return rows
}

func readRows(t testing.TB, file *parquet.File) (rows []map[string]any) {
	t.Helper()
	fields := file.Schema().Fields()
	r := parquet.NewReader(file)
	defer r.Close()
	for buf := make([]parquet.Row, 100); ; {
		n, err := r.ReadRows(buf)
		for _, row := range buf[:n] {
			m := map[string]any{}
			for i, v := range row {
				m[fields[i].Name()] = plain(v, fields[i])
			}
			rows = append(rows, m)
		}
		if err == io.EOF {
			return rows
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// keyOf returns the key of a table's row as the account's IDs have it.
func keyOf(table string, row map[string]any) string {
	parts := []string{}
	for _, column := range tables.All().Lookup(table).Key {
		text, _ := row[column].(string)
		parts = append(parts, text)
	}
	return strings.Join(parts, "/")
}

// plain writes a value as the API would.
func plain(v parquet.Value, f parquet.Field) any {
	switch {
	case v.IsNull():
		return nil
	case f.Type().String() == "DATE":
		return time.Unix(int64(v.Int32())*86400, 0).UTC().Format(time.DateOnly)
	case v.Kind() == parquet.Int64 && strings.HasPrefix(f.Type().String(), "TIMESTAMP"):
		return time.UnixMicro(v.Int64()).UTC().Format(timeFormat)
	case v.Kind() == parquet.Int64:
		return float64(v.Int64())
	case v.Kind() == parquet.Double:
		return v.Double()
	case v.Kind() == parquet.Boolean:
		return v.Boolean()
	}
	return string(v.ByteArray())
}

func keys(rows map[string]map[string]any) map[string]bool {
	k := make(map[string]bool, len(rows))
	for key := range rows {
		k[key] = true
	}
	return k
}

func TestExportFollowsTheAccount(t *testing.T) {
	l := newLake(t, mailerlitetest.Demo(0))
	l.export(t)
	l.check(t)
	for day := 1; day <= 4; day++ {
		if r := l.export(t); !r.Empty() {
			t.Errorf("day %d: an unchanged account changes the dataset: %+v", day, r.Tables)
		}
		l.account.Advance(1)
		l.export(t)
		l.check(t)
	}
}

// TestRequestsOfOneSync holds the README to what it says of the account that the comparison was made with. It is in a bubble: how
// many requests share a batch must not depend on how busy the machine is.
func TestRequestsOfOneSync(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l := newLake(t, mailerlitetest.Options{Subscribers: 20_000, Groups: 40, Campaigns: 60})
		if r := l.export(t); r.Requests < 26 || r.Requests > 30 { // what travels together depends on what meets
			t.Errorf("got %d requests, want about 28", r.Requests)
		}
	})
}
