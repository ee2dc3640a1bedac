//go:build race

package export_test

// thinned is by how much tests try fewer cases than they do without the race detector, which makes them that much slower.
const thinned = 6
