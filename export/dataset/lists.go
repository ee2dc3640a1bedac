package dataset

import (
	"slices"
	"time"

	"mailerlake/schema"
)

// ListRead returns when the list of a row of the other table was last read; the zero time if it never was, or could not be
// read to its end.
func (t *TableState) ListRead(keys schema.Keys, row int) time.Time {
	if t == nil || slices.ContainsFunc(t.Behind, func(k schema.Key) bool { return keys.CompareKey(row, k) == 0 }) {
		return time.Time{}
	}
	for _, l := range t.Lists {
		if len(l.Until) == 0 || keys.CompareKey(row, l.Until) < 0 {
			return l.At
		}
	}
	return time.Time{}
}

// NoteLists notes that all lists of rows from one key to before another were read, or stood still, at a time before the
// reading. An empty key has no bound. Other rows keep what was known about them.
func (t *TableState) NoteLists(from, until schema.Key, at time.Time) {
	old := t.Lists
	if len(old) == 0 {
		old = []ListsRead{{}} // never read
	}
	var lists []ListsRead
	for _, l := range old { // what ends below from, or reaches it
		if len(from) == 0 {
			break
		}
		if len(l.Until) == 0 || l.Until.Compare(from) >= 0 {
			lists = append(lists, ListsRead{Until: from, At: l.At})
			break
		}
		lists = append(lists, l)
	}
	lists = append(lists, ListsRead{Until: until, At: at})
	for _, l := range old {
		if len(until) > 0 && (len(l.Until) == 0 || l.Until.Compare(until) > 0) {
			lists = append(lists, l)
		}
	}
	t.Lists = joined(lists)
}

// joined joins ranges that follow each other and were read at the same time.
func joined(lists []ListsRead) []ListsRead {
	kept := lists[:0]
	for _, l := range lists {
		if n := len(kept); n > 0 && kept[n-1].At.Equal(l.At) {
			kept[n-1].Until = l.Until
			continue
		}
		kept = append(kept, l)
	}
	return kept
}
