// Package schematest makes columns and values for tests.
package schematest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"runtime/metrics"

	"mailerlake/schema"
)

// KeyColumn returns a key column with a name.
func KeyColumn(name string) schema.Column {
	return schema.Column{Name: name, Kind: schema.String, Path: name, Required: true}
}

// AppendRandom appends a random value to a vector of any kind; with few, one of very few values.
func AppendRandom(r *rand.Rand, v *schema.Vector, few bool) {
	n := r.Int64()
	if few {
		n %= 3
	}
	switch v.Kind {
	case schema.String:
		v.AppendText(fmt.Appendf(nil, "%s%x", []string{"", "é", "\x00", "日本"}[n&3], n))
	case schema.Raw:
		v.AppendText(fmt.Appendf(nil, `{"n":%d}`, n))
	case schema.Double:
		v.AppendFloat([]float64{float64(n), math.Inf(1), math.Copysign(0, -1), math.SmallestNonzeroFloat64}[n&3])
	case schema.Bool:
		v.AppendInt(n & 1)
	case schema.Date:
		v.AppendInt(int64(int32(n)))
	default:
		v.AppendInt(n - math.MaxInt64/2)
	}
}

// Allocated returns the bytes that the process has allocated so far.
func Allocated() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

// LiveHeap returns the bytes of the heap that are in use.
func LiveHeap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
