package publish

import (
	"slices"

	"mailerlake/export/dataset"
	"mailerlake/export/publish/store"
)

// plan is what a publish changes at a destination, as data. Manifest and logs come after it.
type plan struct {
	// steps are the files to upload: what one step uploads is there before the next step begins.
	steps     [][]upload
	remove    []string // objects
	unchanged int      // objects
}

// upload is a file of the dataset that becomes an object.
type upload struct {
	dataset.File
	key      string
	replaces string // version of the object that is replaced; empty if there is none
}

// total returns what a plan uploads.
func (p *plan) total() (a Amount) {
	for _, u := range slices.Concat(p.steps...) {
		a.Objects++
		a.Bytes += u.Bytes
	}
	return a
}

// makePlan compares the files of next with the objects that were found, whose checksums are known as far as they matter.
// base is the state that the destination was in, nil if it was in none.
func makePlan(l layout, base, next *dataset.Manifest, found map[string]store.Object, tables []string) *plan {
	pl, uploads, named := &plan{}, map[string]upload{}, map[string]bool{}
	for f := range next.Files() {
		key := l.key(f)
		named[key] = true
		object, there := found[key]
		if there && object.Bytes == f.Bytes && object.SHA256 == f.SHA256 {
			pl.unchanged++
			continue
		}
		uploads[f.Path] = upload{f, key, object.Version}
	}
	for _, paths := range dataset.InstallSteps(base, next, func(path string) bool { return uploads[path].key != "" }) {
		var step []upload
		for _, path := range paths {
			step = append(step, uploads[path])
		}
		if len(pl.steps) > 0 && !l.globbed() { // nobody sees these files before the log has them
			pl.steps[0] = append(pl.steps[0], step...)
			continue
		}
		pl.steps = append(pl.steps, step)
	}
	for key := range found {
		if !named[key] && slices.Contains(tables, l.table(key)) {
			pl.remove = append(pl.remove, key)
		}
	}
	slices.Sort(pl.remove)
	return pl
}

// union returns the names in either list, sorted.
func union(a, b []string) []string {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}
