package pagelog

import "testing"

// SetSegmentRows changes, for one test, how many rows make a segment: with 0 each page is one.
func SetSegmentRows(t testing.TB, rows int) {
	before := segmentLimits
	segmentLimits.rows = rows
	t.Cleanup(func() { segmentLimits = before })
}

// SetMaxHashes changes, for one test, how many keys are counted at a time.
func SetMaxHashes(t testing.TB, n int) {
	before := maxHashes
	maxHashes = n
	t.Cleanup(func() { maxHashes = before })
}

// Segments returns how many entries the index has.
func (l *Log) Segments() int { return len(l.index) }

// Streams returns how many sorted streams the log is read in.
func (l *Log) Streams() int { return len(sortedStreams(l.index)) }

// MaxStreams is how many of them are read at once.
const MaxStreams = maxStreams
