package pagelog

import "mailerlake/schema"

// limits are the sizes at which a segment is full; one of them is enough.
type limits struct {
	rows, frames int
	bytes        int64
}

// segmentLimits bound what is read together. Only tests change them.
var segmentLimits = limits{rows: 1000, frames: 1024, bytes: 256 << 10}

// segment is a run of consecutive frames that are read together, so that an index of small pages stays small. A frame
// that is large by itself is a segment of its own.
type segment struct {
	offset, length int64
	keys           int  // of a single frame: its bytes up to the end of its section of keys
	frames         int  // that have rows
	rows           int  // of all frames
	mixed          bool // frames overlap, so that a key may be in several
	first, last    schema.Key
}

// index is the list of a log's segments, in order of arrival.
type index []segment

// note adds a frame with rows.
func (x *index) note(s segment) {
	if n := len(*x); n > 0 && (*x)[n-1].takes(&s) {
		(*x)[n-1].join(&s)
		return
	}
	*x = append(*x, s)
}

func (s *segment) full() bool {
	return s.rows >= segmentLimits.rows || s.length >= segmentLimits.bytes || s.frames >= segmentLimits.frames
}

// takes reports whether a frame that follows joins the segment. Frames without rows may lie between them.
func (s *segment) takes(frame *segment) bool {
	return !s.full() && !frame.full() && frame.offset+frame.length-s.offset < 2*segmentLimits.bytes
}

func (s *segment) join(frame *segment) {
	s.length = frame.offset + frame.length - s.offset
	s.frames++
	s.rows += frame.rows
	after, before := s.last.Compare(frame.first) < 0, frame.last.Compare(s.first) < 0
	s.mixed = s.mixed || !after && !before
	if frame.first.Compare(s.first) < 0 {
		s.first = frame.first
	}
	if frame.last.Compare(s.last) > 0 {
		s.last = frame.last
	}
}
