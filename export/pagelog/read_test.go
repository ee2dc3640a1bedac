package pagelog_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailerlake/export/disk"
	"mailerlake/export/disk/disktest"
	"mailerlake/export/pagelog"
	"mailerlake/schema"
	"mailerlake/schema/schematest"
)

// firstPage returns the page of a cursor's first run.
func firstPage(t *testing.T, l *pagelog.Log, want pagelog.Select) *schema.Page {
	t.Helper()
	run, ok, err := pagelog.NewCursor(t.Context(), l, want, nil).Next()
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	return run.Page
}

// TestSelect: columns that are not selected are there, but nil.
func TestSelect(t *testing.T) {
	for seed := range uint64(30) {
		l, _ := createLog(t)
		page := logPage(rand.New(rand.NewPCG(seed, 1)), "5", "6", "7")
		if err := l.Append(page, pagelog.Mark{}); err != nil {
			t.Fatal(err)
		}
		selections := map[string]pagelog.Select{
			"keys":       pagelog.KeysOnly,
			"child keys": func(_ int, c schema.Column) bool { return c.Required },
			"doubles":    func(child int, c schema.Column) bool { return child < 0 && (c.Required || c.Kind == schema.Double) },
			"child 1":    func(child int, c schema.Column) bool { return child == 1 || child < 0 && c.Required },
		}
		for name, want := range selections {
			got, expected := firstPage(t, l, want), *page
			expected.Rows = selected(page.Rows, -1, want)
			expected.Children = slices.Clone(page.Children)
			for i := range expected.Children {
				expected.Children[i].Rows = selected(page.Children[i].Rows, i, want)
			}
			if d := cmp.Diff(&expected, got, equatePages); d != "" {
				t.Fatalf("seed %d, %s (-want +got):\n%s", seed, name, d)
			}
		}
	}
}

func selected(b *schema.Batch, child int, want pagelog.Select) *schema.Batch {
	out := *b
	out.Vectors = slices.Clone(b.Vectors)
	for i, c := range b.Columns {
		if !want(child, c) {
			out.Vectors[i] = nil
		}
	}
	return &out
}

// TestSelectNoKey: a selection that leaves out the key is an error, not a panic.
func TestSelectNoKey(t *testing.T) {
	l, _ := createLog(t)
	appendKeys(t, l, 0, []string{"1", "2"})
	if err := readAll(t, l, func(int, schema.Column) bool { return false }); err == nil {
		t.Error("no error")
	}
}

// countingFile counts the bytes that are read.
type countingFile struct {
	*disktest.File
	read *int
}

func (f countingFile) ReadAt(p []byte, off int64) (int, error) {
	*f.read += len(p)
	return f.File.ReadAt(p, off)
}

type countingFS struct {
	memFS
	read *int
}

func (m countingFS) Create(name string, access disk.Access) (disk.File, error) {
	f, err := m.memFS.Create(name, access)
	return countingFile{f.(*disktest.File), m.read}, err
}

// TestKeysOnlyReadsKeys: who wants keys reads keys, and a count of pages that do not overlap reads nothing.
func TestKeysOnlyReadsKeys(t *testing.T) {
	file, read := &disktest.File{}, 0
	l, err := pagelog.NewStore(countingFS{memFS{file: file}, &read}, "dir", "scratch").Create(logHeader, logShape)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 1))
	for i := range 5 {
		if err := l.Append(widePage(r, 100_000-i*wideRows), pagelog.Mark{}); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := l.Count(t.Context()); n != 5*wideRows || err != nil || read > 0 {
		t.Errorf("counted %d, %v; %d bytes were read", n, err, read)
	}
	if err := readAll(t, l, pagelog.KeysOnly); err != nil || read == 0 || read > len(file.Data)/15 {
		t.Errorf("%d of %d bytes were read, %v", read, len(file.Data), err)
	}
	if err := l.Append(widePage(r, 100_000), pagelog.Mark{}); err != nil {
		t.Fatal(err)
	}
	read = 0
	if n, err := l.Count(t.Context()); n != 5*wideRows || err != nil || read == 0 || read > len(file.Data)/30 {
		t.Errorf("with one page twice: counted %d, %v; %d of %d bytes were read", n, err, read, len(file.Data))
	}
}

