package progress

import (
	"math"
	"time"
)

const (
	// speedOver is the time over which a speed is measured: as long as a window of the rate limit, and a little longer, so that
	// it covers the wait for the next one.
	speedOver = 70 * time.Second
	// sampleEvery thins what is remembered.
	sampleEvery = time.Second
	// longest is the longest time left that is worth telling.
	longest = 30 * 24 * time.Hour
	// almost is the greatest share of what is not done.
	almost = 0.99
)

// speed remembers amounts that grow, and when they were how large.
type speed struct{ samples []sample }

type sample struct {
	at            time.Time
	amount, share float64
}

// note notes an amount and a share.
func (s *speed) note(now sample) {
	n := len(s.samples)
	if n > 1 && now.at.Sub(s.samples[n-2].at) < sampleEvery {
		s.samples = s.samples[:n-1]
	}
	s.samples = append(s.samples, now)
	for len(s.samples) > 2 && now.at.Sub(s.samples[1].at) > speedOver {
		s.samples = s.samples[1:]
	}
}

// since returns what has grown lately, a second; zeros if it is too early to know.
func (s *speed) since(now time.Time) (amount, share float64) {
	if len(s.samples) < 2 {
		return 0, 0
	}
	first, last := s.samples[0], s.samples[len(s.samples)-1]
	passed := now.Sub(first.at).Seconds()
	if passed < 1 {
		return 0, 0
	}
	return (last.amount - first.amount) / passed, (last.share - first.share) / passed
}

// left returns how long it takes until all is done at the speed of lately, Unknown if nothing moves.
func (s *speed) left(now time.Time, share float64) time.Duration {
	_, pace := s.since(now)
	if pace <= 0 || share < 0 {
		return Unknown
	}
	return told((1 - share) / pace)
}

// told returns a time left in seconds as one that people are told: none is shorter than a second, and the longest are Unknown.
func told(seconds float64) time.Duration {
	if math.IsNaN(seconds) || seconds > longest.Seconds() {
		return Unknown
	}
	return max(time.Duration(seconds*float64(time.Second)).Round(time.Millisecond), time.Second)
}
