package command

import (
	"testing"
	"time"
)

func TestPeriod(t *testing.T) {
	for text, want := range map[string]time.Duration{"90d": 2160 * time.Hour, "0": 0, "0d": 0, "12h": 12 * time.Hour, "1h30m": 90 * time.Minute, "36500d": 876000 * time.Hour} {
		if got, err := period(text, "90d"); got != want || err != nil {
			t.Errorf("period(%q) = %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "d", "90", "-1d", "-1h", "+1d", "1.5d", "1d12h", "36501d", "99999999999999d", "1 d", "90D", "1w"} {
		if got, err := period(text, "90d"); err == nil {
			t.Errorf("period(%q) = %v, want an error", text, got)
		}
	}
}

func TestPeriodThatWasMeant(t *testing.T) {
	tests := []struct{ text, like, want string }{
		{"5", "30s", "5s"}, {"2", "24h", "2h"}, {"30", "90d", "30d"}, {"15", "15m", "15m"},
		{"3w", "90d", "21d"}, {"2 weeks", "90d", "14d"}, {"10min", "30s", "10m"}, {"10 mins", "30s", "10m"},
		{"1 day", "24h", "1d"}, {"90D", "90d", "90d"}, {"5 sec", "30s", "5s"}, {"3hours", "24h", "3h"},
		{"", "30s", ""}, {"soon", "30s", ""}, {"-5", "30s", ""}, {"1.5", "30s", ""}, {"5x", "30s", ""}, {"36501", "90d", ""}, {"6000w", "90d", ""},
	}
	for _, test := range tests {
		want := "\"" + test.text + "\" is not a time, such as " + test.like
		if test.want != "" {
			want += "; did you mean " + test.want + "?"
		}
		if _, err := period(test.text, test.like); err == nil || err.Error() != want {
			t.Errorf("%q: got %v, want %s", test.text, err, want)
		}
	}
}
