package scan

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"mailerlake/client"
	"mailerlake/client/mailerlitetest"
)

// readCut reads many subscribers, of which so many pages may share a batch.
func readCut(t *testing.T, latency time.Duration, pages int, trouble batchTrouble) (run costRun) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		o := mailerlitetest.Options{Seed: 1, Subscribers: 60_000 * costSize(t), Latency: latency}
		if trouble.server != nil {
			trouble.server(&o)
		}
		a := mailerlitetest.New(o)
		way := &troubled{batchTrouble: trouble, next: a.Transport(), rnd: rand.New(rand.NewPCG(1, 1))}
		a.Faults(way.faults)
		run = costWorld{a: a, api: client.Options{Rate: -1, BatchPages: pages, Transport: way}, tables: []string{"subscriber"}}.run(t)
		t.Log(run)
		run.met(t, a, "subscriber")
		if run.limited > way.limited {
			t.Errorf("%d times 429", run.limited)
		}
	})
	return run
}

// TestCutPages: with pages that share batches, many subscribers take a fraction of the requests, and hardly more time.
func TestCutPages(t *testing.T) {
	if raceEnabled {
		t.Skip("the simulated account takes too long")
	}
	for _, latency := range []time.Duration{20 * time.Millisecond, 2 * time.Second} {
		plain := readCut(t, latency, 0, batchTrouble{})
		for pages, share := range map[int]float64{1: 1, 2: 0.65, 10: 0.5, 50: 0.5} {
			t.Run(fmt.Sprint(latency, pages), func(t *testing.T) {
				most, longest := share*float64(plain.requests)+10, plain.took*3/2+2*time.Second
				run := readCut(t, latency, pages, batchTrouble{})
				if float64(run.requests) > most || run.took > longest { // on a busy machine, ranges get out of step now and then
					run = readCut(t, latency, pages, batchTrouble{})
				}
				if float64(run.requests) > most {
					t.Errorf("%d requests, want %.0f at most: without batches it takes %d", run.requests, most, plain.requests)
				}
				if run.took > longest {
					t.Errorf("took %v, without batches %v", run.took, plain.took)
				}
			})
		}
	}
}

// TestCutPagesInTrouble: where batches of pages fail, are slow or too dear, the list is read with few requests more than
// without any.
func TestCutPagesInTrouble(t *testing.T) {
	if raceEnabled {
		t.Skip("the simulated account takes too long")
	}
	above := func(most int, f mailerlitetest.Fault) func(*rand.Rand, int, int) *mailerlitetest.Fault {
		return func(_ *rand.Rand, _, parts int) *mailerlitetest.Fault {
			if parts <= most {
				return nil
			}
			return &f
		}
	}
	plain := readCut(t, 100*time.Millisecond, 0, batchTrouble{})
	troubles := append([]batchTrouble{
		{name: "too large above 3", fault: above(3, mailerlitetest.Fault{Status: 413})},
		{name: "hang above 5", fault: above(5, mailerlitetest.Fault{Hang: true})},
		{name: "broken above 2", fault: above(2, mailerlitetest.Fault{Status: 502})},
		{name: "8 s a page", server: func(o *mailerlitetest.Options) { o.LatencyPerPart = 8 * time.Second }},
	}, batchTroubles...)
	for _, trouble := range troubles {
		t.Run(trouble.name, func(t *testing.T) {
			if trouble.lost {
				t.Skip("a list that is not found is lost")
			}
			run := readCut(t, 100*time.Millisecond, 20, trouble)
			if most := plain.requests*3/2 + 10; run.requests > most {
				t.Errorf("%d requests, want %d at most", run.requests, most)
			}
		})
	}
}
