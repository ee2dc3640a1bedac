package pagelog

import (
	"hash/maphash"
	"slices"
)

// nameSet is a set of names that takes 8 bytes for each, and room to grow: it keeps their hashes.
//
// A name that was never added is taken for one that was if their hashes collide: a parent would not be read, and
// its rows be taken for unmet. Among a million names, one more name meets that with a chance of 1 in 18 million million;
// that any two of them do, 1 in 37 million. The hash has a seed of the process, so that no name can be made to collide.
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
