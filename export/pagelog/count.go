package pagelog

import (
	"context"
	"encoding/binary"
	"errors"
	"hash/maphash"
	"slices"

	"mailerlake/schema"
)

// Count returns the number of distinct keys in the log. It reads keys only, and only those of pages that overlap.
func (l *Log) Count(ctx context.Context) (int64, error) {
	l.mu.Lock()
	segments, ld := slices.Clone(l.index), newLoader(l, KeysOnly)
	l.mu.Unlock()
	var rows int64
	for _, group := range segments.overlapping() {
		n, err := countGroup(ctx, ld, group)
		if err != nil {
			return 0, err
		}
		rows += n
	}
	return rows, nil
}

// overlapping divides segments into groups that do not overlap each other.
func (x index) overlapping() []index {
	var groups []index
	var last schema.Key
	for _, i := range x.byFirst() {
		if n := len(groups); n > 0 && x[i].first.Compare(last) <= 0 {
			groups[n-1] = append(groups[n-1], x[i])
		} else {
			groups, last = append(groups, index{x[i]}), nil
		}
		if last == nil || x[i].last.Compare(last) > 0 {
			last = x[i].last
		}
	}
	return groups
}

// countGroup counts the keys of segments that overlap.
func countGroup(ctx context.Context, ld *loader, group index) (int64, error) {
	switch {
	case len(group) == 1 && !group[0].mixed:
		return int64(group[0].rows), ctx.Err()
	case len(sortedStreams(group)) > maxStreams:
		return countHashes(ctx, ld, group)
	}
	c := newCursor(ctx, ld, group, nil)
	c.Reuse()
	var rows int64
	for {
		run, ok, err := c.Next()
		if err != nil || !ok {
			return rows, err
		}
		rows += int64(run.To - run.From)
	}
}

// maxHashes is the number of keys to count at a time. Only tests change it.
var maxHashes = 2 << 20

// countHashes counts the keys of so many overlapping pages that they cannot be in memory together. It reads the pages
// one by one, several times if there are many rows, and each time counts the hashes of a share of the keys. Of 10
// million keys two have the same hash, and count as one, with a chance of 1 in 370,000.
func countHashes(ctx context.Context, ld *loader, group index) (int64, error) {
	total := 0
	for i := range group {
		total += group[i].rows
	}
	shares := uint64(total/maxHashes + 1)
	var rows int64
	var hashes []uint64
	var key []byte
	for share := range shares {
		hashes = hashes[:0]
		for i := range group {
			_, keys, err := ld.load(&group[i])
			if err = errors.Join(err, ctx.Err()); err != nil {
				return 0, err
			}
			for row := range keys.Len() {
				key = appendKey(key[:0], keys, row)
				if h := maphash.Bytes(nameSeed, key); h%shares == share {
					hashes = append(hashes, h)
				}
			}
			ld.free.give(keys...)
		}
		slices.Sort(hashes)
		rows += int64(len(slices.Compact(hashes)))
	}
	return rows, nil
}

// appendKey appends the key of a row, so that no two keys look alike.
func appendKey(dst []byte, keys schema.Keys, row int) []byte {
	for _, v := range keys {
		text := v.Text(row)
		dst = append(binary.AppendUvarint(dst, uint64(len(text))), text...)
	}
	return dst
}
