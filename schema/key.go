package schema

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
)

// Key is the value of a primary key: one text per key column, in the order that rows are sorted by (Table.Order).
type Key []string

// Compare orders keys column by column, by length and then bytewise. For MailerLite's ids, which are strings of digits,
// this is numeric order, so new ids come last; for any other text it is still a total order.
func (k Key) Compare(o Key) int {
	return slices.CompareFunc(k, o, compareString)
}

func compareString(a, b string) int {
	if c := cmp.Compare(len(a), len(b)); c != 0 {
		return c
	}
	return strings.Compare(a, b)
}

func compareText(a, b []byte) int {
	if c := cmp.Compare(len(a), len(b)); c != 0 {
		return c
	}
	return bytes.Compare(a, b)
}

// Keys is a view of the key columns of a run of rows, in the order that rows are sorted by (Table.Order).
type Keys []*Vector

// Len returns the number of rows.
func (k Keys) Len() int { return k[0].Len() }

// At returns the key of row i.
func (k Keys) At(i int) Key {
	key := make(Key, len(k))
	for c, v := range k {
		key[c] = string(v.Text(i))
	}
	return key
}

// Compare compares row i of k with row j of o.
func (k Keys) Compare(i int, o Keys, j int) int {
	for c, v := range k {
		if d := compareText(v.Text(i), o[c].Text(j)); d != 0 {
			return d
		}
	}
	return 0
}

// CompareKey compares row i of k with a key.
func (k Keys) CompareKey(i int, key Key) int {
	for c, v := range k {
		text := v.Text(i)
		if d := cmp.Compare(len(text), len(key[c])); d != 0 {
			return d
		}
		if d := strings.Compare(string(text), key[c]); d != 0 { // the conversion does not allocate
			return d
		}
	}
	return 0
}

// Search returns the first row in [from, Len()) whose key is not less than key, Len() if there is none. The rows must be
// in key order.
func (k Keys) Search(from int, key Key) int {
	lo, hi := from, k.Len()
	for lo < hi {
		if mid := int(uint(lo+hi) >> 1); k.CompareKey(mid, key) < 0 {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// Next returns the least key that is greater than k.
func (k Key) Next() Key {
	next := slices.Clone(k)
	last := []byte(next[len(next)-1])
	for i := len(last) - 1; i >= 0; i-- {
		if last[i]++; last[i] != 0 {
			next[len(next)-1] = string(last)
			return next
		}
	}
	next[len(next)-1] = string(make([]byte, len(last)+1)) // all bytes were 0xff: the least text of the next length
	return next
}

// In reports whether sorted keys have the key.
func (k Key) In(sorted []Key) bool {
	_, found := slices.BinarySearchFunc(sorted, k, Key.Compare)
	return found
}
