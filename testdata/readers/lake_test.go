// Package readers reads the datasets that mailerlake writes with readers that others wrote, and compares them with the
// account they were exported from. It is a module of its own, so that DuckDB and its C++ stay out of the program's.
//
// The two names you want are lake, an account and its dataset, and warehouse, a DuckDB that reads both: the tables as a
// user's query would, and the account's own rows as JSON text. What the tables should look like is stated here (layouts),
// from the facts about the API. It is not taken from package schema, so that a mistake there is noticed.
package readers

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"mailerlake/client"
	"mailerlake/client/mailerlitetest"
	"mailerlake/export"
	"mailerlake/export/disk"
	"mailerlake/export/part"
	"mailerlake/schema/tables"
)

// lake is a simulated account and the dataset that is exported from it.
type lake struct {
	dir     string // of the dataset
	records string // directory of the account's rows, see record
	account *mailerlitetest.Account
	moment  int      // number of the last recording of the account's rows, from 1
	tables  []string // that are exported and compared
	sizes   part.Sizes
	history bool // whole rows are kept of what changes
}

func newLake(t testing.TB, o mailerlitetest.Options) *lake {
	t.Helper()
	o.RatePerMinute = -1
	return &lake{dir: filepath.Join(t.TempDir(), "lake"), records: t.TempDir(),
		account: mailerlitetest.New(o), tables: mailerlitetest.Tables, sizes: part.DefaultSizes}
}

// demo describes the demo account with another number of subscribers.
func demo(subscribers int) mailerlitetest.Options {
	o := mailerlitetest.Demo(0)
	o.Subscribers = subscribers
	return o
}

// export brings the dataset up to date and fails the test unless every table was exported, deletes included.
func (l *lake) export(t testing.TB) *export.Report {
	t.Helper()
	c, err := client.New(client.Options{Key: "test", Transport: l.account.Transport(), Rate: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	report, err := export.Export(context.Background(), export.Options{
		Client: c, FS: disk.OS(false), Dir: l.dir, Program: "mailerlake 0.0.0",
		Catalog: tables.All(), Tables: l.tables, ResumeWithin: time.Hour, Sizes: l.sizes, History: &l.history,
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range report.Tables {
		if table.Err != nil {
			t.Fatalf("export %s: %v", table.Name, table.Err)
		}
		if table.Withheld != "" {
			t.Fatalf("export %s: deletes withheld: %s", table.Name, table.Withheld)
		}
	}
	return report
}

// record writes the account's rows as they are now to the files that rows names.
func (l *lake) record(t testing.TB) {
	t.Helper()
	l.moment++
	for _, table := range l.tables {
		f, err := os.Create(l.rows(table, l.moment))
		if err != nil {
			t.Fatal(err)
		}
		if err := l.account.Truth(table, f); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// rows returns the name of the file with the account's rows of a table, one JSON object a line, at a moment.
func (l *lake) rows(table string, moment int) string {
	return filepath.Join(l.records, fmt.Sprintf("%s-%d.ndjson", table, moment))
}

// glob returns what a user writes after FROM to read a table.
func (l *lake) glob(table string) string {
	return quote(filepath.Join(l.dir, table, "*.parquet"))
}

// fileState changes if a file is written or replaced.
type fileState struct {
	inode    uint64
	modified time.Time
	size     int64
}

// files returns the state of every part by its path in the dataset.
func (l *lake) files(t testing.TB) map[string]fileState {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(l.dir, "*", "*.parquet"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no parts in %s: %v", l.dir, err)
	}
	states := map[string]fileState{}
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		path, err := filepath.Rel(l.dir, name)
		if err != nil {
			t.Fatal(err)
		}
		states[path] = fileState{inodeOf(info), info.ModTime(), info.Size()}
	}
	return states
}
