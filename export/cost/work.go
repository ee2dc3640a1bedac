package cost

import (
	"math"

	"mailerlake/schema"
)

const (
	// perBatch is how many requests travel in a batch, for one unit.
	perBatch = 50
	// rowsPerBatch bounds the rows of the pages in a batch: 16 MiB of rows of 2 KiB.
	rowsPerBatch = 8000
)

// work is a number of requests. It is not whole where it is a mean.
type work struct {
	requests float64
	alone    float64 // of the requests, those that do not travel in a batch
	batches  float64 // that the others fill
}

// alone returns the work of requests that are a unit each.
func alone(requests float64) work { return work{requests: requests, alone: requests} }

// together returns the work of requests that travel in batches with others, for pages with so many rows.
func together(requests, rows float64) work {
	return work{requests: requests, batches: max(requests/perBatch, rows/rowsPerBatch)}
}

func (w work) plus(o work) work {
	return work{w.requests + o.requests, w.alone + o.alone, w.batches + o.batches}
}

func (w work) times(n float64) work { return work{n * w.requests, n * w.alone, n * w.batches} }

// units returns what the rate limit counts: each request that goes alone, and each batch, if there are any.
func (w work) units(batched bool) float64 {
	if !batched {
		return math.Ceil(w.requests - roundings)
	}
	return math.Ceil(w.alone - roundings + math.Ceil(w.batches-roundings))
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
