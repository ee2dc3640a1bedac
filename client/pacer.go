package client

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// pacer lets requests pass as quota allows, first come, first served. The first
// in line takes the turn and sleeps; the others queue for the turn, so that
// none of them polls.
type pacer struct {
	maxWait time.Duration
	turn    chan struct{} // has room for one; senders queue in order
	flying  chan struct{} // has room for the requests that may be in flight at the same time
	changed chan struct{} // the quota changed: the first in line checks it again

	mu    sync.Mutex
	quota *quota
}

func newPacer(rate int, maxWait time.Duration) *pacer {
	return &pacer{
		maxWait: maxWait,
		turn:    make(chan struct{}, 1),
		flying:  make(chan struct{}, maxWalks),
		changed: make(chan struct{}, 1),
		quota:   newQuota(rate),
	}
}

// enter waits until a request may be sent, and returns a ticket for leave, which has to
// follow.
// It calls waiting with the expected time before each sleep, and awake after
// it. It fails if the context ends, or with a RateLimitError if requests are
// held back for longer than maxWait.
func (p *pacer) enter(ctx context.Context, waiting func(time.Duration), awake func()) (ticket uint64, err error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	select {
	case p.turn <- struct{}{}:
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	defer func() { <-p.turn }()
	select {
	case p.flying <- struct{}{}:
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	defer func() {
		if err != nil {
			<-p.flying
		}
	}()
	for {
		ticket, wait, err := p.try()
		if err != nil || wait == 0 {
			return ticket, err
		}
		waiting(wait)
		err = p.sleep(ctx, wait)
		awake()
		if err != nil {
			return 0, err
		}
	}
}

// try returns a ticket, or how long to wait for one.
func (p *pacer) try() (ticket uint64, wait time.Duration, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if held := p.quota.heldUntil.Sub(now); held > p.maxWait {
		return 0, 0, &RateLimitError{Status: http.StatusTooManyRequests, Wait: held, Max: p.maxWait}
	}
	if wait = p.quota.delay(now); wait > 0 {
		return 0, wait, nil
	}
	return p.quota.send(), 0, nil
}

func (p *pacer) sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-p.changed:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

// leave counts the answer to a request that entered, and returns what it shows
// about the request's cost; its headers are nil if there was no answer.
func (p *pacer) leave(ticket uint64, h http.Header) cost {
	p.mu.Lock()
	spent := p.quota.receive(time.Now(), ticket, readLimitHeaders(h))
	p.mu.Unlock()
	<-p.flying
	p.wake()
	return spent
}

// room returns how many units a request that has entered may cost without a 429.
func (p *pacer) room() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.quota.room()
}

// hold keeps all requests back for a while.
func (p *pacer) hold(d time.Duration) {
	p.mu.Lock()
	p.quota.hold(time.Now(), d)
	p.mu.Unlock()
	p.wake()
}

// untilReset returns the time until the server's window ends if no request is
// left in it, else 0.
func (p *pacer) untilReset() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.quota.left != 0 {
		return 0
	}
	return max(time.Until(p.quota.end), 0)
}

func (p *pacer) wake() {
	select {
	case p.changed <- struct{}{}:
	default:
	}
}

// maxLimit bounds the limits that headers state: more requests a minute than we
// could ever send.
const maxLimit = 1_000_000

func readLimitHeaders(h http.Header) limitHeaders {
	limit, err := strconv.Atoi(h.Get("X-RateLimit-Limit"))
	if err != nil || limit <= 0 {
		return limitHeaders{}
	}
	remaining, err := strconv.Atoi(h.Get("X-RateLimit-Remaining"))
	if err != nil {
		return limitHeaders{}
	}
	return limitHeaders{ok: true, limit: min(limit, maxLimit), remaining: min(max(remaining, 0), maxLimit)}
}
