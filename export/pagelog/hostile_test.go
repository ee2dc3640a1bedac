package pagelog_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/s2"

	"mailerlake/export/pagelog"
	"mailerlake/schema"
	"mailerlake/schema/schematest"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// sealed makes a frame of two sections, with the right lengths and checksums.
func sealed(keys, rest []byte) []byte {
	b := binary.LittleEndian.AppendUint32(nil, uint32(len(keys)))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(rest)))
	b = binary.LittleEndian.AppendUint32(b, crc32.Update(crc32.Checksum(b, castagnoli), castagnoli, keys))
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(rest, castagnoli))
	return slices.Concat(b, keys, rest)
}

// readHostileLog reads a log to its end, all columns and then the keys alone, as far as it lets itself be read.
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
	facts(l)
	for _, want := range []pagelog.Select{nil, pagelog.KeysOnly} {
		c := pagelog.NewCursor(t.Context(), l, want, nil)
		for runs := 0; ; runs++ {
			run, ok, err := c.Next()
			if err != nil {
				return err
			}
			if !ok {
				break
			}
			if runs > len(data) {
				t.Fatal("the cursor does not end")
			}
			checkShape(t, run)
		}
	}
	_, err = l.Count(t.Context())
	return err
}

// checkShape makes sure that all of a run can be reached.
func checkShape(t testing.TB, run pagelog.Rows) {
	t.Helper()
	if run.To <= run.From || run.To > run.Page.Rows.Rows {
		t.Fatalf("rows %d to %d of %d", run.From, run.To, run.Page.Rows.Rows)
	}
	run.Keys.At(run.To - 1)
	check := func(b *schema.Batch) {
		for i, v := range b.Vectors {
			if v == nil {
				continue
			}
			if v.Kind != b.Columns[i].Kind || v.Len() != b.Rows || len(v.Nums)+len(v.Ends) != b.Rows {
				t.Fatalf("column %+v has %d rows of %d", b.Columns[i], v.Len(), b.Rows)
			}
		}
	}
	check(run.Page.Rows)
	for _, c := range run.Page.Children {
		check(c.Rows)
		if len(c.Offsets) != run.Page.Rows.Rows+1 || int(c.Offsets[run.Page.Rows.Rows]) != c.Rows.Rows || !slices.IsSorted(c.Offsets) {
			t.Fatalf("offsets %v of %d child rows", c.Offsets, c.Rows.Rows)
		}
	}
	if absent := run.Page.Absent; absent != nil && len(absent) != run.Page.Rows.Rows {
		t.Fatalf("absent has %d rows of %d", len(absent), run.Page.Rows.Rows)
	}
}

// pageHead writes the head of a frame by hand; each field can be spoilt.
type pageHead struct {
	flags       byte
	dropped     uint64
	rows        uint64
	first, last string
	absences    []uint64 // a count, then pairs
	defines     string
	absent      uint64
	children    []uint64 // a count, then pairs
	columns     []uint64 // a count, then pairs
}

func (h pageHead) bytes() []byte {
	b := []byte{h.flags, 1, 'w', 1, 'c'}
	add := func(nums ...uint64) {
		for _, n := range nums {
			b = binary.AppendUvarint(b, n)
		}
	}
	text := func(s string) {
		add(uint64(len(s)))
		b = append(b, s...)
	}
	add(h.dropped, h.rows)
	text(h.first)
	text(h.last)
	add(h.absences...)
	text(h.defines)
	add(h.absent)
	add(h.children...)
	add(h.columns...)
	return b
}

func packed(raw ...byte) []byte { return append([]byte{2}, s2.Encode(nil, raw)...) }

