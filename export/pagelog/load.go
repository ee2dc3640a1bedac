package pagelog

import (
	"errors"
	"fmt"
	"slices"

	"mailerlake/export/disk"
	"mailerlake/schema"
)

// Select says which columns to load; child is the index in Page.Children, -1 for those of Page.Rows. Columns that are
// not selected are nil vectors. If it selects only keys (Required columns), nothing else is read from disk.
type Select func(child int, c schema.Column) bool

// KeysOnly selects the keys of a page's rows, and no columns of its children.
func KeysOnly(child int, c schema.Column) bool { return child < 0 && c.Required }

// loader loads segments of a log. It is for one goroutine.
type loader struct {
	file    disk.File
	columns columns
	marks   []string // that add up
	want    []bool   // by number of column
	rest    bool     // some wanted columns are not keys
	head    head
	free    freeVectors

	page  *schema.Page
	place []int // by number of column, where it stands in its batch, plus 1; 0 if it is not there yet
}

func newLoader(l *Log, want Select) *loader {
	ld := &loader{file: l.file, marks: l.shape.Marks,
		columns: columns{all: slices.Clone(l.columns.all), order: l.shape.Order, frame: l.columns.frame}}
	for _, c := range ld.columns.all {
		wanted := want == nil || want(c.Batch-1, c.Column)
		ld.want = append(ld.want, wanted)
		ld.rest = ld.rest || wanted && !c.key
	}
	ld.place = make([]int, len(ld.want))
	return ld
}

// load returns the rows of a segment as one page, in key order and each key once: if a key came in several pages, the
// row of the last one, with the marks of all.
func (ld *loader) load(s *segment) (*schema.Page, schema.Keys, error) {
	page, err := ld.read(s)
	if err != nil {
		return nil, nil, fmt.Errorf("read page log: page at byte %d: %w", s.offset, err)
	}
	keys := page.Rows.Keys(ld.columns.order)
	if slices.Contains(keys, nil) {
		return nil, nil, errors.New("read page log: the selection leaves out the key")
	}
	if s.frames > 1 && !ascending(keys) {
		page = ld.latest(page, keys)
		keys = page.Rows.Keys(ld.columns.order)
	}
	if !ascending(keys) || keys.CompareKey(0, s.first) != 0 || keys.CompareKey(keys.Len()-1, s.last) != 0 {
		return nil, nil, fmt.Errorf("read page log: page at byte %d: %w", s.offset, errDamagedPage)
	}
	return page, keys, nil
}

// latest sorts a page that was put together from several, and keeps the last row of each key, with the marks of all.
func (ld *loader) latest(page *schema.Page, keys schema.Keys) *schema.Page {
	rows := orderedRows(keys)
	sorted := ld.free.pickPage(page, latestRows(rows, keys))
	if len(ld.marks) > 0 {
		at := -1
		for i, row := range rows {
			if i > 0 && keys.Compare(rows[i-1], keys, row) == 0 {
				addUp(ld.marks, sorted.Rows, at, page.Rows, row)
			} else {
				at++
			}
		}
	}
	ld.free.give(vectorsOf(page)...) // sorted has copies
	return sorted
}

// ascending reports whether keys are in order, each once.
func ascending(keys schema.Keys) bool {
	for i := 1; i < keys.Len(); i++ {
		if keys.Compare(i-1, keys, i) >= 0 {
			return false
		}
	}
	return true
}

// read decodes the frames of a segment into one page, one after the other.
func (ld *loader) read(s *segment) (*schema.Page, error) {
	buf := scratch.Get().(*[]byte)
	defer scratch.Put(buf)
	length := int(s.length)
	if s.frames == 1 && !ld.rest {
		length = s.keys
	}
	*buf = slices.Grow((*buf)[:0], length)
	data := (*buf)[:length] // columns are decoded from it: nothing of the page points into it
	if _, err := ld.file.ReadAt(data, s.offset); err != nil {
		return nil, err
	}
	ld.page = &schema.Page{Rows: &schema.Batch{}}
	clear(ld.place)
	for len(data) > 0 {
		n, err := ld.frame(data)
		if err != nil {
			return nil, err
		}
		data = data[min(n, len(data)):]
	}
	ld.finish()
	return ld.page, nil
}

// frame appends the rows of a frame to the page and returns the frame's length.
func (ld *loader) frame(data []byte) (int, error) {
	keys, err := keysOf(data)
	if err != nil {
		return 0, err
	}
	keysLength, restLength := frameLengths(data)
	length := int(frameHead + keysLength + restLength)
	h := &ld.head
	blocks, err := h.parse(keys, len(ld.columns.order))
	if err != nil || h.rows == 0 {
		return length, err
	}
	if err := h.check(&ld.columns, len(blocks), int(restLength)); err != nil {
		return 0, err
	}
	var rest []byte
	if ld.rest {
		if rest, err = restOf(data); err != nil {
			return 0, err
		}
	}
	return length, ld.decode(blocks, rest)
}

