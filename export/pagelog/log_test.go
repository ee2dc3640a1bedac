package pagelog_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/klauspost/compress/s2"

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

func (m memFS) Stat(string) (fs.FileInfo, error) { return m.file, nil }

var (
	logOrder  = []string{"id"}
	logHeader = pagelog.Header{Account: "1", Table: "subscriber", Source: "/subscribers?limit=1000", Base: "3",
		Started: time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC)}
	magicLine  = "mailerlake page log 1\n"
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
)

func createLog(t testing.TB) (*pagelog.Log, *disktest.File) {
	t.Helper()
	file := &disktest.File{}
	l, err := pagelog.Create(memFS{file: file}, "log", logHeader, logOrder)
	if err != nil {
		t.Fatal(err)
	}
	return l, file
}

func openLog(data []byte) (*pagelog.Log, *disktest.File, error) {
	file := &disktest.File{Data: data}
	l, err := pagelog.Open(memFS{file: file}, "log", logOrder)
	return l, file, err
}

// logPage returns a page with these keys: columns of all kinds with nulls, now and then Raw columns, child rows, and
// rows that lack something.
func logPage(r *rand.Rand, keys ...string) *schema.Page {
	page := &schema.Page{Rows: &schema.Batch{Rows: len(keys)}, Dropped: r.IntN(3)}
	ids := schema.NewVector(schema.String)
	for _, key := range keys {
		ids.AppendText([]byte(key))
	}
	add := func(c schema.Column, v *schema.Vector) {
		page.Rows.Columns, page.Rows.Vectors = append(page.Rows.Columns, c), append(page.Rows.Vectors, v)
	}
	add(schematest.KeyColumn("id"), ids)
	for k := schema.String; k <= schema.Raw; k++ {
		path := fmt.Sprintf("fields.%d", r.IntN(5))
		c := schema.Column{Name: "c" + k.String(), Kind: k, Path: "c" + k.String(), JSON: k == schema.String}
		if k == schema.Raw {
			c.Name, c.Path = path, path
		}
		if r.IntN(4) == 0 {
			add(c, nil)
			continue
		}
		v := schema.NewVector(k)
		for range keys {
			if r.IntN(3) == 0 {
				v.AppendNull(1)
			} else {
				schematest.AppendRandom(r, v, r.IntN(2) == 0)
			}
		}
		add(c, v)
	}
	addChild(r, page)
	if r.IntN(2) == 0 {
		for range keys {
			page.Absent = append(page.Absent, uint8(r.IntN(4)))
		}
	}
	return page
}

func addChild(r *rand.Rand, page *schema.Page) {
	if r.IntN(3) == 0 {
		return
	}
	a, b := schema.NewVector(schema.String), schema.NewVector(schema.String)
	page.Child = &schema.Batch{Columns: []schema.Column{schematest.KeyColumn("group_id"), schematest.KeyColumn("subscriber_id")}, Vectors: []*schema.Vector{a, b}}
	page.Offsets = []uint32{0}
	for row := range page.Rows.Rows {
		for i := range r.IntN(3) {
			a.AppendText([]byte{'1' + byte(i)})
			b.AppendText(page.Rows.Vectors[0].Text(row))
		}
		page.Child.Rows = a.Len()
		page.Offsets = append(page.Offsets, uint32(a.Len()))
	}
}

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
		mark := pagelog.Mark{Walk: "w", Cursor: fmt.Sprint("cursor ", i), End: i == pages-1}
		if i%3 == 0 {
			mark.Note = json.RawMessage(`{"a":[1,"é"]}`)
		}
		if err := l.Append(page, mark); err != nil {
			t.Fatal(err)
		}
		all = append(all, page)
	}
	return l, file, all
}

// equateVectors compares vectors by their values: whether an empty slice is nil does not count.
var equateVectors = cmpopts.EquateEmpty()

func checkLoaded(t testing.TB, l *pagelog.Log, want []*schema.Page) {
	t.Helper()
	if len(l.Frames) != len(want) {
		t.Fatalf("%d pages, want %d", len(l.Frames), len(want))
	}
	for i, page := range want {
		got, err := l.Load(i, nil)
		if err != nil {
			t.Fatal(err)
		}
		if page == nil {
			page = &schema.Page{Rows: &schema.Batch{}}
		}
		if d := cmp.Diff(page, got, equateVectors); d != "" {
			t.Fatalf("page %d (-want +got):\n%s", i, d)
		}
	}
}

