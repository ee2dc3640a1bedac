package pagelog_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailerlake/export/disk"
	"mailerlake/export/disk/disktest"
	"mailerlake/export/pagelog"
	"mailerlake/schema"
)

// randomLog appends random pages and returns them.
func randomLog(t testing.TB, seed uint64, pages int) (*pagelog.Log, *disktest.File, []*schema.Page) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 4))
	l, file := createLog(t)
	var all []*schema.Page
	for i := range pages {
		var page *schema.Page
		if r.IntN(6) > 0 {
			var keys []string
			for range r.IntN(20) {
				keys = append(keys, fmt.Sprint(1000*i+len(keys)))
			}
			page = logPage(r, keys...)
		}
		mark := pagelog.Mark{Walk: fmt.Sprint("w", i%3), Cursor: fmt.Sprint("cursor ", i), Parent: i%3 == 2, End: i%5 == 2}
		if err := l.Append(page, mark); err != nil {
			t.Fatal(err)
		}
		all = append(all, page)
	}
	return l, file, all
}

// TestPage: a page is read as it was appended, whatever is in it.
func TestPage(t *testing.T) {
	for seed := range uint64(100) {
		r := rand.New(rand.NewPCG(seed, 6))
		page := logPage(r, "7", "8", "10", "11", "12")
		l, file := createLog(t)
		if err := l.Append(page, pagelog.Mark{}); err != nil {
			t.Fatal(err)
		}
		again, _, err := openLog(file.Data)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range []*pagelog.Log{l, again} {
			var got *schema.Page
			c := pagelog.NewCursor(t.Context(), l, nil, func(page *schema.Page) error { got = page; return nil })
			if run, ok, err := c.Next(); err != nil || !ok || run.To != 5 {
				t.Fatal(run, ok, err)
			}
			if d := cmp.Diff(page, got, equatePages); d != "" {
				t.Fatalf("seed %d (-want +got):\n%s", seed, d)
			}
		}
	}
}

func TestReopen(t *testing.T) {
	for seed := range uint64(60) {
		l, file, pages := randomLog(t, seed, int(seed%9))
		checkRows(t, l, pages)
		again, _, err := openLog(file.Data)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		checkRows(t, again, pages)
		if d := cmp.Diff(facts(l), facts(again)); d != "" {
			t.Fatalf("seed %d (-appended +opened):\n%s", seed, d)
		}
		more := logPage(rand.New(rand.NewPCG(seed, 5)), "999999", "9999999")
		if err := again.Append(more, pagelog.Mark{Cursor: "more"}); err != nil {
			t.Fatal(err)
		}
		checkRows(t, again, append(pages, more))
	}
}

// facts are what a log says of itself.
func facts(l *pagelog.Log) []any {
	list := []any{l.Header, l.Stats(), l.Paths(), l.Missing(), l.Size(), l.Unfinished(), string(l.Conclusion()), l.Sample(9, nil)}
	for child := range 3 {
		list = append(list, l.ChildPaths(child), l.ChildMissing(child))
	}
	for w := range 3 {
		list = append(list, l.Walk(fmt.Sprint("w", w)))
	}
	return list
}

