package pagelog

import (
	"testing"

	"mailerlake/schema"
)

// TestFreeVectorsBounded: vectors that come from elsewhere, as with each page that is picked, do not pile up.
func TestFreeVectorsBounded(t *testing.T) {
	var f freeVectors
	for range 1000 {
		a, b := f.take(schema.String), f.take(schema.Int64)
		f.give(a, b, nil, schema.NewVector(schema.Raw), schema.NewVector(schema.Bool))
	}
	if texts, numbers := len(f.texts.free), len(f.numbers.free); texts != 1 || numbers != 1 {
		t.Errorf("%d and %d vectors are kept, want 1 of each", texts, numbers)
	}
	if f.take(schema.String); len(f.texts.free) != 0 {
		t.Error("the free vector is not taken")
	}
}
