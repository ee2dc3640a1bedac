package publish_test

import (
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"mailerlake/export/publish"
	"mailerlake/export/publish/store"
)

// troubled is a store that asks again and again.
type troubled struct {
	store.Store
	retries atomic.Int64
}

func (s *troubled) String() string { return "mem://bucket" }

func (s *troubled) Stats() store.Stats {
	return store.Stats{Retries: s.retries.Load(), Trouble: "no answer"}
}

// TestWatch checks that people are told of requests that are made again, soon and not too often.
func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, began := &troubled{}, time.Now()
		s.retries.Store(3) // before
		var said []string
		stop := publish.Watch(s, func(p publish.Progress) {
			said = append(said, time.Since(began).String()+" "+p.Destination+": "+p.Message)
		})
		time.Sleep(5500 * time.Millisecond)
		for range 6 {
			s.retries.Add(1)
			time.Sleep(2 * time.Second)
		}
		stop()
		want := []string{"6s mem://bucket: requests fail and are made again (1 times): no answer", "16s mem://bucket: requests fail and are made again (5 times): no answer"}
		if !slices.Equal(said, want) {
			t.Errorf("got %q, want %q", said, want)
		}
		publish.Watch(s, nil)()
	})
}
