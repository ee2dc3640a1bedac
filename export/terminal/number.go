package terminal

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// number writes a count with commas between thousands.
func number(n int64) string {
	digits := strconv.FormatInt(n, 10)
	start := 0
	if n < 0 {
		start = 1
	}
	for i := len(digits) - 3; i > start; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// count writes a number and its noun: "1 row", "2,009 rows".
func count(n int64, noun string) string { return number(n) + " " + plural(n, noun) }

// plural returns a noun in the form that goes with n.
func plural(n int64, noun string) string {
	stem, y := strings.CutSuffix(noun, "ry")
	switch {
	case n == 1:
		return noun
	case y:
		return stem + "ries"
	}
	return noun + "s"
}

// size writes bytes in binary units.
func size(bytes int64) string {
	if bytes < 1024 {
		return count(bytes, "byte")
	}
	units, value := []string{"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"}, float64(bytes)/1024
	i := 0
	for ; value >= 1023.95 && i < len(units)-1; i++ { // 1023.95 would be written as 1024.0
		value /= 1024
	}
	return fmt.Sprintf("%.1f %s", value, units[i])
}

// span writes a duration in words, rounded up to a second.
func span(d time.Duration) string {
	s := int64(math.Ceil(d.Seconds()))
	switch {
	case s < 60:
		return fmt.Sprintf("%d s", max(s, 0))
	case s < 3600:
		return fmt.Sprintf("%d min %02d s", s/60, s%60)
	}
	return fmt.Sprintf("%s h %02d min", number(s/3600), s/60%60)
}

// instant writes a time in UTC, to the second.
func instant(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }
