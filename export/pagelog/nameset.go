package pagelog

import (
	"hash/maphash"
	"slices"
)

// nameSet is a set of names that takes 8 bytes for each, plus room to grow: it keeps only hashes.
//
// A name that was never added is taken for one that was if their hashes collide: its parent would not be read, and the
// parent's rows would count as unmet. The chance that one more name collides with one of a million names is 1 in 18
// million million; that any two of them collide, 1 in 37 million. The seed of the hash is the process's own, so that
// nobody can make names collide.
type nameSet struct {
	sorted []uint64
	recent []uint64 // added since sorted was made, at most maxRecent
}

const maxRecent = 1024

var nameSeed = maphash.MakeSeed()

func (s *nameSet) add(name string) {
	s.recent = append(s.recent, maphash.String(nameSeed, name))
	if len(s.recent) == maxRecent {
		s.merge()
	}
}

// merge moves the recent names to the sorted ones, from the back so that it needs no second copy.
func (s *nameSet) merge() {
	slices.Sort(s.recent)
	i, j := len(s.sorted)-1, len(s.recent)-1
	s.sorted = append(s.sorted, s.recent...)
	for at := len(s.sorted) - 1; j >= 0; at-- {
		if i >= 0 && s.sorted[i] > s.recent[j] {
			s.sorted[at] = s.sorted[i]
			i--
		} else {
			s.sorted[at] = s.recent[j]
			j--
		}
	}
	s.sorted = slices.Compact(s.sorted)
	s.recent = s.recent[:0]
}

func (s *nameSet) has(name string) bool {
	hash := maphash.String(nameSeed, name)
	_, ok := slices.BinarySearch(s.sorted, hash)
	return ok || slices.Contains(s.recent, hash)
}
