package progress

import (
	"slices"
	"time"

	"mailerlake/export"
)

// transfer is what is known about one destination.
type transfer struct {
	last  export.Transfer
	share float64
	speed speed
}

// Transfer takes over a step of a publish or a restore. Messages are for others.
func (t *Tracker) Transfer(e export.Transfer) {
	if e.Message != "" {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	i := slices.IndexFunc(t.sent, func(o *transfer) bool { return o.last.Destination == e.Destination })
	if i < 0 {
		i = len(t.sent)
		t.sent = append(t.sent, &transfer{last: e})
	}
	t.sent[i].take(e, t.now())
}

// take takes over a step. Steps of several goroutines may come out of order.
func (t *transfer) take(e export.Transfer, now time.Time) {
	if e.Of == t.last.Of && e.Done.Bytes < t.last.Done.Bytes && e.Done.Objects <= t.last.Done.Objects {
		return
	}
	if e.Of != t.last.Of { // it starts over
		t.share, t.speed = 0, speed{}
	}
	t.last = e
	switch {
	case e.Done.Objects >= e.Of.Objects:
		t.share = 1
	case e.Of.Bytes > 0:
		t.share = max(t.share, min(float64(e.Done.Bytes)/float64(e.Of.Bytes), almost))
	}
	t.speed.note(sample{now, float64(e.Done.Bytes), t.share})
}

func (t *transfer) state(now time.Time) Transfer {
	s := Transfer{Transfer: t.last, Share: t.share, Left: Unknown}
	if t.share < 1 {
		s.BytesPerSecond, _ = t.speed.since(now)
		s.Left = t.speed.left(now, t.share)
	}
	return s
}
