package insights

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// TestTopCounter counts more different values than there is room for, and compares the bounds with the true numbers.
func TestTopCounter(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 2))
		c, truth := newTopCounter(50), map[string]int64{}
		const rows = 20_000
		for range rows {
			name := fmt.Sprint(int(r.ExpFloat64() * float64(40*seed)))
			truth[name]++
			c.of([]byte(name)).rows++
		}
		if len(c.values) > 50 {
			t.Fatalf("%d values are kept", len(c.values))
		}
		k := c.ranking(12, rows)
		if exact := len(truth) <= 50; exact != (k.Values == int64(len(truth))) || exact && k.Error != 0 {
			t.Errorf("seed %d: %d values, error %d; there are %d", seed, k.Values, k.Error, len(truth))
		}
		shown, sum := map[string]bool{}, k.Others
		for _, v := range k.Top {
			shown[v.Name], sum = true, sum+v.Subscribers
			if n := truth[v.Name]; n < v.Subscribers || n > v.Subscribers+k.Error {
				t.Errorf("seed %d: %s is counted %d times (error %d), and came %d times", seed, v.Name, v.Subscribers, k.Error, n)
			}
		}
		if sum != rows {
			t.Errorf("seed %d: the ranking adds up to %d of %d", seed, sum, rows)
		}
		for name, n := range truth {
			if least := k.Top[len(k.Top)-1]; !shown[name] && n > least.Subscribers+k.Error {
				t.Errorf("seed %d: %s came %d times and is not shown, while %+v is", seed, name, n, least)
			}
		}
	}
}

// TestTopCounterIsExactForCommonDomains checks that the values of a long tail do not blur those that are common.
func TestTopCounterIsExactForCommonDomains(t *testing.T) {
	c := newTopCounter(1000)
	for i := range 50_000 {
		c.of(fmt.Appendf(nil, "own-%d.example", i)).rows++
		c.of(fmt.Appendf(nil, "big-%d.example", i%12)).rows++
	}
	k := c.ranking(12, 100_000)
	if k.Error != 0 || k.Values != 0 || k.Others != 50_000 {
		t.Errorf("got %+v, want exact numbers of an unknown number of values", k)
	}
}

// TestSample checks that few are all followed, and of many an even share.
func TestSample(t *testing.T) {
	all := newSample(1000)
	for i := range 1000 {
		all.add(fmt.Appendf(nil, "%d", i))
	}
	if len(all.people) != 1000 || all.sampled() {
		t.Errorf("%d of 1000 are followed", len(all.people))
	}
	s := newSample(1000)
	for i := range 100_000 {
		s.add(fmt.Appendf(nil, "1%07d", i))
	}
	for i := range 100_000 {
		s.received(fmt.Appendf(nil, "1%07d", i), int64(i), i%4 == 0)
	}
	opened := 0
	for _, p := range s.people {
		if p.opened {
			opened++
		}
	}
	if n := len(s.people); n < 400 || n > 1000 || !s.sampled() {
		t.Errorf("%d of 100000 are followed, want up to 1000", n)
	}
	if share := float64(opened) / float64(len(s.people)); share < 0.19 || share > 0.31 {
		t.Errorf("%.2f of the sample opened, want about a quarter", share)
	}
}

func TestBest(t *testing.T) {
	b := best[int]{n: 3, compare: func(a, b int) int { return b - a }}
	for _, x := range []int{4, 9, 1, 7, 7, 8, 2} {
		b.put(x)
	}
	if got := fmt.Sprint(b.kept); got != "[9 8 7]" {
		t.Errorf("got %s, want [9 8 7]", got)
	}
}
