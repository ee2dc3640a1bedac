package merge_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"testing"
	"time"

	"mailerlake/export/disk"
	"mailerlake/export/disk/disktest"
	"mailerlake/export/merge"
	"mailerlake/export/pagelog"
	"mailerlake/export/part"
	"mailerlake/schema"
	"mailerlake/schema/schematest"
)

// catalog has a table of each kind: a list, rows in the list's rows in the order of their parents and in another, rows
// made of the list's rows, and a list per row.
var catalog = mustCatalog(
	&schema.Table{Name: "thing", Key: []string{"id"}, Source: &schema.List{Path: "things"},
		Columns: []schema.Column{schematest.KeyColumn("id"), text("name"), number("n"), {Name: "updated_at", Kind: schema.Timestamp, Path: "updated_at"},
			text("obj.a"), number("obj.b")},
		Open: &schema.Open{Object: "fields", DefinedBy: "field"}, Expected: []string{"obj", "fields", "kids", "loose"}},
	&schema.Table{Name: "field", Key: []string{"id"}, Source: &schema.List{Path: "fields"}, Columns: []schema.Column{schematest.KeyColumn("id")},
		Defines: &schema.Definitions{Key: "id", Type: "id"}},
	&schema.Table{Name: "kid", Key: []string{"thing_id", "id"}, Source: &schema.Nested{In: ofThing, Attribute: "kids"},
		Columns: append(linkedKey, keyIn("kids"), number("kids.size"), text("kids.ref"))},
	&schema.Table{Name: "loose", Key: []string{"id"}, Source: &schema.Nested{In: ofThing, Attribute: "loose"},
		Columns: []schema.Column{keyIn("loose"), {Name: "thing_id", Kind: schema.String, Path: "{thing_id}"}, number("loose.size"), text("loose.ref")}},
	&schema.Table{Name: "tag", Key: []string{"thing_id", "name"}, Source: &schema.Derived{From: ofThing, Rows: tagsOf},
		Columns: tagColumns},
	&schema.Table{Name: "visit", Key: []string{"thing_id", "id"}, Source: &schema.List{Path: "things/{thing_id}/visits", Per: &ofThing},
		Columns: append(linkedKey, schematest.KeyColumn("id"), number("n"), text("ref"))},
)

var (
	time0     = time.UnixMicro(2)
	ofThing   = schema.Link{Table: "thing", Columns: []string{"thing_id"}}
	linkedKey = slices.Clip([]schema.Column{{Name: "thing_id", Kind: schema.String, Path: "{thing_id}", Required: true}})
)

var tagColumns = append(linkedKey, schema.Column{Name: "name", Kind: schema.String, Path: "name", Required: true}, text("value"))

func mustCatalog(tables ...*schema.Table) *schema.Catalog {
	c, err := schema.NewCatalog(tables...)
	if err != nil {
		panic(err)
	}
	return c
}

func columnAt(path string, k schema.Kind) schema.Column {
	return schema.Column{Name: string(bytes.ReplaceAll([]byte(path), []byte{'.'}, []byte{'_'})), Kind: k, Path: path}
}
func text(path string) schema.Column   { return columnAt(path, schema.String) }
func number(path string) schema.Column { return columnAt(path, schema.Int64) }
func keyIn(array string) schema.Column {
	return schema.Column{Name: "id", Kind: schema.String, Path: array + ".id", Required: true}
}

// tagsOf makes a row of each field that is not null.
func tagsOf(from *schema.Batch, _ []*schema.Batch) schema.Children {
	columns := tagColumns
	b := &schema.Batch{Columns: columns, Vectors: []*schema.Vector{nil, schema.NewVector(schema.String), schema.NewVector(schema.String)}}
	offsets := []uint32{0}
	for row := range from.Rows {
		values := map[string]string{}
		for i, c := range from.Columns {
			if name, ok := bytes.CutPrefix([]byte(c.Path), []byte("fields.")); ok && from.Vectors[i] != nil && !from.Vectors[i].Null(row) {
				values[string(name)] = string(from.Vectors[i].Text(row))
			}
		}
		for _, name := range slices.SortedFunc(maps.Keys(values), func(a, b string) int { return schema.Key{a}.Compare(schema.Key{b}) }) {
			b.Vectors[1].AppendText([]byte(name))
			b.Vectors[2].AppendText([]byte(values[name]))
			b.Rows++
		}
		offsets = append(offsets, uint32(b.Rows))
	}
	return schema.Children{Rows: b, Offsets: offsets}
}

// memFS makes files in memory that nobody opens again.
type memFS struct{ disk.FS }

func (memFS) Create(string, disk.Access) (disk.File, error) { return &disktest.File{}, nil }
func (memFS) MkdirAll(string, disk.Access) error            { return nil }
func (memFS) SyncDir(string) error                          { return nil }

// newLog returns an empty log for the rows of a table.
func newLog(t testing.TB, table *schema.Table) *pagelog.Log {
	t.Helper()
	log, err := pagelog.NewStore(memFS{}, "scan", "sorted").Create(pagelog.Header{Table: table.Name, Started: time.Unix(0, 0)}, pagelog.ShapeOf(table))
	if err != nil {
		t.Fatal(err)
	}
	return log
}

