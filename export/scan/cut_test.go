package scan

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"mailerlake/client"
	"mailerlake/client/mailerlitetest"
)

// TestCutPages: with pages that share batches, many subscribers take a fraction of the requests.
func TestCutPages(t *testing.T) {
	n := 20_000 * costSize(t)
	for _, pages := range []int{0, 2, 8, 20, 50} {
		for _, latency := range []time.Duration{20 * time.Millisecond, 2 * time.Second} {
			t.Run(fmt.Sprint(pages, latency), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					a := mailerlitetest.New(mailerlitetest.Options{Seed: 1, Subscribers: n, Latency: latency})
					run := costWorld{a: a, api: client.Options{Rate: -1, BatchPages: pages}, tables: []string{"subscriber"}}.run(t)
					t.Log(run)
					run.met(t, a, "subscriber")
				})
			})
		}
	}
}
