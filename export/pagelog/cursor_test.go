package pagelog_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailerlake/export/disk/disktest"
	"mailerlake/export/pagelog"
	"mailerlake/schema"
	"mailerlake/schema/schematest"
)

// compareKeys orders keys as the program does, in the plainest way.
func compareKeys(a, b string) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	return strings.Compare(a, b)
}

// someKey is one of few ids of 15 to 18 digits, so that pages share many.
func someKey(r *rand.Rand, universe int) string {
	n := r.IntN(universe)
	return fmt.Sprintf("%d%0*d", 1+n%9, 14+n%4, n)
}

// keyPages draws the keys of pages, each page sorted and without doubles.
func keyPages(r *rand.Rand) [][]string {
	universe := 1 + r.IntN(300)
	pages := make([][]string, r.IntN(30))
	all := map[string]bool{}
	for i := range pages {
		page := map[string]bool{}
		for range r.IntN(12) {
			page[someKey(r, universe)] = true
		}
		maps.Copy(all, page)
		pages[i] = slices.SortedFunc(maps.Keys(page), compareKeys)
	}
	if r.IntN(2) == 0 {
		return pages
	}
	return listPages(r, slices.SortedFunc(maps.Keys(all), compareKeys))
}

// listPages deals keys to pages as a cursor list does, newest first; some pages drift or come once more.
func listPages(r *rand.Rand, keys []string) (pages [][]string) {
	for len(keys) > 0 {
		n := min(len(keys), 1+r.IntN(20))
		from := len(keys) - n
		if r.IntN(8) == 0 && from > 3 { // the page that follows begins a few rows too early
			from -= 3
		}
		pages = append(pages, keys[from:])
		keys = keys[:len(keys)-n]
		if r.IntN(10) == 0 {
			pages = append(pages, pages[r.IntN(len(pages))])
		}
	}
	return pages
}

var pageColumn = schema.Column{Name: "page", Kind: schema.Int64, Path: "page"}

// appendKeys appends a page of these keys that says in each row which page it is.
func appendKeys(t testing.TB, l *pagelog.Log, i int, keys []string) {
	t.Helper()
	ids, number := schema.NewVector(schema.String), schema.NewVector(schema.Int64)
	for _, key := range keys {
		ids.AppendText([]byte(key))
		number.AppendInt(int64(i))
	}
	rows := &schema.Batch{Columns: []schema.Column{schematest.KeyColumn("id"), pageColumn}, Vectors: []*schema.Vector{ids, number}, Rows: len(keys)}
	if err := l.Append(&schema.Page{Rows: rows}, pagelog.Mark{}); err != nil {
		t.Fatal(err)
	}
}

// met is a row that a cursor delivered: its key and the page that it came from.
type met struct {
	Key  string
	Page int64
}

// latest is the naive model: of each key the row of the last page that has it.
func latest(pages [][]string) []met {
	last := map[string]int64{}
	for i, page := range pages {
		for _, key := range page {
			last[key] = int64(i)
		}
	}
	var rows []met
	for _, key := range slices.SortedFunc(maps.Keys(last), compareKeys) {
		rows = append(rows, met{key, last[key]})
	}
	return rows
}

// take reads up to n runs.
func take(t testing.TB, c *pagelog.Cursor, n int) (rows []met, more bool) {
	t.Helper()
	for range n {
		s, ok, err := c.Next()
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			return rows, false
		}
		if s.From >= s.To {
			t.Fatalf("a run without rows: %d to %d", s.From, s.To)
		}
		for i := s.From; i < s.To; i++ {
			rows = append(rows, met{s.Keys.At(i)[0], s.Page.Rows.Vector("page").Int(i)})
		}
	}
	return rows, true
}

const allRuns = 1 << 30

func TestCursor(t *testing.T) {
	for seed := range uint64(600) {
		pagelog.SetSegmentRows(t, int(seed%4)*10)
		pages := keyPages(rand.New(rand.NewPCG(seed, 1)))
		l, _ := createLog(t)
		for i, keys := range pages {
			appendKeys(t, l, i, keys)
		}
		got, _ := take(t, pagelog.NewCursor(t.Context(), l, nil, nil), allRuns)
		if d := cmp.Diff(latest(pages), got); d != "" {
			t.Fatalf("seed %d, pages %v (-want +got):\n%s", seed, pages, d)
		}
		if n, err := l.Count(t.Context()); err != nil || n != int64(len(got)) {
			t.Fatalf("seed %d: counted %d, %v, want %d", seed, n, err, len(got))
		}
	}
}

