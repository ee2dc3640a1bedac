package scan

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// faulty makes a world whose pages from one place in the list, which a range reads, are answered otherwise so many times.
func faulty(t *testing.T, times int, a answer, limits ...int) *slowWorld {
	w := newSlowWorld(t, during(rand.New(rand.NewPCG(1, 5)), 3000, 0.5, 1), 100, limits...)
	failing := ""
	w.disturb = func(n int, q url.Values) *answer {
		if n == 15 {
			failing = q.Get("cursor")
		}
		if failing != "" && q.Get("cursor") == failing && times > 0 && (len(limits) == 0 || q.Get("limit") == fmt.Sprint(limits[0])) {
			times--
			return &a
		}
		return nil
	}
	return w
}

// TestRangesWithFaults: what goes wrong with a request of one range and is cured by asking again does not show. What is
// not cured at once is tried again alone.
func TestRangesWithFaults(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer answer
		times  int
		extra  int
	}{
		{"429 once", answer{status: 429, body: missing}, 1, 1},
		{"429 twice", answer{status: 429, body: missing}, 2, 2},
		{"500 once", answer{status: 500, body: missing}, 1, 1},
		{"500 until all retries fail", answer{status: 500, body: missing}, 3, 3},
		{"500 until the last attempt", answer{status: 500, body: missing}, 5, 5},
		{"no JSON", answer{status: 200, body: "<html>"}, 4, 4},
		{"hangs", answer{status: 200, delay: time.Hour}, 4, 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := faulty(t, c.times, c.answer)
				w.run(t.Context())
				w.complete(c.extra + mostExtra)
			})
		})
	}
}

// TestRangesThatFail: a request that never succeeds fails the scan, as in a plain walk, and the next run goes on where
// all ranges were.
func TestRangesThatFail(t *testing.T) {
	for name, a := range map[string]answer{"500": {status: 500, body: missing}, "429": {status: 429, body: missing}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := faulty(t, 1000, a)
				if r := w.run(t.Context()); r.Err == nil {
					t.Fatal("no error")
				}
				pages := int(w.result("thing").Log.Stats().Rows) / 100
				w.disturb = nil
				r := w.run(t.Context())
				w.complete(0)
				if most := 31 - pages + mostExtra; !r.Resumed || len(w.keyset.asked) > most {
					t.Errorf("resumed %t, asked for %d pages after %d, want at most %d", r.Resumed, len(w.keyset.asked), pages, most)
				}
			})
		})
	}
}

// TestRangesWithSmallerPages: where the server cannot deliver a page of one range in time, that range is read in smaller
// pages for a while.
func TestRangesWithSmallerPages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := faulty(t, 2, answer{status: 200, delay: time.Hour}, 100, 20)
		w.run(t.Context())
		w.complete(2 + 10 + mostExtra)
	})
}

// TestRangesOfOtherKeys: rows whose ids are no numbers, or not written like those of the cursors, are not cut.
func TestRangesOfOtherKeys(t *testing.T) {
	for _, form := range []string{"a%d", "0%d", "%d.0", "-%d"} {
		synctest.Test(t, func(t *testing.T) {
			w := newSlowWorld(t, during(rand.New(rand.NewPCG(1, 6)), 1500, 0.5, 1), 100)
			w.disturb = func(_ int, q url.Values) *answer {
				return ok200(digits.ReplaceAllString(w.page(q, q.Get("cursor")), fmt.Sprintf(`"id":"%s"`, replacement(form))))
			}
			r := w.run(t.Context())
			asked, plain := w.requests()
			if r.Err != nil || r.Incomplete != "" || r.Log.Stats().Rows < 1500 || asked > plain || w.most > 1 {
				t.Errorf("%s: %v, incomplete %q, %d rows, %d pages, %d in flight", form, r.Err, r.Incomplete, r.Log.Stats().Rows, asked, w.most)
			}
		})
	}
}

var digits = regexp.MustCompile(`"id":"(\d+)"`)

func replacement(form string) string { return strings.Replace(form, "%d", "$1", 1) }
