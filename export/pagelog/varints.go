package pagelog

import (
	"encoding/binary"
	"errors"
)

// appendVarints appends a block of small numbers that are not a column.
func appendVarints(dst []byte, nums []uint64) []byte {
	buf := scratch.Get().(*[]byte)
	defer scratch.Put(buf)
	raw := (*buf)[:0]
	for _, n := range nums {
		raw = binary.AppendUvarint(raw, n)
	}
	*buf = raw
	return pack(dst, 0, raw)
}

// decodeVarints calls add with each number of a block.
func decodeVarints(block []byte, count int, add func(uint64)) error {
	buf := scratch.Get().(*[]byte)
	defer scratch.Put(buf)
	raw, _, err := unpack(block, buf)
	if err != nil {
		return err
	}
	if len(raw) < count {
		return errBlock
	}
	for range count {
		n, size := binary.Uvarint(raw)
		if size <= 0 {
			return errBlock
		}
		add(n)
		raw = raw[size:]
	}
	if len(raw) > 0 {
		return errBlock
	}
	return nil
}

// appendText appends a text after its length.
func appendText(dst []byte, text string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(text))), text...)
}

var errHead = errors.New("a page's head is damaged")

// reader reads what appendText and binary.AppendUvarint wrote. After an error it returns nothing more.
type reader struct {
	data []byte
	err  error
}

// number returns the next number; one above limit is an error.
func (r *reader) number(limit uint64) int {
	n, size := binary.Uvarint(r.data)
	if size <= 0 || n > limit {
		r.data, r.err = nil, errHead
		return 0
	}
	r.data = r.data[size:]
	return int(n)
}

// bytes returns the next text, as part of the data.
func (r *reader) bytes() []byte {
	n := r.number(uint64(len(r.data)))
	if r.err != nil || n > len(r.data) {
		r.data, r.err = nil, errHead
		return nil
	}
	text := r.data[:n]
	r.data = r.data[n:]
	return text
}
