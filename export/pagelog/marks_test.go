package pagelog_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailerlake/export/disk/disktest"
	"mailerlake/export/pagelog"
	"mailerlake/schema"
	"mailerlake/schema/schematest"
)

// markNames are the columns that add up in the logs of these tests; "plain" is one of the same kind that does not.
var markNames = []string{"opened", "clicked"}

var markShape = pagelog.Shape{Order: []string{"id"}, Marks: []string{"{opened}", "{clicked}"}}

// markedRow is a row of these tests: -1 is null.
type markedRow struct{ page, opened, clicked, plain int64 }

func (m *markedRow) values() []int64 { return []int64{m.page, m.opened, m.clicked, m.plain} }

// markedPage returns a page of rows; a column of nulls may be nil.
func markedPage(r *rand.Rand, rows map[string]markedRow) *schema.Page {
	b := &schema.Batch{Rows: len(rows), Columns: slices.Concat([]schema.Column{schematest.KeyColumn("id"), pageColumn}, schema.Marked(markNames...), schema.Flags("plain")),
		Vectors: []*schema.Vector{schema.NewVector(schema.String)}}
	for _, c := range b.Columns[1:] {
		b.Vectors = append(b.Vectors, schema.NewVector(c.Kind))
	}
	for _, key := range slices.SortedFunc(maps.Keys(rows), compareKeys) {
		b.Vectors[0].AppendText([]byte(key))
		row := rows[key]
		for i, x := range row.values() {
			if x < 0 {
				b.Vectors[i+1].AppendNull(1)
			} else {
				b.Vectors[i+1].AppendInt(x)
			}
		}
	}
	for i, v := range b.Vectors {
		if !slices.Contains(v.Valid, true) && r.IntN(2) == 0 && i > 0 {
			b.Vectors[i] = nil
		}
	}
	return &schema.Page{Rows: b}
}

// markedPages draws pages that share many keys.
func markedPages(r *rand.Rand) (pages []map[string]markedRow) {
	for i, keys := range keyPages(r) {
		page := map[string]markedRow{}
		for _, key := range keys {
			page[key] = markedRow{int64(i), int64(r.IntN(3) - 1), int64(r.IntN(3) - 1), int64(r.IntN(3) - 1)}
		}
		pages = append(pages, page)
	}
	return pages
}

// addedUp is the naive model: of each key the row of the last page that has it, with the greatest of each mark.
func addedUp(pages []map[string]markedRow) map[string]markedRow {
	all := map[string]markedRow{}
	for _, page := range pages {
		for key, row := range page {
			if before, ok := all[key]; ok {
				row.opened, row.clicked = max(row.opened, before.opened), max(row.clicked, before.clicked)
			}
			all[key] = row
		}
	}
	return all
}

func markedLog(t testing.TB, pages []map[string]markedRow) (*pagelog.Log, *disktest.File) {
	t.Helper()
	r, file := rand.New(rand.NewPCG(1, 1)), &disktest.File{}
	l, err := pagelog.NewStore(memFS{file: file}, "dir", "scratch").Create(logHeader, markShape)
	if err != nil {
		t.Fatal(err)
	}
	appendMarked(t, r, l, pages)
	return l, file
}

func appendMarked(t testing.TB, r *rand.Rand, l *pagelog.Log, pages []map[string]markedRow) {
	t.Helper()
	for _, page := range pages {
		if err := l.Append(markedPage(r, page), pagelog.Mark{}); err != nil {
			t.Fatal(err)
		}
	}
}

// readMarked reads a cursor to its end. Each row is read before the next run, as Cursor.Reuse asks for.
func readMarked(t testing.TB, c *pagelog.Cursor) map[string]markedRow {
	t.Helper()
	all := map[string]markedRow{}
	for {
		run, ok, err := c.Next()
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			return all
		}
		for i := run.From; i < run.To; i++ {
			var x []int64
			for _, name := range []string{"page", "opened", "clicked", "plain"} {
				x = append(x, numberAt(run.Page.Rows.Vector(name), i))
			}
			key := run.Keys.At(i)[0]
			if _, twice := all[key]; twice {
				t.Fatalf("key %s twice", key)
			}
			all[key] = markedRow{x[0], x[1], x[2], x[3]}
		}
	}
}

// numberAt returns a value as a number, -1 for null.
func numberAt(v *schema.Vector, i int) int64 {
	switch {
	case v == nil || v.Null(i):
		return -1
	case v.Kind == schema.String:
		return map[string]int64{"true": 1}[string(v.Text(i))]
	}
	return v.Int(i)
}

func checkMarked(t testing.TB, what string, want, got map[string]markedRow) {
	t.Helper()
	if !maps.Equal(want, got) {
		t.Fatalf("%s: rows differ (-want +got):\n%s", what, cmp.Diff(want, got, cmp.AllowUnexported(markedRow{})))
	}
}

