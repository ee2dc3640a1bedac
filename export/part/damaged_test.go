package part_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

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
	other := meta.Clone()
	other.SHA256 = strings.Repeat("0", 64)
	if n, keyed := readDamaged(t, data, other, columns, want); n != 0 || keyed != 0 {
		t.Fatalf("another version of the part, in which nothing is damaged, is trusted with %d values", n)
	}
	mended, most, lost := 0, 0, 0
	for i := range data {
		damaged := bytes.Clone(data)
		damaged[i] ^= []byte{1, 2, 4, 8, 16, 32, 64, 128, 255}[i%9]
		switch n, _ := readDamaged(t, damaged, meta, columns, want); {
		case n == all: // mended, or not in a page
			mended++
		case n == all-20: // one column of one row group
			most++
		case n == 0:
			lost++
		}
		if i%9 > 0 {
			continue
		}
		if n, _ := readDamaged(t, data[:i], meta, columns, want); n != 0 {
			t.Errorf("%d values of a file that is too short", n)
		}
		readDamaged(t, slices.Concat(data[:i], make([]byte, min(60, len(data)-i)), data[min(len(data), i+60):]), meta, columns, want)
	}
	if tried := len(data); mended < tried/3 || most < tried/30 || lost > tried/2 {
		t.Errorf("of %d damages, %d cost nothing, %d a column of a row group, and %d all", tried, mended, most, lost)
	}
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
		at := int(place * float64(len(data)))
		damaged[at] ^= 8
		if n, keyed := readDamaged(t, damaged, meta, columns, want); keyed != 1 || n != 2*b.Rows {
			t.Errorf("a byte at %v of the file costs %d values", place, 2*b.Rows-n)
		}
		damaged[at+100] ^= 8
		n, keyed := readDamaged(t, damaged, meta, columns, want)
		if lost := 2*b.Rows - n; keyed != 1 || lost == 0 || lost > 9000 {
			t.Errorf("two bytes at %v of the file cost %d values, and keys of %d row groups are there", place, lost, keyed)
		}
	}
}

// TestMend: a changed byte in a page, or in each of a few, is found again; that is not believed unless the checksum of the file
// proves it.
func TestMend(t *testing.T) {
	data, meta, columns := smallPart(t)
	want := wholePart(t, data, meta, columns)
	all, other := 40*len(columns), meta.Clone()
	other.SHA256 = strings.Repeat("0", 64)
	damaged := bytes.Clone(data)
	pages := 0
	for i := 4; i < len(data)/2 && pages < 4; i += 3 {
		changed := bytes.Clone(data)
		changed[i] ^= 5
		unproved, _ := readDamaged(t, changed, other, columns, want)
		if n, _ := readDamaged(t, changed, meta, columns, want); unproved != all-20 || n != all {
			continue // it is not in a page
		}
		damaged[i] ^= 5
		pages++
		n, _ := readDamaged(t, damaged, meta, columns, want)
		if lost := all - n; (lost == 0) != (pages < 4) {
			t.Errorf("a byte in each of %d pages costs %d values", pages, lost)
		}
		i += 250 // in another page
	}
	if pages < 4 {
		t.Errorf("only %d pages", pages)
	}
}

// TestDamagedPlaces: a column is not taken for another whose place in the footer is damaged.
func TestDamagedPlaces(t *testing.T) {
	columns := []schema.Column{schematest.KeyColumn("id"), {Name: "a", Kind: schema.Int64}, {Name: "b", Kind: schema.Int64}}
	b := &schema.Batch{Columns: columns, Rows: 9, Vectors: []*schema.Vector{schema.NewVector(schema.String), schema.NewVector(schema.Int64), schema.NewVector(schema.Int64)}}
	for row := range b.Rows {
		b.Vectors[0].AppendText([]byte{byte('a' + row)})
		b.Vectors[1].AppendInt(int64(row))
		b.Vectors[2].AppendInt(int64(-row))
	}
	data, meta := writePart(t, columns, part.Sizes{Group: 9}, part.Rows{Batch: b, To: b.Rows})
	size := int(binary.LittleEndian.Uint32(data[len(data)-8:]))
	at := len(data) - 8 - size
	var protocol thrift.CompactProtocol
	var footer format.FileMetaData
	if err := thrift.Unmarshal(&protocol, data[at:len(data)-8], &footer); err != nil {
		t.Fatal(err)
	}
	one, other := &footer.RowGroups[0].Columns[1].MetaData, &footer.RowGroups[0].Columns[2].MetaData
	one.DataPageOffset, other.DataPageOffset = other.DataPageOffset, one.DataPageOffset
	one.DictionaryPageOffset, other.DictionaryPageOffset = other.DictionaryPageOffset, one.DictionaryPageOffset
	one.TotalCompressedSize, other.TotalCompressedSize = other.TotalCompressedSize, one.TotalCompressedSize
	changed, err := thrift.Marshal(&protocol, &footer)
	if err != nil {
		t.Fatal(err)
	}
	data = slices.Concat(data[:at], changed, binary.LittleEndian.AppendUint32(nil, uint32(len(changed))), []byte("PAR1"))
	meta = described(meta, data)
	if r, err := part.Open(context.Background(), &disktest.File{Data: data}, &meta, columns, order(columns)); err != nil || r.Read(0, 1, &schema.Vector{}) != nil {
		t.Fatalf("nothing else is wrong with the file, and it cannot be read: %v", err)
	}
	if n, _ := readDamaged(t, data, meta, columns, [][]*schema.Vector{b.Vectors}); n != 3*b.Rows {
		t.Errorf("%d values are there, want %d", n, 3*b.Rows)
	}
}
