package pagelog

import (
	"encoding/binary"
	"errors"
	"slices"
	"sync"

	"github.com/klauspost/compress/s2"

	"mailerlake/schema"
)

const (
	// maxColumn bounds the bytes of one column of a page, decoded: several times the largest answer of the API.
	maxColumn = 1 << 28
	// maxRows bounds the rows of a page.
	maxRows = 1 << 22
	// blockSlack is how many bytes more than in memory a column may take in a block.
	blockSlack = 64
	// worthPacking is the size from which a block is compressed.
	worthPacking = 64
)

// A block holds the values of one column of one frame. Its first byte says what follows: one bit per row if some rows
// are null, then numbers, or the lengths of texts and the texts.
const (
	blockHasNulls = 1 << iota
	blockPacked   // all after the first byte is compressed
)

// scratch lends buffers for what is about to be compressed, or was just read.
var scratch = sync.Pool{New: func() any { return new([]byte) }}

func isText(k schema.Kind) bool { return k == schema.String || k == schema.Raw }

// appendVector appends the block of a vector. A column of nulls has no block, and reading no block gives nulls again.
func appendVector(dst []byte, v *schema.Vector) []byte {
	if v == nil || v.Len() > 0 && !slices.Contains(v.Valid, true) {
		return dst
	}
	buf := scratch.Get().(*[]byte)
	defer scratch.Put(buf)
	raw, flags := (*buf)[:0], byte(0)
	if slices.Contains(v.Valid, false) {
		raw, flags = appendBits(raw, v.Valid), blockHasNulls
	}
	if isText(v.Kind) {
		raw = append(appendLengths(raw, v.Ends), v.Bytes...)
	} else {
		raw = appendNumbers(raw, v.Nums)
	}
	*buf = raw
	return pack(dst, flags, raw)
}

// pack appends a block with these contents.
func pack(dst []byte, flags byte, raw []byte) []byte {
	if len(raw) < worthPacking {
		return append(append(dst, flags), raw...)
	}
	dst = slices.Grow(append(dst, flags|blockPacked), s2.MaxEncodedLen(len(raw)))
	n := len(dst)
	return dst[:n+len(s2.Encode(dst[n:cap(dst)], raw))]
}

func appendBits(dst []byte, valid []bool) []byte {
	for i := 0; i < len(valid); i += 8 {
		b := byte(0)
		for k, ok := range valid[i:min(i+8, len(valid))] {
			if ok {
				b |= 1 << k
			}
		}
		dst = append(dst, b)
	}
	return dst
}

// appendLengths writes how long each text is, given where each ends.
func appendLengths(dst []byte, ends []uint32) []byte {
	start := uint32(0)
	for _, end := range ends {
		if n := end - start; n < 0x80 {
			dst = append(dst, byte(n))
		} else {
			dst = binary.AppendUvarint(dst, uint64(n))
		}
		start = end
	}
	return dst
}

// appendNumbers writes numbers as their distances from the least, each in as few bytes as the greatest distance needs:
// 1, 2, 4 or 8.
func appendNumbers(dst []byte, nums []int64) []byte {
	if len(nums) == 0 {
		return dst
	}
	low, width := slices.Min(nums), 8
	switch span := uint64(slices.Max(nums)) - uint64(low); {
	case span < 1<<8:
		width = 1
	case span < 1<<16:
		width = 2
	case span < 1<<32:
		width = 4
	default:
		low = 0
	}
	dst = binary.LittleEndian.AppendUint64(append(dst, byte(width)), uint64(low))
	for _, n := range nums {
		switch d := uint64(n) - uint64(low); width {
		case 1:
			dst = append(dst, byte(d))
		case 2:
			dst = binary.LittleEndian.AppendUint16(dst, uint16(d))
		case 4:
			dst = binary.LittleEndian.AppendUint32(dst, uint32(d))
		default:
			dst = binary.LittleEndian.AppendUint64(dst, d)
		}
	}
	return dst
}

var errBlock = errors.New("column is damaged")