// TestCursorSeek reads a little and seeks, again and again: what is left out is just what is below the key.
func TestCursorSeek(t *testing.T) {
	for seed := range uint64(600) {
		pagelog.SetSegmentRows(t, int(seed%4)*10)
		r := rand.New(rand.NewPCG(seed, 2))
		pages := keyPages(r)
		l, _ := createLog(t)
		for i, keys := range pages {
			appendKeys(t, l, i, keys)
		}
		left := latest(pages)
		c := pagelog.NewCursor(t.Context(), l, nil, nil)
		for more := true; more; {
			key := someKey(r, 300)
			if err := c.Seek(schema.Key{key, "further columns"}); err != nil {
				t.Fatal(err)
			}
			if i := slices.IndexFunc(left, func(m met) bool { return compareKeys(m.Key, key) >= 0 }); i >= 0 {
				left = left[i:]
			} else {
				left = nil
			}
			var got []met
			got, more = take(t, c, 1+r.IntN(4))
			if len(got) > len(left) || !slices.Equal(got, left[:len(got)]) || !more && len(got) != len(left) {
				t.Fatalf("seed %d: from %s on got %v, want %v", seed, key, got, left)
			}
			left = left[len(got):]
		}
	}
}

// TestCursorLoads: a page is loaded when its first key is due, once, and not at all if it is skipped.
func TestCursorLoads(t *testing.T) {
	pagelog.SetSegmentRows(t, 10)
	l, _ := createLog(t)
	var keys []string
	for i := range 100 {
		keys = append(keys, fmt.Sprint(100+i))
	}
	for i := range 10 { // newest first
		appendKeys(t, l, i, keys[90-10*i:100-10*i])
	}
	var loaded []int64
	c := pagelog.NewCursor(t.Context(), l, nil, func(page *schema.Page) error {
		loaded = append(loaded, page.Rows.Vector("page").Int(0))
		return nil
	})
	check := func(what string, want ...int64) {
		t.Helper()
		if !slices.Equal(loaded, want) {
			t.Errorf("%s: pages %v are loaded, want %v", what, loaded, want)
		}
	}
	check("before the first row")
	take(t, c, 1)
	check("first run", 9)
	if err := c.Seek(schema.Key{"155"}); err != nil {
		t.Fatal(err)
	}
	rows, _ := take(t, c, 1)
	check("after a seek", 9, 4)
	if rows[0] != (met{"155", 4}) {
		t.Errorf("after a seek to 155: %v", rows[0])
	}
	if err := c.Seek(schema.Key{"170"}); err != nil {
		t.Fatal(err)
	}
	check("a seek to the first key of a page", 9, 4)
	if err := c.Seek(schema.Key{"999"}); err != nil {
		t.Fatal(err)
	}
	if rows, more := take(t, c, 1); more || rows != nil {
		t.Errorf("beyond the last key: %v", rows)
	}
	check("at the end", 9, 4)
}

// TestCursorPrepare: what prepare makes of a page is what is delivered, and its error ends the reading.
func TestCursorPrepare(t *testing.T) {
	pagelog.SetSegmentRows(t, 0)
	l, _ := createLog(t)
	appendKeys(t, l, 0, []string{"1", "3"})
	appendKeys(t, l, 1, []string{"2", "3"})
	c := pagelog.NewCursor(t.Context(), l, pagelog.KeysOnly, func(page *schema.Page) error {
		if page.Rows.Vectors[1] != nil {
			t.Error("a column is loaded that was not wanted")
		}
		v := schema.NewVector(schema.Int64)
		for i := range page.Rows.Rows {
			v.AppendInt(int64(100 + i))
		}
		page.Rows.Vectors[1] = v
		return nil
	})
	got, _ := take(t, c, allRuns)
	if want := []met{{"1", 100}, {"2", 100}, {"3", 101}}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	c = pagelog.NewCursor(t.Context(), l, nil, func(*schema.Page) error { return disktest.ErrFull })
	if _, ok, err := c.Next(); err != disktest.ErrFull || ok {
		t.Errorf("got %t, %v, want prepare's error", ok, err)
	}
}
