package terminal

import (
	"sync"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"mailerlake/export"
)

// liveTransfer is the live line of one destination.
type liveTransfer struct {
	mu   sync.Mutex
	last export.Transfer
}

func (t *liveTransfer) set(e export.Transfer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e.Done.Bytes >= t.last.Done.Bytes || e.Of != t.last.Of { // steps of several goroutines may come out of order
		t.last = e
	}
}

func (t *liveTransfer) text() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return Clean(t.last.Destination) + "  " + progressOfTransfer(t.last)
}

func progressOfTransfer(e export.Transfer) string {
	return number(int64(e.Done.Objects)) + " of " + count(int64(e.Of.Objects), "object") + ", " + size(e.Done.Bytes) + " of " + size(e.Of.Bytes)
}

// Transfer prints a message, or updates a destination's line.
func (s *liveProgress) Transfer(e export.Transfer) {
	if e.Message != "" {
		s.print(e.Destination + ": " + e.Message)
		return
	}
	s.mu.Lock()
	t, known := s.sent[e.Destination]
	if !known {
		t = &liveTransfer{}
		s.sent[e.Destination] = t
	}
	place := len(s.tables) + len(s.sent)
	s.mu.Unlock()
	t.set(e)
	if !known {
		s.add(place, mpb.NopStyle().Build(), decor.Any(func(decor.Statistics) string { return t.text() }))
	}
}

// Transfer logs messages, and the progress once in a while.
func (s *logProgress) Transfer(e export.Transfer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.Message != "" {
		s.log.Info(Clean(e.Message), "destination", e.Destination)
		return
	}
	now := s.now()
	if last, known := s.sent[e.Destination]; !known || now.Sub(last) < logEvery {
		if !known {
			s.sent[e.Destination] = now
		}
		return
	}
	s.sent[e.Destination] = now
	s.log.Info("transferring", "destination", e.Destination, "objects", e.Done.Objects, "of_objects", e.Of.Objects, "bytes", e.Done.Bytes, "of_bytes", e.Of.Bytes)
}
