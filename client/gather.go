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
// in which nothing came.
func (q *queue) gather(ctx context.Context) {
	most := time.NewTimer(gatherMost)
	defer most.Stop()
	quiet := time.NewTimer(gatherQuiet)
	defer quiet.Stop()
	for !q.gathered() {
		select {
		case <-q.changed:
			quiet.Reset(gatherQuiet)
		case <-quiet.C:
			return
		case <-most.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

func (q *queue) gathered() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) >= q.size.n || q.c.batching.off.Load() {
		return true
	}
	coming := q.calls - q.away - len(q.waiting)
	return coming <= 0 && !q.recent()
}

// recent reports whether a batch was answered so lately that its callers may come
// again.
func (q *queue) recent() bool { return time.Since(q.landed) < gatherMost && !q.landed.IsZero() }
