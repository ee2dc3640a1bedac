package storetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"mailerlake/export/publish/store"
)

// racers is how many writers race.
const racers = 16

func conditions(t *testing.T, p place) {
	s := p.open(t)
	refused(t, s, "a", "one", store.IfVersion(`"no such version"`))
	refused(t, s, "a", "one", store.IfVersion(""))
	missing(t, s, "a")
	one := put(t, s, "a", "one", store.IfAbsent())
	refused(t, s, "a", "two", store.IfAbsent())
	refused(t, s, "a", "one", store.IfAbsent()) // the same content is not ours either
	refused(t, s, "a", "two", store.IfVersion(""))
	holds(t, s, "a", "one")
	two := put(t, s, "a", "two", store.IfVersion(one.Version))
	refused(t, s, "a", "tre", store.IfVersion(one.Version))
	holds(t, p.open(t), "a", "two")
	if err := s.Delete(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	refused(t, s, "a", "tre", store.IfVersion(two.Version))
	missing(t, s, "a")
	put(t, s, "a", "tre", store.IfAbsent())
	refused(t, s, "a", "for", store.IfVersion(two.Version))
	holds(t, s, "a", "tre")
}

// versions writes as fast as it can: a version that is a time alone would be met twice.
func versions(t *testing.T, p place) {
	s, seen := p.open(t), map[string]int{}
	for i := range 40 {
		object := put(t, s, "a", fmt.Sprintf("%04d", i), store.Always())
		if before, met := seen[object.Version]; met {
			t.Fatalf("contents %d and %d have version %q", before, i, object.Version)
		}
		seen[object.Version] = i
	}
}

func creators(t *testing.T, p place) {
	for i := range 3 {
		key := fmt.Sprintf("dir%d/new", i)
		winner := race(t, p, key, 0, store.IfAbsent())
		holds(t, p.open(t), key, winner)
	}
}

func replacers(t *testing.T, p place) {
	object := put(t, p.open(t), "a", "first", store.IfAbsent())
	for round := range 3 {
		winner := race(t, p, "a", round, store.IfVersion(object.Version))
		object = holds(t, p.open(t), "a", winner)
	}
}

// race lets many write different content under one condition, and returns what the only winner wrote.
func race(t *testing.T, p place, key string, round int, condition store.Condition) (winner string) {
	t.Helper()
	var start, done sync.WaitGroup
	start.Add(1)
	errs := make([]error, racers)
	for i := range errs {
		s := p.open(t)
		done.Go(func() {
			start.Wait()
			_, errs[i] = s.Put(t.Context(), key, store.BytesBody(racer(key, round, i)), condition)
		})
	}
	start.Done()
	done.Wait()
	won := 0
	for i, err := range errs {
		switch {
		case err == nil:
			winner = string(racer(key, round, i))
			won++
		case !errors.Is(err, store.ErrConflict):
			t.Errorf("writer %d: %v, want a conflict", i, err)
		}
	}
	if won != 1 {
		t.Fatalf("%d of %d writers of %s won", won, racers, key)
	}
	return winner
}

// racer returns what a writer writes: all of one size. It differs in each round: where a version is a checksum, the same bytes written again
// would leave the object as it was, for the next writer to replace.
func racer(key string, round, i int) []byte {
	return fmt.Appendf(random(4096, byte(i)), "%s by %03d in round %d", key, i, round)
}