// TestMergedPage: small pages are read as one, with the children, the columns and the nulls that each has.
func TestMergedPage(t *testing.T) {
	column := func(name string) schema.Column {
		return schema.Column{Name: name, Path: name, Kind: schema.Int64}
	}
	text := func(values ...string) *schema.Vector {
		v := schema.NewVector(schema.String)
		for _, s := range values {
			v.AppendText([]byte(s))
		}
		return v
	}
	number := func(n int64) *schema.Vector {
		v := schema.NewVector(schema.Int64)
		v.AppendInt(n)
		return v
	}
	id := schematest.KeyColumn("id")
	batch := func(key string, missing bool, c schema.Column, v *schema.Vector) *schema.Batch {
		return &schema.Batch{Rows: 1, Columns: []schema.Column{id, column("never"), c}, Vectors: []*schema.Vector{text(key), nil, v}, Missing: []bool{false, true, missing}}
	}
	child := schema.Children{Offsets: []uint32{0, 2}, Rows: &schema.Batch{Rows: 2, Columns: []schema.Column{id, schematest.KeyColumn("parent")}, Vectors: []*schema.Vector{text("x", "y"), nil}}}
	l, _ := createLog(t)
	for _, page := range []*schema.Page{
		{Rows: batch("2", false, column("a"), number(7))},
		nil,
		{Rows: batch("1", true, column("b"), nil), Children: []schema.Children{child}, Absent: []uint64{4}, Dropped: 1},
		{Rows: batch("3", true, column("a"), nil)},
	} {
		if err := l.Append(page, pagelog.Mark{}); err != nil {
			t.Fatal(err)
		}
	}
	a := schema.NewVector(schema.Int64)
	a.AppendNull(1)
	a.AppendRows(number(7), 0, 1)
	a.AppendNull(1)
	child.Offsets = []uint32{0, 2, 2, 2}
	want := &schema.Page{
		Rows: &schema.Batch{Rows: 3, Columns: []schema.Column{id, column("never"), column("a"), column("b")},
			Vectors: []*schema.Vector{text("1", "2", "3"), nil, a, nil}, Missing: []bool{false, true, false, true}},
		Children: []schema.Children{child}, Absent: []uint64{4, 0, 0}, Dropped: 1,
	}
	got := firstPage(t, l, nil)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestReuse: while pages use the memory of earlier ones, each run is right until the next one is asked for.
func TestReuse(t *testing.T) {
	for seed := range uint64(20) {
		pagelog.SetSegmentRows(t, int(seed%3)*20)
		l, _ := createLog(t)
		pages := overlappingPages(30 + int(seed))
		for _, page := range pages {
			if err := l.Append(page, pagelog.Mark{}); err != nil {
				t.Fatal(err)
			}
		}
		want, rows := latestOf(pages), 0
		c := pagelog.NewCursor(t.Context(), l, nil, nil)
		c.Reuse()
		for {
			run, ok, err := c.Next()
			if err != nil {
				t.Fatal(err)
			}
			if !ok {
				break
			}
			got := rowsOf(run.Page)
			for i := run.From; i < run.To; i++ {
				if key := run.Keys.At(i)[0]; got[key] != want[key] {
					t.Fatalf("seed %d: row %s is %q, want %q", seed, key, got[key], want[key])
				}
			}
			rows += run.To - run.From
		}
		if rows != len(want) {
			t.Errorf("seed %d: %d rows, want %d", seed, rows, len(want))
		}
	}
}

// TestReadCancelled: whatever reads a log ends when the run does.
func TestReadCancelled(t *testing.T) {
	pagelog.SetSegmentRows(t, 0)
	for _, pages := range []int{1, 3, 2 * pagelog.MaxStreams} {
		l, _ := createLog(t)
		if err := appendOverlapping(l, pages); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		c := pagelog.NewCursor(ctx, l, nil, nil)
		if _, ok, err := c.Next(); !ok || err != nil {
			t.Fatal(ok, err)
		}
		cancel()
		_, _, next := c.Next()
		_, count := l.Count(ctx)
		for i, err := range []error{next, c.Seek(schema.Key{"5"}), count} {
			if !errors.Is(err, context.Canceled) {
				t.Errorf("%d pages, call %d: %v", pages, i, err)
			}
		}
	}
}

// TestLongTexts has texts whose lengths take several bytes, and numbers of every width.
func TestLongTexts(t *testing.T) {
	text, number := schema.NewVector(schema.String), schema.NewVector(schema.Int64)
	b := &schema.Batch{Columns: []schema.Column{schematest.KeyColumn("id"), {Name: "t", Kind: schema.String}, {Name: "n", Kind: schema.Int64}}}
	for width := range 8 {
		text.Reset()
		number.Reset()
		ids := schema.NewVector(schema.String)
		for row := range 20 {
			ids.AppendText(fmt.Append(nil, 10+row))
			text.AppendText(make([]byte, row<<width))
			number.AppendInt(int64(row-10) << (8 * width))
		}
		b.Rows, b.Vectors = 20, []*schema.Vector{ids, text, number}
		l, _ := createLog(t)
		if err := l.Append(&schema.Page{Rows: b}, pagelog.Mark{}); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(b, firstPage(t, l, nil).Rows, equatePages); d != "" {
			t.Errorf("width %d (-want +got):\n%s", width, d)
		}
	}
}
