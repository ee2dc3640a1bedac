//go:build race

package pagelog_test

// raced says that the race detector watches: ten times slower.
const raced = true
