package pagelog

import (
	"container/heap"
	"fmt"
	"slices"

	"mailerlake/schema"
)

// Run is a run of rows, [From, To), of one page of a log.
type Run struct {
	Page     *schema.Page
	Keys     schema.Keys
	From, To int
}

// Cursor reads the rows of a page log in key order, each key once: of a key met twice in a scan the later row counts.
//
// A cursor list arrives newest id first, so its pages follow each other in key order: one sorted stream. Pages that
// overlap join other streams, and the streams are merged. Only one page of each stream is
// in memory, and that only from the moment its first key is due.
type Cursor struct {
	log     *Log
	want    Select
	prepare func(*schema.Page) error
	streams streams
}

// NewCursor returns a cursor over all rows of the log. want selects the columns to load, and must select the key;
// prepare, unless nil, is called once with each page when it is loaded and may replace its columns.
func NewCursor(l *Log, want Select, prepare func(*schema.Page) error) *Cursor {
	return newCursor(l, l.all(), want, prepare)
}

// newCursor returns a cursor over the rows of some pages of the log.
func newCursor(l *Log, frames []int, want Select, prepare func(*schema.Page) error) *Cursor {
	c := &Cursor{log: l, want: want, prepare: prepare, streams: sortedStreams(l, frames)}
	heap.Init(&c.streams)
	return c
}

// all returns the indexes of all pages.
func (l *Log) all() []int {
	frames := make([]int, len(l.Frames))
	for i := range frames {
		frames[i] = i
	}
	return frames
}

// Next returns the next stretch of rows; false after the last.
func (c *Cursor) Next() (Run, bool, error) {
	if len(c.streams) == 0 {
		return Run{}, false, nil
	}
	top := c.streams[0]
	if err := c.load(top); err != nil {
		return Run{}, false, err
	}
	s := Run{Page: top.page, Keys: top.keys, From: top.row, To: top.keys.Len()}
	if second := c.streams.second(); second != nil {
		limit := second.key()
		s.To = top.keys.Search(top.row, limit)
		if s.To == s.From { // the same key: top has the later row
			s.To = s.From + 1
			return s, true, c.skip(s)
		}
	}
	c.advance(s.To)
	return s, true, nil
}

// Seek skips all rows whose key is less than key, which may have further columns than the log's rows; pages that lie
// below it whole are not even read.
func (c *Cursor) Seek(key schema.Key) error {
	key = key[:len(c.log.order)]
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

// seek skips rows of one stream; it loads no page but the one that key falls into.
func (c *Cursor) seek(s *stream, key schema.Key) (alive bool, err error) {
	for len(s.frames) > 0 {
		f := &c.log.Frames[s.frames[0]]
		if f.Last.Compare(key) < 0 {
			s.frames, s.page, s.keys, s.row = s.frames[1:], nil, nil, 0
			continue
		}
		if s.keys == nil && f.First.Compare(key) >= 0 {
			return true, nil
		}
		if err := c.load(s); err != nil {
			return false, err
		}
		if row := s.keys.Search(s.row, key); row < s.keys.Len() {
			s.row = row
			return true, nil
		}
		s.moveTo(s.keys.Len())
	}
	return false, nil
}

func (c *Cursor) load(s *stream) error {
	if s.keys != nil {
		return nil
	}
	page, err := c.log.Load(s.frames[0], c.want)
	if err != nil {
		return err
	}
	keys := page.Rows.Keys(c.log.order)
	if f := &c.log.Frames[s.frames[0]]; keys.CompareKey(0, f.First) != 0 || keys.CompareKey(keys.Len()-1, f.Last) != 0 {
		return fmt.Errorf("read page log: page %d is damaged", s.frames[0])
	}
	if c.prepare != nil {
		if err := c.prepare(page); err != nil {
			return err
		}
	}
	s.page, s.keys, s.row = page, keys, 0
	return nil
}

// advance moves the first stream on to row.
func (c *Cursor) advance(row int) {
	if c.streams[0].moveTo(row) {
		heap.Fix(&c.streams, 0)
	} else {
		heap.Pop(&c.streams)
	}
}

// skip moves all streams past the key of the stretch's one row.
func (c *Cursor) skip(s Run) error {
	key := s.Keys.At(s.From)
	for len(c.streams) > 0 && c.streams[0].key().Compare(key) == 0 {
		if err := c.load(c.streams[0]); err != nil {
			return err
		}
		c.advance(c.streams[0].row + 1)
	}
	return nil
}

// stream is a series of pages that are in key order and do not overlap.
type stream struct {
	log    *Log
	frames []int // what is left, the first being read
	page   *schema.Page
	keys   schema.Keys // of page; nil until loaded
	row    int
}

// sortedStreams arranges pages of a log in as few sorted streams as they allow.
func sortedStreams(l *Log, frames []int) streams {
	frames = slices.DeleteFunc(slices.Clone(frames), func(i int) bool { return l.Frames[i].Rows == 0 })
	slices.SortStableFunc(frames, func(i, j int) int { return l.Frames[i].First.Compare(l.Frames[j].First) })
	var all streams
	for _, i := range frames {
		s := all.ending(l.Frames[i].First)
		if s == nil {
			s = &stream{log: l}
			all = append(all, s)
		}
		s.frames = append(s.frames, i)
	}
	return all
}

// ending returns a stream whose last key is below first, nil if there is none.
func (s streams) ending(first schema.Key) *stream {
	for _, x := range s {
		last := x.log.Frames[x.frames[len(x.frames)-1]].Last
		if last.Compare(first) < 0 {
			return x
		}
	}
	return nil
}

// moveTo makes row the stream's next; false if the stream has ended.
func (s *stream) moveTo(row int) bool {
	s.row = row
	if row == s.keys.Len() {
		s.frames = s.frames[1:]
		s.page, s.keys, s.row = nil, nil, 0
	}
	return len(s.frames) > 0
}

// key returns the key of the stream's next row.
func (s *stream) key() schema.Key {
	if s.keys != nil {
		return s.keys.At(s.row)
	}
	return s.log.Frames[s.frames[0]].First
}

// streams is a heap by next key; of equal keys the later page comes first.
type streams []*stream

func (s streams) Len() int      { return len(s) }
func (s streams) Swap(i, j int) { s[i], s[j] = s[j], s[i] }
func (s *streams) Push(x any)   { *s = append(*s, x.(*stream)) }

func (s *streams) Pop() any {
	last := (*s)[len(*s)-1]
	*s = (*s)[:len(*s)-1]
	return last
}

func (s streams) Less(i, j int) bool {
	if d := s[i].key().Compare(s[j].key()); d != 0 {
		return d < 0
	}
	return s[i].frames[0] > s[j].frames[0]
}

// second returns the stream that follows the first, nil if there is only one.
func (s streams) second() *stream {
	switch {
	case len(s) < 2:
		return nil
	case len(s) > 2 && s.Less(2, 1):
		return s[2]
	}
	return s[1]
}
