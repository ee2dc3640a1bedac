package page

import (
	"math"
	"strconv"
	"strings"
	"time"

	"mailerlake/export/insights"
)

// none stands for a number that is not known.
const none = "–"

// whole writes a number with separators: 12,345.
func whole(n int64) string { return grouped(strconv.FormatInt(n, 10)) }

// grouped puts a comma before every three digits of a whole number.
func grouped(digits string) string {
	sign := ""
	if strings.HasPrefix(digits, "-") {
		sign, digits = "−", digits[1:]
	}
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return sign + digits
}

// signed writes a number with its sign.
func signed(n int64) string {
	if n > 0 {
		return "+" + whole(n)
	}
	return whole(n)
}

// percent writes a share: 12.3%.
func percent(share *float64) string {
	if share == nil {
		return none
	}
	return strconv.FormatFloat(100**share, 'f', 1, 64) + "%"
}

// of writes which share of a whole a part is.
func of(part, whole int64) string {
	if whole <= 0 {
		return none
	}
	share := float64(part) / float64(whole)
	return percent(&share)
}

// money writes an amount: 1,234.50 EUR.
func money(amount float64, currency string) string {
	text := strconv.FormatFloat(amount, 'f', 2, 64)
	dot := len(text) - 3
	return strings.TrimSpace(grouped(text[:dot]) + text[dot:] + "\u00a0" + shortened(plain(currency), 8))
}

// short writes a number for the axis of a chart: 1.5k, 20M.
func short(f float64) string {
	for _, unit := range []struct {
		size float64
		name string
	}{{1e9, "bn"}, {1e6, "M"}, {1e3, "k"}} {
		if math.Abs(f) >= unit.size {
			return strconv.FormatFloat(f/unit.size, 'f', -1, 32) + unit.name
		}
	}
	return strconv.FormatFloat(f, 'f', -1, 32)
}

func date(t time.Time) string { return t.UTC().Format("2 January 2006") }

func monthName(m insights.Month) string { return m.Month.String()[:3] + " " + strconv.Itoa(m.Year) }

// span writes an age in days: from one up to before another, 0 for no end.
func span(from, until int) string {
	switch {
	case from == 0:
		return "under " + age(until)
	case until == 0:
		return "over " + age(from)
	case unit(from) == unit(until):
		return strings.Fields(age(from))[0] + " to " + age(until)
	}
	return age(from) + " to " + age(until)
}

func unit(days int) string { return strings.TrimSuffix(strings.Fields(age(days))[1], "s") }

// age writes a number of days in months or years.
func age(days int) string {
	n, unit := days/30, "month"
	if days >= 365 {
		n, unit = days/365, "year"
	}
	if n != 1 {
		unit += "s"
	}
	return strconv.Itoa(n) + " " + unit
}