var ignoreInner = cmpopts.IgnoreUnexported(pagelog.Frame{})

func TestPageLog(t *testing.T) {
	for seed := range uint64(40) {
		l, file, pages := randomLog(t, seed, int(seed%7))
		checkLoaded(t, l, pages)
		again, _, err := openLog(file.Data)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		checkLoaded(t, again, pages)
		if d := cmp.Diff(l.Frames, again.Frames, ignoreInner, equateVectors); d != "" {
			t.Fatalf("seed %d: frames (-appended +opened):\n%s", seed, d)
		}
		if d := cmp.Diff(l.Paths, again.Paths, equateVectors); d != "" || !cmp.Equal(again.Header, logHeader) {
			t.Fatalf("seed %d: header %+v, paths (-appended +opened):\n%s", seed, again.Header, d)
		}
		more := logPage(rand.New(rand.NewPCG(seed, 5)), "999999", "9999999")
		if err := again.Append(more, pagelog.Mark{Cursor: "more"}); err != nil {
			t.Fatal(err)
		}
		checkLoaded(t, again, append(pages, more))
	}
}

func TestPageLogFrame(t *testing.T) {
	l, _ := createLog(t)
	page := logPage(rand.New(rand.NewPCG(1, 1)), "7", "8", "10")
	page.Dropped, page.Absent = 2, []uint8{1, 0, 3}
	mark := pagelog.Mark{Walk: "active", Cursor: "abc", Note: json.RawMessage(`1`)}
	if err := l.Append(page, mark); err != nil {
		t.Fatal(err)
	}
	want := pagelog.Frame{Mark: mark, Rows: 3, Dropped: 2, Lacking: []int{2, 1, 0, 0, 0, 0, 0, 0}, First: schema.Key{"7"}, Last: schema.Key{"10"}}
	if d := cmp.Diff([]pagelog.Frame{want}, l.Frames, ignoreInner); d != "" {
		t.Error(d)
	}
}

func TestPageLogSelect(t *testing.T) {
	l, _, pages := randomLog(t, 3, 6)
	for i, page := range pages {
		if page == nil {
			continue
		}
		got, err := l.Load(i, func(child bool, c schema.Column) bool { return !child && c.Kind == schema.Double })
		if err != nil {
			t.Fatal(err)
		}
		for c, column := range page.Rows.Columns {
			if column.Kind != schema.Double {
				if got.Rows.Vectors[c] != nil {
					t.Errorf("page %d: column %s is loaded", i, column.Name)
				}
			} else if d := cmp.Diff(page.Rows.Vectors[c], got.Rows.Vectors[c], equateVectors); d != "" {
				t.Errorf("page %d: %s", i, d)
			}
		}
		if page.Child != nil && (got.Child.Vectors[0] != nil || got.Child.Rows != page.Child.Rows) || !slices.Equal(got.Offsets, page.Offsets) {
			t.Errorf("page %d: child rows %+v", i, got.Child)
		}
	}
}

// frameEnds returns where each frame of a log ends, the header's first.
func frameEnds(data []byte) []int {
	var ends []int
	for at := len(magicLine); at < len(data); {
		at += 8 + int(binary.LittleEndian.Uint32(data[at:]))
		ends = append(ends, at)
	}
	return ends
}

// TestPageLogTorn cuts the log at every byte: the pages that are whole stay, and it can be gone on with.
func TestPageLogTorn(t *testing.T) {
	_, file, pages := randomLog(t, 6, 3)
	ends := frameEnds(file.Data)
	for size := range len(file.Data) {
		tails := [][]byte{nil}
		if size%7 == 0 {
			tails = append(tails, []byte{0}, make([]byte, 100))
		}
		for _, tail := range tails {
			data := slices.Concat(file.Data[:size], tail)
			l, f, err := openLog(bytes.Clone(data))
			if size < ends[0] {
				if err == nil {
					t.Fatalf("%d bytes: a log without a header is taken", size)
				}
				continue
			}
			if err != nil {
				t.Fatalf("%d bytes and %d zeros: %v", size, len(tail), err)
			}
			whole := 0
			for whole < len(pages) && bytes.HasPrefix(data, file.Data[:ends[whole+1]]) { // a page may end in zeros
				whole++
			}
			if len(l.Frames) != whole || len(f.Data) != ends[whole] {
				t.Fatalf("%d bytes and %d zeros: %d pages, %d bytes stay; want %d, %d", size, len(tail), len(l.Frames), len(f.Data), whole, ends[whole])
			}
			if size%10 == 0 {
				page := logPage(rand.New(rand.NewPCG(1, 1)), "5")
				if err := l.Append(page, pagelog.Mark{}); err != nil {
					t.Fatal(err)
				}
				again, _, err := openLog(f.Data)
				if err != nil {
					t.Fatal(err)
				}
				checkLoaded(t, again, append(slices.Clone(pages[:whole]), page))
			}
		}
	}
}

