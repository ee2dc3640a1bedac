package cost

import (
	"math"

	"mailerlake/schema"
)

const (
	// perBatch is how many requests travel in a batch, for one unit. The server takes 50; measured on the simulated account with
	// the budget of the API, the batches of long exports hold 43.
	perBatch = 43
	// rowsPerBatch bounds the rows of the pages in a batch: 16 MiB of rows of 2 KiB.
	rowsPerBatch = 8000
)

// work is a number of requests, and what they take. It is not whole where it is a mean.
type work struct {
	requests float64
	alone    float64 // of the requests, those that do not travel in a batch
	batches  float64 // that the others fill
	chain    float64 // of the others, how many follow one another: as many batches leave, full or not
}

// alone returns the work of requests that are a unit each.
func alone(requests float64) work { return work{requests: requests, alone: requests} }

// together returns the work of requests that wait together, for pages with so many rows.
func together(requests, rows float64) work {
	return work{requests: requests, batches: max(requests/perBatch, rows/rowsPerBatch), chain: min(requests, 1)}
}

// walk returns the work of a walk of so many rows. The pages after the first are asked for together if they have numbers.
func walk(list *schema.List, rows float64) work {
	n := pages(list, rows)
	w := together(n, rows)
	w.chain = n
	if list.Paging == schema.ByPage {
		w.chain = min(n, 2)
	}
	return w
}

// then returns the work of w and, after it, of o.
func (w work) then(o work) work {
	w.chain += o.chain
	return w.sum(o)
}

// beside returns the work of w and, at the same time, of o.
func (w work) beside(o work) work {
	w.chain = max(w.chain, o.chain)
	return w.sum(o)
}

func (w work) sum(o work) work {
	return work{w.requests + o.requests, w.alone + o.alone, w.batches + o.batches, w.chain}
}

// times returns n times the work, all at the same time.
func (w work) times(n float64) work { return work{n * w.requests, n * w.alone, n * w.batches, w.chain} }

// units returns what the rate limit counts: each request that goes alone, and each batch, if there are any. Batches are full where
// more requests wait than follow one another.
func (w work) units(batched bool) float64 {
	if !batched {
		return math.Ceil(w.requests - roundings)
	}
	return math.Ceil(w.alone + max(w.batches, w.chain) - roundings)
}

// share returns the units of a part of the work of a run: not rounded, and as if all batches were full.
func (w work) share(batched bool) float64 {
	if !batched {
		return w.requests
	}
	return w.alone + w.batches
}

// roundings bounds what the roundings of means add up to.
const roundings = 0.001

// pages returns the pages of a walk of so many rows. An empty list is a page, too.
func pages(list *schema.List, rows float64) float64 {
	if len(list.Limits) == 0 || list.Paging == schema.InObject {
		return 1
	}
	n := max(1, math.Ceil(rows/float64(list.Limits[0])))
	if list.EndsEmpty && rows > 0 {
		n++
	}
	return n
}
