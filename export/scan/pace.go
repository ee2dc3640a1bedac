package scan

import (
	"sync"
	"time"

	"mailerlake/export/pagelog"
	"mailerlake/schema"
)

// syncEvery is how often a log is synced while it grows. At the API's rate that is every page.
const syncEvery = 500 * time.Millisecond

// pace counts what a scan has read of what there is to read, and knows when its log is due to be synced.
type pace struct {
	mu     sync.Mutex
	pages  int
	synced time.Time
	tally
}

// tally counts rows and lists. Walks that mark rows of others are left out: their rows are counted in these.
type tally struct {
	rows        int64
	stated      int64 // rows of the walks that have begun, as the API states them
	work        int64 // rows of walks that mark included: the records that were read
	statedWork  int64
	begun       int64 // walks that have stated their rows
	walks       int64 // of one list
	lists, read int64 // of a table that has one for each row of another; else 1 and 0
}

// begin counts what is in the log already, and what was read into earlier logs of the same run.
func (p *pace) begin(log *pagelog.Log, list *schema.List, before tally) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tally = before
	p.rows += log.Stats().Rows
	p.work += log.Stats().Rows
	p.walks, p.lists = 1, max(p.lists, 1)
	if list == nil {
		return
	}
	if list.Per != nil {
		p.stated += log.Stats().Rows
		p.statedWork += log.Stats().Rows
	}
	for _, w := range list.Walks[min(1, len(list.Walks)):] {
		if w.Marks == "" {
			p.walks++
		}
	}
}

// add counts a page and those of its rows that were not counted before, and reports whether the log is due.
func (p *pace) add(records, rows int, now time.Time) (due bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.work += int64(records)
	p.rows += int64(rows)
	p.pages++
	if due = now.Sub(p.synced) >= syncEvery; due {
		p.synced = now
	}
	return due
}

// correct takes over a count of distinct rows: some may have been read twice.
func (p *pace) correct(rows int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rows = rows
}

// settle takes over how many rows there are in all.
func (p *pace) settle(rows int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.begun, p.stated = p.lists*p.walks, rows
}

// expect notes how many lists there are.
func (p *pace) expect(lists int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lists = max(p.lists, lists)
}

// state notes how many rows some walks have, as the API states it, and how many those have that mark them.
func (p *pace) state(walks, rows, marked int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.begun += walks
	p.stated += rows
	p.statedWork += rows + marked
}

// repeat takes back what was counted of a list that is read once more.
func (p *pace) repeat(read tally) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.begun -= read.begun
	p.stated -= read.stated
	p.statedWork -= read.statedWork
	p.rows -= read.rows
	p.work -= read.work
}

// end counts a list that was read, or found in the log.
func (p *pace) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.read++
}

// count returns what was counted, for a scan that goes on in another log.
func (p *pace) count() tally {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.tally
}

// total returns how many rows there are, 0 if nobody said so. Lists that have not stated theirs are taken to be as long as the
// others. Rows of a list may be counted before those that it states.
func (t tally) total() (rows int64, rough bool) {
	all := t.lists * t.walks
	switch {
	case t.begun <= 0:
		return 0, false
	case t.begun >= all:
		return t.stated, false
	case t.lists == 1: // its other walks may be much longer
		return 0, false
	}
	return max(t.rows, t.stated+int64(float64(t.stated)/float64(t.begun)*float64(all-t.begun))), true
}

// share returns the share of the records that was read, 0 if it is not known.
func (t tally) share() float64 {
	of := float64(t.statedWork)
	if all := t.lists * t.walks; t.begun > 0 && t.begun < all {
		of *= float64(all) / float64(t.begun)
	}
	if rows, _ := t.total(); rows == 0 || of <= 0 {
		return 0
	}
	return min(float64(t.work)/of, 1)
}

func (t *tableScan) progress(done bool) {
	t.pace.mu.Lock()
	e := Event{Table: t.r.Table.Name, Rows: t.pace.rows, Pages: t.pace.pages, Done: done}
	e.Of, e.Rough = t.pace.total()
	if t.list != nil && t.list.Per != nil {
		e.Lists, e.ListsRead, e.Share = t.pace.lists, min(t.pace.read, t.pace.lists), t.pace.share()
	}
	t.pace.mu.Unlock()
	t.event(e)
}
