package page

import (
	"time"

	"mailerlake/export/insights"
)

// shownMonths is how many months charts show.
const shownMonths = 24

// timeline is the last months up to one, in order.
type timeline []insights.Month

// timelineOf returns the last months of a report, from the first one that has anything.
func timelineOf(r *insights.Report, from insights.Month) timeline {
	t := timeline{{Year: r.AsOf.UTC().Year(), Month: r.AsOf.UTC().Month()}}
	for len(t) < shownMonths && after(t[0], from) {
		t = append(timeline{before(t[0])}, t...)
	}
	return t
}

func before(m insights.Month) insights.Month {
	if m.Month == time.January {
		return insights.Month{Year: m.Year - 1, Month: time.December}
	}
	return insights.Month{Year: m.Year, Month: m.Month - 1}
}

func after(m, o insights.Month) bool {
	return m.Year > o.Year || m.Year == o.Year && m.Month > o.Month
}

func (t timeline) labels() []string {
	labels := make([]string, len(t))
	for i, m := range t {
		labels[i] = monthName(m)
	}
	return labels
}

// over returns a value for each month.
func (t timeline) over(value func(insights.Month) float64) []float64 {
	values := make([]float64, len(t))
	for i, m := range t {
		values[i] = value(m)
	}
	return values
}

// byMonth returns what belongs to each month, by the month that a function names.
func byMonth[T any](list []T, month func(T) insights.Month) map[insights.Month]T {
	m := make(map[insights.Month]T, len(list))
	for _, x := range list {
		m[month(x)] = x
	}
	return m
}
