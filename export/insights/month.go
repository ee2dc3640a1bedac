package insights

import (
	"fmt"
	"time"
)

// Month is a calendar month of a year, in UTC.
type Month struct {
	Year  int
	Month time.Month
}

// MarshalText writes a month like 2026-03.
func (m Month) MarshalText() ([]byte, error) {
	return fmt.Appendf(nil, "%04d-%02d", m.Year, int(m.Month)), nil
}

// number counts months, so that the next one has the next number.
func (m Month) number() int { return m.Year*12 + int(m.Month) - 1 }

func monthOf(number int) Month { return Month{number / 12, time.Month(number%12 + 1)} }

// monthAt returns the month of an instant.
func monthAt(micros int64) Month {
	t := time.UnixMicro(micros).UTC()
	return Month{t.Year(), t.Month()}
}

// maxMonths is how many months are told apart: ten years.
const maxMonths = 120

// months holds something for each of the last months.
type months[T any] struct {
	last  int // number of the last month
	cells [maxMonths]T
	from  int // of the first cell in use; maxMonths if none is
}

func newMonths[T any](asOf time.Time) *months[T] {
	return &months[T]{last: monthAt(asOf.UnixMicro()).number(), from: maxMonths}
}

// at returns the cell of an instant, nil if it is before the first one or after the last.
func (m *months[T]) at(micros int64) *T {
	i := maxMonths - 1 - (m.last - monthAt(micros).number())
	if i < 0 || i >= maxMonths {
		return nil
	}
	m.from = min(m.from, i)
	return &m.cells[i]
}

// each calls a function for the months from the first one in use.
func (m *months[T]) each(do func(Month, T)) {
	for i := m.from; i < maxMonths; i++ {
		do(monthOf(m.last-(maxMonths-1-i)), m.cells[i])
	}
}
