package part_test

import (
	"bytes"
	"context"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailerlake/export/disk/disktest"
	"mailerlake/export/part"
	"mailerlake/schema"
	"mailerlake/schema/schematest"
)

// wholePart reads a part that is undamaged: its columns, by row group.
func wholePart(t *testing.T, data []byte, meta part.Part, columns []schema.Column) (groups [][]*schema.Vector) {
	t.Helper()
	r, err := part.Open(context.Background(), &disktest.File{Data: data}, &meta, columns, order(columns))
	if err != nil {
		t.Fatal(err)
	}
	for g := range meta.RowGroups {
		var vectors []*schema.Vector
		for c := range columns {
			v := schema.NewVector(columns[c].Kind)
			if err := r.Read(g, c, v); err != nil {
				t.Fatal(err)
			}
			vectors = append(vectors, v)
		}
		groups = append(groups, vectors)
	}
	return groups
}

// readDamaged reads what is sound of a damaged part, and requires that it is as it was. It returns how many values are sound,
// and of how many row groups the keys are.
func readDamaged(t *testing.T, data []byte, meta part.Part, columns []schema.Column, want [][]*schema.Vector) (values, keyed int) {
	t.Helper()
	f := &disktest.File{Data: data}
	r, err := part.OpenDamaged(f, &meta, columns, order(columns))
	if err != nil {
		if !f.Closed {
			t.Error("the file is not closed")
		}
		return 0, 0
	}
	defer r.Close()
	for g := range meta.RowGroups {
		if keys, err := r.SoundKeys(g); err == nil {
			if keyed++; !keys[0].EqualRows(0, want[g][0], 0, keys.Len()) || keys.Len() != want[g][0].Len() {
				t.Error("other keys are taken for sound")
			}
		}
		for c := range columns {
			v := &schema.Vector{}
			sound, err := r.ReadSound(g, c, v)
			if err != nil {
				continue
			}
			if len(sound) != want[g][c].Len() || v.Len() != len(sound) {
				t.Fatalf("%d values, %d of them known, for %d rows", v.Len(), len(sound), want[g][c].Len())
			}
			for row, ok := range sound {
				if !ok {
					continue
				}
				if values++; !v.EqualRows(row, want[g][c], row, 1) {
					t.Fatalf("another value of column %s is taken for sound", columns[c].Name)
				}
			}
		}
	}
	return values, keyed
}

// TestDamagedPart changes every byte of a part, and cuts it: what is then taken for sound is as it was.
func TestDamagedPart(t *testing.T) {
	data, meta, columns := smallPart(t)
	want := wholePart(t, data, meta, columns)
	all := 40 * len(columns)
	none, most, half, few := 0, 0, 0, 0
	for i := range data {
		damaged := bytes.Clone(data)
		damaged[i] ^= []byte{1, 2, 4, 8, 16, 32, 64, 128, 255}[i%9]
		switch n, _ := readDamaged(t, damaged, meta, columns, want); {
		case n == all: // it is in no page
			none++
		case n == all-20: // one column of one row group
			most++
		case n == all/2: // the header of a page
			half++
		default:
			few++
		}
		if i%9 > 0 {
			continue
		}
		n, _ := readDamaged(t, data[:i], meta, columns, want)
		if groups := all / 2 * wholeGroups(meta, i); n != groups {
			t.Errorf("%d values of the first %d bytes, want %d", n, i, groups)
		}
		readDamaged(t, slices.Concat(data[:i], make([]byte, min(60, len(data)-i)), data[min(len(data), i+60):]), meta, columns, want)
	}
	if pages := int(meta.RowGroups[0].Bytes + meta.RowGroups[1].Bytes); none != len(data)-pages || most+half != pages || most < pages/3 || few > 0 {
		t.Errorf("of damages in pages of %d bytes, %d cost a column of a row group, %d a row group, %d more; %d elsewhere cost nothing", pages, most, half, few, none)
	}
	if n, _ := readDamaged(t, append(bytes.Clone(data), 0), meta, columns, want); n != all {
		t.Errorf("%d values of a file with a byte more", n)
	}
}

