package dataset

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/klauspost/compress/s2"

	"mailerlake/schema"
)

const (
	logMagic  = "mailerlake page log 1\n"
	frameHead = 8       // length and checksum before every frame
	maxFrame  = 1 << 30 // bytes of one frame
	maxColumn = 1 << 28 // bytes of one column of a page, decoded: several times the largest answer of the API
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// LogHeader says what a page log is a scan of. A log is continued only by a run whose own header has the same ID.
type LogHeader struct {
	Account string    `json:"account"`
	Table   string    `json:"table"`
	Source  string    `json:"source"` // endpoint and parameters
	Base    string    `json:"base"`   // the last committed scan of the table, when this one began
	Started time.Time `json:"started"`
}

// Mark is what a frame says of the walk it belongs to, beside its rows.
type Mark struct {
	Walk   string `json:"walk,omitempty"`   // which of the table's walks
	Cursor string `json:"cursor,omitempty"` // of the page that follows; the API's, opaque
	End    bool   `json:"end,omitempty"`    // the walk's last page
	// Note holds what the scan concluded; the scan defines it.
	Note json.RawMessage `json:"note,omitempty"`
}

// Frame describes one frame of a log: a page's rows and the mark that came with them.
type Frame struct {
	Mark
	Rows, Dropped int
	Lacking       []int      // per object of Table.Always, the rows that lacked it; nil if none did
	First, Last   schema.Key // of the rows; nil if there are none
	offset        int64
	length        int
}

// PageLog is the durable state of a scan: an append-only file of frames, one a page, checksummed. It is not safe for
// concurrent use while it is appended to.
type PageLog struct {
	Header LogHeader
	Frames []Frame
	// Paths are the API paths of the custom fields and undeclared attributes met, in order of first appearance.
	Paths []string

	file        File
	end         int64
	order       []string
	seen        map[string]bool
	buf, blocks []byte // reused from page to page
	broken      error  // why nothing can be appended any more
}

// CreateLog starts a page log of a table whose rows are ordered by the columns named in order.
func CreateLog(fsys FS, name string, h LogHeader, order []string) (*PageLog, error) {
	f, err := fsys.Create(name)
	if err != nil {
		return nil, fmt.Errorf("create page log: %w", err)
	}
	l := &PageLog{Header: h, file: f, order: order, seen: map[string]bool{}}
	head, err := json.Marshal(h)
	if err == nil {
		_, err = f.Write([]byte(logMagic))
		l.end = int64(len(logMagic))
	}
	if err == nil {
		err = l.write(append(make([]byte, frameHead), head...))
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("create page log: %w", err)
	}
	return l, nil
}

// OpenLog opens a page log and cuts a torn tail. A log that is damaged elsewhere is an error.
func OpenLog(fsys FS, name string, order []string) (l *PageLog, err error) {
	if _, err := fsys.Stat(name); err != nil { // OpenAppend would make an empty file
		return nil, fmt.Errorf("open page log: %w", err)
	}
	f, err := fsys.OpenAppend(name)
	if err != nil {
		return nil, fmt.Errorf("open page log: %w", err)
	}
	l = &PageLog{file: f, order: order, seen: map[string]bool{}}
	if err := l.index(); err != nil {
		f.Close()
		return nil, fmt.Errorf("page log %s: %w", name, err)
	}
	return l, nil
}

// Close closes the file; what was appended stays for the next run.
func (l *PageLog) Close() error { return l.file.Close() }

// Sync makes what was appended survive a power loss.
func (l *PageLog) Sync() error { return l.file.Sync() }

// Append adds a page and its mark. page may be nil.
func (l *PageLog) Append(page *schema.Page, mark Mark) error {
	frame, head, blocks := l.describe(page, mark)
	l.blocks = blocks
	if err := checkSizes(page); err != nil {
		return fmt.Errorf("append to page log: %w", err)
	}
	text, err := json.Marshal(head)
	if err != nil {
		return fmt.Errorf("append to page log: %w", err)
	}
	buf := append(l.buf[:0], make([]byte, frameHead+4)...)
	binary.LittleEndian.PutUint32(buf[frameHead:], uint32(len(text)))
	buf = append(append(buf, text...), blocks...)
	l.buf = buf
	frame.offset, frame.length = l.end+frameHead, len(buf)-frameHead
	if err := l.write(buf); err != nil {
		return fmt.Errorf("append to page log: %w", err)
	}
	l.note(frame, head)
	return nil
}

// checkSizes makes sure that what is appended can be read again.
func checkSizes(page *schema.Page) error {
	if page == nil {
		return nil
	}
	vectors := page.Rows.Vectors
	if page.Child != nil {
		vectors = slices.Concat(vectors, page.Child.Vectors)
	}
	for _, v := range vectors {
		if v != nil && v.Size() > maxColumn {
			return fmt.Errorf("page has a column of %d bytes, the limit is %d", v.Size(), maxColumn)
		}
	}
	return nil
}

// write fills in length and checksum of a frame and appends it. What a failed write leaves is cut: before another
// frame it would be damage.
func (l *PageLog) write(buf []byte) error {
	if l.broken != nil {
		return l.broken
	}
	if len(buf)-frameHead > maxFrame {
		return fmt.Errorf("page of %d bytes is too large", len(buf))
	}
	binary.LittleEndian.PutUint32(buf, uint32(len(buf)-frameHead))
	binary.LittleEndian.PutUint32(buf[4:], crc32.Checksum(buf[frameHead:], castagnoli))
	if _, err := l.file.Write(buf); err != nil {
		l.broken = l.file.Truncate(l.end)
		return err
	}
	l.end += int64(len(buf))
	return nil
}

// frameText is the head of a frame as it is written.
type frameText struct {
	Mark
	Rows    int          `json:"rows"`
	Child   int          `json:"child,omitempty"`
	Dropped int          `json:"dropped,omitempty"`
	Lacking []int        `json:"lacking,omitempty"`
	First   schema.Key   `json:"first,omitempty"`
	Last    schema.Key   `json:"last,omitempty"`
	Columns []columnText `json:"columns,omitempty"` // in the order of their blocks
}

type columnText struct {
	schema.Column
	Section int `json:"in,omitempty"`
	Bytes   int `json:"bytes"`
}

// Sections of a frame.
const (
	inRows = iota
	inChild
	inOffsets
	inAbsent
)

func (l *PageLog) describe(page *schema.Page, mark Mark) (Frame, frameText, []byte) {
	head, blocks := frameText{Mark: mark}, l.blocks[:0]
	if page != nil {
		head.Rows, head.Dropped = page.Rows.Rows, page.Dropped
		if head.Rows > 0 {
			keys := page.Rows.Keys(l.order)
			head.First, head.Last = keys.At(0), keys.At(head.Rows-1)
		}
		add := func(section int, c schema.Column, v *schema.Vector) {
			n := len(blocks)
			if v != nil { // a column of nulls takes no block
				blocks = appendVector(blocks, v)
			}
			head.Columns = append(head.Columns, columnText{c, section, len(blocks) - n})
		}
		for i, c := range page.Rows.Columns {
			add(inRows, c, page.Rows.Vectors[i])
		}
		if page.Child != nil {
			head.Child = page.Child.Rows
			for i, c := range page.Child.Columns {
				add(inChild, c, page.Child.Vectors[i])
			}
			add(inOffsets, schema.Column{Kind: schema.Int64}, numbers(page.Offsets))
		}
		if page.Absent != nil {
			head.Lacking = lacking(page.Absent)
			add(inAbsent, schema.Column{Kind: schema.Int64}, numbers(page.Absent))
		}
	}
	return frameOf(head), head, blocks
}

func frameOf(h frameText) Frame {
	return Frame{Mark: h.Mark, Rows: h.Rows, Dropped: h.Dropped, Lacking: h.Lacking, First: h.First, Last: h.Last}
}

// lacking counts the rows that lack each of the objects.
func lacking(absent []uint8) []int {
	n := make([]int, 8)
	for _, bits := range absent {
		for b := range n {
			n[b] += int(bits >> b & 1)
		}
	}
	return n
}

// note adds a frame to the index.
func (l *PageLog) note(f Frame, h frameText) {
	l.Frames = append(l.Frames, f)
	for _, c := range h.Columns {
		if c.Kind == schema.Raw && !l.seen[c.Path] {
			l.seen[c.Path] = true
			l.Paths = append(l.Paths, c.Path)
		}
	}
}

// index reads the log from its start and cuts it after the last whole frame.
func (l *PageLog) index() error {
	info, err := l.file.Stat()
	if err != nil {
		return err
	}
	size := info.Size()
	magic := make([]byte, len(logMagic))
	if _, err := io.ReadFull(io.NewSectionReader(l.file, 0, size), magic); err != nil || string(magic) != logMagic {
		return errors.New("not a page log of this version")
	}
	l.end = int64(len(logMagic))
	for first := true; l.end < size; first = false {
		payload, err := l.read(l.end, size)
		if errors.Is(err, errTorn) && !first {
			return l.file.Truncate(l.end)
		}
		if err != nil {
			return err
		}
		if err := l.indexFrame(payload, first); err != nil {
			return err
		}
		l.end += frameHead + int64(len(payload))
	}
	if l.Header.Table == "" {
		return errors.New("header is missing")
	}
	return nil
}

func (l *PageLog) indexFrame(payload []byte, first bool) error {
	if first {
		return json.Unmarshal(payload, &l.Header)
	}
	head, blocks, err := splitFrame(payload)
	if err != nil {
		return err
	}
	if err := head.check(len(blocks), l.order); err != nil {
		return err
	}
	f := frameOf(head)
	f.offset, f.length = l.end+frameHead, len(payload)
	l.note(f, head)
	return nil
}

// errTorn says that a frame is not whole and nothing follows it.
var errTorn = errors.New("last page is not whole")

// read returns the frame at offset, in a buffer that the next read reuses.
func (l *PageLog) read(offset, size int64) ([]byte, error) {
	var head [frameHead]byte
	if size-offset < frameHead {
		return nil, errTorn
	}
	if _, err := l.file.ReadAt(head[:], offset); err != nil {
		return nil, err
	}
	length := int64(binary.LittleEndian.Uint32(head[:4]))
	end := offset + frameHead + length
	if end > size {
		return nil, errTorn
	}
	if length > maxFrame {
		return nil, errors.New("a page is damaged")
	}
	if int64(cap(l.buf)) < length {
		l.buf = make([]byte, length)
	}
	payload := l.buf[:length]
	if _, err := l.file.ReadAt(payload, offset+frameHead); err != nil {
		return nil, err
	}
	if length > 0 && crc32.Checksum(payload, castagnoli) == binary.LittleEndian.Uint32(head[4:]) {
		return payload, nil
	}
	if end == size || l.zeros(offset, size) {
		return nil, errTorn
	}
	return nil, errors.New("a page is damaged")
}

// zeros reports whether the file holds nothing but zeros from offset on, as a power loss leaves it.
func (l *PageLog) zeros(offset, size int64) bool {
	buf := make([]byte, 64<<10)
	for offset < size {
		n, err := l.file.ReadAt(buf[:min(int64(len(buf)), size-offset)], offset)
		for _, b := range buf[:n] {
			if b != 0 {
				return false
			}
		}
		if err != nil {
			return false
		}
		offset += int64(n)
	}
	return true
}

func splitFrame(payload []byte) (frameText, []byte, error) {
	var head frameText
	if len(payload) < 4 {
		return head, nil, errors.New("a page is damaged")
	}
	n := binary.LittleEndian.Uint32(payload)
	if int64(n) > int64(len(payload)-4) {
		return head, nil, errors.New("a page is damaged")
	}
	err := json.Unmarshal(payload[4:4+n], &head)
	return head, payload[4+n:], err
}

// check makes sure that a frame's head is plausible before anything is allocated by it.
func (h *frameText) check(blocks int, order []string) error {
	var keyed int
	for _, c := range h.Columns {
		if c.Bytes < 0 || c.Bytes > blocks || c.Kind < schema.String || c.Kind > schema.Raw || c.Section > inAbsent {
			return errors.New("a page's columns are damaged")
		}
		blocks -= c.Bytes
		if c.Section == inRows && c.Kind == schema.String && c.Bytes > 0 && slices.Contains(order, c.Name) {
			keyed++
		}
	}
	counts := min(h.Rows, h.Child, h.Dropped) >= 0 && max(h.Rows, h.Child) < maxColumn
	keys := h.Rows == 0 || keyed == len(order) && len(h.First) == keyed && len(h.Last) == keyed && h.First.Compare(h.Last) <= 0
	if blocks != 0 || !counts || !keys || len(h.Lacking) != 0 && len(h.Lacking) != 8 {
		return errors.New("a page's head is damaged")
	}
	return nil
}

// Select says which columns of a frame to load; child is true for columns of the child table.
type Select func(child bool, c schema.Column) bool

// Load reads the rows of frame i. Columns that are not selected are nil vectors; a nil selection takes all.
// It is safe for concurrent use once nothing is appended any more.
func (l *PageLog) Load(i int, want Select) (*schema.Page, error) {
	f := &l.Frames[i]
	payload := make([]byte, f.length)
	if _, err := l.file.ReadAt(payload, f.offset); err != nil {
		return nil, fmt.Errorf("read page log: %w", err)
	}
	head, blocks, err := splitFrame(payload)
	if err != nil {
		return nil, fmt.Errorf("read page log: %w", err)
	}
	page, err := head.page(blocks, want)
	if err != nil {
		return nil, fmt.Errorf("read page log: page %d: %w", i, err)
	}
	return page, nil
}

func (h *frameText) page(blocks []byte, want Select) (*schema.Page, error) {
	page := &schema.Page{Rows: &schema.Batch{Rows: h.Rows}, Dropped: h.Dropped}
	for _, c := range h.Columns {
		if c.Bytes < 0 || c.Bytes > len(blocks) {
			return nil, errors.New("column is cut short")
		}
		block := blocks[:c.Bytes]
		blocks = blocks[c.Bytes:]
		if err := h.column(page, c, block, want); err != nil {
			return nil, fmt.Errorf("column %s: %w", c.Name, err)
		}
	}
	if !offsetsFit(page) {
		return nil, errors.New("child rows are damaged")
	}
	return page, nil
}

// offsetsFit reports whether the offsets divide the child rows among the rows.
func offsetsFit(page *schema.Page) bool {
	if page.Child == nil || page.Offsets == nil {
		return page.Child == nil && page.Offsets == nil
	}
	return page.Offsets[0] == 0 && slices.IsSorted(page.Offsets) && page.Offsets[len(page.Offsets)-1] == uint32(page.Child.Rows)
}

func (h *frameText) column(page *schema.Page, c columnText, block []byte, want Select) error {
	batch := page.Rows
	switch c.Section {
	case inOffsets:
		v, err := decodeVector(block, schema.Int64, h.Rows+1)
		page.Offsets = fromNumbers[uint32](v)
		return err
	case inAbsent:
		v, err := decodeVector(block, schema.Int64, h.Rows)
		page.Absent = fromNumbers[uint8](v)
		return err
	case inChild:
		if page.Child == nil {
			page.Child = &schema.Batch{Rows: h.Child}
		}
		batch = page.Child
	}
	var v *schema.Vector
	if len(block) > 0 && (want == nil || want(c.Section == inChild, c.Column)) {
		var err error
		if v, err = decodeVector(block, c.Kind, batch.Rows); err != nil {
			return err
		}
	}
	batch.Columns = append(batch.Columns, c.Column)
	batch.Vectors = append(batch.Vectors, v)
	return nil
}

// scratch lends out buffers for what is about to be compressed.
var scratch = sync.Pool{New: func() any { return new([]byte) }}

// appendVector appends the compressed form of a vector: validity, then numbers, or lengths and text.
func appendVector(dst []byte, v *schema.Vector) []byte {
	buf := scratch.Get().(*[]byte)
	defer scratch.Put(buf)
	raw := slices.Grow((*buf)[:0], v.Size())
	for _, ok := range v.Valid {
		b := byte(0)
		if ok {
			b = 1
		}
		raw = append(raw, b)
	}
	for _, n := range v.Nums {
		raw = binary.LittleEndian.AppendUint64(raw, uint64(n))
	}
	for _, end := range v.Ends {
		raw = binary.LittleEndian.AppendUint32(raw, end)
	}
	raw = append(raw, v.Bytes...)
	*buf = raw
	n := len(dst)
	dst = slices.Grow(dst, s2.MaxEncodedLen(len(raw)))
	return dst[:n+len(s2.Encode(dst[n:cap(dst)], raw))]
}

var errBlock = errors.New("column is damaged")

// decodeVector reads what appendVector wrote, for a known number of rows.
func decodeVector(block []byte, k schema.Kind, rows int) (*schema.Vector, error) {
	n, err := s2.DecodedLen(block)
	text := k == schema.String || k == schema.Raw
	if err != nil || n > maxColumn || text && n/5 < rows || !text && n != 9*rows {
		return nil, errBlock
	}
	raw, err := s2.Decode(nil, block)
	if err != nil {
		return nil, errBlock
	}
	v := &schema.Vector{Kind: k, Valid: make([]bool, rows)}
	for i := range v.Valid {
		v.Valid[i] = raw[i] != 0
	}
	raw = raw[rows:]
	if text {
		return v, decodeTexts(v, raw, rows)
	}
	v.Nums = make([]int64, rows)
	for i := range v.Nums {
		v.Nums[i] = int64(binary.LittleEndian.Uint64(raw[8*i:]))
	}
	return v, nil
}

func decodeTexts(v *schema.Vector, raw []byte, rows int) error {
	v.Ends = make([]uint32, rows)
	v.Bytes = raw[4*rows:]
	last := uint32(0)
	for i := range v.Ends {
		end := binary.LittleEndian.Uint32(raw[4*i:])
		if end < last || int64(end) > int64(len(v.Bytes)) {
			return errBlock
		}
		v.Ends[i], last = end, end
	}
	if int(last) != len(v.Bytes) {
		return errBlock
	}
	return nil
}

// numbers makes a vector of small numbers, so that they are stored like a column.
func numbers[T uint8 | uint32](s []T) *schema.Vector {
	v := schema.NewVector(schema.Int64)
	for _, x := range s {
		v.AppendInt(int64(x))
	}
	return v
}

func fromNumbers[T uint8 | uint32](v *schema.Vector) []T {
	if v == nil {
		return nil
	}
	s := make([]T, len(v.Nums))
	for i, n := range v.Nums {
		s[i] = T(n)
	}
	return s
}
