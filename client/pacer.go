package client

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// pacer lets requests pass at the rate that quota allows, first come, first
// served. Whoever is first in line holds the turn and sleeps; the others queue
// for the turn, so that nobody polls.
type pacer struct {
	maxWait time.Duration
	turn    chan struct{} // one place; senders queue in order
	changed chan struct{} // an answer came in: the first in line looks again

	mu    sync.Mutex
	quota *quota
}

func newPacer(rate int, maxWait time.Duration) *pacer {
	return &pacer{
		maxWait: maxWait,
		turn:    make(chan struct{}, 1),
		changed: make(chan struct{}, 1),
		quota:   newQuota(rate),
	}
}

// enter waits until a request may be sent and returns its event, to be handed
// to leave. Each time it begins to sleep it calls waiting with the time that
// will take, and awake afterwards. It fails if the context ends, or with a
// RateLimitError if the server holds requests back for longer than maxWait.
func (p *pacer) enter(ctx context.Context, waiting func(time.Duration), awake func()) (uint64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	select {
	case p.turn <- struct{}{}:
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	defer func() { <-p.turn }()
	for {
		sent, wait, err := p.try()
		if err != nil || wait == 0 {
			return sent, err
		}
		waiting(wait)
		err = p.sleep(ctx, wait)
		awake()
		if err != nil {
			return 0, err
		}
	}
}

func (p *pacer) try() (sent uint64, wait time.Duration, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if held := p.quota.held.Sub(now); held > p.maxWait {
		return 0, 0, &RateLimitError{Status: http.StatusTooManyRequests, Wait: held, Max: p.maxWait}
	}
	if wait = p.quota.delay(now); wait > 0 {
		return 0, wait, nil
	}
	return p.quota.take(), 0, nil
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

// leave books the answer to a request that entered; nil headers stand for a
// request that got none.
func (p *pacer) leave(sent uint64, h http.Header) {
	p.mu.Lock()
	p.quota.give(time.Now(), sent, readStated(h))
	p.mu.Unlock()
	p.wake()
}

// hold keeps every request back for a while.
func (p *pacer) hold(d time.Duration) {
	p.mu.Lock()
	p.quota.hold(time.Now(), d)
	p.mu.Unlock()
	p.wake()
}

// exhausted returns the time until the server's window ends if nothing is left
// of it, else 0.
func (p *pacer) exhausted() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.quota.low != 0 {
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

// maxLimit is more requests a minute than we could ever send; what claims to
// allow more is no limit that means anything.
const maxLimit = 1_000_000

func readStated(h http.Header) stated {
	limit, err := strconv.Atoi(h.Get("X-RateLimit-Limit"))
	if err != nil || limit <= 0 {
		return stated{}
	}
	remaining, err := strconv.Atoi(h.Get("X-RateLimit-Remaining"))
	if err != nil {
		return stated{}
	}
	return stated{ok: true, limit: min(limit, maxLimit), remaining: min(max(remaining, 0), maxLimit)}
}
