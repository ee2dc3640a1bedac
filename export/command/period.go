package command

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// maxDays bounds a time in days.
const maxDays = 36500

// period reads a length of time, which may also be in days: 90d.
func period(text string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 32)
		if err != nil || n > maxDays {
			return 0, fmt.Errorf("%q is not a number of days, such as 90d", text)
		}
		return time.Duration(n) * 24 * time.Hour, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%q is not a time, such as 90d or 12h", text)
	}
	return d, nil
}
