package page

import "testing"

func TestNumbers(t *testing.T) {
	half := 0.5
	for _, c := range []struct{ got, want string }{
		{whole(0), "0"}, {whole(999), "999"}, {whole(1000), "1,000"}, {whole(-1234567), "−1,234,567"}, {signed(5), "+5"}, {signed(-5), "−5"}, {signed(0), "0"},
		{percent(&half), "50.0%"}, {percent(nil), none}, {of(1, 0), none}, {of(1, 8), "12.5%"},
		{money(1234.5, "EUR"), "1,234.50\u00a0EUR"}, {money(-1234567.891, ""), "−1,234,567.89"}, {money(0.1, "<b>"), "0.10\u00a0<b>"},
		{short(0), "0"}, {short(1500), "1.5k"}, {short(2e7), "20M"}, {short(-250), "-250"}, {short(0.25), "0.25"}, {short(3e9), "3bn"},
		{span(0, 30), "under 1 month"}, {span(30, 90), "1 to 3 months"}, {span(180, 365), "6 months to 1 year"}, {span(365, 730), "1 to 2 years"}, {span(1095, 0), "over 3 years"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

// TestScale checks that axes hold their values and have a few round steps.
func TestScale(t *testing.T) {
	for _, c := range []struct{ low, high, least, from, to, step float64 }{
		{0, 0, 0, 0, 1, 0.25}, {0, 0, 1, 0, 1, 1}, {0, 1, 1, 0, 1, 1}, {0, 3, 1, 0, 3, 1}, {-117, 398, 1, -200, 400, 200}, {0, 97.6, 0, 0, 100, 25}, {0, 43_380, 0, 0, 60_000, 20_000},
	} {
		if from, to, step := scale(c.low, c.high, c.least); from != c.from || to != c.to || step != c.step {
			t.Errorf("%v to %v: got %v to %v by %v, want %v to %v by %v", c.low, c.high, from, to, step, c.from, c.to, c.step)
		}
	}
}
