package scan

import (
	"sync"

	"mailerlake/schema"
)

// decoders are the decoders of a table that no walk holds: a table may have a walk for each of a million rows.
type decoders struct {
	mu    sync.Mutex
	spare []*schema.Decoder
}

func (d *decoders) take(t *schema.Table) *schema.Decoder {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := len(d.spare)
	if n == 0 {
		return schema.NewDecoder(t)
	}
	decoder := d.spare[n-1]
	d.spare = d.spare[:n-1]
	return decoder
}

// give takes a decoder back, but keeps only a few.
func (d *decoders) give(decoder *schema.Decoder) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.spare) < maxDecoders {
		d.spare = append(d.spare, decoder)
	}
}

// maxDecoders is the greatest number of decoders kept for later walks.
const maxDecoders = 8
