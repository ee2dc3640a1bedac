package pagelog_test

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"mailerlake/export/disk"
	"mailerlake/export/disk/disktest"
	"mailerlake/export/pagelog"
	"mailerlake/schema"
	"mailerlake/schema/schematest"
)

// memFS has one file, in memory.
type memFS struct {
	disk.FS
	file *disktest.File
}

func (m memFS) Create(string, disk.Access) (disk.File, error) {
	*m.file = disktest.File{}
	return m.file, nil
}
func (m memFS) OpenAppend(string, disk.Access) (disk.File, error) { return m.file, nil }

func (m memFS) Stat(string) (fs.FileInfo, error)   { return m.file, nil }
func (m memFS) MkdirAll(string, disk.Access) error { return nil }
func (m memFS) SyncDir(string) error               { return nil }

var (
	logShape  = pagelog.Shape{Order: []string{"id"}}
	logHeader = pagelog.Header{Account: "1", Table: "subscriber", Source: "/subscribers?limit=1000", Base: "3",
		Started: time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC)}
)

func createLog(t testing.TB) (*pagelog.Log, *disktest.File) {
	t.Helper()
	file := &disktest.File{}
	l, err := pagelog.NewStore(memFS{file: file}, "dir", "scratch").Create(logHeader, logShape)
	if err != nil {
		t.Fatal(err)
	}
	return l, file
}

func openLog(data []byte) (*pagelog.Log, *disktest.File, error) {
	file := &disktest.File{Data: data}
	l, err := pagelog.NewStore(memFS{file: file}, "dir", "scratch").Open(context.Background(), logHeader.Table, logShape)
	return l, file, err
}

