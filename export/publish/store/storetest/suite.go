// Package storetest checks that a store does what package store promises. Run is its door: each store passes the same checks, in
// the program's own tests the one of files, and before real servers those of the clouds.
package storetest

import (
	"testing"

	"mailerlake/export/publish/store"
)

// Options say what is checked.
type Options struct {
	// New makes a place without objects. What it returns opens it, each time as another process would.
	New func(t *testing.T) (open func(t *testing.T) store.Store)
	// Many is how many objects are listed; 0 means 1100, more than a page of any store.
	Many int
	// Big is the size in bytes of the largest object; 0 means 21 MiB, which a store may send in several requests.
	Big int64
}

// Run checks a store.
func Run(t *testing.T, o Options) {
	if o.Many == 0 {
		o.Many = 1100
	}
	if o.Big == 0 {
		o.Big = 21 << 20
	}
	for _, c := range []struct {
		name string
		run  func(*testing.T, place)
	}{
		{"an object as it was put", anObject},
		{"an object without bytes", emptyObject},
		{"a missing object", missingObject},
		{"an object that is deleted", deletedObject},
		{"conditions", conditions},
		{"each content has its version", versions},
		{"of many who create one wins", creators},
		{"of many who replace one wins", replacers},
		{"a big object", bigObject},
		{"a body that breaks off", brokenBody},
		{"an object that stays", stays},
		{"a body that is not what it says", wrongBody},
		{"a context that is cancelled", cancelled},
		{"an object that is replaced while it is read", replacedWhileRead},
		{"odd keys", oddKeys},
		{"bad keys", badKeys},
		{"a list", list},
		{"a long list", longList},
		{"what is counted", counts},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, place{Options: o, open: o.New(t)}) })
	}
}

// place is where a check writes.
type place struct {
	Options
	open func(t *testing.T) store.Store
}
