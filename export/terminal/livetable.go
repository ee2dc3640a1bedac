package terminal

import (
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8/decor"

	"mailerlake/export"
)

// liveTable is the live line of one table.
type liveTable struct {
	name   string
	now    func() time.Time
	began  time.Time
	before int64 // rows of an earlier run or of the first event, which say nothing about the rate
	expect int64 // total rows, 0 if unknown

	mu    sync.Mutex
	event export.Event
	at    time.Time // of the last event
}

func newLiveTable(e export.Event, o Options) *liveTable {
	return &liveTable{name: Clean(e.Table), now: o.Now, began: o.Now(), before: e.Rows, expect: o.Expect[e.Table]}
}

func (t *liveTable) set(e export.Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.event, t.at = e, t.now()
}

func (t *liveTable) ended() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.event.Done
}

// columns are the cells of the line, aligned with those of the other lines.
func (t *liveTable) columns() []decor.Decorator {
	cell := func(text func() string, wc decor.WC) decor.Decorator {
		return decor.Any(func(decor.Statistics) string {
			t.mu.Lock()
			defer t.mu.Unlock()
			return text()
		}, wc)
	}
	left, right := decor.WC{C: decor.DSyncWidthR}, decor.WC{C: decor.DSyncWidth}
	return []decor.Decorator{
		cell(func() string { return t.name }, left),
		cell(func() string { return "  " + count(t.event.Rows, "row") }, right),
		cell(func() string { return "  " + count(int64(t.event.Pages), "page") }, right),
		cell(func() string { return "  " + t.pace() }, right),
		cell(func() string { return "  " + t.remaining() }, left),
	}
}

// rate returns the average number of rows a second, 0 if it is too early to know.
func (t *liveTable) rate() float64 {
	until := t.now()
	if t.event.Done {
		until = t.at
	}
	passed := until.Sub(t.began).Seconds()
	if passed < 1 {
		return 0
	}
	return float64(t.event.Rows-t.before) / passed
}

func (t *liveTable) pace() string {
	if r := t.rate(); r >= 1 { // a slower one can be read off the count of rows
		return number(int64(r)) + " rows/s"
	}
	return ""
}

// remaining returns the time left, if it is known.
func (t *liveTable) remaining() string {
	r := t.rate()
	switch {
	case t.event.Done:
		return "done"
	case r >= 1 && t.expect > t.event.Rows:
		return span(time.Duration(float64(t.expect-t.event.Rows)/r*float64(time.Second))) + " left"
	}
	return ""
}
