package client

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/sethvargo/go-retry"
)

// batch is a batch under way, from the moment that its requests gather until each
// has been settled. The fields are guarded by the queue's lock.
type batch struct {
	q        *queue
	ctx      context.Context // ends when nobody waits for the batch any more
	cancel   context.CancelFunc
	aboard   []*call
	departed bool
	handed   bool // its only request goes alone, and returns by itself
	bytes    int  // of the answer, as expected; 0 once that is counted by who reads it
}

func newBatch(q *queue) *batch {
	b := &batch{q: q}
	b.ctx, b.cancel = context.WithCancel(context.Background())
	return b
}

// drop takes a request out whose caller gave up.
func (b *batch) drop(c *call) {
	b.aboard = slices.DeleteFunc(slices.Clone(b.aboard), func(other *call) bool { return other == c })
	if len(b.aboard) == 0 {
		b.cancel()
	}
}

// run takes a batch to the server and back.
func (b *batch) run() {
	defer b.land()
	b.q.gather(b.ctx)
	a := b.q.c.newAttempts(request{method: http.MethodPost, path: batchPath})
	err := retry.Do(b.ctx, retry.BackoffFunc(a.next), func(ctx context.Context) error {
		a.begin()
		err := b.attempt(ctx)
		var status *Error
		if errors.As(err, &status) && status.Status == http.StatusRequestEntityTooLarge {
			err = retryable(err)
		}
		if err == nil || ctx.Err() != nil || !errors.As(err, &a.last) {
			return err
		}
		b.lighten(a.last)
		return retry.RetryableError(err)
	})
	a.stopWaiting()
	if err != nil {
		b.fail(a.outcome(b.ctx, err))
	}
}

// attempt sends the batch once, when the budget lets it go.
func (b *batch) attempt(ctx context.Context) error {
	ticket, err := b.q.c.enter(ctx, request{method: http.MethodPost, path: batchPath})
	calls := b.depart(ctx, ticket)
	switch {
	case err != nil:
		return err
	case len(calls) == 0:
		b.q.c.pace.leave(ticket, nil)
		return nil
	case len(calls) == 1:
		return nil // it has the ticket
	}
	requests := make([]request, len(calls))
	for i, c := range calls {
		requests[i] = c.r
	}
	b.q.c.stats.batches.Add(1)
	start := time.Now()
	r := request{method: http.MethodPost, path: batchPath, body: batchBody(requests), expected: b.q.c.batching.expect(requests)}
	return b.q.c.exchange(ctx, ticket, r, func(resp *response) error {
		return b.deliver(calls, resp, time.Since(start))
	})
}

// depart fills the batch when its turn comes, and returns what is aboard. A request
// that is the only one gets the ticket.
func (b *batch) depart(ctx context.Context, ticket uint64) []*call {
	room := MaxBatch
	if !b.q.c.batching.cheap() { // its parts may be counted
		room = b.q.c.pace.room()
	}
	b.q.mu.Lock()
	defer b.q.mu.Unlock()
	if !b.departed {
		if ctx.Err() != nil {
			return nil
		}
		b.load(room)
	}
	if b.q.c.batching.off() { // since they gathered
		b.end(errAlone)
	}
	if len(b.aboard) == 1 && ticket != 0 {
		b.aboard[0].ticket = ticket
		b.aboard[0].settle(nil)
		b.handed = true
	}
	return b.aboard
}

// load takes the requests at the head of the line, and makes way for the next batch.
func (b *batch) load(room int) {
	q := b.q
	b.departed, q.boarding = true, nil
	b.aboard = q.take(room)
	for _, c := range b.aboard {
		c.batch = b
		b.bytes += c.weight
	}
	q.bytes += b.bytes
	q.away += len(b.aboard)
	q.out++
	q.board()
}

// land ends the batch.
func (b *batch) land() {
	b.cancel()
	q := b.q
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case !b.departed:
		q.boarding = nil
	case !b.handed:
		q.out--
	}
	q.bytes -= b.bytes
	q.board()
	q.change()
}

// deliver gives each request its part of the answer.
func (b *batch) deliver(calls []*call, resp *response, took time.Duration) error {
	parts, err := parseBatch(resp.body)
	if err != nil {
		return err
	}
	if len(parts) != len(calls) {
		return badBody("it has %d answers to %d requests", len(parts), len(calls))
	}
	c := b.q.c
	c.stats.parts.Add(int64(len(parts)))
	if slices.ContainsFunc(parts, func(p part) bool { return p.code == http.StatusTooManyRequests }) {
		resp.cost = cost{since: len(parts), window: -1} // an answer within the budget has none
	}
	c.batching.charge(len(parts), resp.cost)
	c.batching.served(calls, parts)
	q := b.q
	q.mu.Lock()
	defer q.mu.Unlock()
	if took > slowBatch || len(resp.body) > largeBatch {
		q.size.shrink(len(calls))
	} else {
		q.size.grow(len(calls))
	}
	q.landed = time.Now()
	bytes := b.bytes
	b.bytes = 0
	resp.shared.freed = func() { q.read(bytes) }
	for i, call := range calls {
		if !slices.Contains(b.aboard, call) { // its caller gave up
			continue
		}
		resp.shared.hold()
		call.part, call.answer = parts[i], resp
		call.settle(nil)
		q.away--
	}
	b.aboard = nil
	return nil
}

// lighten puts fewer requests into a batch that failed, and the others back in line.
func (b *batch) lighten(f *failure) {
	if f.status == http.StatusTooManyRequests {
		return
	}
	q := b.q
	q.mu.Lock()
	defer q.mu.Unlock()
	q.c.log.Debug("batch failed", "parts", len(b.aboard), "cause", f.err)
	q.size.shrink(len(b.aboard))
	keep := min(q.size.n, len(b.aboard))
	var back []*call
	for i, c := range b.aboard {
		c.rides++
		switch {
		case i < keep:
		case c.rides >= maxRides:
			q.away--
			c.settle(errAlone)
		default:
			c.batch = nil
			q.away--
			back = append(back, c)
		}
	}
	b.aboard = slices.Clone(b.aboard[:keep])
	q.waiting = append(back, q.waiting...)
	q.board()
	q.change() // they may fill the batch that gathers
}

// end settles all that is aboard.
func (b *batch) end(err error) {
	b.q.away -= len(b.aboard)
	for _, c := range b.aboard {
		c.settle(err)
	}
	b.aboard = nil
}

// fail ends a batch that brought no answers. What concerns the key, the account or
// the whole budget is the error of every request; after anything else each goes
// alone, since another may have been the reason.
func (b *batch) fail(err error) {
	if batchRefused(err) {
		b.q.c.batching.giveUp("the server refuses them")
	}
	if !decisive(err) {
		err = errAlone
	}
	b.q.mu.Lock()
	defer b.q.mu.Unlock()
	b.end(err)
}

// decisive reports whether an error of a batch is one of all its requests.
func decisive(err error) bool {
	var limit *RateLimitError
	var status *Error
	return errors.As(err, &limit) || errors.Is(err, ErrAccountChanged) || errors.Is(err, ErrUnauthorized) || errors.Is(err, ErrRedirect) ||
		errors.As(err, &status) && status.Status == http.StatusTooManyRequests
}

// own returns an error of the whole batch as one of a request.
func (r request) own(err error) error {
	var limit *RateLimitError
	if !errors.As(err, &limit) {
		return err
	}
	mine := *limit
	mine.Method, mine.Path = r.method, r.path
	return &mine
}