func TestStats(t *testing.T) {
	l, _ := createLog(t)
	page := logPage(rand.New(rand.NewPCG(1, 1)), "7", "8", "10")
	page.Dropped, page.Absent = 2, []uint64{1, 0, 1<<63 | 3}
	for range 2 {
		if err := l.Append(page, pagelog.Mark{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Append(nil, pagelog.Mark{End: true}); err != nil {
		t.Fatal(err)
	}
	absences := make([]int64, 64)
	absences[0], absences[1], absences[63] = 4, 2, 2
	want := pagelog.Stats{Pages: 2, Rows: 6, Dropped: 4, Absent: absences}
	if d := cmp.Diff(want, l.Stats()); d != "" {
		t.Error(d)
	}
}

func TestSize(t *testing.T) {
	l, file := createLog(t)
	for i := range 4 {
		before := l.Size()
		var err error
		if i < 3 {
			err = l.Append(nil, pagelog.Mark{End: i == 2})
		} else {
			err = l.Conclude(json.RawMessage("1"))
		}
		if err != nil || l.Size() <= before || l.Size() != int64(len(file.Data)) {
			t.Errorf("size was %d, is %d; %v", before, l.Size(), err)
		}
	}
}

func TestConclude(t *testing.T) {
	l, file := createLog(t)
	if l.Conclusion() != nil {
		t.Error("a log begins with a conclusion")
	}
	for _, note := range []string{`{"a":[1,"é"]}`, `"last"`} {
		if err := l.Conclude(json.RawMessage(note)); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Append(logPage(rand.New(rand.NewPCG(1, 1)), "5"), pagelog.Mark{Walk: "asked"}); err != nil {
		t.Fatal(err)
	}
	again, _, err := openLog(file.Data)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range []*pagelog.Log{l, again} {
		if got := string(l.Conclusion()); got != `"last"` {
			t.Errorf("conclusion is %s", got)
		}
	}
}

func TestHeaderOnly(t *testing.T) {
	l, file := createLog(t)
	if err := l.Sync(); err != nil {
		t.Fatal(err)
	}
	again, _, err := openLog(file.Data)
	if err != nil || again.Stats().Pages != 0 || again.Header != logHeader {
		t.Errorf("got %+v, %v", again, err)
	}
	zeros := make([]byte, 50)
	for _, data := range []string{"", "mailerlake page log 1\n", magicLine, magicLine + string(zeros)} {
		if _, f, err := openLog([]byte(data)); err == nil || !f.Closed || string(f.Data) != data {
			t.Errorf("%q: %v; closed is %t", data, err, f.Closed)
		}
	}
}

// TestDiskFull: a page that could not be written leaves no damage, and the log can be appended to once there is room.
func TestDiskFull(t *testing.T) {
	l, file, pages := randomLog(t, 6, 2)
	r := rand.New(rand.NewPCG(2, 1))
	size, before := len(file.Data), facts(l)
	for room := range 150 {
		page := logPage(r, "5", "6")
		page.Rows.Columns[1].Path = fmt.Sprint("new", room)
		file.Full, file.Room = true, room
		if err := l.Append(page, pagelog.Mark{Walk: "w0"}); !errors.Is(err, disktest.ErrFull) || len(file.Data) != size {
			t.Fatalf("%d bytes free: %v, %d bytes are left", room, err, len(file.Data)-size)
		}
	}
	if d := cmp.Diff(before, facts(l)); d != "" {
		t.Errorf("pages that were not written left something (-before +after):\n%s", d)
	}
	file.Full = false
	page := logPage(r, "5", "6")
	if err := l.Append(page, pagelog.Mark{}); err != nil {
		t.Fatal(err)
	}
	again, _, err := openLog(file.Data)
	if err != nil {
		t.Fatal(err)
	}
	checkRows(t, again, append(pages, page))
}

// stuckFile cannot be cut.
type stuckFile struct{ *disktest.File }

func (stuckFile) Truncate(int64) error { return fs.ErrPermission }

type stuckFS struct{ memFS }

func (m stuckFS) OpenAppend(string, disk.Access) (disk.File, error) { return stuckFile{m.file}, nil }

// TestBroken: where a torn page cannot be cut nothing is written after it.
func TestBroken(t *testing.T) {
	_, file, _ := randomLog(t, 6, 2)
	l, err := pagelog.NewStore(stuckFS{memFS{file: file}}, "dir", "scratch").Open(t.Context(), "t", logShape)
	if err != nil {
		t.Fatal(err)
	}
	page := logPage(rand.New(rand.NewPCG(1, 1)), "5", "6")
	file.Full, file.Room = true, 20
	first := l.Append(page, pagelog.Mark{})
	file.Full = false
	size := len(file.Data)
	if again := l.Append(page, pagelog.Mark{}); first == nil || again == nil || len(file.Data) != size {
		t.Errorf("got %v, then %v and %d bytes more", first, again, len(file.Data)-size)
	}
}

// TestUnreadable: what could not be read again is not written.
func TestUnreadable(t *testing.T) {
	tests := map[string]func(*schema.Page){
		"large column": func(p *schema.Page) {
			p.Rows.Vectors[1] = &schema.Vector{Kind: schema.String, Valid: []bool{true, true}, Ends: []uint32{1, 1 << 28}, Bytes: make([]byte, 1<<28)}
		},
		"column twice": func(p *schema.Page) {
			p.Rows.Columns, p.Rows.Vectors = append(p.Rows.Columns, p.Rows.Columns[1]), append(p.Rows.Vectors, nil)
			p.Rows.Missing = nil
		},
		"offsets": func(p *schema.Page) {
			p.Children = []schema.Children{{Rows: &schema.Batch{}, Offsets: []uint32{0, 0, 1}}}
		},
		"too many rows": func(p *schema.Page) { p.Rows.Rows = 1 << 23 },
		"no order":      func(p *schema.Page) { p.Rows.Vectors[0].Bytes[0] = '7' },
		"key twice":     func(p *schema.Page) { p.Rows.Vectors[0].Bytes[0] = '6' },
	}
	for name, spoil := range tests {
		l, file := createLog(t)
		page := logPage(rand.New(rand.NewPCG(1, 1)), "5", "6")
		spoil(page)
		size, before := len(file.Data), facts(l)
		if err := l.Append(page, pagelog.Mark{}); err == nil || len(file.Data) != size || !cmp.Equal(before, facts(l)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestOpenCancelled: opening ends when the run does.
func TestOpenCancelled(t *testing.T) {
	_, file, _ := randomLog(t, 6, 3)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := pagelog.NewStore(memFS{file: file}, "dir", "scratch").Open(ctx, "t", logShape)
	if !errors.Is(err, context.Canceled) || !file.Closed {
		t.Errorf("got %v", err)
	}
}

// TestPaths: columns are listed in order of first appearance, and one is missing only if no page has it.
func TestPaths(t *testing.T) {
	column := func(path string, k schema.Kind) schema.Column { return schema.Column{Name: path, Path: path, Kind: k} }
	batch := func(key string, missing []bool, more ...schema.Column) *schema.Batch {
		b := randomBatch(rand.New(rand.NewPCG(1, 1)), "id", 1)
		b.Columns = append(b.Columns[:1], append([]schema.Column{column("a", schema.Int64), column("b", schema.Int64), {Name: "_x", Kind: schema.String}}, more...)...)
		b.Vectors = append(b.Vectors[:1], make([]*schema.Vector, len(b.Columns)-1)...)
		b.Vectors[0].AppendText([]byte(key))
		b.Missing = append(append([]bool{false}, missing...), make([]bool, 1+len(more))...)
		return b
	}
	child := func(b *schema.Batch) []schema.Children {
		return []schema.Children{{Rows: &schema.Batch{}, Offsets: []uint32{0, 0}}, {Rows: b, Offsets: []uint32{0, 1}}}
	}
	l, file := createLog(t)
	for _, page := range []*schema.Page{
		{Rows: batch("1", []bool{true, true}, column("z", schema.Raw)), Children: child(batch("1", []bool{true, false}, column("k", schema.Raw)))},
		{Rows: batch("2", []bool{true, false}, column("y", schema.Raw), column("z", schema.Raw)), Children: child(batch("1", []bool{true, true}))},
		{Rows: &schema.Batch{Columns: []schema.Column{column("a", schema.Int64)}, Vectors: []*schema.Vector{nil}}}, // without rows it says nothing
	} {
		if err := l.Append(page, pagelog.Mark{}); err != nil {
			t.Fatal(err)
		}
	}
	again, _, err := openLog(file.Data)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range []*pagelog.Log{l, again} {
		got := []any{l.Paths(), l.ChildPaths(0), l.ChildPaths(1), l.Missing(), l.ChildMissing(0), l.ChildMissing(1)}
		want := []any{[]string{"z", "y"}, []string(nil), []string{"k"}, map[string]bool{"a": true}, map[string]bool{}, map[string]bool{"a": true}}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
	}
}

func sortedKeys(keys map[string]bool) []string {
	list := make([]string, 0, len(keys))
	for key := range keys {
		list = append(list, key)
	}
	slices.SortFunc(list, compareKeys)
	return list
}
