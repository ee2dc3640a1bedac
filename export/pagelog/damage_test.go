package pagelog_test

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"

	"mailerlake/export/pagelog"
	"mailerlake/schema"
	"mailerlake/schema/schematest"
)

const (
	magicLine = "mailerlake page log 2\n"
	frameHead = 16
)

// frameEnds returns where each frame of a log ends, the header's first.
func frameEnds(data []byte) []int {
	var ends []int
	for at := len(magicLine); at < len(data); {
		at += frameHead + int(binary.LittleEndian.Uint32(data[at:])) + int(binary.LittleEndian.Uint32(data[at+4:]))
		ends = append(ends, at)
	}
	return ends
}

// TestTorn cuts the log at every byte: the pages that are whole stay, and it can be appended to.
func TestTorn(t *testing.T) {
	_, file, pages := randomLog(t, 6, 4)
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
			if l.Size() != int64(ends[whole]) || len(f.Data) != ends[whole] {
				t.Fatalf("%d bytes and %d zeros: %d bytes stay, want %d", size, len(tail), len(f.Data), ends[whole])
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
				checkRows(t, again, append(slices.Clone(pages[:whole]), page))
			}
		}
	}
}

// TestDamaged changes each byte before the last page. That is an error, unless it is a length that now goes beyond the
// end, which a torn page has too: what is before that page stays.
func TestDamaged(t *testing.T) {
	_, file, pages := randomLog(t, 6, 5)
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
			inLength := page > 0 && i < ends[page-1]+8
			if !inLength {
				t.Fatalf("byte %d of page %d changed: no error", i, page)
			}
			checkRows(t, l, pages[:page-1])
		}
	}
}

// TestDamagedLater changes bytes of a log that is open: rows that are read are right, or there is an error; and who
// reads keys alone does not notice damage elsewhere.
func TestDamagedLater(t *testing.T) {
	pagelog.SetSegmentRows(t, 0)
	l, file := createLog(t)
	page := logPage(rand.New(rand.NewPCG(3, 1)), "5", "6", "7")
	if err := l.Append(page, pagelog.Mark{}); err != nil {
		t.Fatal(err)
	}
	start := frameEnds(file.Data)[0]
	rest := start + frameHead + int(binary.LittleEndian.Uint32(file.Data[start:]))
	for i := start; i < len(file.Data); i++ {
		file.Data[i] ^= 0x10
		whole, keys := readAll(t, l, nil), readAll(t, l, pagelog.KeysOnly)
		if inKeys := i < start+12 || i >= start+frameHead && i < rest; whole == nil || (keys == nil) == inKeys {
			t.Errorf("byte %d changed, keys end at %d: %v; keys alone: %v", i, rest, whole, keys)
		}
		file.Data[i] ^= 0x10
	}
}

// readAll reads a selection of a log and returns the error.
func readAll(t testing.TB, l *pagelog.Log, want pagelog.Select) error {
	for c := pagelog.NewCursor(t.Context(), l, want, nil); ; {
		if _, ok, err := c.Next(); err != nil || !ok {
			return err
		}
	}
}

// TestHugeLength: a length is believed only as far as there are bytes.
func TestHugeLength(t *testing.T) {
	_, file, pages := randomLog(t, 6, 1)
	for _, at := range []int{0, 4} {
		for _, length := range []uint32{1 << 20, 1 << 30, 1<<30 + 1, 1<<32 - 1} {
			data := slices.Concat(file.Data, make([]byte, frameHead), []byte("tail"))
			binary.LittleEndian.PutUint32(data[len(file.Data)+at:], length)
			before := schematest.Allocated()
			l, f, err := openLog(data)
			if err != nil || len(f.Data) != len(file.Data) {
				t.Fatalf("length %d: %v", length, err)
			}
			if n := schematest.Allocated() - before; n > 1<<20 {
				t.Errorf("length %d: %d bytes are allocated", length, n)
			}
			checkRows(t, l, pages)
		}
	}
}

// TestRandomKills: walks grow side by side, and again and again the end of the file is lost. What the log then says of
// its walks and rows is what its whole pages say.
func TestRandomKills(t *testing.T) {
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 7))
		pagelog.SetSegmentRows(t, r.IntN(60))
		l, file := createLog(t)
		m := newModel(l.Size())
		for range 12 {
			for range r.IntN(10) {
				m.append(t, r, l)
			}
			m.check(t, l)
			size := max(m.sizes[0], int64(len(file.Data)-r.IntN(3000)))
			var err error
			if l, file, err = openLog(append(bytes.Clone(file.Data[:size]), make([]byte, r.IntN(2)*r.IntN(100))...)); err != nil {
				t.Fatal(err)
			}
			m.cut(int64(len(file.Data)))
			m.check(t, l)
		}
	}
}

// model is what a log should hold, kept in the plainest way.
type model struct {
	sizes []int64 // of the log after each append, and at its beginning
	pages []*schema.Page
	marks []pagelog.Mark
}

func newModel(size int64) *model { return &model{sizes: []int64{size}} }

// append appends a random page of one of a few walks.
func (m *model) append(t *testing.T, r *rand.Rand, l *pagelog.Log) {
	t.Helper()
	var page *schema.Page
	if r.IntN(4) > 0 {
		keys := map[string]bool{}
		for range r.IntN(8) {
			keys[someKey(r, 80)] = true
		}
		page = logPage(r, sortedKeys(keys)...)
	}
	walk := r.IntN(8)
	mark := pagelog.Mark{Walk: string(rune('a' + walk)), Parent: walk > 3, Cursor: someKey(r, 80), End: r.IntN(3) == 0}
	if err := l.Append(page, mark); err != nil {
		t.Fatal(err)
	}
	m.pages, m.marks, m.sizes = append(m.pages, page), append(m.marks, mark), append(m.sizes, l.Size())
}

// cut forgets what is not in a file of this size.
func (m *model) cut(size int64) {
	n := 0
	for n < len(m.pages) && m.sizes[n+1] <= size {
		n++
	}
	m.pages, m.marks, m.sizes = m.pages[:n], m.marks[:n], m.sizes[:n+1]
}
