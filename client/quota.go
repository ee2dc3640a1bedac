package client

import "time"

// window is the length of the server's counting window. It begins with the
// first request after the previous window, and the count starts over when it
// ends.
const window = time.Minute

// defaultRate is the rate to stay under until the server states its limit.
const defaultRate = 108

// quota decides when the next request may be sent. It holds the state of a
// pacer: all times come from outside, and it is not safe for concurrent use.
//
// Two rules hold together. Our own count: never more than perMinute requests
// within any minute, counted from their answers, since a request may reach the
// server late; so no window of the server holds more, wherever it begins. The
// server's count, which includes requests by others: once its headers show that
// only the reserve is left, wait for its window to end.
type quota struct {
	rate     int         // Options.Rate
	limit    int         // the limit that the server states, 0 until it does
	inflight int         // requests sent and not answered
	answered []time.Time // answers of the last minute, oldest first

	// Requests and answers are numbered together, to know which came first.
	event     uint64
	left      int       // least number of requests left that this window's answers showed, -1 unknown
	leftAt    uint64    // event of the answer that showed it
	opened    uint64    // a request sent before this event may belong to an earlier window
	end       time.Time // latest time at which this window ends
	heldUntil time.Time // no request is sent before this time
}

// limitHeaders is what an answer says about the limit.
type limitHeaders struct {
	ok               bool
	limit, remaining int
}

func newQuota(rate int) *quota { return &quota{rate: rate, left: -1} }

// perMinute returns the number of requests that our own count allows in a
// minute, 0 for any number.
func (q *quota) perMinute() int {
	switch {
	case q.rate >= 0:
		return q.rate
	case q.limit == 0:
		return defaultRate
	}
	return max(q.limit*9/10, 1)
}

// reserve returns the part of the server's limit that is left to others: what
// our rate does not use, but at most a tenth. A larger reserve would stop us
// altogether, at a low rate, whenever others are busy.
func (q *quota) reserve() int {
	if q.rate == 0 || q.limit == 0 {
		return 0
	}
	return max(min(q.limit-q.perMinute(), (q.limit+9)/10), 0)
}

// delay returns how long the next request has to wait. An answer that arrives in
// the meantime may shorten the wait.
func (q *quota) delay(now time.Time) time.Duration {
	q.expire(now)
	return max(q.heldUntil.Sub(now), q.countDelay(now), q.headerDelay(now), 0)
}

// expire drops what belongs to a window that has ended.
func (q *quota) expire(now time.Time) {
	n := 0
	for n < len(q.answered) && !q.answered[n].Add(window).After(now) {
		n++
	}
	q.answered = q.answered[n:]
	if q.left >= 0 && !q.end.After(now) {
		q.left = -1
		q.event++
		q.opened = q.event
	}
}

// countDelay returns the delay by our own count.
func (q *quota) countDelay(now time.Time) time.Duration {
	if q.perMinute() == 0 {
		return 0
	}
	over := q.inflight + len(q.answered) - q.perMinute() + 1
	switch {
	case over <= 0:
		return 0
	case over > len(q.answered):
		return window // or until an answer arrives
	}
	return q.answered[over-1].Add(window).Sub(now)
}

// headerDelay returns the delay by the server's count.
func (q *quota) headerDelay(now time.Time) time.Duration {
	// The server may not have counted yet what is in flight.
	if q.left < 0 || q.left-q.inflight > q.reserve() {
		return 0
	}
	return q.end.Sub(now)
}

// send counts a request about to be sent and returns its event.
func (q *quota) send() uint64 {
	q.inflight++
	q.event++
	return q.event
}

// cost is what an answer's headers show about the units that requests cost.
type cost struct {
	// since is what the server counted since the answer before, and in all of its
	// window: requests of ours and of others. Each is -1 if it is not known.
	since, window int
}

// room returns the units left to a request in flight, the reserve left out.
func (q *quota) room() int {
	left := q.left
	if left < 0 {
		left = q.limit // a new window
	}
	if q.limit == 0 {
		return maxLimit // the server does not say
	}
	return max(left-q.reserve()-(q.inflight-1), 1)
}

// receive counts the answer, or the failure, of the request sent at the event. It
// returns what the answer shows about its cost.
func (q *quota) receive(now time.Time, sent uint64, h limitHeaders) cost {
	q.expire(now)
	q.inflight--
	q.event++
	if q.rate != 0 {
		q.answered = append(q.answered, now)
	}
	spent := cost{-1, -1}
	if !h.ok {
		return spent
	}
	q.limit = h.limit
	switch {
	case sent < q.opened: // may have been counted in the window before
		return spent
	case q.left < 0, h.remaining > q.left && sent > q.leftAt:
		q.open(now, sent, h.remaining)
	case h.remaining <= q.left:
		spent.since = q.left - h.remaining
		q.left, q.leftAt = h.remaining, q.event
	}
	if h.remaining > 0 { // else it may be more than was left
		spent.window = h.limit - h.remaining
	}
	return spent
}

// open notes a new window. It began before this answer arrived, so it ends
// within a minute from now.
func (q *quota) open(now time.Time, sent uint64, remaining int) {
	q.left, q.leftAt, q.opened = remaining, q.event, sent
	q.end = now.Add(window)
}

// hold keeps all requests back for a while, because the server refused one. The
// server's window ends with it, at the latest.
func (q *quota) hold(now time.Time, d time.Duration) {
	if until := now.Add(d); until.After(q.heldUntil) {
		q.heldUntil = until
	}
	if q.end.After(q.heldUntil) {
		q.end = q.heldUntil
	}
}
