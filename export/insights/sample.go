package insights

// maxFollowed is the greatest number of subscribers that are followed one by one.
const maxFollowed = 1 << 16

// sample follows subscribers by the hash of their id: all of them until there are too many, then an even sample, of those
// whose hash is below a limit. The same ids always give the same sample.
type sample struct {
	most   int
	below  uint64 // hashes are kept that are not above
	people map[uint64]person
}

// person is what is known of a subscriber that is followed.
type person struct {
	sent   bool  // a campaign was sent to them
	opened bool  // they opened one
	last   int64 // when the last one that they opened was sent, in microseconds
}

func newSample(most int) *sample {
	return &sample{most: most, below: 1<<64 - 1, people: map[uint64]person{}}
}

func (s *sample) add(id []byte) {
	h := hash(id)
	if h > s.below {
		return
	}
	s.people[h] = person{}
	for len(s.people) > s.most {
		s.below /= 2
		for h := range s.people {
			if h > s.below {
				delete(s.people, h)
			}
		}
	}
}

// sampled reports whether not all are followed.
func (s *sample) sampled() bool { return s.below != 1<<64-1 }

// received notes that a campaign was sent to a subscriber, and when, and whether they opened it.
func (s *sample) received(id []byte, at int64, opened bool) {
	h := hash(id)
	if h > s.below {
		return
	}
	p, followed := s.people[h]
	if !followed {
		return
	}
	p.sent = true
	if opened && (!p.opened || at > p.last) {
		p.opened, p.last = true, at
	}
	s.people[h] = p
}

// hash returns the FNV-1a hash of an id, mixed, so that its upper bits are even as well.
func hash(id []byte) uint64 {
	h := uint64(14695981039346656037)
	for _, b := range id {
		h = (h ^ uint64(b)) * 1099511628211
	}
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}
