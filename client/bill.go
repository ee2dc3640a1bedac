package client

const (
	// dearBatches is how many batches in a row must each cost as much as their parts
	// before batches are given up: others spend from the same budget, so one alone
	// shows nothing.
	dearBatches = 3
	// dearParts is the least number of parts that shows something: others may well
	// spend less than that in the meantime. Small batches that cost their parts lose
	// nothing against single requests.
	dearParts = 8
)

// bill judges from the headers whether a batch costs one unit or one for each part.
type bill struct {
	cheap bool // the last batch judged cost less than its parts
	dear  int  // batches in a row that may have cost as much as their parts
}

// note judges a batch, and reports whether batches are too dear.
func (b *bill) note(parts int, spent cost) (dear bool) {
	switch {
	case parts < 2 || spent.since < 0 && spent.window < 0:
		return false
	case spent.window >= 0 && spent.window < parts, spent.since >= 0 && spent.window >= 0 && spent.since < parts:
		*b = bill{cheap: true}
		return false
	case spent.since >= parts:
		b.cheap = false
		if parts >= dearParts {
			b.dear++
		}
	}
	return b.dear >= dearBatches
}
