package pagelog

import (
	"encoding/binary"
	"errors"
	"slices"
	"sync"

	"github.com/klauspost/compress/s2"

	"mailerlake/schema"
)

// maxColumn bounds the bytes of one column of a page, decoded: several times the largest answer of the API.
const maxColumn = 1 << 28

// scratch lends out buffers for what is about to be compressed, or was just read.
var scratch = sync.Pool{New: func() any { return new([]byte) }}

// appendVector appends the compressed form of a vector: validity, then numbers, or lengths and text.
func appendVector(dst []byte, v *schema.Vector) []byte {
	buf := scratch.Get().(*[]byte)
	defer scratch.Put(buf)
	raw := slices.Grow((*buf)[:0], v.Size())
	for _, ok := range v.Valid {
		b := byte(0)
		if ok {
			b = 1
		}
		raw = append(raw, b)
	}
	for _, n := range v.Nums {
		raw = binary.LittleEndian.AppendUint64(raw, uint64(n))
	}
	for _, end := range v.Ends {
		raw = binary.LittleEndian.AppendUint32(raw, end)
	}
	raw = append(raw, v.Bytes...)
	*buf = raw
	n := len(dst)
	dst = slices.Grow(dst, s2.MaxEncodedLen(len(raw)))
	return dst[:n+len(s2.Encode(dst[n:cap(dst)], raw))]
}

var errBlock = errors.New("column is damaged")

// decodeVector reads what appendVector wrote, for a known number of rows.
func decodeVector(block []byte, k schema.Kind, rows int) (*schema.Vector, error) {
	n, err := s2.DecodedLen(block)
	text := k == schema.String || k == schema.Raw
	if err != nil || n > maxColumn || text && n/5 < rows || !text && n != 9*rows {
		return nil, errBlock
	}
	buf := new([]byte) // text stays in it
	if !text {
		buf = scratch.Get().(*[]byte)
		defer scratch.Put(buf)
	}
	*buf = slices.Grow((*buf)[:0], n)
	raw, err := s2.Decode((*buf)[:n], block)
	if err != nil {
		return nil, errBlock
	}
	v := &schema.Vector{Kind: k, Valid: make([]bool, rows)}
	for i := range v.Valid {
		v.Valid[i] = raw[i] != 0
	}
	raw = raw[rows:]
	if text {
		return v, decodeTexts(v, raw, rows)
	}
	v.Nums = make([]int64, rows)
	for i := range v.Nums {
		v.Nums[i] = int64(binary.LittleEndian.Uint64(raw[8*i:]))
	}
	return v, nil
}

func decodeTexts(v *schema.Vector, raw []byte, rows int) error {
	v.Ends = make([]uint32, rows)
	v.Bytes = raw[4*rows:]
	last := uint32(0)
	for i := range v.Ends {
		end := binary.LittleEndian.Uint32(raw[4*i:])
		if end < last || int64(end) > int64(len(v.Bytes)) {
			return errBlock
		}
		v.Ends[i], last = end, end
	}
	if int(last) != len(v.Bytes) {
		return errBlock
	}
	return nil
}

// numbers makes a vector of small numbers, so that they are stored like a column.
func numbers[T uint8 | uint32](s []T) *schema.Vector {
	v := schema.NewVector(schema.Int64)
	for _, x := range s {
		v.AppendInt(int64(x))
	}
	return v
}

func decodeNumbers[T uint8 | uint32](block []byte, rows int) ([]T, error) {
	v, err := decodeVector(block, schema.Int64, rows)
	if err != nil {
		return nil, err
	}
	s := make([]T, len(v.Nums))
	for i, n := range v.Nums {
		if s[i] = T(n); int64(s[i]) != n {
			return nil, errBlock
		}
	}
	return s, nil
}
