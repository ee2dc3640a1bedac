package part_test

import (
	"bytes"
	"cmp"
	"math/rand/v2"
	"testing"

	"mailerlake/export/disk/disktest"
	"mailerlake/export/part"
	"mailerlake/schema"
)

// TestStatistics compares what the footer says of random rows with the rows.
func TestStatistics(t *testing.T) {
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 9))
		columns := randomColumns(r)
		b := randomBatch(r, columns, r.IntN(900), 1000)
		data, meta := writePart(t, columns, part.Sizes{Group: int64(1 + r.IntN(400))}, part.Rows{Batch: b, To: b.Rows})
		reader, err := part.OpenChecked(&disktest.File{Data: data}, &meta, columns, order(columns))
		if err != nil {
			t.Fatal(err)
		}
		got, err := reader.Statistics()
		if err != nil {
			t.Fatal(err)
		}
		for c := range columns {
			checkStatistics(t, got[c], b.Vectors[c], columns[c], b.Rows)
		}
	}
}

// checkStatistics compares a column's statistics with its values.
func checkStatistics(t *testing.T, got part.Statistics, v *schema.Vector, column schema.Column, rows int) {
	t.Helper()
	nulls, least, greatest := rows, -1, -1
	for i := 0; v != nil && i < rows; i++ {
		if v.Null(i) {
			continue
		}
		nulls--
		if least < 0 || compareRows(v, i, least) < 0 {
			least = i
		}
		if greatest < 0 || compareRows(v, i, greatest) > 0 {
			greatest = i
		}
	}
	if got.Nulls != int64(nulls) {
		t.Errorf("%s: %d nulls, want %d", column.Name, got.Nulls, nulls)
	}
	if least < 0 {
		if got.Least != nil || got.Greatest != nil {
			t.Errorf("%s: bounds of no value", column.Name)
		}
		return
	}
	if got.Least == nil || !same(got.Least, v, least) || got.Greatest == nil || !same(got.Greatest, v, greatest) {
		t.Errorf("%s: bounds %v and %v", column.Name, got.Least, got.Greatest)
	}
}

// same reports whether a bound is a row's value. The two zeros of doubles are one.
func same(bound, v *schema.Vector, row int) bool {
	return bound.Equal(0, v, row) || v.Kind == schema.Double && bound.Float(0) == v.Float(row)
}

func compareRows(v *schema.Vector, i, j int) int {
	switch v.Kind {
	case schema.String:
		return bytes.Compare(v.Text(i), v.Text(j))
	case schema.Double:
		return cmp.Compare(v.Float(i), v.Float(j))
	}
	return cmp.Compare(v.Int(i), v.Int(j))
}
