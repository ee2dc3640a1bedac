package lake

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"mailerlake/testdata/lake/program"
	"mailerlake/testdata/lake/proxy"
)

// kind is a way in which a request of a publish goes wrong. Some need the process that publishes.
type kind struct {
	name string
	make func(kill func()) proxy.Kind
	// dies says that the program does not live to say anything.
	dies bool
}

func always(k proxy.Kind) func(func()) proxy.Kind { return func(func()) proxy.Kind { return k } }

// kinds are the ways in which any request may go wrong.
var kinds = []kind{
	{"500", always(proxy.Status(500)), false},
	{"503", always(proxy.Status(503)), false},
	{"412", always(proxy.Status(412)), false},
	{"refused", always(proxy.Refused), false},
	{"lost", always(proxy.Lost), false},
	{"lost as 500", always(proxy.LostAs(500)), false},
	{"truncated", always(proxy.Truncated), false},
	{"slow", always(proxy.Slow(2 * time.Second)), false},
	{"killed before", proxy.KillBefore, true},
	{"killed after", proxy.KillAfter, true},
	{"killed, request late", proxy.Late, true},
}

// step is one publish of a chain, and what goes wrong in it.
type step struct {
	kind
	at int // number of the request
	// repaired says that the dataset is published once more, without a fault, before the next step.
	repaired bool
}

func (s step) String() string { return fmt.Sprintf("%s at request %d", s.name, s.at) }

// TestFaults has each request of a publish go wrong in each way. A chain publishes a dataset day after day, into an empty
// destination at first. Whatever happens, the destination must never be mixed, a publish that says it succeeded must have
// made it equal to the dataset, and the next publish without a fault must do so.
func TestFaults(t *testing.T) {
	eachDestination(t, func(t *testing.T, d *destination) {
		counts := requestsOfDays(t, d)
		t.Logf("requests of each day's publish: %v", counts)
		for _, chain := range chains(counts) {
			t.Run(fmt.Sprint(chain), func(t *testing.T) { d.another(t).run(t, chain) })
		}
	})
}

// another returns an empty destination of the same server and format.
func (d *destination) another(t *testing.T) *destination {
	t.Helper()
	return newDestination(t, d.Kind(), d.format)
}

// requestsOfDays publishes day after day and returns how many requests each publish took.
func requestsOfDays(t *testing.T, d *destination) (counts []int) {
	t.Helper()
	data := newDataset(t, 0)
	for day := range lastDay + 1 {
		data.become(t, day)
		d.publish(t, data)
		counts = append(counts, len(d.Requests()))
	}
	return counts
}

// chains returns the chains to run: with LAKE=all every kind at every request of every day, otherwise a few at random.
func chains(counts []int) (chains [][]step) {
	if !all {
		for range 3 {
			var chain []step
			for _, count := range counts {
				chain = append(chain, step{kinds[rand.IntN(len(kinds))], 1 + rand.IntN(count), rand.IntN(2) == 0})
			}
			chains = append(chains, chain)
		}
		return chains
	}
	for at := 1; at <= slices.Max(counts)+1; at++ { // requests run side by side, and renew the journal: one more may come
		for _, kind := range kinds {
			chains = append(chains, slices.Repeat([]step{{kind, at, (at+len(chains))%2 == 0}}, len(counts)))
		}
	}
	return chains
}

// run publishes day after day, each with its fault.
func (d *destination) run(t *testing.T, chain []step) {
	t.Helper()
	data := newDataset(t, 0)
	for day, step := range chain {
		data.become(t, day)
		d.publishFaulty(t, data, step)
		if step.repaired || day == len(chain)-1 {
			d.publish(t, data)
		}
		d.DeliverLate()
		d.checkWhole(t)
		if t.Failed() {
			t.Fatalf("day %d, %v", day, step)
		}
	}
	d.publish(t, data) // a request that came late may have left a journal
	program.Must(t, d.command("verify", "--at"))
}

// publishFaulty publishes a dataset while a request goes wrong, and checks what that may have led to.
func (d *destination) publishFaulty(t *testing.T, data *dataset, s step) {
	t.Helper()
	started := make(chan *program.Process, 1)
	d.Arm(proxy.Fault{At: s.at, Kind: s.make(func() {
		p := <-started
		started <- p
		p.Kill()
	})})
	p := program.Start(t, d.publishing(data))
	started <- p
	r := p.Wait(t)
	d.checkWhole(t)
	switch {
	case r.Code == 0:
		d.checkEqual(t, data)
	case s.dies && d.Happened():
	case r.Code != 1 || !strings.HasPrefix(r.Stderr, "mailerlake: ") || strings.Contains(r.Stderr, "goroutine "):
		t.Errorf("%v: it should say clearly what failed\n%v", s, r)
	default:
		t.Logf("%v: %s", s, strings.TrimSpace(r.Stderr))
	}
}
