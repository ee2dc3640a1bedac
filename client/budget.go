package client

import "time"

// Budget is the number of units that may be used in a minute. A request is a unit.
type Budget struct {
	// Limit is what the server's headers state, 0 until they do.
	Limit int
	// Used is what the Client stays under, 0 if it follows the headers alone.
	Used int
	// Batched says that requests which wait together travel in one batch, for one unit.
	Batched bool
}

// PerMinute returns the units that can be used in a minute, 0 if that is not known.
func (b Budget) PerMinute() int { return orDefault(b.Used, b.Limit) }

// Budget returns the budget as it is known now.
func (c *Client) Budget() Budget {
	batched := c.batches()
	c.pace.mu.Lock()
	defer c.pace.mu.Unlock()
	return Budget{Limit: c.pace.quota.limit, Used: c.pace.quota.perMinute(), Batched: batched}
}

// Usage is how much of the budget is used.
type Usage struct {
	// Requests were sent in the last minute, as far as they count.
	Requests int
	// PerMinute is how many may be, 0 if that is not known.
	PerMinute int
}

// Usage returns what of the budget is used now.
func (c *Client) Usage() Usage {
	c.pace.mu.Lock()
	defer c.pace.mu.Unlock()
	return c.pace.quota.usage(time.Now())
}

// TimeFor returns how long it takes until the budget has allowed so many more requests, if nobody else spends from it. It says
// nothing about how long they take.
func (c *Client) TimeFor(requests int) time.Duration {
	c.pace.mu.Lock()
	defer c.pace.mu.Unlock()
	return c.pace.quota.timeFor(time.Now(), requests)
}

// usage returns what was used in the last minute by our own count, or by the server's if we do not count.
func (q *quota) usage(now time.Time) Usage {
	q.expire(now)
	u := Usage{Requests: q.inflight + len(q.answered), PerMinute: orDefault(q.perMinute(), q.limit)}
	if q.rate == 0 && q.left >= 0 {
		u.Requests = q.limit - q.left
	}
	return u
}

// timeFor returns when the last of some requests may be sent.
func (q *quota) timeFor(now time.Time, requests int) time.Duration {
	q.expire(now)
	if requests <= 0 {
		return 0
	}
	wait := q.delay(now)
	if n := q.perMinute(); n > 0 {
		return max(wait, q.countTime(now, requests, n))
	}
	left := q.left
	if left < 0 {
		left = q.limit
	}
	if q.limit == 0 || requests <= left {
		return wait
	}
	windows := (requests - left - 1) / q.limit
	return max(wait, q.end.Sub(now), 0) + time.Duration(windows)*window
}

// countTime is timeFor by our own count: each request takes the place of one that was answered a minute before.
func (q *quota) countTime(now time.Time, requests, perMinute int) time.Duration {
	over := q.inflight + len(q.answered) + requests - perMinute
	if over <= 0 {
		return 0
	}
	rounds, place := (over-1)/perMinute, (over-1)%perMinute
	wait := window // the place of a request that is under way, or is sent now
	if place < len(q.answered) {
		wait = q.answered[place].Add(window).Sub(now)
	}
	return wait + time.Duration(rounds)*window
}
