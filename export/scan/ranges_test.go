package scan

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"mailerlake/schema"
)

// mostExtra is the number of requests that ranges may cost beside those of a plain walk over 60 pages.
const mostExtra = 12

// eachShape runs a test with accounts of all shapes, of which the dataset knows nothing, where the rows begin, or more.
func eachShape(t *testing.T, rows int, f func(t *testing.T, rnd *rand.Rand, w *slowWorld, stored bool)) {
	for _, s := range shapes {
		for _, stored := range []int{0, 1 << 30, rows / 10} {
			t.Run(fmt.Sprint(s.name, "/", stored), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					rnd := rand.New(rand.NewPCG(uint64(rows), uint64(stored)))
					w := newSlowWorld(t, s.ids(rnd, rows), 100)
					if stored > 0 {
						w.options.Stored = stretches(w.ids, stored)
					}
					f(t, rnd, w, stored > 0)
				})
			})
		}
	}
}

// TestRanges: however the rows of a list are spread over all ids, it is read as a whole, with a few requests more than a
// plain walk makes, and as fast as the budget allows. Without knowing where the rows are it may take longer.
func TestRanges(t *testing.T) {
	eachShape(t, 6000, func(t *testing.T, _ *rand.Rand, w *slowWorld, stored bool) {
		start := time.Now()
		w.run(t.Context())
		w.complete(mostExtra)
		asked, plain := w.requests()
		ratio := time.Since(start).Minutes() / (float64(asked+1) / 108)
		t.Logf("%d pages, %d more than plain, %v: %.2f of the budget's time", asked, asked-plain, time.Since(start), ratio)
		if limit := map[bool]float64{true: 1.15, false: 2.9}[stored]; ratio > limit {
			t.Errorf("took %.2f of the time that the budget allows, want %.2f", ratio, limit)
		}
	})
}

// TestRangesOfFewRows: a list of few pages is not cut, nor any list whose pages are quick.
func TestRangesOfFewRows(t *testing.T) {
	for _, c := range []struct {
		rows  int
		delay time.Duration
		extra int
	}{{0, 2 * time.Second, 0}, {1, 2 * time.Second, 0}, {100, 2 * time.Second, 0}, {150, 2 * time.Second, 0}, {200, 2 * time.Second, 0},
		{300, 2 * time.Second, 2}, {500, 2 * time.Second, 4}, {6000, 20 * time.Millisecond, 0}, {6000, 400 * time.Millisecond, 0}} {
		t.Run(fmt.Sprint(c.rows, c.delay), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newSlowWorld(t, during(rand.New(rand.NewPCG(1, 1)), c.rows, 0.5, 1), 100)
				w.delay = c.delay
				w.run(t.Context())
				w.complete(c.extra)
				if c.extra == 0 && w.most > 1 {
					t.Errorf("%d requests in flight", w.most)
				}
			})
		})
	}
}

// TestRangesOfChangingList: rows come and go while a list is read. Those that stay are all met.
func TestRangesOfChangingList(t *testing.T) {
	eachShape(t, 2500, func(t *testing.T, rnd *rand.Rand, w *slowWorld, _ bool) {
		begin, gone, added := slices.Clone(w.ids), map[uint64]bool{}, 0
		w.before = func(int) {
			for range rnd.IntN(6) {
				i := rnd.IntN(len(w.ids))
				gone[w.ids[i]] = true
				w.ids = slices.Delete(w.ids, i, i+1)
			}
			for range rnd.IntN(4) {
				w.ids = append(w.ids, w.ids[len(w.ids)-1]+1+uint64(rnd.IntN(1000)))
				added++
			}
		}
		r := w.run(t.Context())
		if r.Err != nil || r.Incomplete != "" {
			t.Fatalf("error %v, incomplete %q", r.Err, r.Incomplete)
		}
		met := w.met()
		for _, id := range begin {
			if _, found := slices.BinarySearch(met, id); !found && !gone[id] {
				t.Fatalf("row %d is missing", id)
			}
		}
		if len(met) > len(begin)+added {
			t.Errorf("met %d rows, there were %d", len(met), len(begin)+added)
		}
		if asked, plain := w.requests(); asked > plain+mostExtra+3 {
			t.Errorf("asked for %d pages, a plain walk for %d", asked, plain)
		}
	})
}

// TestRangesFollowTheClient: as pages get quicker or slower while a list is read, so does the number of readers.
func TestRangesFollowTheClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newSlowWorld(t, during(rand.New(rand.NewPCG(1, 1)), 20000, 0.2, 1), 100)
		var seen [3]int
		w.before = func(n int) {
			switch {
			case n > 30 && n < 40:
				seen[0] = max(seen[0], w.busy)
			case n == 40:
				w.delay = 100 * time.Millisecond
			case n > 70 && n < 80:
				seen[1] = max(seen[1], w.busy)
			case n == 80:
				w.delay = 10 * time.Second
			case n > 150 && n < 180: // it is reached slowly
				seen[2] = max(seen[2], w.busy)
			}
		}
		w.run(t.Context())
		w.complete(2 * mostExtra)
		if seen[0] != 6 || seen[1] != 1 || seen[2] < 6 || seen[2] > 8 {
			t.Errorf("requests in flight: %v, want 6, 1, 6 to 8", seen)
		}
	})
}

// TestRangeHasOneReader: the client may ask for fewer readers, and a moment later for more. The range whose reader was taken
// away then gets one reader, not two that ask for the same pages.
func TestRangeHasOneReader(t *testing.T) {
	for seed := range uint64(3) {
		synctest.Test(t, func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(seed, 2))
			w := newSlowWorld(t, during(rnd, 3000, 0.5, 1), 100)
			w.useClient()
			table := w.catalog.Lookup("thing")
			r := &Result{Table: table}
			err := New(w.options).fillLog(t.Context(), r, table.Source.(*schema.List), resumable, func(ctx context.Context, s *tableScan) (string, error) {
				c := s.newRanges(walkMain, s.list.EachWalk()[0], nil)
				c.walks = func() int { return 1 + 7*min(1, rnd.IntN(4)) } // under the lock of the ranges
				return "", c.walk(ctx)
			})
			if err != nil {
				t.Fatal(err)
			}
			defer r.Log.Close()
			if met := len(keysIn(t, r.Log)); met != len(w.ids) || w.most < 2 || w.said("thing") != "" {
				t.Errorf("met %d rows of %d, %d requests in flight, messages %q", met, len(w.ids), w.most, w.said("thing"))
			}
			slices.Sort(w.keyset.asked)
			if once := slices.Compact(slices.Clone(w.keyset.asked)); len(once) != len(w.keyset.asked) {
				t.Errorf("%d requests for %d pages", len(w.keyset.asked), len(once))
			}
		})
	}
}
