package pagelog

import "mailerlake/schema"

// freeVectors are vectors that can be reused.
type freeVectors struct{ texts, numbers []*schema.Vector }

func (f *freeVectors) list(k schema.Kind) *[]*schema.Vector {
	if isText(k) {
		return &f.texts
	}
	return &f.numbers
}

// take returns an empty vector.
func (f *freeVectors) take(k schema.Kind) *schema.Vector {
	list := f.list(k)
	n := len(*list)
	if n == 0 {
		return schema.NewVector(k)
	}
	v := (*list)[n-1]
	*list = (*list)[:n-1]
	v.Reset()
	v.Kind = k
	return v
}

// give adds vectors, which the caller must not use any more.
func (f *freeVectors) give(vectors ...*schema.Vector) {
	for _, v := range vectors {
		if v != nil {
			list := f.list(v.Kind)
			*list = append(*list, v)
		}
	}
}
