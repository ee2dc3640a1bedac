package client

import (
	"math"
	"sync"
	"time"
)

const (
	// maxWalks is the greatest number of requests in flight: no host should be met with more.
	maxWalks = 8
	// quickAnswer is a time below which one request after the other is as fast as anybody needs.
	quickAnswer = 50 * time.Millisecond
	// answersHeld is the number of answers over which the time of an answer is averaged.
	answersHeld = 8
	// enough is the share of the budget that one request after the other must use for a second one to be left out.
	enough = 0.8
)

// load is the time that answers take: a moving average.
type load struct {
	mu      sync.Mutex
	average time.Duration // 0 before the first answer
}

// note counts an answer.
func (l *load) note(took time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.average == 0 {
		l.average = max(took, 1)
		return
	}
	l.average += (took - l.average) / answersHeld
}

func (l *load) took() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.average
}

// timed notes the time of an answer when its body has been read, which is when use is called. An attempt that failed
// says nothing about how long an answer takes.
func (l *load) timed(sent time.Time, use func(*response) error) func(*response) error {
	return func(r *response) error {
		l.note(time.Since(sent))
		return use(r)
	}
}

// Walks returns how many requests should be in flight for the budget to be used in full, from 1 to 8: as many as (seconds
// that an answer takes) x (requests a second that the budget allows) asks for, and two more: some answers take longer than
// others, and a walk may have to wait for another. It changes as answers get slower or faster.
func (c *Client) Walks() int { return walks(c.load.took(), c.pace.perMinute()) }

// CutWalks returns how many walks should read the ranges of a list side by side (List.Cut): as many as Walks says, or as
// many as fill the batches that their pages may share. It is bounded by Options.BatchPages, and by the memory that the
// pages on their way are expected to take.
func (c *Client) CutWalks(l List) int {
	plain := c.Walks()
	if c.cut == nil || c.batching.off() {
		return plain
	}
	page := request{path: l.Path, params: newPageSize(l.Limits).params()}
	return max(plain, min(c.cut.fill(plain), c.cut.fillBytes/c.batching.weigh(page)))
}

// fill returns how many requests fill a number of batches, but no more than may ever be in one.
func (q *queue) fill(batches int) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return min(q.size.n*batches, q.size.max)
}

// walks is Walks for a budget of requests a minute, 0 for any number.
func walks(took time.Duration, perMinute int) int {
	if took < quickAnswer {
		return 1
	}
	if perMinute == 0 {
		return maxWalks
	}
	need := took.Seconds() * float64(perMinute) / 60
	if need <= enough {
		return 1
	}
	return int(min(math.Ceil(need)+2, maxWalks))
}

// perMinute returns the number of requests that our own count allows in a minute, 0 for any number.
func (p *pacer) perMinute() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.quota.perMinute()
}
