package mailerlitetest

import (
	"sync"
	"time"
)

const window = time.Minute

// limiter limits requests as Laravel does: in a fixed window, which opens with a
// request and closes a minute later.
type limiter struct {
	perMinute int // negative: unlimited
	now       func() time.Time

	mu    sync.Mutex
	begin time.Time
	used  int
}

// allowance is the limiter's answer to a request.
type allowance struct {
	ok         bool
	limit      int
	remaining  int
	retryAfter int // seconds until the window closes, if not ok
}

// take counts n requests. With n = 0 it only reports whether one is left.
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
