package scan

import (
	"sort"

	"mailerlake/schema"
)

// Stretch is a run of rows that the dataset holds.
type Stretch struct {
	First schema.Key // of its first row
	Rows  int64
}

// scale tells from ids how many rows lie between them. Between two marks it is a straight line.
type scale []scaleMark

type scaleMark struct {
	id   uint64
	rows float64 // with lesser ids
}

// newScale returns the scale of stored rows; nil if there are none, or if their keys are no numbers.
func newScale(stored []Stretch) (s scale) {
	rows := 0.0
	for _, run := range stored {
		if len(run.First) != 1 {
			return nil
		}
		id, ok := parseID(run.First[0])
		if n := len(s); !ok || n > 0 && s[n-1].id >= id {
			return nil
		}
		s = append(s, scaleMark{id, rows})
		rows += float64(run.Rows)
	}
	return s
}

// marks returns the number of marks between two ids.
func (s scale) marks(from, to uint64) int {
	after := func(id uint64) int { return sort.Search(len(s), func(i int) bool { return s[i].id > id }) }
	return after(to) - after(from)
}

// at returns about how many rows have ids less than id; 0 without marks.
func (s scale) at(id uint64) float64 {
	i := sort.Search(len(s), func(i int) bool { return s[i].id > id })
	switch i {
	case 0:
		return 0
	case len(s):
		return s[len(s)-1].rows
	}
	a, b := s[i-1], s[i]
	return a.rows + (b.rows-a.rows)*float64(id-a.id)/float64(b.id-a.id)
}

// id returns about the id that has so many rows below it.
func (s scale) id(rows float64) uint64 {
	i := sort.Search(len(s), func(i int) bool { return s[i].rows > rows })
	switch i {
	case 0:
		return s[0].id
	case len(s):
		return s[len(s)-1].id
	}
	a, b := s[i-1], s[i]
	return a.id + uint64(float64(b.id-a.id)*(rows-a.rows)/(b.rows-a.rows))
}
