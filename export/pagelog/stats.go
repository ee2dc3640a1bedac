package pagelog

import (
	"maps"
	"slices"

	"mailerlake/schema"
)

// Stats are sums over all pages of a log.
type Stats struct {
	Pages   int
	Rows    int64   // as appended: a key that came in two pages counts twice
	Dropped int64   // records that are not rows, see schema.Page
	Absent  []int64 // for each object of Table.Expected (and zeros, up to 64), the rows that lacked it
}

func (s *Stats) note(h *head) {
	if !h.page {
		return
	}
	s.Pages++
	s.Rows += int64(h.rows)
	s.Dropped += int64(h.dropped)
	for _, x := range h.absences {
		s.Absent[x.object] += int64(x.rows)
	}
}

// Stats returns sums over all pages.
func (l *Log) Stats() Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.stats
	s.Absent = slices.Clone(s.Absent)
	return s
}

// Paths returns the API paths of the custom fields and undeclared attributes met, in order of first appearance.
func (l *Log) Paths() []string { return l.ChildPaths(-1) }

// ChildPaths does the same for the rows of a child table.
func (l *Log) ChildPaths(child int) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.columns.rawPaths(child + 1)
}

// Missing returns the API paths of declared columns that no record of any page had, not even as null.
func (l *Log) Missing() map[string]bool { return l.ChildMissing(-1) }

// ChildMissing does the same for the rows of a child table.
func (l *Log) ChildMissing(child int) map[string]bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.columns.neverSent(child + 1)
}

// Walk returns what the log knows about a walk; about an ended Parent walk, only that it has begun and ended.
func (l *Log) Walk(name string) Walk {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.walks.walk(name)
}

// Walks returns the names of the walks that have begun, sorted, but for the ended ones of parents.
func (l *Log) Walks() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Sorted(maps.Keys(l.walks.open))
}

// Unfinished returns the names of the walks that have begun and not ended, sorted.
func (l *Log) Unfinished() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.walks.unfinished()
}

// Size returns the log's size in bytes, which grows with everything that is appended.
func (l *Log) Size() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.end
}

// Sample returns up to n keys that the scan met, from the newest pages. It leaves out the walks for which skip, unless
// nil, returns true. Only the first and last keys of some pages are known.
func (l *Log) Sample(n int, skip func(walk string) bool) []schema.Key {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.newest.sample(n, skip)
}