// appendPage decodes records and appends them to a log.
func appendPage(t testing.TB, log *pagelog.Log, table *schema.Table, records []any, parent ...string) {
	t.Helper()
	data, err := json.Marshal(records)
	if err != nil {
		t.Fatal(err)
	}
	d := schema.NewDecoder(table)
	if parent != nil {
		d.SetParent(table.ParentColumns(), parent)
	}
	page, err := d.Page(data)
	if err == nil {
		err = log.Append(page, pagelog.Mark{Walk: "all"})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// lake holds a table's committed parts in memory.
type lake struct {
	columns []schema.Column
	order   []string
	parts   []part.Part
	files   map[string]*file
}

// file is a part being written.
type file struct{ bytes.Buffer }

func (f *file) Close() error { return nil }
func (f *file) Bytes() int64 { return int64(f.Len()) }
func (f *file) Sum() string  { return fmt.Sprintf("%x", sha256.Sum256(f.Buffer.Bytes())) }

func (l *lake) open(i int) (*part.Reader, error) {
	return part.Open(context.Background(), &disktest.File{Data: l.files[l.parts[i].Path].Buffer.Bytes()}, &l.parts[i], l.columns, l.order)
}

func (l *lake) openDamaged(i int) (*part.Reader, error) {
	return part.OpenDamaged(&disktest.File{Data: l.files[l.parts[i].Path].Buffer.Bytes()}, &l.parts[i], l.columns, l.order)
}

// table returns the table to merge: the lake and a log.
func (l *lake) table(table *schema.Table, log *pagelog.Log, sizes part.Sizes) *merge.Table {
	paths, missing := log.Paths(), log.Missing()
	nested := table.Child() >= 0
	if nested {
		paths, missing = log.ChildPaths(table.Child()), log.ChildMissing(table.Child())
	}
	if _, derived := table.Source.(*schema.Derived); derived {
		paths, missing = nil, nil
	}
	layout, added := schema.Fix(table, l.columns, paths, nil)
	if l.columns == nil {
		added = nil
	}
	return &merge.Table{Table: table, Layout: layout, Added: added, Stored: l.columns, New: l.columns == nil, Parts: l.parts, Log: log,
		Nested: nested, Missing: missing, Sizes: sizes,
		Open:        func(_ context.Context, i int) (*part.Reader, error) { return l.open(i) },
		OpenDamaged: func(_ context.Context, i int) (*part.Reader, error) { return l.openDamaged(i) }}
}

// write writes a settled plan and takes up the new state.
func (l *lake) write(t testing.TB, m *merge.Table, p *merge.Plan, now int64) {
	t.Helper()
	l.writeTo(t, m, p, now, nil)
}

// writeTo is write with somebody who takes the changes.
func (l *lake) writeTo(t testing.TB, m *merge.Table, p *merge.Plan, now int64, changes merge.Changes) {
	t.Helper()
	if l.files == nil {
		l.files = map[string]*file{}
	}
	files := maps.Clone(l.files)
	create := func(path string) (merge.File, error) {
		files[path] = &file{}
		return files[path], nil
	}
	parts, err := m.Write(context.Background(), p, create, changes, "mailerlake test", time.UnixMicro(now))
	if err != nil {
		t.Fatal(err)
	}
	l.columns, l.order, l.parts, l.files = m.Layout.Columns, m.Table.Order, parts, files
}

// row is a row as the model has it.
type row struct {
	values  map[string]string // by path, without nulls
	rescued map[string]string // by path
	synced  int64
	part    string // that it is in; not compared
}

// rows reads all rows, by key, and checks the order of the keys.
func (l *lake) rows(t testing.TB, table *schema.Table) map[string]row {
	t.Helper()
	rows := map[string]row{}
	var last schema.Key
	for i := range l.parts {
		p := &l.parts[i]
		r, err := l.open(i)
		if err == nil {
			err = p.Check(len(table.Order))
		}
		if err != nil {
			t.Fatal(err)
		}
		for g := range p.RowGroups {
			b := &schema.Batch{Columns: l.columns, Rows: int(p.RowGroups[g].Rows)}
			for c := range l.columns {
				v := &schema.Vector{}
				if err := r.Read(g, c, v); err != nil {
					t.Fatal(err)
				}
				b.Vectors = append(b.Vectors, v)
			}
			keys := b.Keys(table.Order)
			for j := range b.Rows {
				key := keys.At(j)
				if last != nil && last.Compare(key) >= 0 || len(p.From) > 0 && key.Compare(p.From) < 0 {
					t.Fatalf("%v follows %v in %s, which begins at %v", key, last, p.Path, p.From)
				}
				if i+1 < len(l.parts) && key.Compare(l.parts[i+1].From) >= 0 {
					t.Fatalf("%v is in %s, the next part begins at %v", key, p.Path, l.parts[i+1].From)
				}
				last = key
				rows[name(key)] = rowOf(b, j, p.Path)
			}
		}
	}
	return rows
}

func name(key schema.Key) string { return fmt.Sprint([]string(key)) }

func rowOf(b *schema.Batch, j int, part string) row {
	r := row{values: map[string]string{}, rescued: map[string]string{}, part: part}
	for c, v := range b.Vectors {
		switch column := b.Columns[c]; {
		case v == nil || v.Null(j):
		case column.Name == schema.SyncedAt:
			r.synced = v.Int(j)
		case column.Name == schema.Rescued:
			var entries map[string]json.RawMessage
			if err := json.Unmarshal(v.Text(j), &entries); err != nil {
				panic(err)
			}
			for path, raw := range entries {
				r.rescued[path] = string(raw)
			}
		case v.Kind == schema.String:
			r.values[column.Path] = string(v.Text(j))
		default:
			r.values[column.Path] = strconv.FormatInt(v.Int(j), 10)
		}
	}
	return r
}
