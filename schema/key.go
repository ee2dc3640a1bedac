package schema

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
)

// Key is a primary key value, one text per key column, in the table's row order (Table.Order).
type Key []string

// Compare orders keys: by length, then bytewise, column by column. It is the numeric order of MailerLite's digit
// strings and a total order for any text, so new ids come last.
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

// Keys views the key columns of a run of rows, in row order (Table.Order).
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

// Compare orders row i of k and row j of o.
func (k Keys) Compare(i int, o Keys, j int) int {
	for c, v := range k {
		if d := compareText(v.Text(i), o[c].Text(j)); d != 0 {
			return d
		}
	}
	return 0
}

// CompareKey orders row i of k and a key.
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

// Search returns the first row in [from, Len()) whose key is not less than key; the rows are in key order.
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
	next[len(next)-1] = string(make([]byte, len(last)+1)) // all bytes were 0xff: the least text that is one longer
	return next
}
