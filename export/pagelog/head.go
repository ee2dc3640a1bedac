package pagelog

import (
	"encoding/binary"
	"math/bits"
	"slices"

	"mailerlake/schema"
)

// head is what a frame says before its blocks. The blocks follow in this order: those of the keys' section (absent,
// then each child's offsets, then the key columns), then those of the other columns.
type head struct {
	mark     Mark
	page     bool // the mark came with a page, which may have no rows
	rows     int
	dropped  int
	first    schema.Key // of the rows; nil if there are none
	last     schema.Key
	absences []absence
	defines  []byte // descriptions of columns that are met for the first time
	absent   int    // bytes of the block of Page.Absent; 0 if no row lacks anything
	children []headChild
	columns  []headColumn
	note     []byte // what the scan concluded, in a frame that has nothing else
}

// absence counts the rows of a frame that lack an object.
type absence struct{ object, rows int }

type headChild struct {
	rows    int
	offsets int // bytes of the block of Children.Offsets
}

type headColumn struct {
	number  int
	bytes   int // of its block; 0 for a column of nulls
	missing bool
}

const (
	headNote = 1 << iota
	headPage
	headParent
	headEnd
)

// appendTo appends the head as it is written.
func (h *head) appendTo(dst []byte) []byte {
	if h.note != nil {
		return append(append(dst, headNote), h.note...)
	}
	flags := byte(0)
	for _, f := range []struct {
		set  bool
		flag byte
	}{{h.page, headPage}, {h.mark.Parent, headParent}, {h.mark.End, headEnd}} {
		if f.set {
			flags |= f.flag
		}
	}
	dst = appendText(append(dst, flags), h.mark.Walk)
	dst = appendText(dst, h.mark.Cursor)
	if h.page {
		dst = h.appendPage(dst)
	}
	return dst
}

func (h *head) appendPage(dst []byte) []byte {
	dst = appendCounts(dst, h.dropped, h.rows)
	for _, part := range slices.Concat(h.first, h.last) {
		dst = appendText(dst, part)
	}
	dst = appendCounts(dst, len(h.absences))
	for _, x := range h.absences {
		dst = appendCounts(dst, x.object, x.rows)
	}
	dst = appendText(dst, string(h.defines))
	dst = appendCounts(dst, h.absent, len(h.children))
	for _, c := range h.children {
		dst = appendCounts(dst, c.rows, c.offsets)
	}
	dst = appendCounts(dst, len(h.columns))
	for _, c := range h.columns {
		length := c.bytes << 1
		if c.missing {
			length |= 1
		}
		dst = appendCounts(dst, c.number, length)
	}
	return dst
}

func appendCounts(dst []byte, counts ...int) []byte {
	for _, n := range counts {
		dst = binary.AppendUvarint(dst, uint64(n))
	}
	return dst
}

// parse reads a head whose rows have keys of the given number of columns, and returns what follows it. It reuses the
// head's slices; texts point into data.
func (h *head) parse(data []byte, keys int) (blocks []byte, err error) {
	if len(data) == 0 {
		return nil, errHead
	}
	*h = head{absences: h.absences[:0], children: h.children[:0], columns: h.columns[:0]}
	flags := data[0]
	if flags&headNote != 0 {
		h.note = data[1:]
		return nil, nil
	}
	r := reader{data: data[1:]}
	h.page = flags&headPage != 0
	h.mark = Mark{Parent: flags&headParent != 0, End: flags&headEnd != 0}
	h.mark.Walk, h.mark.Cursor = string(r.bytes()), string(r.bytes())
	if h.page {
		h.parsePage(&r, keys)
	}
	return r.data, r.err
}

func (h *head) parsePage(r *reader, keys int) {
	h.dropped, h.rows = r.number(maxRows), r.number(maxRows)
	if h.rows > 0 {
		h.first, h.last = r.key(keys), r.key(keys)
	}
	for range r.count() {
		h.absences = append(h.absences, absence{r.number(63), r.number(maxRows)})
	}
	h.defines = r.bytes()
	h.absent = r.number(maxFrame)
	for range r.count() {
		h.children = append(h.children, headChild{r.number(maxRows), r.number(maxFrame)})
	}
	for range r.count() {
		number, length := r.number(maxFrame), r.number(2*maxFrame)
		h.columns = append(h.columns, headColumn{number, length >> 1, length&1 != 0})
	}
}

// count returns how many entries follow, each of which takes two bytes or more.
func (r *reader) count() int { return r.number(uint64(len(r.data) / 2)) }

func (r *reader) key(columns int) schema.Key {
	key := make(schema.Key, columns)
	for i := range key {
		key[i] = string(r.bytes())
	}
	return key
}

// check makes sure that a head is plausible before memory is allocated for what it describes. keys is the size of the
// blocks that follow it in its section, rest the size of the other section.
func (h *head) check(c *columns, keys, rest int) error {
	keys -= h.absent
	for _, child := range h.children {
		keys -= child.offsets
	}
	keyed := 0
	c.frame++
	for _, hc := range h.columns {
		if hc.number >= len(c.all) || c.all[hc.number].Batch > len(h.children) || !c.meet(hc.number) {
			return errHead
		}
		column := &c.all[hc.number]
		if column.key {
			keys -= hc.bytes
		} else {
			rest -= hc.bytes
		}
		if column.key && column.Batch == 0 && column.Kind == schema.String && hc.bytes > 0 && slices.Contains(c.order, column.Name) {
			keyed++
		}
	}
	hasKeys := h.rows == 0 || keyed == len(c.order) && h.first.Compare(h.last) <= 0
	if keys != 0 || rest != 0 || !hasKeys {
		return errHead
	}
	return nil
}

// countAbsences counts the rows that lack each of the objects.
func countAbsences(absent []uint64) []absence {
	var counts [64]int
	for _, row := range absent {
		for ; row != 0; row &= row - 1 {
			counts[bits.TrailingZeros64(row)]++
		}
	}
	var list []absence
	for object, n := range counts {
		if n > 0 {
			list = append(list, absence{object, n})
		}
	}
	return list
}
