package part

import (
	"encoding/binary"
	"errors"
	"slices"
	"sync"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding"

	"mailerlake/schema"
)

var errText = errors.New("more text than a row group may have")

// scratch lends memory for the numbers of a page.
var scratch = sync.Pool{New: func() any { return new([]int64) }}

// appendPage appends the values of a page. It takes them as slices, as the library has decoded them: one parquet.Value
// each would take several times as long.
func appendPage(v *schema.Vector, page parquet.Page) error {
	present, values, err := appendPresent(v, page)
	if err != nil {
		return err
	}
	data, entries := page.Data(), values
	var indexes []int32
	if dictionary := page.Dictionary(); dictionary != nil {
		if indexes = data.Int32(); len(indexes) < values {
			return errPage
		}
		data, entries = dictionary.Page().Data(), dictionary.Len()
	}
	if v.Kind == schema.String {
		return appendText(v, present, &data, entries, indexes)
	}
	buf := scratch.Get().(*[]int64)
	defer scratch.Put(buf)
	numbers, err := numbersOf(v.Kind, &data, entries, buf)
	if err != nil {
		return err
	}
	return appendNumbers(v, present, numbers, indexes)
}

// appendPresent appends which rows of a page have a value. It returns these, and how many have one.
func appendPresent(v *schema.Vector, page parquet.Page) (present []bool, values int, err error) {
	before, rows := v.Len(), int(page.NumValues())
	levels := page.DefinitionLevels()
	if levels != nil && len(levels) != rows {
		return nil, 0, errPage
	}
	v.Valid = slices.Grow(v.Valid, rows)[:before+rows]
	present = v.Valid[before:]
	if levels == nil { // of a required column
		for i := range present {
			present[i] = true
		}
		return present, rows, nil
	}
	for i, level := range levels {
		present[i] = level == 1
		if level == 1 {
			values++
		}
	}
	return present, values, nil
}

// numbersOf returns n values as vectors hold them, in memory of the page or in buf.
func numbersOf(kind schema.Kind, data *encoding.Values, n int, buf *[]int64) ([]int64, error) {
	raw, _ := data.Data()
	if data.Kind() != physical[kind] || len(raw) < bytesOf(kind, n) {
		return nil, errPage
	}
	if data.Kind() == encoding.Int64 {
		return data.Int64()[:n], nil
	}
	numbers := slices.Grow((*buf)[:0], n)[:n]
	*buf = numbers
	for i := range numbers {
		switch kind {
		case schema.Double:
			numbers[i] = int64(binary.NativeEndian.Uint64(raw[8*i:]))
		case schema.Date:
			numbers[i] = int64(int32(binary.NativeEndian.Uint32(raw[4*i:])))
		default:
			numbers[i] = int64(raw[i/8] >> (i % 8) & 1)
		}
	}
	return numbers, nil
}

// physical is how Parquet stores the kinds of numbers.
var physical = [...]encoding.Kind{schema.Int64: encoding.Int64, schema.Timestamp: encoding.Int64, schema.Double: encoding.Double,
	schema.Date: encoding.Int32, schema.Bool: encoding.Boolean}

// bytesOf returns the bytes of n values as Parquet stores them.
func bytesOf(kind schema.Kind, n int) int {
	switch kind {
	case schema.Bool:
		return (n + 7) / 8
	case schema.Date:
		return 4 * n
	}
	return 8 * n
}

// appendNumbers appends a number for each row that has one: the next one, or with a dictionary the one at the next index.
func appendNumbers(v *schema.Vector, present []bool, numbers []int64, indexes []int32) error {
	before := len(v.Nums)
	v.Nums = slices.Grow(v.Nums, len(present))[:before+len(present)]
	dst, k := v.Nums[before:], 0
	for i, ok := range present {
		if !ok {
			dst[i] = 0
			continue
		}
		at := k
		if indexes != nil {
			if at = int(indexes[k]); uint(at) >= uint(len(numbers)) {
				return errPage
			}
		}
		dst[i] = numbers[at]
		k++
	}
	return nil
}

// appendText is appendNumbers for texts; entries is their number.
func appendText(v *schema.Vector, present []bool, data *encoding.Values, entries int, indexes []int32) error {
	texts, offsets := data.ByteArray()
	if len(offsets) <= entries {
		return errPage
	}
	before := len(v.Ends)
	v.Ends = slices.Grow(v.Ends, len(present))[:before+len(present)]
	ends, k := v.Ends[before:], 0
	if indexes == nil { // one after the other, as in the vector
		start := len(v.Bytes)
		v.Bytes = append(v.Bytes, texts[offsets[0]:offsets[entries]]...)
		if len(v.Bytes) > maxText {
			return errText
		}
		for i, ok := range present {
			if ok {
				k++
			}
			ends[i] = uint32(start) + offsets[k] - offsets[0]
		}
		return nil
	}
	for i, ok := range present {
		if ok {
			at := int(indexes[k])
			if uint(at) >= uint(entries) {
				return errPage
			}
			v.Bytes = append(v.Bytes, texts[offsets[at]:offsets[at+1]]...)
			k++
		}
		if len(v.Bytes) > maxText {
			return errText
		}
		ends[i] = uint32(len(v.Bytes))
	}
	return nil
}
