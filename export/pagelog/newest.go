package pagelog

import (
	"slices"

	"mailerlake/schema"
)

// newest holds the first and last keys of some of the newest pages, in order of arrival.
type newest []pageKeys

// pageKeys are the first and last keys of a page.
type pageKeys struct {
	walk        string
	first, last schema.Key
}

const (
	newestPages  = 16
	newestOfWalk = newestPages / 2 // so that the pages of one walk do not push out all others
)

func (p *newest) note(m pageKeys) {
	ofWalk, oldest := 0, 0
	for i := len(*p) - 1; i >= 0; i-- {
		if (*p)[i].walk == m.walk {
			ofWalk, oldest = ofWalk+1, i
		}
	}
	switch {
	case ofWalk >= newestOfWalk:
		*p = slices.Delete(*p, oldest, oldest+1)
	case len(*p) >= newestPages:
		*p = slices.Delete(*p, 0, 1)
	}
	*p = append(*p, m)
}

func (p newest) sample(n int, skip func(walk string) bool) []schema.Key {
	var keys []schema.Key
	for _, m := range slices.Backward(p) {
		if skip != nil && skip(m.walk) {
			continue
		}
		for _, key := range []schema.Key{m.first, m.last} {
			known := slices.ContainsFunc(keys, func(k schema.Key) bool { return k.Compare(key) == 0 })
			if len(keys) < n && !known {
				keys = append(keys, key)
			}
		}
	}
	return keys
}
