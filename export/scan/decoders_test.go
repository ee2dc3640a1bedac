package scan

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestDecoders: many walks share few decoders. Where those who hold them never give them back, others still get one.
func TestDecoders(t *testing.T) {
	table := thing(nil)
	synctest.Test(t, func(t *testing.T) {
		var d decoders
		var mu sync.Mutex
		held, most := 0, 0
		note := func(n int) {
			mu.Lock()
			defer mu.Unlock()
			held += n
			most = max(most, held)
		}
		var wg sync.WaitGroup
		start := time.Now()
		for range 100 {
			wg.Go(func() {
				decoder := d.take(table)
				note(1)
				time.Sleep(10 * time.Millisecond)
				note(-1)
				d.give(decoder)
			})
		}
		wg.Wait()
		if took := time.Since(start); most != maxDecoders || took != 250*time.Millisecond {
			t.Errorf("%d decoders at a time, for %s", most, took)
		}
		for range maxDecoders + 3 {
			d.take(table)
		}
		if took := time.Since(start); took != 250*time.Millisecond+3*patience || len(d.spare) != 0 {
			t.Errorf("took %s", took)
		}
	})
}
