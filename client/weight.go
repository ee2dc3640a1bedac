package client

import (
	"strconv"
	"strings"
)

const (
	// firstWeight is what a record is taken to weigh before any was seen, in bytes.
	firstWeight = 2 << 10
	// unstatedLimit stands for the page size of a request without one.
	unstatedLimit = 100
	// weightMemory is how many answers a weight is the mean of.
	weightMemory = 32
	// maxPatterns bounds what is kept by pattern.
	maxPatterns = 1000
)

// weights holds the mean weight of an answer by the pattern of its path, in bytes
// for each record asked for: most lists are shorter than the page size.
type weights map[string]weight

type weight struct {
	mean float64
	n    int
}

// of returns the expected bytes of an answer.
func (w weights) of(r request) int {
	known, ok := w[pattern(r.path)]
	if !ok {
		known.mean = firstWeight
	}
	return int(known.mean*float64(asked(r))) + 1
}

func (w weights) learn(r request, bytes int) {
	p := pattern(r.path)
	known, ok := w[p]
	if !ok && len(w) >= maxPatterns {
		return
	}
	known.n = min(known.n+1, weightMemory)
	known.mean += (float64(bytes)/float64(asked(r)) - known.mean) / float64(known.n)
	w[p] = known
}

// asked returns the number of records that a request asks for.
func asked(r request) int {
	text := r.params.Get("limit")
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return unstatedLimit
	}
	return max(n, 1)
}

// pattern returns a path with its ids left out: /campaigns/12/x becomes
// /campaigns/{}/x.
func pattern(path string) string {
	if !strings.ContainsAny(path, "0123456789%@") {
		return path
	}
	segments := strings.Split(path, "/")
	for i, s := range segments {
		if strings.ContainsAny(s, "0123456789%@") {
			segments[i] = "{}"
		}
	}
	return strings.Join(segments, "/")
}
