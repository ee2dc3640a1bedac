package pagelog

import (
	"container/heap"
	"slices"

	"mailerlake/schema"
)

// stream is a series of segments that are in key order and do not overlap.
type stream struct {
	all    index
	left   []int // indexes of the segments that are not read to their end; the first is being read
	page   *schema.Page
	keys   schema.Keys // of page; nil until it is loaded
	row    int
	loaded []*schema.Vector // of page, if they are to be reused
}

// next returns the segment that is being read.
func (s *stream) next() *segment { return &s.all[s.left[0]] }

// end returns the number of rows of the page that is being read, 0 if it is not loaded.
func (s *stream) end() int {
	if s.keys == nil {
		return 0
	}
	return s.keys.Len()
}

// compare orders the next rows of two streams.
func (s *stream) compare(o *stream) int {
	switch {
	case s.keys != nil && o.keys != nil:
		return s.keys.Compare(s.row, o.keys, o.row)
	case o.keys != nil:
		return -o.compareKey(s.next().first)
	}
	return s.compareKey(o.next().first)
}

// compareKey orders the stream's next row and a key.
func (s *stream) compareKey(key schema.Key) int {
	if s.keys != nil {
		return s.keys.CompareKey(s.row, key)
	}
	return s.next().first.Compare(key)
}

// searchIn returns the first row of another stream's page that is not below the stream's next row.
func (s *stream) searchIn(o *stream) int {
	if s.keys == nil {
		return o.keys.Search(o.row, s.next().first)
	}
	return o.keys.Search(o.row, s.keys.At(s.row))
}

// streams is a heap by next key; of equal keys the later segment comes first.
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
	if d := s[i].compare(s[j]); d != 0 {
		return d < 0
	}
	return s[i].left[0] > s[j].left[0]
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

// sortedStreams arranges segments in as few sorted streams as they allow.
func sortedStreams(segments index) streams {
	var ends streamsByEnd
	for _, i := range segments.byFirst() {
		if len(ends) == 0 || ends[0].lastKey().Compare(segments[i].first) >= 0 {
			heap.Push(&ends, &stream{all: segments, left: []int{i}})
			continue
		}
		ends[0].left = append(ends[0].left, i)
		heap.Fix(&ends, 0)
	}
	return streams(ends)
}

// byFirst returns the numbers of the segments in the order of their first keys.
func (x index) byFirst() []int {
	numbers := make([]int, len(x))
	for i := range numbers {
		numbers[i] = i
	}
	slices.SortStableFunc(numbers, func(i, j int) int { return x[i].first.Compare(x[j].first) })
	return numbers
}

func (s *stream) lastKey() schema.Key { return s.all[s.left[len(s.left)-1]].last }

// streamsByEnd is a heap by last key.
type streamsByEnd []*stream

func (s streamsByEnd) Len() int           { return len(s) }
func (s streamsByEnd) Swap(i, j int)      { s[i], s[j] = s[j], s[i] }
func (s *streamsByEnd) Push(x any)        { *s = append(*s, x.(*stream)) }
func (s *streamsByEnd) Pop() any          { panic("no stream is taken out") }
func (s streamsByEnd) Less(i, j int) bool { return s[i].lastKey().Compare(s[j].lastKey()) < 0 }
