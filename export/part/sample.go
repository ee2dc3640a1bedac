package part

import (
	"hash/maphash"

	"mailerlake/schema"
)

// sampleRows is how many values of a column decide how it is encoded.
const sampleRows = 32768

// A dictionary pays off if values repeat this many times on average.
const repeats = 4

// sampler finds columns whose values repeat. It counts different values by their hashes: that two of 32,768 have the
// same one is next to impossible, and would affect only the file's size.
type sampler struct {
	seed   maphash.Seed
	hashes []uint64 // a hash table, 0 in empty slots
	rows   int
	found  int // different values
}

// The table is never more than a quarter full.
const sampleSlots = sampleRows

// repeat reports whether the first values of column c in the runs, up to the size of a sample, repeat enough for a
// dictionary to pay off.
func (s *sampler) repeat(c int, runs []Rows) bool {
	s.reset()
	for _, r := range runs {
		v := r.Batch.Vectors[c]
		if v == nil {
			continue
		}
		for i := r.From; i < r.To && s.rows < sampleRows; i++ {
			if v.Null(i) {
				continue
			}
			if !s.add(v, i) {
				return false
			}
		}
	}
	return s.rows > 0 && repeats*s.found <= s.rows
}

func (s *sampler) reset() {
	if s.hashes == nil {
		s.seed, s.hashes = maphash.MakeSeed(), make([]uint64, sampleSlots)
	}
	clear(s.hashes)
	s.rows, s.found = 0, 0
}

// add reports false once there are too many different values for a whole sample.
func (s *sampler) add(v *schema.Vector, i int) bool {
	s.rows++
	hash := s.hash(v, i)
	at := hash >> 32 % sampleSlots
	for s.hashes[at] != 0 {
		if s.hashes[at] == hash {
			return true
		}
		at = (at + 1) % sampleSlots
	}
	s.hashes[at] = hash
	s.found++
	return s.found <= sampleRows/repeats
}

// hash never returns 0.
func (s *sampler) hash(v *schema.Vector, i int) uint64 {
	if v.Kind == schema.String {
		return max(1, maphash.Bytes(s.seed, v.Text(i)))
	}
	return max(1, uint64(v.Int(i))*0x9e3779b97f4a7c15) // so that the upper bits of neighbouring numbers differ too
}
