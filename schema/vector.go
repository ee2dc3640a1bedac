package schema

import (
	"bytes"
	"math"
	"slices"
)

// Vector holds one column's values for a run of rows. Rows stay in vectors all the way from the decoder to the file. A
// Vector with only its Kind set is empty and ready to use.
type Vector struct {
	Kind  Kind
	Valid []bool   // per row: false is null
	Nums  []int64  // per row, all kinds but text; a Double holds its IEEE 754 bits, a Bool 0 or 1
	Ends  []uint32 // per row, text kinds: where its value ends in Bytes; it starts where the row before ends
	Bytes []byte   // text kinds: all values, end to end
}

// NewVector returns an empty vector of the kind.
func NewVector(k Kind) *Vector { return &Vector{Kind: k} }

// Len returns the number of rows.
func (v *Vector) Len() int { return len(v.Valid) }

// Size returns how many bytes the values take in memory.
func (v *Vector) Size() int { return len(v.Valid) + 8*len(v.Nums) + 4*len(v.Ends) + len(v.Bytes) }

// Reset empties the vector but keeps its memory.
func (v *Vector) Reset() {
	v.Valid, v.Nums, v.Ends, v.Bytes = v.Valid[:0], v.Nums[:0], v.Ends[:0], v.Bytes[:0]
}

// Null reports whether row i is null.
func (v *Vector) Null(i int) bool { return !v.Valid[i] }

// Int returns row i of an Int64, Timestamp, Date or Bool vector; 0 where null.
func (v *Vector) Int(i int) int64 { return v.Nums[i] }

// Float returns row i of a Double vector; 0 where null.
func (v *Vector) Float(i int) float64 { return math.Float64frombits(uint64(v.Nums[i])) }

// Text returns row i of a text vector, as a slice of the vector's memory; empty where null.
func (v *Vector) Text(i int) []byte {
	return v.Bytes[v.start(i):v.Ends[i]]
}

// start returns where row i of a text vector starts in Bytes.
func (v *Vector) start(i int) uint32 {
	if i == 0 {
		return 0
	}
	return v.Ends[i-1]
}

// AppendNull appends n null rows.
func (v *Vector) AppendNull(n int) {
	for range n {
		v.Valid = append(v.Valid, false)
		if v.Kind.text() {
			v.Ends = append(v.Ends, uint32(len(v.Bytes)))
		} else {
			v.Nums = append(v.Nums, 0)
		}
	}
}

// AppendInt appends a value to an Int64, Timestamp, Date or Bool vector.
func (v *Vector) AppendInt(x int64) {
	v.Valid = append(v.Valid, true)
	v.Nums = append(v.Nums, x)
}

// AppendFloat appends a value to a Double vector.
func (v *Vector) AppendFloat(x float64) { v.AppendInt(int64(math.Float64bits(x))) }

// AppendText appends a value to a text vector, copying b.
func (v *Vector) AppendText(b []byte) {
	v.Valid = append(v.Valid, true)
	v.Bytes = append(v.Bytes, b...)
	v.Ends = append(v.Ends, uint32(len(v.Bytes)))
}

// AppendRows appends rows [from, to) of src, which has the same kind. A nil src stands for a column of nulls.
func (v *Vector) AppendRows(src *Vector, from, to int) {
	if src == nil {
		v.AppendNull(to - from)
		return
	}
	v.Valid = append(v.Valid, src.Valid[from:to]...)
	if !v.Kind.text() {
		v.Nums = append(v.Nums, src.Nums[from:to]...)
		return
	}
	if from == to {
		return
	}
	start := src.start(from)
	shift := uint32(len(v.Bytes)) - start // may wrap around, as may the sum below
	v.Bytes = append(v.Bytes, src.Bytes[start:src.Ends[to-1]]...)
	for _, end := range src.Ends[from:to] {
		v.Ends = append(v.Ends, end+shift)
	}
}

// Equal reports whether row i of v and row j of o, a vector of the same kind, hold the same value. Null equals null.
func (v *Vector) Equal(i int, o *Vector, j int) bool {
	if !v.Valid[i] || !o.Valid[j] {
		return v.Valid[i] == o.Valid[j]
	}
	if v.Kind.text() {
		return bytes.Equal(v.Text(i), o.Text(j))
	}
	return v.Nums[i] == o.Nums[j]
}

// EqualRows reports whether n rows of v, from row i, equal n rows of o, from row j. Both have the same kind.
func (v *Vector) EqualRows(i int, o *Vector, j, n int) bool {
	if !slices.Equal(v.Valid[i:i+n], o.Valid[j:j+n]) {
		return false
	}
	if !v.Kind.text() {
		return slices.Equal(v.Nums[i:i+n], o.Nums[j:j+n])
	}
	start, ostart := v.start(i), o.start(j)
	if shift := start - ostart; !equalShifted(v.Ends[i:i+n], o.Ends[j:j+n], shift) {
		return false
	}
	return bytes.Equal(v.Bytes[start:v.start(i+n)], o.Bytes[ostart:o.start(j+n)])
}

// equalShifted reports whether a is b with shift added to each element. The sums may wrap around.
func equalShifted(a, b []uint32, shift uint32) bool {
	for k, end := range a {
		if end != b[k]+shift {
			return false
		}
	}
	return true
}
