package command

import (
	"testing"
	"time"
)

func TestPeriod(t *testing.T) {
	for text, want := range map[string]time.Duration{"90d": 2160 * time.Hour, "0": 0, "0d": 0, "12h": 12 * time.Hour, "1h30m": 90 * time.Minute, "36500d": 876000 * time.Hour} {
		if got, err := period(text); got != want || err != nil {
			t.Errorf("period(%q) = %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "d", "90", "-1d", "-1h", "+1d", "1.5d", "1d12h", "36501d", "99999999999999d", "1 d", "90D", "1w"} {
		if got, err := period(text); err == nil {
			t.Errorf("period(%q) = %v, want an error", text, got)
		}
	}
}
