package dataset

import (
	"slices"

	"mailerlake/export/part"
)

// The steps in which a commit renames files into place. Cutting moves the upper keys of an outgrown part into a new one.
// The new one comes first, so that these keys show twice for a moment and are never missing.
const (
	cutOfFirst  = iota // new parts that take keys from a part-00000
	firstParts         // part-00000 of every table: readers take the schema from it and fail loudly on older parts
	cutOfOther         // new parts that take keys from another part
	otherParts         // all others, in any order
	changeFiles        // who sees a change finds its rows in the parts
	steps
)

// steps puts the files created into the order in which they are renamed into place.
func (c *Commit) steps(next *Manifest) [][]string {
	return InstallSteps(c.base, next, func(path string) bool { return c.staged[path] != nil })
}

// InstallSteps puts files of next into the order in which they are installed over base, without empty steps: what one step
// installs is there before the next one begins. A nil base is a dataset without a state; next may be several snapshots later.
func InstallSteps(base, next *Manifest, install func(path string) bool) [][]string {
	var by [steps][]string
	for f := range next.Files() {
		if !install(f.Path) {
			continue
		}
		step := changeFiles
		if f.Part != nil {
			step = stepOf(base.Table(f.Table), f.Part)
		}
		by[step] = append(by[step], f.Path)
	}
	return slices.DeleteFunc(by[:], func(step []string) bool { return len(step) == 0 })
}

func stepOf(old *TableState, p *part.Part) int {
	source := cutFrom(old, p)
	switch {
	case source != nil && source.Number() == 0:
		return cutOfFirst
	case source != nil:
		return cutOfOther
	case p.Number() == 0:
		return firstParts
	}
	return otherParts
}

// cutFrom returns the stored part that a part takes keys from, nil if it takes none.
func cutFrom(old *TableState, p *part.Part) *part.Part {
	if old == nil || old.Part(p.Path) != nil {
		return nil
	}
	i := old.PartFor(p.From)
	if i < 0 || len(old.Parts[i].LastKey) == 0 || old.Parts[i].LastKey.Compare(p.From) < 0 {
		return nil
	}
	return &old.Parts[i]
}

// removed lists the parts and change files that next no longer has.
func removed(old, next *Manifest) []string {
	var paths []string
	kept := next.files()
	for path := range old.files() {
		if _, stays := kept[path]; !stays {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	return paths
}
