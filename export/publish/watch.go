package publish

import (
	"fmt"
	"time"

	"mailerlake/export/publish/store"
)

const (
	watchEvery = time.Second
	// sayEvery is how often at most people are told of trouble.
	sayEvery = 10 * time.Second
)

// Watch reports, until stop is called, that requests to a store failed and are made again, and why: otherwise a server that
// does not answer looks like a program that does nothing. report may be nil.
func Watch(s store.Store, report func(Progress)) (stop func()) {
	if report == nil {
		return func() {}
	}
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		watch(s, report, end)
	}()
	return func() {
		close(end)
		<-ended
	}
}

func watch(s store.Store, report func(Progress), end <-chan struct{}) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	known, last := s.Stats().Retries, time.Time{}
	for {
		select {
		case <-end:
			return
		case <-tick.C:
		}
		now := s.Stats()
		if now.Retries == known || time.Since(last) < sayEvery {
			continue
		}
		report(Progress{Destination: s.String(), Message: fmt.Sprintf("requests fail and are made again (%d times): %s", now.Retries-known, now.Trouble)})
		known, last = now.Retries, time.Now()
	}
}
