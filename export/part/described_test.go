package part_test

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"mailerlake/export/disk/disktest"
	"mailerlake/export/part"
	"mailerlake/schema"
)

// TestOpenDescribed: a file is read by what its footer says alone.
func TestOpenDescribed(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 20 {
		columns := randomColumns(r)
		b := randomBatch(r, columns, 100+r.IntN(5000), 1000)
		data, meta := writePart(t, columns, part.Sizes{Group: 1000}, part.Rows{Batch: b, To: b.Rows})
		f := &disktest.File{Data: data}
		got, err := part.OpenDescribed(f, meta.Bytes, meta.Rows, len(columns))
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got.Columns(), columns) || !slices.Equal(got.Order(), order(columns)) || len(got.RowGroups()) != len(meta.RowGroups) {
			t.Fatalf("got %+v, %q, %+v", got.Columns(), got.Order(), got.RowGroups())
		}
		for g, want := range meta.RowGroups {
			if found := got.RowGroups()[g]; found.Rows != want.Rows || !slices.Equal(found.First, want.First) {
				t.Errorf("row group %d is %+v, want %+v", g, found, want)
			}
		}
		v := &schema.Vector{}
		if err := got.Read(0, 0, v); err != nil || !bytes.Equal(v.Text(0), b.Vectors[0].Text(0)) {
			t.Errorf("read %v, %v", v, err)
		}
		for name, open := range map[string]func() (*part.Reader, error){
			"other rows":       func() (*part.Reader, error) { return part.OpenDescribed(f, meta.Bytes, meta.Rows+1, len(columns)) },
			"too many columns": func() (*part.Reader, error) { return part.OpenDescribed(f, meta.Bytes, meta.Rows, len(columns)-1) },
			"cut": func() (*part.Reader, error) {
				return part.OpenDescribed(&disktest.File{Data: data[:len(data)-1]}, meta.Bytes-1, meta.Rows, len(columns))
			},
		} {
			f.Closed = false
			if _, err := open(); err == nil {
				t.Errorf("%s: no error", name)
			}
		}
	}
}
