package client

import (
	"context"
	"time"
)

const (
	// gatherQuiet is how long no request must come before a batch leaves that the
	// budget would let go, while more may come. gatherMost bounds the wait in all.
	gatherQuiet = 3 * time.Millisecond
	gatherMost  = 30 * time.Millisecond
	// gatherAnnounced bounds the wait for requests that are sure to come, as soon as
	// large pages have been read.
	gatherAnnounced = 2 * time.Second
)

// place is kept for a call that is sure to come, so that a batch can wait for it.
type place struct {
	q    *queue
	left bool
}

// announce keeps places for n calls.
func (q *queue) announce(n int) []*place {
	places := make([]*place, n)
	for i := range places {
		places[i] = &place{q: q}
	}
	q.mu.Lock()
	q.calls += n
	q.mu.Unlock()
	return places
}

// leave gives the place up, unless it was given up before.
func (p *place) leave() {
	if p.left {
		return
	}
	p.left = true
	p.q.mu.Lock()
	p.q.calls--
	p.q.mu.Unlock()
	p.q.change()
}

// gather waits until a batch is full, until nothing more can come, or for a moment
// in which nothing came. A patient queue waits for all that is sure to come.
func (q *queue) gather(ctx context.Context) {
	bound := gatherMost
	if q.patient {
		bound = gatherAnnounced
	}
	most := time.NewTimer(bound)
	defer most.Stop()
	quiet := time.NewTimer(gatherQuiet)
	defer quiet.Stop()
	for {
		coming := q.coming()
		if coming == 0 {
			return
		}
		select {
		case <-q.changed:
			quiet.Reset(gatherQuiet)
		case <-quiet.C:
			if !q.patient || q.coming() < 0 { // counted again: an announcement does not wake the batch
				return
			}
		case <-most.C:
			return
		case <-q.c.batching.over:
			return
		case <-ctx.Done():
			return
		}
	}
}

// coming returns how many more requests are sure to come to a batch that has room
// for them, 0 if it need not wait, and -1 if it is not known.
func (q *queue) coming() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	coming := q.calls - q.away - len(q.waiting)
	switch {
	case len(q.waiting) >= q.size.n, q.c.batching.off():
		return 0
	case coming > 0:
		return coming
	case q.recent():
		return -1
	}
	return 0
}

// recent reports whether a batch was answered so lately that its callers may come
// again.
func (q *queue) recent() bool { return time.Since(q.landed) < gatherMost && !q.landed.IsZero() }
