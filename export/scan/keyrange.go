package scan

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"

	"mailerlake/client"
	"mailerlake/export/pagelog"
	"mailerlake/schema"
)

// keyRange is a part of a cursor list that has a walk of its own. The walk reads downwards from start, to where the next
// range starts; that bound is not part of it, and moves up when the range is cut. What the range has read is what the
// log shows of its walk: the rows from pos up to start.
type keyRange struct {
	walk   string // its name in the log
	start  uint64 // its rows have lesser ids; maxID for the main walk
	pos    uint64 // rows with lesser ids are still to be read; 0 if the list has come to its end
	top    uint64 // id of its first row; 0 if nothing of it was read
	cursor string // leads to the rows below pos

	first, last float64 // rows per id on the first page of this run and on the last, 0 before it
	busy        bool    // somebody reads it
	failed      bool    // a request failed, retries included
}

// maxID is greater than any id.
const maxID = math.MaxUint64

// newRange returns a range that is yet to be read.
func newRange(walk string, start uint64) *keyRange {
	return &keyRange{walk: walk, start: start, pos: start, cursor: client.KeysetCursor(number64(start))}
}

// wholeMark marks, in the log, that the ranges of a walk do not count: its list is read as a whole.
const wholeMark = ":whole"

// rangeWalk names the walk of a range that starts at an id.
func rangeWalk(main string, start uint64) string { return main + ":" + number64(start) }

func number64(id uint64) string { return strconv.FormatUint(id, 10) }

// parseID reads an id as the API writes it; false if it is no positive number, or not written plainly.
func parseID(text string) (uint64, bool) {
	id, err := strconv.ParseUint(text, 10, 64)
	return id, err == nil && id > 0 && id < maxID && number64(id) == text
}

// keyOf returns the key of the row with an id.
func keyOf(id uint64) schema.Key { return schema.Key{number64(id)} }

// loggedRange returns a range as the log shows it; false if the log does not show what was read of it.
func loggedRange(name string, start uint64, w pagelog.Walk) (*keyRange, bool) {
	r := &keyRange{walk: name, start: start, cursor: w.Cursor}
	if len(w.Top) == 0 {
		return nil, false
	}
	var ok bool
	if r.top, ok = parseID(w.Top[len(w.Top)-1]); !ok || r.top >= start {
		return nil, false
	}
	if w.Ended {
		return r, true
	}
	id, ok := client.Keyset(w.Cursor)
	if ok {
		r.pos, ok = parseID(id)
	}
	return r, ok && r.pos <= r.top
}

// loggedRanges returns the main walk of a list and the ranges below it, the newest ids first; nil if the log does not
// show how far the main walk came.
func loggedRanges(log *pagelog.Log, main string) []*keyRange {
	whole, ok := loggedRange(main, maxID, log.Walk(main))
	if !ok {
		return nil
	}
	all := []*keyRange{whole}
	for _, name := range log.Walks() {
		text, below := strings.CutPrefix(name, main+":")
		start, ok := parseID(text)
		if !below || !ok {
			continue
		}
		if r, ok := loggedRange(name, start, log.Walk(name)); ok {
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(a, b *keyRange) int { return cmp.Compare(b.start, a.start) })
	deepest := all[0]
	return slices.DeleteFunc(all, func(r *keyRange) bool { // what the one above has read as well
		if r != whole && deepest.pos <= r.pos {
			return true
		}
		deepest = r
		return false
	})
}

// sight is what a page shows of a list that is in the order of its ids, newest first.
type sight struct {
	keys            schema.Keys
	rows            int
	least, greatest uint64 // ids of its rows
	end             bool   // no page follows
	fits            bool   // its ids are numbers, and the next cursor is the one after its last row
}

// see looks at a page of a list whose rows have a single id.
func see(p *client.Page, page *schema.Page, order []string) sight {
	s := sight{keys: page.Rows.Keys(order), rows: page.Rows.Rows, end: p.Cursor == ""}
	if s.rows == 0 {
		s.fits = s.end && p.Rows == 0
		return s
	}
	var least, greatest bool
	s.least, least = parseID(string(s.keys[0].Text(0)))
	s.greatest, greatest = parseID(string(s.keys[0].Text(s.rows - 1)))
	s.fits = least && greatest && (s.end || p.Cursor == client.KeysetCursor(number64(s.least)))
	return s
}

// density returns the rows per id.
func (s *sight) density() float64 {
	if s.rows == 0 {
		return 0
	}
	return float64(s.rows) / float64(s.greatest-s.least+1)
}

// below returns the number of rows with ids less than id.
func (s *sight) below(id uint64) int {
	if s.rows == 0 {
		return 0
	}
	return s.keys.Search(0, keyOf(id))
}

// joins reports whether a page of the range above can be true beside what was read of a range: where the one above ends,
// its last page shows what this one began with, and nothing between; nor does the list end above it.
func (s *sight) joins(next *keyRange) bool {
	if s.end && (s.rows == 0 || s.least > next.top) {
		return false
	}
	seen := s.below(next.start)
	if seen == 0 {
		return true
	}
	id, _ := parseID(string(s.keys[0].Text(seen - 1)))
	return id <= next.top
}

// take notes a page that was read after pos.
func (r *keyRange) take(s sight, cursor string) {
	r.cursor = cursor
	if s.rows > 0 {
		r.pos, r.last = s.least, s.density()
		r.top = cmp.Or(r.top, s.greatest)
		r.first = cmp.Or(r.first, r.last)
	}
	if s.end {
		r.pos = 0
	}
}

// answered reports whether a page of the range was read, now or by an earlier run.
func (r *keyRange) answered() bool { return r.top > 0 }
