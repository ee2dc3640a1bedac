package client

import (
	"bytes"
	"context"
	"net/url"
	"strconv"
	"sync"
)

const (
	// aheadBytes bounds what one walk reads ahead for each request in flight, and
	// allAheadBytes what all walks together do, in expected bytes.
	aheadBytes    = 8 << 20
	allAheadBytes = 16 << 20
)

// ahead asks for the pages of a walk before they are read, so that a long list
// fills batches too. It never asks for a page twice or for one beyond the last, and
// the walk reads the pages in order.
type ahead struct {
	w     *pageWalk
	pages []*earlyPage // in order, the next to read first
	next  int          // the page to ask for next

	ctx    context.Context
	cancel context.CancelFunc // nil before the first
	group  sync.WaitGroup
}

// earlyPage is a page that was asked for ahead.
type earlyPage struct {
	number int
	weight int // bytes reserved for it
	done   chan struct{}
	answer *response // a copy
	err    error
}

// ask asks for pages up to the last one, in lots that fill a batch: a lot leaves
// when there is room for all of it, so that pages do not trickle out one by one.
func (a *ahead) ask(ctx context.Context, last int) {
	a.next = max(a.next, a.w.number)
	r := a.request(a.next)
	weight := a.w.c.batching.weigh(r)
	most, window := a.sizes(r)
	window = min(window, a.w.c.inFlight()*aheadBytes/weight)
	for {
		lot := min(most, last-a.next+1, aheadBytes/weight)
		alone := len(a.pages) == 0 && a.next == last // the reader asks for it at once
		if lot < 1 || alone || len(a.pages)+lot > window {
			return
		}
		if a.w.c.early.Add(int64(lot*weight)) > allAheadBytes {
			a.w.c.early.Add(-int64(lot * weight))
			return
		}
		a.begin(ctx, lot, weight)
	}
}

// sizes returns how many pages are asked for at a time, and how many may be asked
// for and not yet read. Without batches, reading ahead is of use only if several
// requests should be in flight.
func (a *ahead) sizes(r request) (lot, window int) {
	c := a.w.c
	if q := c.queueOf(r); q != nil && c.batches() {
		return MaxBatch, MaxBatch * c.inFlight()
	}
	return 1, c.inFlight() - 1
}

func (a *ahead) request(number int) request {
	return a.w.request(url.Values{"page": {strconv.Itoa(number)}})
}

func (a *ahead) begin(ctx context.Context, lot, weight int) {
	if a.cancel == nil {
		a.ctx, a.cancel = context.WithCancel(ctx)
	}
	places := a.w.c.small.announce(lot)
	for _, place := range places {
		p := &earlyPage{number: a.next, weight: weight, done: make(chan struct{})}
		r := a.request(a.next)
		r.place = place
		a.pages = append(a.pages, p)
		a.next++
		a.group.Go(func() {
			defer place.leave()
			defer close(p.done)
			p.err = a.w.c.do(a.ctx, r, p.keep)
		})
	}
}

// keep copies an answer.
func (p *earlyPage) keep(resp *response) error {
	p.answer = &response{header: resp.header, body: bytes.Clone(resp.body), part: resp.part, wants: resp.wants}
	return nil
}

// take returns the page of a number once it is there, nil if it was not asked for.
func (a *ahead) take(number int) *earlyPage {
	if len(a.pages) == 0 || a.pages[0].number != number {
		a.stop()
		return nil
	}
	p := a.pages[0]
	a.pages = a.pages[1:]
	<-p.done
	a.w.c.early.Add(-int64(p.weight))
	return p
}

// stop drops the pages that were not read.
func (a *ahead) stop() {
	if a.cancel == nil {
		return
	}
	a.cancel()
	a.group.Wait()
	for _, p := range a.pages {
		a.w.c.early.Add(-int64(p.weight))
	}
	a.pages, a.next, a.cancel = nil, 0, nil
}