// TestMarksAddUp: of rows with the same key the later counts, with the marks of all, whether pages are read together, side by
// side, or one after the other; with memory that is reused; after the log is opened again; and from the middle on.
func TestMarksAddUp(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 21))
		pagelog.SetSegmentRows(t, []int{0, 5, 1000}[seed%3])
		pages := markedPages(r)
		want := addedUp(pages)
		l, file := markedLog(t, pages)
		checkMarked(t, fmt.Sprint("seed ", seed), want, readMarked(t, pagelog.NewCursor(t.Context(), l, nil, nil)))
		reusing := pagelog.NewCursor(t.Context(), l, nil, nil)
		reusing.Reuse()
		checkMarked(t, fmt.Sprint("reusing, seed ", seed), want, readMarked(t, reusing))
		again, err := pagelog.NewStore(memFS{file: file}, "dir", "scratch").Open(t.Context(), logHeader.Table, markShape)
		if err != nil {
			t.Fatal(err)
		}
		from := someKey(r, 300)
		c := pagelog.NewCursor(t.Context(), again, nil, nil)
		if err := c.Seek(schema.Key{from}); err != nil {
			t.Fatal(err)
		}
		maps.DeleteFunc(want, func(key string, _ markedRow) bool { return compareKeys(key, from) < 0 })
		checkMarked(t, fmt.Sprint("from ", from, ", seed ", seed), want, readMarked(t, c))
	}
}

// TestMarksAddUpInColumnsOfAnotherKind: columns are found after they were converted, also to text.
func TestMarksAddUpInColumnsOfAnotherKind(t *testing.T) {
	for seed := range uint64(100) {
		pagelog.SetSegmentRows(t, []int{0, 5}[seed%2])
		pages := markedPages(rand.New(rand.NewPCG(seed, 22)))
		l, _ := markedLog(t, pages)
		c := pagelog.NewCursor(t.Context(), l, nil, func(page *schema.Page) error {
			rows := *page.Rows
			rows.Columns, rows.Vectors = slices.Clone(rows.Columns), slices.Clone(rows.Vectors)
			slices.Reverse(rows.Columns)
			slices.Reverse(rows.Vectors)
			for i, v := range rows.Vectors {
				rows.Vectors[i] = schema.Widen(v, schema.String)
				if rows.Columns[i].Name == "page" {
					rows.Vectors[i] = v
				}
			}
			page.Rows = &rows
			return nil
		})
		c.Reuse()
		checkMarked(t, fmt.Sprint("seed ", seed), addedUp(pages), readMarked(t, c))
	}
}

// TestMarksAddUpWhenSorted: also where streams are merged into a copy, twice over.
func TestMarksAddUpWhenSorted(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 23))
	s, _ := sortedStore(t)
	l, err := s.Create(logHeader, markShape)
	if err != nil {
		t.Fatal(err)
	}
	var pages []map[string]markedRow
	for i := range pagelog.MaxStreams*pagelog.MaxStreams + 1 {
		page := map[string]markedRow{"0001": {int64(i), -1, 0, 0}, "9999": {int64(i), int64(i % 2), -1, 1}}
		for range 3 {
			page[fmt.Sprintf("%04d", r.IntN(3000))] = markedRow{int64(i), int64(r.IntN(3) - 1), int64(r.IntN(3) - 1), int64(r.IntN(2))}
		}
		pages = append(pages, page)
	}
	appendMarked(t, r, l, pages)
	sorted, err := s.Sorted(t.Context(), l)
	if err != nil || sorted == l {
		t.Fatalf("%v, a copy is %t", err, sorted != l)
	}
	c := pagelog.NewCursor(t.Context(), sorted, nil, nil)
	c.Reuse()
	checkMarked(t, "sorted", addedUp(pages), readMarked(t, c))
	if err := s.DropScratch(); err != nil {
		t.Fatal(err)
	}
}

// TestMarksThatAreNotRead: a cursor that leaves the marks out has none.
func TestMarksThatAreNotRead(t *testing.T) {
	for _, rows := range []int{0, 1000} {
		pagelog.SetSegmentRows(t, rows)
		l, _ := markedLog(t, []map[string]markedRow{{"1": {0, 1, 1, 1}, "3": {0, 1, 0, 0}}, {"1": {1, 0, 1, 0}, "2": {1, 0, 0, 0}}})
		c := pagelog.NewCursor(t.Context(), l, pagelog.KeysOnly, nil)
		want := map[string]markedRow{"1": {-1, -1, -1, -1}, "2": {-1, -1, -1, -1}, "3": {-1, -1, -1, -1}}
		checkMarked(t, "keys only", want, readMarked(t, c))
	}
}

// BenchmarkMarks reads a log in which three of ten rows were met a second time, by a walk that marks them.
func BenchmarkMarks(b *testing.B) {
	const pages, rows = 50, 100
	var all []map[string]markedRow
	for _, mark := range []int64{0, 1} {
		for i := range pages {
			page := map[string]markedRow{}
			for row := range rows {
				if mark == 0 || row%10 < 3 {
					page[fmt.Sprintf("%06d", i*rows+row)] = markedRow{int64(i), mark, 0, 0}
				}
			}
			all = append(all, page)
		}
	}
	l, _ := markedLog(b, all)
	b.ReportAllocs()
	for b.Loop() {
		c := pagelog.NewCursor(b.Context(), l, nil, nil)
		c.Reuse()
		for {
			if _, ok, err := c.Next(); err != nil || !ok {
				break
			}
		}
	}
	reportMillion(b, b.N*pages*rows)
}
