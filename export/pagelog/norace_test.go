//go:build !race

package pagelog_test

const raced = false
