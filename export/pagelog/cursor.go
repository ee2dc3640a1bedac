package pagelog

import (
	"container/heap"
	"context"

	"mailerlake/schema"
)

// Rows is a run of rows, [From, To), of one page of a log.
type Rows struct {
	Page     *schema.Page
	Keys     schema.Keys
	From, To int
}

// Cursor reads the rows of a page log in key order, each key once: if a key was met twice in a scan, the later row
// counts, and the marks of both (Shape.Marks).
//
// A cursor list arrives newest id first, so its pages follow each other in key order: one sorted stream. Pages that
// overlap join other streams, and the streams are merged. Only one page of each stream is in memory, and only once its
// first key is due.
//
// A cursor reads what the log held when it was made. It is for one goroutine; a log may have several cursors.
type Cursor struct {
	ctx     context.Context
	loader  *loader
	prepare func(*schema.Page) error
	streams streams
	keys    int // columns of a key
	reuse   bool
	spent   []*schema.Vector // of pages that were read to their end
}

// NewCursor returns a cursor over all rows of the log. want selects the columns to load (nil: all), and must select the
// key; prepare, unless nil, is called once with each page when it is loaded and may replace its columns.
func NewCursor(ctx context.Context, l *Log, want Select, prepare func(*schema.Page) error) *Cursor {
	l.mu.Lock()
	defer l.mu.Unlock()
	return newCursor(ctx, newLoader(l, want), append(index(nil), l.index...), prepare)
}

// newCursor returns a cursor over the rows of some segments, in order of arrival.
func newCursor(ctx context.Context, ld *loader, segments index, prepare func(*schema.Page) error) *Cursor {
	c := &Cursor{ctx: ctx, loader: ld, prepare: prepare, streams: sortedStreams(segments), keys: len(ld.columns.order)}
	heap.Init(&c.streams)
	return c
}

// Reuse makes the cursor reuse the memory of its pages. After that, what Next returns, and what was taken from its page
// without copying, is valid only until the next call of Next or Seek.
func (c *Cursor) Reuse() { c.reuse = true }

// Next returns the next run of rows; false after the last.
func (c *Cursor) Next() (Rows, bool, error) {
	if err := c.begin(); err != nil || len(c.streams) == 0 {
		return Rows{}, false, err
	}
	top := c.streams[0]
	if err := c.load(top); err != nil {
		return Rows{}, false, err
	}
	run := Rows{Page: top.page, Keys: top.keys, From: top.row, To: top.keys.Len()}
	if second := c.streams.second(); second != nil {
		run.To = second.searchIn(top)
		if run.To == run.From { // the same key: top has the later row
			run.To = run.From + 1
			return run, true, c.skip(run)
		}
	}
	c.advance(run.To)
	return run, true, nil
}

// begin comes first in each call: it recycles memory and checks the context.
func (c *Cursor) begin() error {
	c.loader.free.give(c.spent...)
	c.spent = c.spent[:0]
	return c.ctx.Err()
}

// Seek skips all rows whose key is less than key, which may have more columns than the log's keys. Pages that lie
// wholly below it are not even read.
func (c *Cursor) Seek(key schema.Key) error {
	if err := c.begin(); err != nil {
		return err
	}
	key = key[:c.keys]
	kept := c.streams[:0]
	for _, s := range c.streams {
		alive, err := c.seek(s, key)
		if err != nil {
			return err
		}
		if alive {
			kept = append(kept, s)
		}
	}
	c.streams = kept
	heap.Init(&c.streams)
	return nil
}

// seek skips rows of one stream. It loads only the page that key falls into.
func (c *Cursor) seek(s *stream, key schema.Key) (alive bool, err error) {
	for len(s.left) > 0 {
		next := s.next()
		if next.last.Compare(key) < 0 {
			c.moveTo(s, s.end())
			continue
		}
		if s.keys == nil && next.first.Compare(key) >= 0 {
			return true, nil
		}
		if err := c.load(s); err != nil {
			return false, err
		}
		s.row = s.keys.Search(s.row, key) // last is not below key: there is such a row
		return true, nil
	}
	return false, nil
}

// load makes sure that the page that a stream reads is in memory.
func (c *Cursor) load(s *stream) error {
	if s.keys != nil {
		return nil
	}
	page, keys, err := c.loader.load(s.next())
	if err != nil {
		return err
	}
	var loaded []*schema.Vector
	if c.reuse {
		loaded = vectorsOf(page) // before prepare replaces them
	}
	if c.prepare != nil {
		if err := c.prepare(page); err != nil {
			return err
		}
	}
	s.page, s.keys, s.row, s.loaded = page, keys, 0, loaded
	return nil
}

func vectorsOf(page *schema.Page) []*schema.Vector {
	var all []*schema.Vector
	for _, batch := range batches(page) {
		all = append(all, batch.Vectors...)
	}
	return all
}

// moveTo makes row the stream's next; false if the stream has ended.
func (c *Cursor) moveTo(s *stream, row int) bool {
	s.row = row
	if row == s.end() {
		c.spent = append(c.spent, s.loaded...)
		*s = stream{all: s.all, left: s.left[1:]}
	}
	return len(s.left) > 0
}

// advance moves the first stream to row.
func (c *Cursor) advance(row int) {
	if c.moveTo(c.streams[0], row) {
		heap.Fix(&c.streams, 0)
	} else {
		heap.Pop(&c.streams)
	}
}

// skip moves all streams past the key of the run's one row, and adds the marks of their rows to its own.
func (c *Cursor) skip(run Rows) error {
	key := run.Keys.At(run.From)
	for len(c.streams) > 0 && c.streams[0].compareKey(key) == 0 {
		s := c.streams[0]
		if err := c.load(s); err != nil {
			return err
		}
		if s.page != run.Page {
			addUp(c.loader.marks, run.Page.Rows, run.From, s.page.Rows, s.row)
		}
		c.advance(s.row + 1)
	}
	return nil
}
