//go:build !race

package export_test

const thinned = 1
