package client

import (
	"sync"
	"sync/atomic"
	"time"
)

// Reason is why a request waits.
type Reason string

// The reasons of a Wait.
const (
	// WaitRate: the budget of requests is used up, or the server answered 429.
	WaitRate Reason = "rate limit"
	// WaitRetry: the last attempt failed.
	WaitRetry Reason = "retry"
)

// Wait says that a request has begun to wait.
type Wait struct {
	// Reason is why it waits.
	Reason Reason
	// Duration is how long it will wait, as far as is known.
	Duration time.Duration
	// Path is the request's path.
	Path string
	// Cause is the failure that made it wait, nil if the client paces itself.
	Cause error
}

type counters struct {
	requests, retries, rateLimited, bytes, batches, parts atomic.Int64
	waited                                                stopwatch
}

// stopwatch measures the time during which at least one request waits. Waits that
// overlap count once.
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
