package pagelog

import "mailerlake/schema"

// vectors are free for use again.
type vectors struct{ texts, numbers []*schema.Vector }

func (f *vectors) list(k schema.Kind) *[]*schema.Vector {
	if isText(k) {
		return &f.texts
	}
	return &f.numbers
}

// take returns an empty vector.
func (f *vectors) take(k schema.Kind) *schema.Vector {
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

func (f *vectors) give(vectors ...*schema.Vector) {
	for _, v := range vectors {
		if v != nil {
			list := f.list(v.Kind)
			*list = append(*list, v)
		}
	}
}
