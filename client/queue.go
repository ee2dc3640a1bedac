package client

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"time"
)

// maxRides is how many batches a request may be part of that fail as a whole.
const maxRides = 6

// errAlone tells a request to go alone: its batch failed and others may have been
// the reason.
var errAlone = errors.New("go alone")

// queue holds the requests that wait for their turn and leave together. Each caller
// waits in its own goroutine and reads its own answer there; a batch has a
// goroutine of its own, which ends with it.
type queue struct {
	c         *Client
	fillBytes int  // of an answer, as expected
	patient   bool // batches wait for all requests that are sure to come

	mu       sync.Mutex
	size     *batchSize
	calls    int           // calls that are here or may come at any moment
	away     int           // of these, requests on their way
	waiting  []*call       // first come, first served
	boarding *batch        // the next to leave, nil if none may yet
	out      int           // batches and single requests on their way
	bytes    int           // expected of the batches on their way, and of those not read to their end
	landed   time.Time     // when the last batch was answered
	changed  chan struct{} // something came or went: the batch that gathers looks again
}

func newQueue(c *Client, size *batchSize, fillBytes int) *queue {
	return &queue{c: c, size: size, fillBytes: fillBytes, changed: make(chan struct{}, 1)}
}

// call is a request in a queue, until it is settled: by a ticket to go alone, by an
// error, or by the answer to its part of a batch.
type call struct {
	r       request
	weight  int
	batch   *batch // that it is part of, nil while it waits
	rides   int    // batches that failed
	settled chan struct{}

	ticket uint64
	err    error
	part   part
	answer *response // to the batch; its body is held for the call
}

// settle ends the wait of a call.
func (c *call) settle(err error) {
	c.err = err
	close(c.settled)
}

func (q *queue) change() {
	select {
	case q.changed <- struct{}{}:
	default:
	}
}

// once makes one attempt, in a batch if others wait too.
func (q *queue) once(ctx context.Context, r request, use func(*response) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	here := r.place
	if here == nil {
		here = q.announce(1)[0]
		defer here.leave()
	}
	runtime.Gosched() // lets others join that could run as well
	if q.lone() {
		defer q.returned(1)
		return q.c.alone(ctx, r, use)
	}
	c := q.join(r)
	select {
	case <-c.settled:
	case <-ctx.Done():
		if q.withdraw(c) {
			return ctx.Err()
		}
	}
	switch {
	case c.ticket != 0:
		defer q.returned(1)
		err := q.c.exchange(ctx, c.ticket, r, use)
		q.note(err)
		return err
	case c.err == errAlone:
		here.leave()
		return q.c.alone(ctx, r, use)
	case c.err != nil:
		return c.r.own(c.err)
	}
	return q.receive(ctx, c, use)
}

// lone reports whether a call should not wait for others: there are none, nor did
// any come back just now. It counts the call as on its way.
func (q *queue) lone() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.calls > 1 || q.out > 0 || q.recent() {
		return false
	}
	q.out++
	q.away++
	return true
}

// join lines a request up.
func (q *queue) join(r request) *call {
	c := &call{r: r, weight: q.c.batching.weigh(r), settled: make(chan struct{})}
	q.mu.Lock()
	q.waiting = append(q.waiting, c)
	q.board()
	q.mu.Unlock()
	q.change()
	return c
}

// board has the next batch get ready if one may leave.
func (q *queue) board() {
	if q.c.batching.off() {
		q.dissolve()
	}
	if q.boarding != nil || len(q.waiting) == 0 || q.out >= q.batches() || q.bytes > 0 && q.bytes+q.fillBytes > allBytes {
		return
	}
	q.boarding = newBatch(q)
	go q.boarding.run()
}

// dissolve sends all that wait on their own ways. Nobody waits for the batch any more
// that they would have left with.
func (q *queue) dissolve() {
	for _, c := range q.waiting {
		c.settle(errAlone)
	}
	q.waiting = nil
	if q.boarding != nil {
		q.boarding.cancel()
	}
}

// batches returns how many batches may be on their way at the same time. As long as
// their parts may be counted it is one, whose size fits what is left.
func (q *queue) batches() int {
	if !q.c.batching.cheap() && q.c.pace.room() < maxLimit {
		return 1
	}
	if q.patient { // no more than all that are here fill
		return max(1, min((q.calls+q.size.n-1)/q.size.n, q.c.inFlight()))
	}
	return q.c.inFlight()
}

// inFlight returns how many requests the budget asks for at the same time.
func (c *Client) inFlight() int {
	if c.walks > 0 {
		return c.walks
	}
	return max(c.Walks(), 1)
}

// Calls returns how many calls a caller should keep under way at the same time, so
// that the budget is used in full: batches are full, and as many requests are in
// flight as Walks says.
func (c *Client) Calls() int {
	if c.batches() {
		return MaxBatch * c.inFlight()
	}
	return c.inFlight()
}

// batches reports whether requests travel in batches at present.
func (c *Client) batches() bool {
	c.small.mu.Lock()
	defer c.small.mu.Unlock()
	return !c.batching.off() && c.small.size.n > 1
}

// withdraw takes a call out whose caller gave up. It reports false if the call is
// settled: then the caller has to take what it got.
func (q *queue) withdraw(c *call) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	select {
	case <-c.settled:
		return false
	default:
	}
	if c.batch != nil {
		q.away--
		c.batch.drop(c)
	} else {
		q.waiting = slices.DeleteFunc(q.waiting, func(other *call) bool { return other == c })
		if len(q.waiting) == 0 && q.boarding != nil {
			q.boarding.cancel()
		}
	}
	return true
}

// read counts the bytes of a batch that was read to its end, or has none.
func (q *queue) read(bytes int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.bytes -= bytes
	q.board()
}

// returned counts requests that were on their way, with what they travelled in.
func (q *queue) returned(requests int) {
	q.mu.Lock()
	q.away -= requests
	q.out--
	q.board()
	q.mu.Unlock()
	q.change()
}

// note counts a single request that was answered, so that batches are tried again
// after a fault.
func (q *queue) note(err error) {
	if err == nil {
		q.mu.Lock()
		q.size.grow(1)
		q.mu.Unlock()
	}
}

// take removes the calls that leave with a batch from the head of the line: as many
// as it may hold, and whose answers together are not too large.
func (q *queue) take(room int) []*call {
	n, bytes := 0, 0
	for _, c := range q.waiting {
		bytes += c.weight
		if n > 0 && (n >= min(room, q.size.n) || bytes > q.fillBytes) {
			break
		}
		n++
	}
	taken := slices.Clone(q.waiting[:n])
	q.waiting = append(q.waiting[:0], q.waiting[n:]...)
	clear(q.waiting[len(q.waiting) : len(q.waiting)+n])
	return taken
}