// TestPageLogDamaged changes each byte before the last page. That is an error, unless it is a length that now goes
// beyond the end, which a torn page has too: what is before that page stays.
func TestPageLogDamaged(t *testing.T) {
	_, file, pages := randomLog(t, 6, 4)
	ends := frameEnds(file.Data)
	for i := range ends[len(ends)-2] {
		for _, bits := range []byte{1, 0x80, 0xff} {
			damaged := bytes.Clone(file.Data)
			damaged[i] ^= bits
			l, _, err := openLog(damaged)
			if err != nil {
				continue
			}
			page := slices.IndexFunc(ends, func(end int) bool { return i < end })
			inLength := page > 0 && i < ends[page-1]+4
			if !inLength {
				t.Fatalf("byte %d of page %d changed: no error", i, page)
			}
			checkLoaded(t, l, pages[:page-1])
		}
	}
}

// TestPageLogHugeLength: a length is believed only as far as there are bytes.
func TestPageLogHugeLength(t *testing.T) {
	_, file, _ := randomLog(t, 6, 1)
	for _, length := range []uint32{1 << 20, 1 << 30, 1<<30 + 1, 1<<32 - 1} {
		data := slices.Concat(file.Data, make([]byte, 8), []byte("tail"))
		binary.LittleEndian.PutUint32(data[len(file.Data):], length)
		before := schematest.Allocated()
		l, f, err := openLog(data)
		if err != nil || len(l.Frames) != 1 || len(f.Data) != len(file.Data) {
			t.Errorf("length %d: %v", length, err)
		}
		if n := schematest.Allocated() - before; n > 1<<20 {
			t.Errorf("length %d: %d bytes are allocated", length, n)
		}
	}
}

func TestPageLogHeaderOnly(t *testing.T) {
	l, file := createLog(t)
	if err := l.Sync(); err != nil {
		t.Fatal(err)
	}
	again, _, err := openLog(file.Data)
	if err != nil || len(again.Frames) != 0 || !cmp.Equal(again.Header, logHeader) {
		t.Errorf("got %+v, %v", again, err)
	}
	for _, data := range []string{"", "mailerlake page log 2\n", magicLine, magicLine + strings.Repeat("\x00", 50)} {
		if _, f, err := openLog([]byte(data)); err == nil || !f.Closed || string(f.Data) != data {
			t.Errorf("%q: %v; closed is %t", data, err, f.Closed)
		}
	}
}

// TestPageLogDiskFull: a page that could not be written leaves no damage, and the log goes on once there is room.
func TestPageLogDiskFull(t *testing.T) {
	l, file, pages := randomLog(t, 6, 2)
	page := logPage(rand.New(rand.NewPCG(1, 1)), "5", "6")
	size := len(file.Data)
	for room := range 300 {
		file.Full, file.Room = true, room
		if err := l.Append(page, pagelog.Mark{}); !errors.Is(err, disktest.ErrFull) || len(file.Data) != size {
			t.Fatalf("%d bytes free: %v, %d bytes are left", room, err, len(file.Data)-size)
		}
	}
	file.Full = false
	if err := l.Append(page, pagelog.Mark{}); err != nil {
		t.Fatal(err)
	}
	again, _, err := openLog(file.Data)
	if err != nil {
		t.Fatal(err)
	}
	checkLoaded(t, again, append(pages, page))
}

// stuckFile cannot be cut.
type stuckFile struct{ *disktest.File }

func (stuckFile) Truncate(int64) error { return fs.ErrPermission }

type stuckFS struct{ memFS }

func (m stuckFS) OpenAppend(string, disk.Access) (disk.File, error) { return stuckFile{m.file}, nil }

