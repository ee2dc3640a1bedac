package part

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"math"

	"github.com/parquet-go/parquet-go/format"

	"mailerlake/schema"
)

// Statistics are what a part's footer says of a column's values.
type Statistics struct {
	Nulls int64 // rows without a value
	// Least and Greatest have one row each: text is compared bytewise, flags as 0 and 1, and doubles that are not a number
	// do not count. They are nil if the column has no value, or if the footer does not say.
	Least, Greatest *schema.Vector
}

// Statistics returns the statistics of all rows of the part, a column each.
func (r *Reader) Statistics() (all []Statistics, err error) {
	defer recovered(&err)
	all = make([]Statistics, len(r.columns))
	for c, column := range r.columns {
		s := &all[c]
		known := true
		for _, g := range r.file.Metadata().RowGroups {
			chunk := &g.Columns[c].MetaData
			s.Nulls += chunk.Statistics.NullCount
			if chunk.NumValues > chunk.Statistics.NullCount {
				known = s.add(column.Kind, &chunk.Statistics) && known
			}
		}
		if !known {
			s.Least, s.Greatest = nil, nil
		}
	}
	return all, nil
}

// add adds a row group that has values. It reports whether the least and the greatest are known.
func (s *Statistics) add(kind schema.Kind, group *format.Statistics) bool {
	least, greatest := bound(kind, group.MinValue), bound(kind, group.MaxValue)
	if least == nil || greatest == nil {
		return false
	}
	if s.Least == nil || compareValues(least, s.Least) < 0 {
		s.Least = least
	}
	if s.Greatest == nil || compareValues(greatest, s.Greatest) > 0 {
		s.Greatest = greatest
	}
	return true
}

// bound returns the value that a statistic holds, nil if it holds none.
func bound(kind schema.Kind, data []byte) *schema.Vector {
	v := schema.NewVector(kind)
	switch {
	case kind == schema.String:
		v.AppendText(data)
	case len(data) != bytesOf(kind, 1):
		return nil
	case kind == schema.Date:
		v.AppendInt(int64(int32(binary.LittleEndian.Uint32(data))))
	case kind == schema.Bool:
		v.AppendInt(int64(data[0]))
	default:
		v.AppendInt(int64(binary.LittleEndian.Uint64(data)))
	}
	if kind == schema.Double && math.IsNaN(v.Float(0)) {
		return nil
	}
	return v
}

func compareValues(a, b *schema.Vector) int {
	switch a.Kind {
	case schema.String:
		return bytes.Compare(a.Text(0), b.Text(0))
	case schema.Double:
		return cmp.Compare(a.Float(0), b.Float(0))
	}
	return cmp.Compare(a.Int(0), b.Int(0))
}
