package pagelog

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"time"

	"mailerlake/export/disk"
	"mailerlake/schema"
)

const (
	logMagic  = "mailerlake page log 1\n"
	frameHead = 8       // length and checksum before every frame
	maxFrame  = 1 << 30 // bytes of one frame
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Header says what a page log is a scan of. A log is gone on with only by a run whose own header differs in nothing
// but Started.
type Header struct {
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

// Log is the durable state of a scan: an append-only file of frames, one a page, checksummed. It is not safe for
// concurrent use while it is appended to.
type Log struct {
	Header Header
	Frames []Frame
	// Paths are the API paths of the custom fields and undeclared attributes met, in order of first appearance.
	Paths []string

	file        disk.File
	end         int64
	order       []string
	seen        map[string]bool
	buf, blocks []byte // reused from page to page
	broken      error  // why nothing can be appended any more
}

// Create starts a page log of a table whose rows are ordered by the columns named in order.
func Create(fsys disk.FS, name string, h Header, order []string) (*Log, error) {
	f, err := fsys.Create(name, disk.Private)
	if err != nil {
		return nil, fmt.Errorf("create page log: %w", err)
	}
	l := &Log{Header: h, file: f, order: order, seen: map[string]bool{}}
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

// Open opens a page log and cuts a torn tail. A log that is damaged elsewhere is an error.
func Open(fsys disk.FS, name string, order []string) (l *Log, err error) {
	if _, err := fsys.Stat(name); err != nil { // OpenAppend would make an empty file
		return nil, fmt.Errorf("open page log: %w", err)
	}
	f, err := fsys.OpenAppend(name, disk.Private)
	if err != nil {
		return nil, fmt.Errorf("open page log: %w", err)
	}
	l = &Log{file: f, order: order, seen: map[string]bool{}}
	if err := l.index(); err != nil {
		f.Close()
		return nil, fmt.Errorf("page log %s: %w", name, err)
	}
	return l, nil
}

// Close closes the file; what was appended stays for the next run.
func (l *Log) Close() error { return l.file.Close() }

// Sync makes what was appended survive a power loss.
func (l *Log) Sync() error { return l.file.Sync() }

// Append adds a page and its mark. page may be nil.
func (l *Log) Append(page *schema.Page, mark Mark) error {
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

// write fills in length and checksum of a frame and appends it. What a failed write leaves is cut: before another
// frame it would be damage.
func (l *Log) write(buf []byte) error {
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

// note adds a frame to the index.
func (l *Log) note(f Frame, h frameText) {
	l.Frames = append(l.Frames, f)
	for _, c := range h.Columns {
		if c.Kind == schema.Raw && !l.seen[c.Path] {
			l.seen[c.Path] = true
			l.Paths = append(l.Paths, c.Path)
		}
	}
}

// index reads the log from its start and cuts it after the last whole frame.
func (l *Log) index() error {
	info, err := l.file.Stat()
	if err != nil {
		return err
	}
	size := info.Size()
	magic := make([]byte, len(logMagic))
	_, err = io.ReadFull(io.NewSectionReader(l.file, 0, size), magic)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	if err != nil || string(magic) != logMagic {
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

func (l *Log) indexFrame(payload []byte, first bool) error {
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

var errDamagedPage = errors.New("a page is damaged")

// errTorn says that a frame is not whole and nothing follows it.
var errTorn = errors.New("last page is not whole")

// read returns the frame at offset, in a buffer that the next read reuses.
func (l *Log) read(offset, size int64) ([]byte, error) {
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
		return nil, errDamagedPage
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
	if l.zeros(end, size) {
		return nil, errTorn
	}
	return nil, errDamagedPage
}

// zeros reports whether the file holds nothing but zeros from offset on, if anything, as a power loss leaves it.
func (l *Log) zeros(offset, size int64) bool {
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

// Select says which columns of a frame to load; child is true for columns of the child table.
type Select func(child bool, c schema.Column) bool

// Load reads the rows of frame i. Columns that are not selected are nil vectors; a nil selection takes all.
// It is safe for concurrent use once nothing is appended any more.
func (l *Log) Load(i int, want Select) (*schema.Page, error) {
	f := &l.Frames[i]
	buf := scratch.Get().(*[]byte)
	defer scratch.Put(buf)
	*buf = slices.Grow((*buf)[:0], frameHead+f.length)
	frame := (*buf)[:frameHead+f.length] // columns are decompressed from it: nothing of the page points into it
	if _, err := l.file.ReadAt(frame, f.offset-frameHead); err != nil {
		return nil, fmt.Errorf("read page log: %w", err)
	}
	payload := frame[frameHead:]
	if crc32.Checksum(payload, castagnoli) != binary.LittleEndian.Uint32(frame[4:]) {
		return nil, fmt.Errorf("read page log: page %d: %w", i, errDamagedPage)
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
