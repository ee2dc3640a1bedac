package pagelog

import "mailerlake/schema"

// freeVectors are vectors that can be reused. There are never more than were in use at the same time.
type freeVectors struct{ texts, numbers vectorList }

// vectorList are free vectors of one form, and how many were made because none was free.
type vectorList struct {
	free []*schema.Vector
	made int
}

func (f *freeVectors) list(k schema.Kind) *vectorList {
	if isText(k) {
		return &f.texts
	}
	return &f.numbers
}

// take returns an empty vector.
func (f *freeVectors) take(k schema.Kind) *schema.Vector {
	list := f.list(k)
	n := len(list.free)
	if n == 0 {
		list.made++
		return schema.NewVector(k)
	}
	v := list.free[n-1]
	list.free = list.free[:n-1]
	v.Reset()
	v.Kind = k
	return v
}

// give adds vectors, which the caller must not use any more. Those that came from elsewhere take the place of others.
func (f *freeVectors) give(vectors ...*schema.Vector) {
	for _, v := range vectors {
		if v == nil {
			continue
		}
		if list := f.list(v.Kind); len(list.free) < list.made {
			list.free = append(list.free, v)
		}
	}
}
