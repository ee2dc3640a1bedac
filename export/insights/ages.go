package insights

// ageLimits are the ages, in days, that steps end before; 0 has no end.
var ageLimits = [...]int{30, 90, 180, 365, 730, 1095, 0}

const day = 24 * 60 * 60 * 1_000_000 // in microseconds

// ageTally adds up the active subscribers of an age.
type ageTally struct {
	audience
	silent int64
}

func (s *subscribers) age(row int, joined int64, dated bool) {
	if !dated {
		s.undatedActive++
		return
	}
	a := &s.ages[stepOf(s.asOf.UnixMicro()-joined, ageLimits[:])]
	s.count(&a.audience, row, true)
	if s.sent.int(row) > 0 && s.opens.has(row) && s.opens.int(row) == 0 {
		a.silent++
	}
}

// stepOf returns the step that an age belongs to. What is younger than nothing belongs to the first.
func stepOf(micros int64, limits []int) int {
	for i, days := range limits {
		if days == 0 || micros < int64(days)*day {
			return i
		}
	}
	return len(limits) - 1
}

func (s *subscribers) ageSteps() []AgeStep {
	steps, from := make([]AgeStep, len(ageLimits)), 0
	for i, days := range ageLimits {
		steps[i] = AgeStep{From: from, Until: days, Audience: s.ages[i].figures()}
		if s.opens != nil && s.sent != nil {
			steps[i].Silent = &s.ages[i].silent
		}
		from = days
	}
	return steps
}
