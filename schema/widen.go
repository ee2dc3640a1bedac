package schema

import (
	"fmt"
	"strconv"
)

// Widen converts a column's values to another type. It returns v itself if v has that type already, and nil, a column of
// nulls, for nil. Types widen only to String: numbers with the fewest digits that read back as the same number, flags as
// true and false, dates as 2025-09-19, times as 2025-09-19 11:10:41 in UTC. Any other conversion is a programming error
// and panics.
func Widen(v *Vector, to Kind) *Vector {
	if v == nil || v.Kind == to {
		return v
	}
	if to != String || v.Kind == Raw {
		panic(fmt.Sprintf("schema: widen %v to %v", v.Kind, to))
	}
	wide := &Vector{Kind: String, Valid: make([]bool, 0, v.Len()), Ends: make([]uint32, 0, v.Len())}
	for i, x := range v.Nums {
		if v.Null(i) {
			wide.AppendNull(1)
			continue
		}
		wide.Bytes = appendNumeral(wide.Bytes, v.Kind, x, v.Float(i))
		wide.endText()
	}
	return wide
}

func appendNumeral(dst []byte, k Kind, x int64, float float64) []byte {
	switch k {
	case Double:
		return appendFloat(dst, float)
	case Bool:
		return strconv.AppendBool(dst, x != 0)
	case Timestamp:
		return appendTime(dst, x)
	case Date:
		return appendDate(dst, x)
	}
	return strconv.AppendInt(dst, x, 10)
}
