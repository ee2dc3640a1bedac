package client

import "time"

// window is the length of the server's counting window: it begins with the
// first request and ends a minute later, when the count starts anew.
const window = time.Minute

// unstated is the rate to stay under until the server states its limit.
const unstated = 108

// quota decides when the next request may be sent. It is the bookkeeping of a
// pacer: all times come from outside, and it is not safe for concurrent use.
//
// Two rules hold together. The log: never more than most() requests in any
// stretch of a minute, counted from the answer (a request sent may still reach
// the server late), so that no phase of the server's window sees more. The
// headers: once the server's own count, in which others take part, has come
// down to the reserve, wait for its window to end.
type quota struct {
	rate     int         // Options.Rate
	limit    int         // the limit the server states, 0 until it does
	inflight int         // sent and not answered
	answered []time.Time // answers of the last minute, oldest first

	seq  uint64    // counts events, to tell what came after what
	low  int       // least count left that was seen in this window, -1 unknown
	at   uint64    // event at which low was seen
	open uint64    // requests sent before this event may belong to an earlier window
	end  time.Time // by then this window has surely ended
	held time.Time // nothing is sent before
}

// stated is what an answer says about the limit.
type stated struct {
	ok               bool
	limit, remaining int
}

func newQuota(rate int) *quota { return &quota{rate: rate, low: -1} }

// most is the number of requests allowed in a minute, 0 for no bound of ours.
func (q *quota) most() int {
	switch {
	case q.rate >= 0:
		return q.rate
	case q.limit == 0:
		return unstated
	}
	return max(q.limit*9/10, 1)
}

// reserve is the part of the server's limit that is left to others: what our
// rate leaves of it, but no more than a tenth, or a low rate of ours would come
// to a stop whenever others are busy.
func (q *quota) reserve() int {
	if q.rate == 0 || q.limit == 0 {
		return 0
	}
	return max(min(q.limit-q.most(), (q.limit+9)/10), 0)
}

// delay returns how long the next request has to wait from now. The wait may
// turn out shorter when an answer comes in meanwhile.
func (q *quota) delay(now time.Time) time.Duration {
	q.forget(now)
	return max(q.held.Sub(now), q.logDelay(now), q.headerDelay(now), 0)
}

// forget drops what a window that has ended leaves behind.
func (q *quota) forget(now time.Time) {
	n := 0
	for n < len(q.answered) && !q.answered[n].Add(window).After(now) {
		n++
	}
	q.answered = q.answered[n:]
	if q.low >= 0 && !q.end.After(now) {
		q.low = -1
		q.seq++
		q.open = q.seq
	}
}

func (q *quota) logDelay(now time.Time) time.Duration {
	if q.most() == 0 {
		return 0
	}
	over := q.inflight + len(q.answered) - q.most() + 1
	switch {
	case over <= 0:
		return 0
	case over > len(q.answered):
		return window // it depends on an answer, which ends the wait
	}
	return q.answered[over-1].Add(window).Sub(now)
}

func (q *quota) headerDelay(now time.Time) time.Duration {
	// What is in flight may not be counted in low yet.
	if q.low < 0 || q.low-q.inflight > q.reserve() {
		return 0
	}
	return q.end.Sub(now)
}

// take books a request about to be sent and returns its event.
func (q *quota) take() uint64 {
	q.inflight++
	q.seq++
	return q.seq
}

// give books the answer, or the failure, of the request sent at the event.
func (q *quota) give(now time.Time, sent uint64, s stated) {
	q.forget(now)
	q.inflight--
	q.seq++
	if q.rate != 0 {
		q.answered = append(q.answered, now)
	}
	if !s.ok {
		return
	}
	q.limit = s.limit
	switch {
	case sent < q.open: // perhaps counted in the window before: says nothing sure
	case q.low < 0, s.remaining > q.low && sent > q.at:
		q.begin(now, sent, s.remaining)
	case s.remaining <= q.low:
		q.low, q.at = s.remaining, q.seq
	}
}

// begin notes a new window: it began before this answer came, so it has ended
// a minute from now.
func (q *quota) begin(now time.Time, sent uint64, remaining int) {
	q.low, q.at, q.open = remaining, q.seq, sent
	q.end = now.Add(window)
}

// hold keeps everything back for a while: the server refused a request.
// Whatever window was open is over when the hold is.
func (q *quota) hold(now time.Time, d time.Duration) {
	if until := now.Add(d); until.After(q.held) {
		q.held = until
	}
	if q.end.After(q.held) {
		q.end = q.held
	}
}
