package mailerlitetest

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestAppendString(t *testing.T) {
	for _, s := range append([]string{"", "plain", "https://x/y", "\u007f", "\x00\x1f\"\\/\b\f\n\r\t", "žąsis 🦆 漢字"}, hostile...) {
		for _, plain := range []bool{false, true} {
			b := appendString(nil, s, plain)
			var back string
			if err := json.Unmarshal(b, &back); err != nil || back != s {
				t.Errorf("appendString(%q, %t) = %s, which reads as %q, %v", s, plain, b, back, err)
			}
			if !plain && strings.ContainsFunc(string(b), func(r rune) bool { return r > 0x7f }) {
				t.Errorf("appendString(%q) = %s, want ASCII as PHP writes", s, b)
			}
		}
	}
	if got, want := string(appendString(nil, "a/b ž 🦆", false)), `"a\/b \u017e \ud83e\udd86"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := string(appendString(nil, "a/b ž", true)), `"a/b ž"`; got != want {
		t.Errorf("plain: got %s, want %s", got, want)
	}
}

func TestAppendDate(t *testing.T) {
	for day := dateOrigin; day < 60_000; day++ {
		want := time.Unix(int64(day)*secondsPerDay, 0).UTC().Format("2006-01-02")
		if got := string(appendDate(nil, day)); got != want {
			t.Fatalf("appendDate(%d) = %s, want %s", day, got, want)
		}
	}
}

func TestAppendStamp(t *testing.T) {
	for s := stamp(1); s < 4_200_000_000; s += 7_654_321 {
		if got, want := string(appendStamp(nil, s)), s.time().Format(`"2006-01-02 15:04:05"`); got != want {
			t.Fatalf("appendStamp(%d) = %s, want %s", s, got, want)
		}
	}
	if got := string(appendStamp(nil, 0)); got != "null" {
		t.Errorf("no time: got %s, want null", got)
	}
}

func TestAppendPercent(t *testing.T) {
	for _, c := range []struct {
		part, whole uint32
		want        string
	}{{0, 0, "0"}, {0, 5, "0"}, {1, 13, "7.69"}, {3, 3, "100"}, {1, 2, "50"}, {1, 8, "12.5"}, {2, 3, "66.67"}, {3, 2, "150"}, {1, 1_000_000, "0"}} {
		if got := string(appendPercent(nil, c.part, c.whole)); got != c.want {
			t.Errorf("appendPercent(%d, %d) = %s, want %s", c.part, c.whole, got, c.want)
		}
	}
}

func TestAppendRate(t *testing.T) {
	for _, c := range []struct {
		part, whole, precision int
		want                   string
	}{
		{0, 0, 14, `{"float":0,"string":"0%"}`},
		{7, 9, 14, `{"float":0.77777777777778,"string":"77.78%"}`},
		{7, 9, 17, `{"float":0.7777777777777778,"string":"77.78%"}`},
		{4, 4, 14, `{"float":1,"string":"100%"}`},
		{5, 2, 17, `{"float":2.5,"string":"250%"}`},
		{7, 8, 14, `{"float":0.875,"string":"87.5%"}`},
		{1, 3_000_000, 14, `{"float":0.00000033333333333333,"string":"0%"}`},
	} {
		if got := string(appendRate(nil, c.part, c.whole, c.precision)); got != c.want {
			t.Errorf("appendRate(%d, %d, %d) = %s, want %s", c.part, c.whole, c.precision, got, c.want)
		}
	}
}

func TestValues(t *testing.T) {
	v := values{index: map[string]value{}}
	for _, c := range []struct {
		cell   value
		quoted bool
		want   string
	}{
		{nullValue, true, `null`},
		{v.raw("null"), false, `null`},
		{v.text("a/ž"), true, `"a\/\u017e"`},
		{v.raw("12.50"), true, `"12.50"`},
		{v.raw("12.50"), false, `12.50`},
		{v.raw(`{"broken":`), true, `{"broken":`},
		{intOf(-3), false, `-3`},
		{intOf(4999), true, `"4999"`},
		{centsOf(-205), false, `-2.05`},
		{centsOf(-5), true, `"-0.05"`},
		{centsOf(1250), false, `12.5`},
		{centsOf(300), false, `3`},
		{dateOf(dateOrigin), true, `"1900-01-01"`},
		{dateOf(20_000), false, `"2024-10-04"`},
		{phoneValue | 1 | 42<<3, false, `"+49 150000042"`},
		{ipValue | 1<<16 | 2<<8 | 3, false, `"10.1.2.3"`},
		{serialValue | 42, true, `"C-000000042"`},
		{serialValue | payloadMask, true, `"C-536870911"`},
	} {
		if got := string(v.append(nil, c.cell, c.quoted)); got != c.want {
			t.Errorf("cell %#x, quoted %t: got %s, want %s", uint32(c.cell), c.quoted, got, c.want)
		}
	}
	if first, second := v.text("twice"), v.text("twice"); first != second {
		t.Error("the same text has two cells")
	}
}

func TestAppendNumber(t *testing.T) {
	for _, f := range []float64{0, 1, 100, 1.0 / 3, 0.1, 2.5, 12345.678901} {
		for _, precision := range []int{14, 17} {
			s := string(appendNumber(nil, f, precision))
			back, err := strconv.ParseFloat(s, 64)
			if err != nil || math.Abs(back-f) > 1e-13*math.Max(1, f) {
				t.Errorf("appendNumber(%v, %d) = %s", f, precision, s)
			}
			if f == math.Trunc(f) && strings.Contains(s, ".") {
				t.Errorf("appendNumber(%v, %d) = %s, want no fraction", f, precision, s)
			}
		}
	}
}