// decode appends the rows of the frame whose head was parsed to the page.
func (ld *loader) decode(keys, rest []byte) error {
	h, p := &ld.head, ld.page
	p.Dropped += h.dropped
	keys, err := ld.absent(keys)
	if err == nil {
		keys, err = ld.offsets(keys)
	}
	if err != nil {
		return err
	}
	for _, c := range h.columns {
		blocks := &rest
		if ld.columns.all[c.number].key {
			blocks = &keys
		}
		block := (*blocks)[:min(c.bytes, len(*blocks))] // rest is empty if it was not read
		*blocks = (*blocks)[len(block):]
		if err := ld.column(c, block); err != nil {
			return fmt.Errorf("column %s: %w", ld.columns.all[c.number].Name, err)
		}
	}
	p.Rows.Rows += h.rows
	for i, c := range h.children {
		p.Children[i].Rows.Rows += c.rows
	}
	return nil
}

// absent appends what the frame's rows lack, and returns the blocks that follow.
func (ld *loader) absent(blocks []byte) ([]byte, error) {
	h, p := &ld.head, ld.page
	if h.absent == 0 {
		return blocks, nil
	}
	p.Absent = append(p.Absent, make([]uint64, p.Rows.Rows-len(p.Absent))...)
	err := decodeVarints(blocks[:h.absent], h.rows, func(n uint64) { p.Absent = append(p.Absent, n) })
	return blocks[h.absent:], err
}

// offsets appends the offsets of the frame's child rows, and returns the blocks that follow.
func (ld *loader) offsets(blocks []byte) ([]byte, error) {
	h, p := &ld.head, ld.page
	for len(p.Children) < len(h.children) { // the first frame that has them
		p.Children = append(p.Children, schema.Children{Rows: &schema.Batch{}, Offsets: make([]uint32, p.Rows.Rows+1)})
	}
	for i := range p.Children {
		to := &p.Children[i]
		if i >= len(h.children) { // a frame without them
			to.Offsets = append(to.Offsets, slices.Repeat([]uint32{uint32(to.Rows.Rows)}, h.rows)...)
			continue
		}
		c := h.children[i]
		if err := appendOffsets(to, blocks[:c.offsets], h.rows, c.rows); err != nil {
			return nil, err
		}
		blocks = blocks[c.offsets:]
	}
	return blocks, nil
}

// appendOffsets appends the offsets of a block that divides children among rows.
func appendOffsets(to *schema.Children, block []byte, rows, children int) error {
	start := uint64(to.Rows.Rows)
	end := start
	err := decodeVarints(block, rows, func(n uint64) {
		end = min(end+min(n, maxRows), start+maxRows+1) // no more than is wrong in any case
		to.Offsets = append(to.Offsets, uint32(end))
	})
	if err == nil && end != start+uint64(children) {
		err = errors.New("child rows are damaged")
	}
	return err
}

// column appends the rows of one column.
func (ld *loader) column(c headColumn, block []byte) error {
	column := &ld.columns.all[c.number]
	batch := ld.batch(column.Batch)
	at := ld.placeOf(c.number, batch)
	batch.Missing[at] = batch.Missing[at] && c.missing
	if c.bytes == 0 || !ld.want[c.number] {
		return nil
	}
	v := batch.Vectors[at]
	if v == nil {
		v = ld.free.take(column.Kind)
		batch.Vectors[at] = v
	}
	v.AppendNull(batch.Rows - v.Len())
	return decodeVector(v, block, ld.head.rowsOf(column.Batch))
}

// placeOf returns where a column stands in its batch, at the end if it is new.
func (ld *loader) placeOf(number int, batch *schema.Batch) int {
	if ld.place[number] == 0 {
		batch.Columns = append(batch.Columns, ld.columns.all[number].Column)
		batch.Vectors = append(batch.Vectors, nil)
		batch.Missing = append(batch.Missing, true)
		ld.place[number] = len(batch.Columns)
	}
	return ld.place[number] - 1
}

func (ld *loader) batch(number int) *schema.Batch {
	if number == 0 {
		return ld.page.Rows
	}
	return ld.page.Children[number-1].Rows
}

// finish fills up with nulls what the last frames lack.
func (ld *loader) finish() {
	p := ld.page
	if p.Absent != nil {
		p.Absent = append(p.Absent, make([]uint64, p.Rows.Rows-len(p.Absent))...)
	}
	for _, batch := range batches(p) {
		for _, v := range batch.Vectors {
			if v != nil {
				v.AppendNull(batch.Rows - v.Len())
			}
		}
		if !slices.Contains(batch.Missing, true) {
			batch.Missing = nil
		}
	}
}
