package mailerlitetest

import (
	"sync"
	"time"
)

const window = time.Minute

// limiter is Laravel's: a fixed window that opens with the first request and
// closes a minute later, whatever happens in it.
type limiter struct {
	perMinute int // negative: unlimited
	now       func() time.Time

	mu    sync.Mutex
	begin time.Time
	used  int
}

// allowance is what the limiter says of one request.
type allowance struct {
	ok         bool
	limit      int
	remaining  int
	retryAfter int // seconds until the window closes, if not ok
}

// take pays for n requests; with n 0 it looks whether there is one left.
func (l *limiter) take(n int) allowance {
	if l.perMinute < 0 {
		return allowance{ok: true, limit: 120, remaining: 119}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	if now.Sub(l.begin) >= window {
		l.begin, l.used = now, 0
	}
	if l.used+max(n, 1) > l.perMinute {
		left := l.begin.Add(window).Sub(now)
		return allowance{limit: l.perMinute, retryAfter: int((left + time.Second - 1) / time.Second)}
	}
	l.used += n
	return allowance{ok: true, limit: l.perMinute, remaining: l.perMinute - l.used}
}
