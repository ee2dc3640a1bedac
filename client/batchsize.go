package client

import "time"

const (
	// smallBytes and cutBytes bound the expected answer to a batch, which is held in
	// memory. Pages of ranges are large, and are decoded all at once.
	smallBytes = 12 << 20
	cutBytes   = 8 << 20
	// allBytes bounds the expected answers to all batches of a queue that are on their
	// way or being read.
	allBytes = 32 << 20
	// largeBatch is the size of an answer after which smaller batches are sent.
	largeBatch = 32 << 20
	// slowBatch is how long a batch may take before smaller ones are sent.
	slowBatch = 10 * time.Second
	// sizeAfter is how many answers must come well before more requests are put
	// into a batch; it doubles when a size fails, up to maxSizeAfter.
	sizeAfter    = 3
	maxSizeAfter = 96
)

// batchSize chooses how many requests travel in a batch.
type batchSize struct {
	n, max int
	good   int  // answers since the last change
	after  int  // answers until more are tried
	grown  bool // since the last failure
}

func newBatchSize(n, max int) *batchSize { return &batchSize{n: n, max: max, after: sizeAfter} }

// shrink notes that a batch of some parts was too large, too slow or broken.
func (s *batchSize) shrink(parts int) {
	if half := max(parts/2, 1); half < s.n { // else it was sent before the last change
		s.n = half
		if s.grown { // not another failure in the same bad moment
			s.after, s.grown = min(2*s.after, maxSizeAfter), false
		}
	}
	s.good = 0
}

// grow notes an answer that came well. Only one that used the size shows that it
// works.
func (s *batchSize) grow(parts int) {
	if parts < s.n || s.n == s.max {
		return
	}
	if s.good++; s.good >= s.after {
		s.n, s.good, s.grown = min(2*s.n, s.max), 0, true
	}
}
