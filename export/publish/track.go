package publish

import (
	"sync"

	"mailerlake/export/dataset"
)

// Progress is a step of a publish or a restore.
type Progress struct {
	Destination string
	Done, Of    Amount
	Message     string // for people; empty for mere progress
}

// tracker adds up what was transferred, and reports it. It is safe for concurrent use.
type tracker struct {
	to     string
	report func(Progress) // may be nil

	mu     sync.Mutex
	of     Amount
	ended  Amount // objects that are there
	moving int64  // bytes of those under way
}

// sending is what was transferred of an object that is under way.
type sending struct {
	t     *tracker
	bytes int64
}

func (t *tracker) say(message string) {
	if t.report != nil {
		t.report(Progress{Destination: t.to, Message: message})
	}
}

func (t *tracker) expect(a Amount) {
	t.mu.Lock()
	t.of = a
	t.mu.Unlock()
	t.show()
}

// restart forgets what was transferred.
func (t *tracker) restart(of Amount) {
	t.mu.Lock()
	t.ended = Amount{}
	t.mu.Unlock()
	t.expect(of)
}

func (t *tracker) begin() *sending { return &sending{t: t} }

// done counts a whole object.
func (t *tracker) done(f dataset.File) {
	t.mu.Lock()
	t.ended.Objects++
	t.ended.Bytes += f.Bytes
	t.mu.Unlock()
	t.show()
}

func (t *tracker) uploaded() Amount {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.ended
}

func (t *tracker) show() {
	if t.report == nil {
		return
	}
	t.mu.Lock()
	p := Progress{Destination: t.to, Done: t.ended, Of: t.of}
	p.Done.Bytes += t.moving
	t.mu.Unlock()
	t.report(p)
}

func (s *sending) add(n int) {
	s.t.mu.Lock()
	s.bytes += int64(n)
	s.t.moving += int64(n)
	s.t.mu.Unlock()
	s.t.show()
}

// reset takes back what was counted of an attempt that failed, or of an object that is whole and counted as such.
func (s *sending) reset() {
	s.t.mu.Lock()
	defer s.t.mu.Unlock()
	s.t.moving -= s.bytes
	s.bytes = 0
}
