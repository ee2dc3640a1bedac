package scan

import (
	"sync"
	"time"

	"mailerlake/export/pagelog"
)

// syncEvery is how often a log is synced while it grows. At the API's rate that is every page.
const syncEvery = 500 * time.Millisecond

// pace counts what a scan has read, and when its log is due to be synced.
type pace struct {
	mu     sync.Mutex
	rows   int64
	pages  int
	synced time.Time
}

// begin counts what is in the log already.
func (p *pace) begin(log *pagelog.Log) { p.rows = log.Stats().Rows }

// add counts a page, and reports whether the log is due.
func (p *pace) add(rows int, now time.Time) (due bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
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

func (t *tableScan) progress(done bool) {
	t.pace.mu.Lock()
	e := Event{Table: t.r.Table.Name, Rows: t.pace.rows, Pages: t.pace.pages, Done: done}
	t.pace.mu.Unlock()
	t.event(e)
}