// unpack returns the contents of a block, which may lie in buf.
func unpack(block []byte, buf *[]byte) (raw []byte, flags byte, err error) {
	if len(block) == 0 {
		return nil, 0, errBlock
	}
	flags, raw = block[0], block[1:]
	if flags&blockPacked == 0 {
		return raw, flags, nil
	}
	n, err := s2.DecodedLen(raw)
	if err != nil || n > maxColumn+blockSlack {
		return nil, 0, errBlock
	}
	*buf = slices.Grow((*buf)[:0], n)
	if raw, err = s2.Decode((*buf)[:n], raw); err != nil {
		return nil, 0, errBlock
	}
	return raw, flags, nil
}

// decodeVector appends the rows of a block to v.
func decodeVector(v *schema.Vector, block []byte, rows int) error {
	buf := scratch.Get().(*[]byte)
	defer scratch.Put(buf)
	raw, flags, err := unpack(block, buf)
	if err != nil {
		return err
	}
	var bits []byte
	if flags&blockHasNulls != 0 {
		n := min((rows+7)/8, len(raw))
		if bits, raw = raw[:n], raw[n:]; 8*n < rows {
			return errBlock
		}
	}
	if isText(v.Kind) {
		err = decodeTexts(v, raw, rows)
	} else {
		err = decodeNumbers(v, raw, rows)
	}
	if err == nil {
		v.Valid = appendValid(v.Valid, bits, rows)
	}
	return err
}

// appendValid appends a row for each bit; without bits no row is null.
func appendValid(dst []bool, bits []byte, rows int) []bool {
	dst = slices.Grow(dst, rows)
	out := dst[len(dst) : len(dst)+rows]
	if bits == nil {
		for i := range out {
			out[i] = true
		}
	} else {
		for i := range out {
			out[i] = bits[i>>3]>>(i&7)&1 != 0
		}
	}
	return dst[:len(dst)+rows]
}

func decodeTexts(v *schema.Vector, raw []byte, rows int) error {
	if rows > len(raw) { // a length takes a byte or more
		return errBlock
	}
	v.Ends = slices.Grow(v.Ends, rows)
	end, at := uint64(len(v.Bytes)), 0
	for range rows {
		n, size := uint64(0), 1
		if at < len(raw) && raw[at] < 0x80 {
			n = uint64(raw[at])
		} else if n, size = binary.Uvarint(raw[at:]); size <= 0 || n > maxColumn {
			return errBlock
		}
		end += n
		at += size
		v.Ends = append(v.Ends, uint32(end))
	}
	text := raw[at:]
	if end != uint64(len(v.Bytes)+len(text)) || end > 1<<32-1 {
		return errBlock
	}
	v.Bytes = append(v.Bytes, text...)
	return nil
}

func decodeNumbers(v *schema.Vector, raw []byte, rows int) error {
	if rows == 0 && len(raw) == 0 {
		return nil
	}
	const head = 9
	if len(raw) < head {
		return errBlock
	}
	width, low := int(raw[0]), binary.LittleEndian.Uint64(raw[1:])
	if raw = raw[head:]; width == 0 || len(raw)%width != 0 || len(raw)/width != rows {
		return errBlock
	}
	v.Nums = slices.Grow(v.Nums, rows)[:len(v.Nums)+rows]
	return fillNumbers(v.Nums[len(v.Nums)-rows:], raw, width, low)
}

// fillNumbers reads what appendNumbers wrote.
func fillNumbers(nums []int64, raw []byte, width int, low uint64) error {
	switch width {
	case 1:
		for i := range nums {
			nums[i] = int64(low + uint64(raw[i]))
		}
	case 2:
		for i := range nums {
			nums[i] = int64(low + uint64(binary.LittleEndian.Uint16(raw[2*i:])))
		}
	case 4:
		for i := range nums {
			nums[i] = int64(low + uint64(binary.LittleEndian.Uint32(raw[4*i:])))
		}
	case 8:
		for i := range nums {
			nums[i] = int64(low + binary.LittleEndian.Uint64(raw[8*i:]))
		}
	default:
		return errBlock
	}
	return nil
}
