package scan

import (
	"sync"
	"time"

	"mailerlake/schema"
)

// decoders are the decoders of a table that no walk holds: a table may have a walk for each of a million rows. Walks hold a
// decoder while their page is decoded and logged, no more than maxDecoders at the same time: the pages of a large batch come
// all at once.
type decoders struct {
	mu    sync.Mutex
	held  int
	spare []*schema.Decoder
	back  chan struct{} // one came back; nil if nobody waits
}

// maxDecoders is the greatest number of decoders of a table.
const maxDecoders = 4

// patience is how long a walk waits for a decoder. Those who hold one may wait for the server to send their page again.
const patience = time.Second

// take returns a decoder, as soon as there is one.
func (d *decoders) take(t *schema.Table) *schema.Decoder {
	var impatient <-chan time.Time
	for {
		decoder, back := d.try(t, false)
		if decoder != nil {
			return decoder
		}
		if impatient == nil {
			timer := time.NewTimer(patience)
			defer timer.Stop()
			impatient = timer.C
		}
		select {
		case <-back:
		case <-impatient:
			decoder, _ := d.try(t, true)
			return decoder
		}
	}
}

// try returns a decoder if fewer than maxDecoders are held, or in any case; else a channel that is closed when one comes
// back.
func (d *decoders) try(t *schema.Table, anyway bool) (*schema.Decoder, chan struct{}) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.held >= maxDecoders && !anyway {
		if d.back == nil {
			d.back = make(chan struct{})
		}
		return nil, d.back
	}
	d.held++
	n := len(d.spare)
	if n == 0 {
		return schema.NewDecoder(t), nil
	}
	decoder := d.spare[n-1]
	d.spare = d.spare[:n-1]
	return decoder, nil
}

// give takes a decoder back.
func (d *decoders) give(decoder *schema.Decoder) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.held--
	if len(d.spare) < maxDecoders {
		d.spare = append(d.spare, decoder)
	}
	if d.back != nil {
		close(d.back)
		d.back = nil
	}
}
