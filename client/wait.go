package client

import (
	"sync"
	"sync/atomic"
	"time"
)

// Reason says why a request waits.
type Reason string

// The reasons of a Wait.
const (
	// WaitRate: the budget of requests is used up, or the server said 429.
	WaitRate Reason = "rate limit"
	// WaitRetry: the last attempt failed.
	WaitRetry Reason = "retry"
)

// Wait tells that a request is being held back.
type Wait struct {
	// Reason says why.
	Reason Reason
	// Duration is how long it will be, as far as is known now.
	Duration time.Duration
	// Path is the request's path.
	Path string
	// Cause is what failed, nil where the client paces itself.
	Cause error
}

type counters struct {
	requests, retries, rateLimited, bytes atomic.Int64
	waited                                stopwatch
}

// stopwatch measures the time during which anybody waits. Waits that overlap
// count once, so that the sum never exceeds the time that passed.
type stopwatch struct {
	mu      sync.Mutex
	waiting int
	since   time.Time
	sum     time.Duration
}

func (s *stopwatch) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waiting == 0 {
		s.since = time.Now()
	}
	s.waiting++
}

func (s *stopwatch) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting--
	if s.waiting == 0 {
		s.sum += time.Since(s.since)
	}
}

func (s *stopwatch) total() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waiting > 0 {
		return s.sum + time.Since(s.since)
	}
	return s.sum
}