// diskStore is a store on disk.
func diskStore(t testing.TB) *pagelog.Store {
	dir := t.TempDir()
	s := pagelog.NewStore(disk.OS(false), dir+"/private/scan", dir+"/private/sorted")
	t.Cleanup(func() {
		if err := s.Clear(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// logPage returns a page with these keys: columns of all kinds with nulls, now and then Raw columns, child rows, columns
// that are missing and rows that lack something.
func logPage(r *rand.Rand, keys ...string) *schema.Page {
	page := &schema.Page{Rows: randomBatch(r, "id", len(keys)), Dropped: r.IntN(3)}
	ids := page.Rows.Vectors[0]
	for _, key := range keys {
		ids.AppendText([]byte(key))
	}
	for i := range r.IntN(4) {
		page.Children = append(page.Children, randomChildren(r, i, len(keys)))
	}
	if r.IntN(2) == 0 {
		for range keys {
			page.Absent = append(page.Absent, r.Uint64()>>r.IntN(64)&^(1<<60))
		}
	}
	return page
}

// randomBatch returns a batch whose key column is still empty.
func randomBatch(r *rand.Rand, key string, rows int) *schema.Batch {
	b := &schema.Batch{Rows: rows, Columns: []schema.Column{schematest.KeyColumn(key)}, Vectors: []*schema.Vector{schema.NewVector(schema.String)}}
	for k := schema.String; k <= schema.Raw; k++ {
		path := fmt.Sprintf("fields.%d", r.IntN(5))
		c := schema.Column{Name: "c" + k.String(), Kind: k, Path: "c" + k.String(), JSON: k == schema.String}
		if k == schema.Raw {
			c.Name, c.Path = path, path
		}
		b.Columns, b.Vectors = append(b.Columns, c), append(b.Vectors, randomVector(r, k, rows))
	}
	if r.IntN(2) == 0 {
		b.Missing = make([]bool, len(b.Columns))
		for i := range b.Missing {
			b.Missing[i] = i > 0 && b.Vectors[i] == nil && r.IntN(2) == 0
		}
	}
	return b
}

func randomVector(r *rand.Rand, k schema.Kind, rows int) *schema.Vector {
	nulls := r.IntN(5)
	if nulls == 4 {
		return nil
	}
	v := schema.NewVector(k)
	for range rows {
		if r.IntN(3) < nulls {
			v.AppendNull(1)
		} else {
			schematest.AppendRandom(r, v, r.IntN(2) == 0)
		}
	}
	return v
}

// randomChildren returns child rows whose column of the parent's key is nil.
func randomChildren(r *rand.Rand, child, parents int) schema.Children {
	offsets, count := []uint32{0}, 0
	for range parents {
		count += r.IntN(3)
		offsets = append(offsets, uint32(count))
	}
	b := randomBatch(r, fmt.Sprint("child_", child), count)
	for i := range count {
		b.Vectors[0].AppendText(fmt.Append(nil, i))
	}
	b.Columns, b.Vectors = append(b.Columns, schematest.KeyColumn("subscriber_id")), append(b.Vectors, nil)
	if b.Missing != nil {
		b.Missing = append(b.Missing, false)
	}
	return schema.Children{Rows: b, Offsets: offsets}
}

// equatePages compares pages by what they say: a column of nulls may be nil.
var equatePages = cmp.Options{cmpopts.EquateEmpty(), cmp.Transformer("rows", func(b *schema.Batch) any {
	type column struct {
		Column  schema.Column
		Missing bool
		Values  *schema.Vector
	}
	list := []any{b.Rows}
	for i, c := range b.Columns {
		v := b.Vectors[i]
		if v != nil && !slices.Contains(v.Valid, true) {
			v = nil
		}
		list = append(list, column{c, b.Missing != nil && b.Missing[i], v})
	}
	return list
})}

// rowsOf writes down what each row of a page says, by key.
func rowsOf(page *schema.Page) map[string]string {
	rows := map[string]string{}
	for i := range page.Rows.Rows {
		var b strings.Builder
		writeRow(&b, page.Rows, i)
		if page.Absent != nil && page.Absent[i] != 0 {
			fmt.Fprintf(&b, " lacks %b", page.Absent[i])
		}
		for n, c := range page.Children {
			for k := c.Offsets[i]; k < c.Offsets[i+1]; k++ {
				fmt.Fprintf(&b, "\n  %d:", n)
				writeRow(&b, c.Rows, int(k))
			}
		}
		rows[string(page.Rows.Vectors[0].Text(i))] = b.String()
	}
	return rows
}

// writeRow writes the values of a row that are not null, in an order of their own.
func writeRow(b *strings.Builder, batch *schema.Batch, row int) {
	var values []string
	for i, c := range batch.Columns {
		v := batch.Vectors[i]
		if v == nil || v.Null(row) {
			continue
		}
		value := c.Name + " " + c.Path + " " + c.Kind.String() + "="
		if v.Nums == nil {
			value += string(v.Text(row))
		} else {
			value += strconv.FormatInt(v.Int(row), 10)
		}
		values = append(values, value)
	}
	slices.Sort(values)
	b.WriteString(strings.Join(values, "\x00"))
}

// latestOf is the naive model: of each key the row of the last page that has it.
func latestOf(pages []*schema.Page) map[string]string {
	all := map[string]string{}
	for _, page := range pages {
		if page != nil {
			maps.Copy(all, rowsOf(page))
		}
	}
	return all
}

// readRows reads a log in key order.
func readRows(t testing.TB, l *pagelog.Log) map[string]string {
	t.Helper()
	all, last := map[string]string{}, ""
	var known *schema.Page
	var rows map[string]string
	for c := pagelog.NewCursor(t.Context(), l, nil, nil); ; {
		run, ok, err := c.Next()
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			return all
		}
		if run.Page != known {
			known, rows = run.Page, rowsOf(run.Page)
		}
		for i := run.From; i < run.To; i++ {
			key := run.Keys.At(i)[0]
			if len(all) > 0 && compareKeys(last, key) >= 0 {
				t.Fatalf("key %s after %s", key, last)
			}
			all[key], last = rows[key], key
		}
	}
}

// checkRows compares a log with the pages that were appended.
func checkRows(t testing.TB, l *pagelog.Log, want []*schema.Page) {
	t.Helper()
	rows, got := latestOf(want), readRows(t, l)
	if !maps.Equal(rows, got) {
		t.Fatalf("rows differ (-want +got):\n%s", cmp.Diff(rows, got))
	}
	if n, err := l.Count(t.Context()); err != nil || n != int64(len(rows)) {
		t.Fatalf("count is %d, %v, want %d", n, err, len(rows))
	}
}