// TestPageLogBroken: where a torn page cannot be cut nothing is written after it.
func TestPageLogBroken(t *testing.T) {
	_, file, _ := randomLog(t, 6, 2)
	l, err := pagelog.Open(stuckFS{memFS{file: file}}, "log", logOrder)
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

// TestPageLogTooLarge: what could not be read is not written.
func TestPageLogTooLarge(t *testing.T) {
	l, file := createLog(t)
	page := logPage(rand.New(rand.NewPCG(1, 1)), "5")
	page.Rows.Vectors[1] = &schema.Vector{Kind: schema.String, Valid: []bool{true}, Ends: []uint32{1 << 28}, Bytes: make([]byte, 1<<28)}
	size := len(file.Data)
	if err := l.Append(page, pagelog.Mark{}); err == nil || len(file.Data) != size || len(l.Frames) != 0 {
		t.Errorf("a column of 256 MiB: %v", err)
	}
}

// frame makes the bytes of a frame out of its head and its columns' blocks, with the right length and checksum.
func frame(head string, blocks ...[]byte) []byte {
	payload := slices.Concat(binary.LittleEndian.AppendUint32(nil, uint32(len(head))), []byte(head), bytes.Join(blocks, nil))
	return sealed(payload)
}

func sealed(payload []byte) []byte {
	b := binary.LittleEndian.AppendUint32(nil, uint32(len(payload)))
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(payload, castagnoli))
	return append(b, payload...)
}

// readHostileLog reads a log to its end, by page and in key order, as far as it lets itself be read.
func readHostileLog(t testing.TB, data []byte) error {
	t.Helper()
	before := schematest.Allocated()
	defer func() {
		// one column may say that it decompresses to 256 MiB, before that shows to be wrong; the race detector doubles it
		if n := schematest.Allocated() - before; n > 600<<20+uint64(len(data))<<12 {
			t.Errorf("%d bytes are allocated for a log of %d", n, len(data))
		}
	}()
	l, _, err := openLog(data)
	if err != nil {
		return err
	}
	for i := range l.Frames {
		page, err := l.Load(i, nil)
		if err != nil {
			return err
		}
		if page.Child != nil {
			for row := range page.Rows.Rows {
				_ = page.Child.Vectors[0].Valid[page.Offsets[row]:page.Offsets[row+1]]
			}
		}
	}
	c := pagelog.NewCursor(l, nil, nil)
	for rows := 0; ; rows++ {
		s, ok, err := c.Next()
		if err != nil || !ok {
			return err
		}
		if s.To <= s.From || s.To > s.Page.Rows.Rows {
			t.Fatalf("rows %d to %d of %d", s.From, s.To, s.Page.Rows.Rows)
		}
		if rows > len(data) {
			t.Fatal("the cursor does not end")
		}
		s.Keys.At(s.To - 1)
	}
}

