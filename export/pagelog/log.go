package pagelog

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"mailerlake/export/disk"
	"mailerlake/schema"
)

const logMagic = "mailerlake page log 2\n"

// Header says what a page log is a scan of. A scan is resumed only by a run whose own header differs in nothing but
// Started.
type Header struct {
	Account string    `json:"account"`
	Table   string    `json:"table"`
	Source  string    `json:"source"` // endpoint, parameters, and how answers are decoded
	Base    string    `json:"base"`   // the last committed scan of the table, when this one began
	Started time.Time `json:"started"`
}

// Log is the state of a scan of one table: pages, appended by any number of walks. It is safe for concurrent use.
type Log struct {
	Header Header

	file  disk.File
	shape Shape

	mu         sync.Mutex // guards what follows
	end        int64      // of the last whole frame
	buf        []byte     // reused from frame to frame
	broken     error      // why nothing can be appended any more
	columns    columns
	index      index
	walks      walks
	stats      Stats
	newest     newest
	conclusion json.RawMessage
	closed     bool
	afterClose func() error // nil if there is nothing to do
}

func newLog(f disk.File, shape Shape) *Log {
	return &Log{
		file: f, shape: shape,
		columns: columns{number: map[columnID]int{}, order: shape.Order},
		walks:   walks{open: map[string]*Walk{}},
		stats:   Stats{Absent: make([]int64, 64)},
	}
}

// begin turns an empty file into a log.
func begin(f disk.File, h Header, shape Shape) (*Log, error) {
	l := newLog(f, shape)
	l.Header = h
	text, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	if _, err := f.Write([]byte(logMagic)); err != nil {
		return nil, err
	}
	l.end = int64(len(logMagic))
	frame := append(make([]byte, frameHead), text...)
	return l, l.write(frame, len(frame))
}

// Close closes the file; what was appended stays for the next run. It may be called again.
func (l *Log) Close() error {
	l.mu.Lock()
	again := l.closed
	l.closed = true
	l.mu.Unlock()
	if again {
		return nil
	}
	err := l.file.Close()
	if l.afterClose != nil {
		err = errors.Join(err, l.afterClose())
	}
	return err
}

func (l *Log) isClosed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.closed
}

// Sync makes what was appended survive a power loss.
func (l *Log) Sync() error { return l.file.Sync() }

// Append adds a page, which may be nil, and its mark.
func (l *Log) Append(page *schema.Page, m Mark) error {
	if err := l.append(page, m); err != nil {
		return fmt.Errorf("append to page log: %w", err)
	}
	return nil
}

func (l *Log) append(page *schema.Page, m Mark) error {
	e := encoders.Get().(*encoder)
	defer encoders.Put(e)
	if err := e.encode(page, l.shape.Order); err != nil { // outside the lock: most of the work
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	before := len(l.columns.all)
	err := e.describe(page, m, &l.columns)
	if err == nil {
		err = l.appendFrame(e)
	}
	if err != nil {
		l.columns.forget(before)
		return err
	}
	if page != nil {
		l.columns.known = len(l.columns.all)
	}
	return nil
}

// appendFrame writes a frame and adds it to the index.
func (l *Log) appendFrame(e *encoder) error {
	frame := e.head.appendTo(append(l.buf[:0], make([]byte, frameHead)...))
	frame = append(frame, e.keys...)
	rest := len(frame)
	frame = append(frame, e.rest...)
	l.buf = frame
	start := l.end
	if err := l.write(frame, rest); err != nil {
		return err
	}
	l.note(&e.head, segment{offset: start, length: int64(len(frame)), keys: rest})
	return nil
}

// Conclude adds what the scan concluded, and syncs the log. The last conclusion counts.
func (l *Log) Conclude(note json.RawMessage) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := head{note: slices.Clone(note)}
	frame := h.appendTo(make([]byte, frameHead))
	err := l.write(frame, len(frame))
	if err == nil {
		l.note(&h, segment{})
		err = l.file.Sync()
	}
	if err != nil {
		return fmt.Errorf("append to page log: %w", err)
	}
	return nil
}

// Conclusion returns what the scan concluded, nil if it did not come to its end.
func (l *Log) Conclusion() json.RawMessage {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.conclusion)
}

// write appends a frame whose section of keys ends at rest. What a failed write leaves behind is cut off: before
// another frame it would be damage.
func (l *Log) write(frame []byte, rest int) error {
	if l.broken != nil {
		return l.broken
	}
	if err := seal(frame, rest); err != nil {
		return err
	}
	if _, err := l.file.Write(frame); err != nil {
		l.broken = l.file.Truncate(l.end)
		return err
	}
	l.end += int64(len(frame))
	return nil
}

// note records a frame that lies at s.
func (l *Log) note(h *head, s segment) {
	if h.note != nil {
		l.conclusion = slices.Clone(h.note)
		return
	}
	l.stats.note(h)
	l.walks.note(h.mark, h.rows, h.last)
	for _, c := range h.columns {
		if column := &l.columns.all[c.number]; h.rowsOf(column.Batch) > 0 {
			column.note(c.missing)
		}
	}
	if h.rows == 0 {
		return
	}
	l.newest.note(pageKeys{h.mark.Walk, h.first, h.last})
	s.frames, s.rows, s.first, s.last = 1, h.rows, h.first, h.last
	l.index.note(s)
}

// rowsOf returns the rows of a batch: 0 for Page.Rows, i+1 for Page.Children[i].
func (h *head) rowsOf(batch int) int {
	if batch == 0 {
		return h.rows
	}
	return h.children[batch-1].rows
}
