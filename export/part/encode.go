package part

import (
	"errors"
	"fmt"
	"math"
	"sync/atomic"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"
	"golang.org/x/sync/errgroup"

	"mailerlake/schema"
)

// encode passes the rows to the library, columns side by side on all processors, and returns the bytes of their values.
func (w *Writer) encode(runs []Rows) (int64, error) {
	writers := w.w.ColumnWriters()
	var next, payload atomic.Int64
	var g errgroup.Group
	for _, buf := range w.values {
		g.Go(func() error {
			for {
				c := int(next.Add(1)) - 1
				if c >= len(writers) {
					return nil
				}
				n, err := w.encodeColumn(writers[c], c, runs, buf)
				if err != nil {
					return fmt.Errorf("column %s: %w", w.columns[c].Name, err)
				}
				payload.Add(n)
			}
		})
	}
	err := g.Wait()
	return payload.Load(), err
}

func (w *Writer) encodeColumn(cw *parquet.ColumnWriter, c int, runs []Rows, buf []parquet.Value) (int64, error) {
	col := w.columns[c]
	var payload int64
	for _, r := range runs {
		v := r.Batch.Vectors[c]
		for from := r.From; from < r.To; from += valueRows {
			values := buf[:min(valueRows, r.To-from)]
			n, err := fill(values, v, col, from)
			if err != nil {
				return 0, err
			}
			if _, err := cw.WriteRowValues(values); err != nil {
				return 0, err
			}
			payload += n
		}
	}
	return payload, nil
}

// checkRuns checks the shape of the rows before any of them is encoded.
func (w *Writer) checkRuns(runs []Rows) error {
	for _, r := range runs {
		if len(r.Batch.Vectors) != len(w.columns) {
			return fmt.Errorf("%d columns instead of %d", len(r.Batch.Vectors), len(w.columns))
		}
		for c, col := range w.columns {
			if err := checkVector(r.Batch.Vectors[c], col, r); err != nil {
				return fmt.Errorf("column %s: %w", col.Name, err)
			}
		}
	}
	return nil
}

func checkVector(v *schema.Vector, col schema.Column, r Rows) error {
	switch {
	case v == nil && !col.Required:
		return nil
	case v == nil:
		return errors.New("key column is missing")
	case v.Kind != col.Kind:
		return fmt.Errorf("values are %v, the column is %v", v.Kind, col.Kind)
	case v.Len() != r.Batch.Rows:
		return fmt.Errorf("%d values for %d rows", v.Len(), r.Batch.Rows)
	}
	return nil
}

// fill makes values of rows from on and returns their bytes. The values point into v.
func fill(values []parquet.Value, v *schema.Vector, col schema.Column, from int) (int64, error) {
	if v == nil {
		clear(values)
		return 0, nil
	}
	valid, level := v.Valid[from:from+len(values)], 1
	if col.Required {
		level = 0
	}
	present := 0
	for i, ok := range valid {
		if ok {
			present++
		} else {
			values[i] = parquet.Value{}
		}
	}
	if col.Required && present < len(values) {
		return 0, errors.New("null in the key")
	}
	if present == 0 {
		return 0, nil
	}
	if v.Kind == schema.String {
		return fillText(values, v, from, level)
	}
	return fillNumbers(values, valid, v.Nums[from:from+len(values)], v.Kind, level, present)
}

// fillText makes the values that are not null. Text is checked as a whole: it is valid, and no value begins inside a
// character, if and only if every value is valid.
func fillText(values []parquet.Value, v *schema.Vector, from, level int) (int64, error) {
	start, size := uint32(0), int64(0)
	if from > 0 {
		start = v.Ends[from-1]
	}
	ends := v.Ends[from : from+len(values)]
	if !utf8.Valid(v.Bytes[start:ends[len(ends)-1]]) {
		return 0, errUTF8
	}
	for i, end := range ends {
		if v.Valid[from+i] {
			text := v.Bytes[start:end:end]
			if len(text) > 0 && !utf8.RuneStart(text[0]) {
				return 0, errUTF8
			}
			values[i] = parquet.ByteArrayValue(text)
			values[i].SetDefinitionLevel(level)
			size += int64(len(text)) + 4
		}
		start = end
	}
	return size, nil
}

var errUTF8 = errors.New("text is not valid UTF-8")

// fillNumbers makes the values that are not null.
func fillNumbers(values []parquet.Value, valid []bool, numbers []int64, kind schema.Kind, level, present int) (int64, error) {
	width := 8
	for i, ok := range valid {
		if !ok {
			continue
		}
		switch x := numbers[i]; kind {
		case schema.Double:
			values[i] = parquet.DoubleValue(math.Float64frombits(uint64(x)))
		case schema.Bool:
			values[i] = parquet.BooleanValue(x != 0)
			width = 1
		case schema.Date:
			if x < math.MinInt32 || x > math.MaxInt32 {
				return 0, fmt.Errorf("day %d is out of range", x)
			}
			values[i] = parquet.Int32Value(int32(x))
			width = 4
		default:
			values[i] = parquet.Int64Value(x)
		}
		values[i].SetDefinitionLevel(level)
	}
	return int64(width * present), nil
}