// TestPageLogHostile has heads that promise what is not there, under a checksum that is right.
func TestPageLogHostile(t *testing.T) {
	_, file := createLog(t)
	block := func(raw string) []byte { return s2.Encode(nil, []byte(raw)) }
	text := func(values ...string) []byte {
		v := bytes.Repeat([]byte{1}, len(values))
		end := 0
		for _, s := range values {
			end += len(s)
			v = binary.LittleEndian.AppendUint32(v, uint32(end))
		}
		return s2.Encode(nil, append(v, strings.Join(values, "")...))
	}
	two := text("1", "2")
	numbers := func(n ...uint64) []byte {
		v := bytes.Repeat([]byte{1}, len(n))
		for _, x := range n {
			v = binary.LittleEndian.AppendUint64(v, x)
		}
		return s2.Encode(nil, v)
	}
	key := func(b []byte) string { return fmt.Sprintf(`{"name":"id","type":"STRING","bytes":%d}`, len(b)) }
	column := func(kind string, in int, b []byte) string {
		return fmt.Sprintf(`{"name":"x","type":%q,"in":%d,"bytes":%d}`, kind, in, len(b))
	}
	head := func(rows string, columns ...string) string {
		return fmt.Sprintf(`{%s,"first":["1"],"last":["2"],"columns":[%s]}`, rows, strings.Join(columns, ","))
	}
	if err := readHostileLog(t, slices.Concat(file.Data, frame(head(`"rows":2`, key(two)), two))); err != nil {
		t.Fatalf("an honest page: %v", err)
	}
	huge := binary.AppendUvarint(nil, 1<<28)
	tests := map[string][]byte{
		"head too long":     sealed(binary.LittleEndian.AppendUint32(nil, 1000)),
		"no head":           sealed([]byte{1}),
		"no JSON":           frame(`{`),
		"many rows":         frame(head(`"rows":100000000`, key(two)), two),
		"overflowing rows":  frame(head(`"rows":9223372036854775807`, key(two)), two),
		"negative rows":     frame(head(`"rows":-1`, key(two)), two),
		"no key":            frame(head(`"rows":2`, column("STRING", 0, two)), two),
		"null key":          frame(head(`"rows":2`, `{"name":"id","type":"STRING","bytes":0}`)),
		"key of numbers":    frame(head(`"rows":2`, strings.Replace(key(numbers(1, 2)), "STRING", "INT64", 1)), numbers(1, 2)),
		"two keys":          frame(strings.Replace(head(`"rows":2`, key(two)), `["1"]`, `["1","1"]`, 1), two),
		"keys upside down":  frame(strings.Replace(head(`"rows":2`, key(two)), `["1"]`, `["3"]`, 1), two),
		"bytes left":        frame(head(`"rows":2`, key(two)), two, two),
		"bytes missing":     frame(head(`"rows":2`, key(two), column("INT64", 0, two)), two),
		"negative bytes":    frame(head(`"rows":2`, key(two), `{"name":"x","type":"INT64","bytes":-1}`), two),
		"no kind":           frame(head(`"rows":2`, key(two), `{"name":"x","bytes":1}`), two, []byte{0}),
		"unknown section":   frame(head(`"rows":2`, key(two), column("STRING", 9, two)), two, two),
		"lacking":           frame(head(`"rows":2,"lacking":[1]`, key(two)), two),
		"block too long":    frame(head(`"rows":2`, key(huge)), huge),
		"block of nonsense": frame(head(`"rows":2`, key([]byte("nonsense"))), []byte("nonsense")),
		"block too short":   frame(head(`"rows":2`, key(block("\x01"))), block("\x01")),
		"ends beyond":       frame(head(`"rows":2`, key(block("\x01\x01\x01\x00\x00\x00\xff\x00\x00\x00ab"))), block("\x01\x01\x01\x00\x00\x00\xff\x00\x00\x00ab")),
		"ends descend":      frame(head(`"rows":2`, key(block("\x01\x01\x02\x00\x00\x00\x01\x00\x00\x00ab"))), block("\x01\x01\x02\x00\x00\x00\x01\x00\x00\x00ab")),
		"numbers too few":   frame(head(`"rows":2`, key(two), column("DOUBLE", 0, numbers(1))), two, numbers(1)),
		"child, no offsets": frame(head(`"rows":2,"child":2`, key(two), column("STRING", 1, two)), two, two),
		"offsets, no child": frame(head(`"rows":2`, key(two), column("INT64", 2, numbers(0, 1, 2))), two, numbers(0, 1, 2)),
		"offsets beyond":    frame(head(`"rows":2,"child":2`, key(two), column("STRING", 1, two), column("INT64", 2, numbers(0, 1, 3))), two, two, numbers(0, 1, 3)),
		"offsets descend":   frame(head(`"rows":2,"child":2`, key(two), column("STRING", 1, two), column("INT64", 2, numbers(0, 3, 2))), two, two, numbers(0, 3, 2)),
		"offsets wrap":      frame(head(`"rows":2,"child":2`, key(two), column("STRING", 1, two), column("INT64", 2, numbers(0, 1<<32, 2))), two, two, numbers(0, 1<<32, 2)),
		"many children":     frame(head(`"rows":2,"child":99999999999`, key(two), column("STRING", 1, two), column("INT64", 2, numbers(0, 1, 2))), two, two, numbers(0, 1, 2)),
		"absent":            frame(head(`"rows":2`, key(two), column("INT64", 3, numbers(256, 0))), two, numbers(256, 0)),
	}
	for name, f := range tests {
		if err := readHostileLog(t, slices.Concat(file.Data, f, f)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// FuzzOpenLog reads a log of two frames with these payloads: length and checksum are right.
func FuzzOpenLog(f *testing.F) {
	_, header := createLog(f)
	for seed := range uint64(4) {
		_, file, _ := randomLog(f, seed, 2)
		ends := frameEnds(file.Data)
		f.Add(file.Data[ends[0]+8:ends[1]], file.Data[ends[1]+8:], []byte(nil))
	}
	f.Fuzz(func(t *testing.T, first, second, tail []byte) {
		if len(first)+len(second) < 1<<20 {
			_ = readHostileLog(t, slices.Concat(header.Data, sealed(first), sealed(second), tail))
		}
	})
}
