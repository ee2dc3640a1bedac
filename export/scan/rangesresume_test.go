package scan

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// TestRangesResume: a scan that is killed at any page, again and again, goes on where it was, in ranges or page by page
// as fast as the pages are then, and misses no row.
func TestRangesResume(t *testing.T) {
	for seed := range uint64(60) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rnd := rand.New(rand.NewPCG(seed, 7))
				w := newSlowWorld(t, shapes[rnd.IntN(len(shapes))].ids(rnd, 3000), 100)
				if rnd.IntN(2) == 0 {
					w.options.Stored = stretches(w.ids, 1+rnd.IntN(2000))
				}
				asked, runs := 0, 0
				for done := false; !done; runs++ {
					w.delay = []time.Duration{20 * time.Millisecond, 2 * time.Second, 8 * time.Second}[rnd.IntN(3)]
					ctx, cancel := context.WithCancel(t.Context())
					last := 1 + rnd.IntN(25)
					w.before = func(n int) {
						if n >= last {
							cancel()
						}
					}
					w.run(ctx)
					done = ctx.Err() == nil
					cancel()
					asked += len(w.keyset.asked)
					w.keyset.asked = nil
				}
				w.complete(0)
				// What was in flight when a run was killed is lost, and the client asks for newer rows.
				if most := 31 + mostExtra + runs*9; asked > most {
					t.Errorf("asked for %d pages in %d runs, want at most %d", asked, runs, most)
				}
			})
		})
	}
}

// TestRangesOfCutLog: whatever is left of the log of a scan in ranges, a run that goes on with it meets every row and
// reads again hardly more than what is lost.
func TestRangesOfCutLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rnd := rand.New(rand.NewPCG(1, 8))
		w := newSlowWorld(t, shapes[7].ids(rnd, 3000), 100)
		w.run(t.Context())
		w.complete(mostExtra)
		name := w.dir + "/scan/" + w.logs.FileName("thing")
		log, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		ranges := 0
		for range 60 {
			length := len(log)/20 + rnd.IntN(len(log)*19/20)
			w.close()
			if err := os.WriteFile(name, log[:length], 0o600); err != nil {
				t.Fatal(err)
			}
			w.delay = []time.Duration{20 * time.Millisecond, 2 * time.Second}[rnd.IntN(2)]
			r := w.run(t.Context())
			w.complete(mostExtra)
			if !r.Resumed {
				t.Error("not resumed")
			}
			if most := 31*(len(log)-length)/len(log) + 10; len(w.keyset.asked) > most {
				t.Errorf("asked for %d pages with %d of %d bytes of the log, want at most %d", len(w.keyset.asked), length, len(log), most)
			}
			if len(r.Log.Walks()) > 3 {
				ranges++
			}
		}
		if ranges < 20 {
			t.Errorf("only %d logs had ranges", ranges)
		}
	})
}

// TestRangesResumeWhole: once the ranges of a log do not count, they count for no later run either.
func TestRangesResumeWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newSlowWorld(t, during(rand.New(rand.NewPCG(1, 9)), 3000, 0.5, 1), 100)
		ctx, cancel := context.WithCancel(t.Context())
		odd := false
		w.disturb = func(n int, q url.Values) *answer { // a range of old rows shows the first page again
			id, _ := parseID(w.keyset.asked[n-1])
			if n < 15 || id > w.ids[1000] || odd {
				return nil
			}
			odd = true
			return ok200(w.page(q, ""))
		}
		w.before = func(n int) {
			if n == 28 {
				cancel()
			}
		}
		w.run(ctx)
		log := w.result("thing").Log
		if !log.Walk(walkMain+wholeMark).Begun || len(log.Walks()) < 3 {
			t.Fatalf("walks %q", log.Walks())
		}
		pages := log.Walk(walkMain).Rows / 100
		w.disturb, w.before = nil, nil
		w.run(t.Context())
		w.complete(0)
		if got, want := len(w.keyset.asked), 31-int(pages); got != want || w.most > 1 {
			t.Errorf("asked for %d pages, want %d; %d in flight", got, want, w.most)
		}
	})
}