// wholeGroups returns how many row groups are in the first bytes of a part.
func wholeGroups(meta part.Part, bytes int) (n int) {
	at := int64(4)
	for _, g := range meta.RowGroups {
		if at += g.Bytes; at <= int64(bytes) {
			n++
		}
	}
	return n
}

// TestDamagedPage: where a column of a row group has several pages, a damaged one costs its rows alone.
func TestDamagedPage(t *testing.T) {
	columns := []schema.Column{schematest.KeyColumn("id"), {Name: "rate", Kind: schema.Double}}
	b := &schema.Batch{Columns: columns, Rows: 30000, Vectors: []*schema.Vector{schema.NewVector(schema.String), schema.NewVector(schema.Double)}}
	r := rand.New(rand.NewPCG(1, 2))
	for row := range b.Rows {
		b.Vectors[0].AppendText([]byte{byte('a' + row/10000), byte('a' + row/1000%10), byte('a' + row/100%10), byte('a' + row/10%10), byte('a' + row%10)})
		b.Vectors[1].AppendInt(r.Int64N(1 << 60))
	}
	data, meta := writePart(t, columns, part.Sizes{Group: 30000}, part.Rows{Batch: b, To: b.Rows})
	want := wholePart(t, data, meta, columns)
	for _, place := range []float64{0.4, 0.6, 0.8} {
		damaged := bytes.Clone(data)
		damaged[int(place*float64(len(data)))] ^= 8
		n, keyed := readDamaged(t, damaged, meta, columns, want)
		if lost := 2*b.Rows - n; keyed != 1 || lost == 0 || lost > 9000 {
			t.Errorf("a byte at %v of the file costs %d values, and keys of %d row groups are there", place, lost, keyed)
		}
	}
}

// TestOtherVersion damages another version of a part, of the same size: what is taken for sound is as the manifest's version has it.
func TestOtherVersion(t *testing.T) {
	columns := []schema.Column{schematest.KeyColumn("id"), {Name: "rate", Kind: schema.Double}}
	version := func(rate int64) ([]byte, part.Part) {
		b := &schema.Batch{Columns: columns, Rows: 20, Vectors: []*schema.Vector{schema.NewVector(schema.String), schema.NewVector(schema.Double)}}
		for row := range b.Rows {
			b.Vectors[0].AppendText([]byte{byte('a' + row)})
			b.Vectors[1].AppendInt(rand.New(rand.NewPCG(uint64(row), 1)).Int64N(1 << 60))
		}
		b.Vectors[1].Nums[15] = rate
		return writePart(t, columns, part.Sizes{Group: 10}, part.Rows{Batch: b, To: b.Rows})
	}
	old, _ := version(0x0123456789abcdef)
	data, meta := version(0x0fedcba987654321)
	want := wholePart(t, data, meta, columns)
	if len(old) != len(data) {
		t.Fatalf("the versions have %d and %d bytes", len(old), len(data))
	}
	if n, keyed := readDamaged(t, old, meta, columns, want); n != 20 || keyed != 1 {
		t.Errorf("%d values and keys of %d row groups are trusted, those of one row group are as before", n, keyed)
	}
	for i := range old {
		damaged := bytes.Clone(old)
		damaged[i] ^= 0x10
		readDamaged(t, damaged, meta, columns, want)
	}
	for i := range meta.RowGroups { // as older programs left it
		meta.RowGroups[i].Bytes, meta.RowGroups[i].Pages = 0, ""
	}
	if n, _ := readDamaged(t, data, meta, columns, want); n != 0 {
		t.Errorf("%d values are trusted that nothing proves", n)
	}
}

// TestPageHeads: what a writer says of row groups does not depend on how the bytes are passed on.
func TestPageHeads(t *testing.T) {
	data, meta, _ := smallPart(t)
	for step := range 40 {
		at := 4
		var got, want []part.RowGroup
		next := part.PageHeads(data[:at])
		for _, g := range meta.RowGroups {
			got = append(got, next(data[at:at+int(g.Bytes)], step+1))
			want, at = append(want, part.RowGroup{Bytes: g.Bytes, Pages: g.Pages}), at+int(g.Bytes)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%d bytes at a time: %s", step+1, diff)
		}
	}
}
