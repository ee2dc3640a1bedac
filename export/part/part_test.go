package part_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailerlake/export/disk/disktest"
	"mailerlake/export/part"
	"mailerlake/schema"
	"mailerlake/schema/schematest"
)

// oddNames are column names that a manifest may have.
var oddNames = []string{"plain", "a.b", "Größe", "😀", `quo"te`, `back\slash`, "a/b", "*", "%s", "select", "_rescued", strings.Repeat("long", 200), "\u00a0", "0"}

// randomColumns returns a key and other columns of all kinds.
func randomColumns(r *rand.Rand) []schema.Column {
	columns := []schema.Column{schematest.KeyColumn("id")}
	if r.IntN(2) == 0 {
		columns = append(columns, schematest.KeyColumn("second_id"))
	}
	for _, name := range oddNames[:r.IntN(len(oddNames)+1)] {
		columns = append(columns, schema.Column{Name: name, Kind: schema.Kind(1 + r.IntN(int(schema.Date))), Path: "p." + name})
	}
	return columns
}

// randomBatch returns rows whose keys count up from first.
func randomBatch(r *rand.Rand, columns []schema.Column, rows, first int) *schema.Batch {
	b := &schema.Batch{Columns: columns, Rows: rows}
	for _, c := range columns {
		if !c.Required && r.IntN(8) == 0 {
			b.Vectors = append(b.Vectors, nil)
			continue
		}
		v := schema.NewVector(c.Kind)
		nulls, few := r.IntN(3), r.IntN(2) == 0
		for i := range rows {
			switch {
			case c.Required:
				v.AppendText(fmt.Appendf(nil, "%d", first+i))
			case nulls > 0 && r.IntN(3) < nulls:
				v.AppendNull(1)
			default:
				schematest.AppendRandom(r, v, few)
			}
		}
		b.Vectors = append(b.Vectors, v)
	}
	return b
}

// order is the second key column first.
func order(columns []schema.Column) []string {
	if len(columns) > 1 && columns[1].Required {
		return []string{columns[1].Name, columns[0].Name}
	}
	return []string{columns[0].Name}
}

// writePart writes a part and returns its bytes and what the manifest says of it.
func writePart(t testing.TB, columns []schema.Column, sizes part.Sizes, runs ...part.Rows) ([]byte, part.Part) {
	t.Helper()
	var out bytes.Buffer
	w := part.NewWriter(&out, "thing", columns, order(columns), "mailerlake 1.2.3", sizes)
	for _, r := range runs {
		if err := w.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	p, err := w.Close()
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), described(p, out.Bytes())
}

// described completes a manifest's entry by what the bytes of the file are.
func described(p part.Part, data []byte) part.Part {
	p.Path, p.Bytes, p.SHA256 = "thing/part-00000.parquet", int64(len(data)), fmt.Sprintf("%x", sha256.Sum256(data))
	return p
}

// TestPart writes random rows and reads the same, in the row groups that the part is said to have.
func TestPart(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 1))
		columns := randomColumns(r)
		sizes := part.Sizes{Group: int64(1 + r.IntN(400))}
		var runs []part.Rows
		want := &schema.Batch{}
		for range r.IntN(6) {
			b := randomBatch(r, columns, 1+r.IntN(600), 1000+1000*len(runs))
			from := r.IntN(b.Rows)
			run := part.Rows{Batch: b, From: from, To: from + r.IntN(b.Rows-from+1)}
			runs = append(runs, run)
			want.Append(b, run.From, run.To)
		}
		data, meta := writePart(t, columns, sizes, runs...)
		if again, _ := writePart(t, columns, sizes, runs...); !bytes.Equal(data, again) {
			t.Fatalf("seed %d: the same rows make other bytes", seed)
		}
		reader, err := part.Open(context.Background(), &disktest.File{Data: data}, &meta, columns, order(columns))
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		row := 0
		for g, group := range meta.RowGroups {
			for c := range columns {
				v := schema.NewVector(schema.Raw)
				if err := reader.Read(g, c, v); err != nil {
					t.Fatalf("seed %d: %v", seed, err)
				}
				if v.Len() != int(group.Rows) || !v.EqualRows(0, want.Vectors[c], row, v.Len()) {
					t.Fatalf("seed %d: column %s differs", seed, columns[c].Name)
				}
			}
			if key := want.Keys(order(columns)).At(row); cmp.Diff(key, group.First) != "" {
				t.Errorf("seed %d: row group %d begins with %v, want %v", seed, g, group.First, key)
			}
			row += int(group.Rows)
			if g+1 < len(meta.RowGroups) && group.Rows != sizes.Group {
				t.Errorf("seed %d: row group of %d rows, want %d", seed, group.Rows, sizes.Group)
			}
		}
		if int64(row) != meta.Rows || row != want.Rows {
			t.Errorf("seed %d: %d rows, said to be %d, want %d", seed, row, meta.Rows, want.Rows)
		}
		if row > 0 && cmp.Diff(want.Keys(order(columns)).At(row-1), meta.LastKey) != "" {
			t.Errorf("seed %d: last key %v", seed, meta.LastKey)
		}
	}
}

// smallPart is a part of two row groups, 20 rows each.
func smallPart(t testing.TB) ([]byte, part.Part, []schema.Column) {
	columns := []schema.Column{schematest.KeyColumn("id"), {Name: "text", Kind: schema.String, Path: "a.text"}, {Name: "flag", Kind: schema.Bool},
		{Name: "rate", Kind: schema.Double}, {Name: "day", Kind: schema.Date}, {Name: "null", Kind: schema.Int64}}
	r := rand.New(rand.NewPCG(5, 5))
	b := &schema.Batch{Columns: columns, Rows: 40}
	for i, c := range columns {
		v := schema.NewVector(c.Kind)
		for row := range 40 {
			switch {
			case i == 0:
				v.AppendText(fmt.Appendf(nil, "%d", 10+row))
			case i == 5 || row%7 == i:
				v.AppendNull(1)
			default:
				schematest.AppendRandom(r, v, i == 1)
			}
		}
		b.Vectors = append(b.Vectors, v)
	}
	data, meta := writePart(t, columns, part.Sizes{Group: 20}, part.Rows{Batch: b, To: 40})
	return data, meta, columns
}