// TestHostile has heads that promise what is not there, and columns that are not what they seem, under checksums that
// are right.
func TestHostile(t *testing.T) {
	_, file := createLog(t)
	key := []byte{0, 1, 1, '1', '2'} // two texts
	number := []byte{0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 7, 8}
	honest := func() pageHead {
		return pageHead{flags: 2, rows: 2, first: "1", last: "2", absences: []uint64{0}, children: []uint64{0},
			defines: `[{"name":"id","type":"STRING","required":true},{"name":"n","type":"INT64"}]`,
			columns: []uint64{2, 0, uint64(len(key)) << 1, 1, uint64(len(number)) << 1}}
	}
	family := func() pageHead {
		h := honest()
		h.defines = strings.Replace(h.defines, `{"name":"n"`, `{"in":1,"name":"n"`, 1)
		h.children = []uint64{1, 2, 3}
		return h
	}
	offsets := []byte{0, 1, 1}
	frame := func(h pageHead, keys []byte, rest ...byte) []byte { return sealed(append(h.bytes(), keys...), rest) }
	for name, f := range map[string][]byte{"page": frame(honest(), key, number...), "family": frame(family(), slices.Concat(offsets, key), number...)} {
		if err := readHostileLog(t, slices.Concat(file.Data, f)); err != nil {
			t.Fatalf("an honest %s: %v", name, err)
		}
	}
	const huge = 1<<64 - 1
	heads := map[string]func(*pageHead){
		"many rows":        func(h *pageHead) { h.rows = 1 << 22 },
		"too many rows":    func(h *pageHead) { h.rows = 1<<22 + 1 },
		"negative rows":    func(h *pageHead) { h.rows = huge },
		"negative dropped": func(h *pageHead) { h.dropped = huge },
		"keys upside down": func(h *pageHead) { h.first = "3" },
		"another first":    func(h *pageHead) { h.first = "0" },
		"another last":     func(h *pageHead) { h.last = "9" },
		"many lack":        func(h *pageHead) { h.absences = []uint64{1 << 40} },
		"unknown lacks":    func(h *pageHead) { h.absences = []uint64{1, 64, 1} },
		"no JSON":          func(h *pageHead) { h.defines = "[{" },
		"no kind":          func(h *pageHead) { h.defines = strings.Replace(h.defines, `"type":"INT64"`, `"x":0`, 1) },
		"unknown kind":     func(h *pageHead) { h.defines = strings.Replace(h.defines, "INT64", "INT65", 1) },
		"key of numbers":   func(h *pageHead) { h.defines = strings.Replace(h.defines, "STRING", "INT64", 1) },
		"no key":           func(h *pageHead) { h.defines = strings.Replace(h.defines, `"id"`, `"is"`, 1) },
		"defined twice": func(h *pageHead) {
			h.defines = strings.Replace(h.defines, `,{`, `,{"name":"id","type":"STRING","required":true},{`, 1)
		},
		"unknown child":  func(h *pageHead) { h.defines = strings.Replace(h.defines, `{"name":"n"`, `{"in":1,"name":"n"`, 1) },
		"negative child": func(h *pageHead) { h.defines = strings.Replace(h.defines, `{"name":"n"`, `{"in":-1,"name":"n"`, 1) },
		"null key":       func(h *pageHead) { h.columns = []uint64{2, 0, 0, 1, uint64(len(number)) << 1} },
		"unknown column": func(h *pageHead) { h.columns[1] = 2 },
		"column twice":   func(h *pageHead) { h.columns[3] = 0 },
		"long column":    func(h *pageHead) { h.columns[4] += 2 },
		"huge column":    func(h *pageHead) { h.columns[4] = huge },
		"short key":      func(h *pageHead) { h.columns[2] -= 2 },
		"many columns":   func(h *pageHead) { h.columns[0] = 1 << 40 },
		"absent":         func(h *pageHead) { h.absent = 1 },
		"huge absent":    func(h *pageHead) { h.absent = huge },
		"many children":  func(h *pageHead) { h.children = []uint64{1 << 40} },
		"child, no rows": func(h *pageHead) { h.children = []uint64{1, 1, 0} },
		"huge offsets":   func(h *pageHead) { h.children = []uint64{1, 1, huge} },
	}
	tests := map[string][]byte{
		"no head":         sealed(nil, nil),
		"one byte":        sealed([]byte{2}, nil),
		"rest of nothing": sealed([]byte{2, 0, 0}, []byte{1}),
	}
	for name, spoil := range heads {
		h := honest()
		spoil(&h)
		tests[name] = frame(h, key, number...)
	}
	blocks := map[string][2][]byte{
		"keys equal":       {{0, 1, 1, '1', '1'}, number},
		"keys descend":     {{0, 1, 1, '2', '1'}, number},
		"texts too short":  {{0, 1, 1, '1'}, number},
		"texts too long":   {{0, 1, 1, '1', '2', '3'}, number},
		"length cut":       {{0, 1, 0x80}, number},
		"length huge":      {{0, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}, number},
		"nonsense":         {{2, 'x'}, number},
		"packed huge":      {append([]byte{2}, binary.AppendUvarint(nil, 1<<31)...), number},
		"no bits":          {key, {1}},
		"no numbers":       {key, {0}},
		"width 0":          {key, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0}},
		"width 3":          {key, {0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6}},
		"one number":       {key, number[:len(number)-1]},
		"three numbers":    {key, append(bytes.Clone(number), 1)},
		"packed too short": {key, packed(number[1:5]...)},
	}
	for name, b := range blocks {
		h := honest()
		h.columns[2], h.columns[4] = uint64(len(b[0]))<<1, uint64(len(b[1]))<<1
		tests[name] = frame(h, b[0], b[1]...)
	}
	for name, o := range map[string][]byte{
		"offsets beyond": {0, 1, 2}, "offsets short": {0, 1, 0}, "one offset": {0, 2}, "three offsets": {0, 1, 0, 1},
		"offsets wrap": {0, 0xff, 0xff, 0xff, 0xff, 0x0f, 3}, "offset cut": {0, 1, 0x80}} {
		h := family()
		h.children[2] = uint64(len(o))
		tests[name] = frame(h, slices.Concat(o, key), number...)
	}
	for name, a := range map[string][]byte{"absent short": {0, 1}, "absent long": {0, 1, 1, 1}} {
		h := honest()
		h.absent = uint64(len(a))
		tests[name] = frame(h, slices.Concat(a, key), number...)
	}
	for name, f := range tests {
		for _, data := range [][]byte{f, slices.Concat(f, f), slices.Concat(frame(honest(), key, number...), f)} {
			if err := readHostileLog(t, slices.Concat(file.Data, data, []byte("tail that is no frame"))); err == nil {
				t.Errorf("%s: no error", name)
			}
		}
	}
}

// FuzzOpen reads a log of two frames with these sections: lengths and checksums are right.
func FuzzOpen(f *testing.F) {
	_, header := createLog(f)
	for seed := range uint64(6) {
		_, file, _ := randomLog(f, seed, 2)
		var sections [][]byte
		at := frameEnds(file.Data)[0]
		for range 2 {
			keys := int(binary.LittleEndian.Uint32(file.Data[at:]))
			rest := int(binary.LittleEndian.Uint32(file.Data[at+4:]))
			at += frameHead
			sections = append(sections, file.Data[at:at+keys], file.Data[at+keys:at+keys+rest])
			at += keys + rest
		}
		f.Add(sections[0], sections[1], sections[2], sections[3], []byte(nil), uint16(seed%2))
	}
	f.Fuzz(func(t *testing.T, keys1, rest1, keys2, rest2, tail []byte, rows uint16) {
		pagelog.SetSegmentRows(t, int(rows)) // 0: each page is read on its own
		if len(keys1)+len(rest1)+len(keys2)+len(rest2) < 1<<20 {
			_ = readHostileLog(t, slices.Concat(header.Data, sealed(keys1, rest1), sealed(keys2, rest2), tail))
		}
	})
}
