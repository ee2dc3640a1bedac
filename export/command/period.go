package command

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// maxDays bounds a time in days.
const maxDays = 36500

// period reads a length of time, which may also be in days: 90d. like is a time of the usual size: a number without a
// unit was probably meant in its unit.
func period(text, like string) (time.Duration, error) {
	d, ok := parsePeriod(text)
	if ok {
		return d, nil
	}
	hint := ""
	if meant := meantPeriod(text, like); meant != "" {
		hint = "; did you mean " + meant + "?"
	}
	return 0, fmt.Errorf("%q is not a time, such as %s%s", text, like, hint)
}

func parsePeriod(text string) (d time.Duration, ok bool) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 32)
		return time.Duration(n) * 24 * time.Hour, err == nil && n <= maxDays
	}
	d, err := time.ParseDuration(text)
	return d, err == nil && d >= 0
}

// loosePeriod matches a number and, perhaps, a word for its unit.
var loosePeriod = regexp.MustCompile(`^(\d{1,6}) *([a-z]*)$`)

// meantPeriod returns a time as it has to be written, empty if it cannot be guessed.
func meantPeriod(text, like string) string {
	m := loosePeriod.FindStringSubmatch(strings.ToLower(text))
	if m == nil {
		return ""
	}
	meant := m[1] + unit(m[2])
	if m[2] == "" {
		meant = m[1] + like[len(like)-1:]
	}
	if weeks, err := strconv.Atoi(m[1]); err == nil && unit(m[2]) == "w" {
		meant = strconv.Itoa(7*weeks) + "d"
	}
	if _, ok := parsePeriod(meant); !ok {
		return ""
	}
	return meant
}

// unit returns the first letter of the unit that a word stands for: min, for example; empty if it stands for none.
func unit(word string) string {
	if len(word) > 1 {
		word = strings.TrimSuffix(word, "s")
	}
	for _, unit := range []string{"second", "minute", "hour", "day", "week"} {
		if word != "" && strings.HasPrefix(unit, word) {
			return unit[:1]
		}
	}
	return ""
}
