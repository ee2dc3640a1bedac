package terminal

import (
	"math"
	"testing"
	"time"
)

func TestNumbers(t *testing.T) {
	tests := []struct{ got, want string }{
		{number(0), "0"},
		{number(999), "999"},
		{number(1000), "1,000"},
		{number(1234567), "1,234,567"},
		{number(-999), "-999"},
		{number(-1000), "-1,000"},
		{number(math.MaxInt64), "9,223,372,036,854,775,807"},
		{count(0, "row"), "0 rows"},
		{count(1, "row"), "1 row"},
		{count(2009, "row"), "2,009 rows"},
		{count(1, "retry"), "1 retry"},
		{count(2, "retry"), "2 retries"},
		{count(2, "delete"), "2 deletes"},
		{size(0), "0 bytes"},
		{size(1), "1 byte"},
		{size(1023), "1,023 bytes"},
		{size(1024), "1.0 KiB"},
		{size(1024*1024 - 1), "1.0 MiB"},
		{size(1258291), "1.2 MiB"},
		{size(math.MaxInt64), "8.0 EiB"},
		{span(0), "0 s"},
		{span(100 * time.Millisecond), "1 s"},
		{span(59 * time.Second), "59 s"},
		{span(59*time.Second + 1), "1 min 00 s"},
		{span(61 * time.Second), "1 min 01 s"},
		{span(time.Hour + 5*time.Minute), "1 h 05 min"},
		{span(-time.Second), "0 s"},
		{instant(time.Date(2026, 3, 2, 7, 4, 5, 6, time.FixedZone("", 3600))), "2026-03-02 06:04:05 UTC"},
		{argument("lake"), "lake"},
		{argument("/data/my lake"), "'/data/my lake'"},
		{argument("it's\x1b[m"), `'it'\''s[m'`},
		{argument("$(rm)"), "'$(rm)'"},
	}
	for _, test := range tests {
		if test.got != test.want {
			t.Errorf("got %q, want %q", test.got, test.want)
		}
	}
}
