package part_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"mailerlake/export/disk/disktest"
	"mailerlake/export/part"
	"mailerlake/schema"
	"mailerlake/schema/schematest"
)

// TestPartAlone: the bytes do not depend on the number of processors.
func TestPartAlone(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	columns := randomColumns(r)
	b := randomBatch(r, columns, 20000, 0)
	many, _ := writePart(t, columns, part.DefaultSizes, part.Rows{Batch: b, To: b.Rows})
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	one, _ := writePart(t, columns, part.DefaultSizes, part.Rows{Batch: b, To: b.Rows})
	if !bytes.Equal(many, one) {
		t.Error("other bytes with one processor")
	}
}

func TestPartWithoutRows(t *testing.T) {
	columns := randomColumns(rand.New(rand.NewPCG(3, 3)))
	empty := &schema.Batch{Columns: columns, Vectors: make([]*schema.Vector, len(columns))}
	data, meta := writePart(t, columns, part.DefaultSizes, part.Rows{Batch: empty})
	if meta.Rows != 0 || meta.RowGroups != nil || meta.LastKey != nil {
		t.Errorf("got %+v", meta)
	}
	if _, err := part.Open(context.Background(), &disktest.File{Data: data}, &meta, columns, order(columns)); err != nil {
		t.Error(err)
	}
	file, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
	if err != nil || file.NumRows() != 0 || len(file.Schema().Fields()) != len(columns) {
		t.Errorf("another reader: %v", err)
	}
}

// TestPartFile looks at the file as another reader would.
func TestPartFile(t *testing.T) {
	columns := []schema.Column{schematest.KeyColumn("id"), {Name: "status", Kind: schema.String}, {Name: "email", Kind: schema.String},
		{Name: "at", Kind: schema.Timestamp}, {Name: "day", Kind: schema.Date}}
	b := &schema.Batch{Columns: columns, Rows: 1000}
	for _, c := range columns {
		b.Vectors = append(b.Vectors, schema.NewVector(c.Kind))
	}
	for i := range 1000 {
		b.Vectors[0].AppendText(fmt.Appendf(nil, "%d", 1000+i))
		b.Vectors[1].AppendText([]byte([]string{"active", "junk"}[i%2]))
		b.Vectors[2].AppendText(fmt.Appendf(nil, "%d@example.com", i))
		b.Vectors[3].AppendInt(int64(i) * 1e6)
		b.Vectors[4].AppendNull(1)
	}
	data, _ := writePart(t, columns, part.DefaultSizes, part.Rows{Batch: b, To: b.Rows})
	file, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	meta := file.Metadata()
	if !strings.HasPrefix(meta.CreatedBy, "mailerlake version 1.2.3") || len(file.ColumnIndexes()) == 0 {
		t.Errorf("created by %q, %d column indexes", meta.CreatedBy, len(file.ColumnIndexes()))
	}
	types := []string{"STRING", "STRING", "STRING", "TIMESTAMP(isAdjustedToUTC=true,unit=MICROS)", "DATE"}
	for i, f := range file.Schema().Fields() {
		chunk := meta.RowGroups[0].Columns[i].MetaData
		if f.Name() != columns[i].Name || f.Type().String() != types[i] || f.ID() != i+1 || chunk.Codec.String() != "ZSTD" {
			t.Errorf("column %d is %s %s, field %d, %v", i, f.Name(), f.Type(), f.ID(), chunk.Codec)
		}
		if dictionary := chunk.DictionaryPageOffset != 0; dictionary != (f.Name() == "status") {
			t.Errorf("column %s: dictionary is %t", f.Name(), dictionary)
		}
		nulls := []int64{0, 0, 0, 0, 1000}[i]
		if s := chunk.Statistics; s.NullCount != nulls || (nulls == 0) != (len(s.MinValue) > 0) {
			t.Errorf("column %s: statistics %+v", f.Name(), s)
		}
	}
}

func TestRowGroupsEnd(t *testing.T) {
	columns := []schema.Column{schematest.KeyColumn("id"), {Name: "text", Kind: schema.String}}
	for _, test := range []struct{ rows, width, group int }{{150000, 1, 65536}, {5000, 10 << 10, 3274}, {14, 3 << 20, 10}, {2, 33 << 20, 1}} {
		b := &schema.Batch{Columns: columns, Rows: test.rows, Vectors: []*schema.Vector{schema.NewVector(schema.String), schema.NewVector(schema.String)}}
		text := bytes.Repeat([]byte("x"), test.width)
		for i := range test.rows {
			b.Vectors[0].AppendText(fmt.Appendf(nil, "%06d", i))
			b.Vectors[1].AppendText(text)
		}
		data, meta := writePart(t, columns, part.DefaultSizes, part.Rows{Batch: b, To: b.Rows})
		for g, group := range meta.RowGroups {
			slack := int64(test.group / 50)
			if d := group.Rows - int64(test.group); (d < -slack || d > 1+slack) && g+1 < len(meta.RowGroups) {
				t.Errorf("values of %d bytes: row group %d has %d rows, want %d", test.width, g, group.Rows, test.group)
			}
		}
		reader, err := part.Open(context.Background(), &disktest.File{Data: data}, &meta, columns, order(columns))
		if err != nil {
			t.Fatal(err)
		}
		v := schema.NewVector(schema.String)
		if err := reader.Read(len(meta.RowGroups)-1, 1, v); err != nil || !bytes.Equal(v.Text(v.Len()-1), text) {
			t.Errorf("values of %d bytes: the last is read with %d, %v", test.width, len(v.Bytes), err)
		}
	}
}

func TestPartWriterRefuses(t *testing.T) {
	columns := []schema.Column{schematest.KeyColumn("id"), {Name: "text", Kind: schema.String}, {Name: "day", Kind: schema.Date}}
	tests := map[string]struct {
		damage func(b *schema.Batch)
		want   string
	}{
		"too short":       {func(b *schema.Batch) { b.Vectors[1] = schema.NewVector(schema.String) }, "column text: 0 values for 2 rows"},
		"too long":        {func(b *schema.Batch) { b.Vectors[2].AppendInt(1) }, "column day: 3 values for 2 rows"},
		"null in the key": {func(b *schema.Batch) { b.Vectors[0].Valid[1] = false }, "column id: null in the key"},
		"key missing":     {func(b *schema.Batch) { b.Vectors[0] = nil }, "column id: key column is missing"},
		"kind":            {func(b *schema.Batch) { b.Vectors[2].Kind = schema.Int64 }, "column day: values are INT64"},
		"UTF-8":           {func(b *schema.Batch) { b.Vectors[1].Bytes[0] = 0xff }, "column text: text is not valid UTF-8"},
		"split character": {func(b *schema.Batch) {
			b.Vectors[1].Reset()
			b.Vectors[1].AppendText([]byte("\xc3"))
			b.Vectors[1].AppendText([]byte("\xa9"))
		}, "column text: text is not valid UTF-8"},
		"day": {func(b *schema.Batch) { b.Vectors[2].Nums[1] = 1 << 31 }, "column day: day 2147483648 is out of range"},
	}
	for name, test := range tests {
		b := randomBatch(rand.New(rand.NewPCG(0, 0)), columns, 0, 0)
		b.Rows, b.Vectors = 2, []*schema.Vector{schema.NewVector(schema.String), schema.NewVector(schema.String), schema.NewVector(schema.Date)}
		for i := range 2 {
			b.Vectors[0].AppendText([]byte{'1' + byte(i)})
			b.Vectors[1].AppendText([]byte("text"))
			b.Vectors[2].AppendInt(1)
		}
		test.damage(b)
		var out bytes.Buffer
		w := part.NewWriter(&out, "thing", columns, []string{"id"}, "test 1", part.DefaultSizes)
		err := write(w, part.Rows{Batch: b, To: 2})
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %s", name, err, test.want)
		}
		if _, again := w.Close(); again == nil {
			t.Errorf("%s: the part can be closed", name)
		}
	}
}

// write turns a panic into an error: what is refused must be refused before it does harm.
func write(w *part.Writer, r part.Rows) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return w.Write(r)
}

func TestPartCloses(t *testing.T) {
	columns := []schema.Column{schematest.KeyColumn("id")}
	b := randomBatch(rand.New(rand.NewPCG(0, 0)), columns, 3, 0)
	var out bytes.Buffer
	w := part.NewWriter(&out, "thing", columns, []string{"id"}, "test 1", part.DefaultSizes)
	if err := w.Write(part.Rows{Batch: b, To: 3}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Close(); err != nil {
		t.Fatal(err)
	}
	size := out.Len()
	if _, err := w.Close(); err == nil || out.Len() != size {
		t.Errorf("second close: %v, %d bytes more", err, out.Len()-size)
	}
	if err := w.Write(part.Rows{Batch: b, To: 3}); err == nil || out.Len() != size {
		t.Errorf("write after close: %v, %d bytes more", err, out.Len()-size)
	}
}

func TestPartDiskFull(t *testing.T) {
	columns := []schema.Column{schematest.KeyColumn("id")}
	b := randomBatch(rand.New(rand.NewPCG(0, 0)), columns, 5000, 0)
	for room := range 200 {
		f := &disktest.File{Full: true, Room: room * 20}
		w := part.NewWriter(f, "thing", columns, []string{"id"}, "test 1", part.Sizes{Group: 1000})
		err := w.Write(part.Rows{Batch: b, To: b.Rows})
		if err == nil {
			_, err = w.Close()
		}
		if !errors.Is(err, disktest.ErrFull) && room < 10 {
			t.Errorf("%d bytes free: got %v", f.Room, err)
		}
	}
}

// TestSample: all rows of the first Write, up to 32,768 values, decide whether a column has a dictionary.
func TestSample(t *testing.T) {
	const rows = 40000
	different := map[string]func(i int) int{ // the number of different values among the first i
		"none":          func(i int) int { return min(i, 1) },
		"every fourth":  func(i int) int { return (i - 1) / 4 },
		"every third":   func(i int) int { return (i - 1) / 3 },
		"late":          func(i int) int { return max(0, i-8192) }, // that repeat at first alone
		"early":         func(i int) int { return min(i, 8192) },
		"one too many":  func(i int) int { return min(i, 8193) },
		"after the end": func(i int) int { return max(1, i-32768) },
	}
	want := map[string]bool{"none": true, "every fourth": true, "early": true, "after the end": true}
	for _, kind := range []schema.Kind{schema.String, schema.Int64, schema.Double} {
		columns, b := []schema.Column{schematest.KeyColumn("id")}, &schema.Batch{Rows: rows}
		b.Vectors = append(b.Vectors, schema.NewVector(schema.String))
		for name := range different {
			columns = append(columns, schema.Column{Name: name, Kind: kind})
			b.Vectors = append(b.Vectors, schema.NewVector(kind))
		}
		b.Columns = columns
		for i := range rows {
			b.Vectors[0].AppendText(fmt.Appendf(nil, "%d", 10000+i))
			for c, v := range b.Vectors[1:] {
				switch n := different[columns[c+1].Name](i + 1); kind {
				case schema.String:
					v.AppendText(fmt.Append(nil, n))
				default:
					v.AppendInt(int64(n))
				}
			}
		}
		data, _ := writePart(t, columns, part.DefaultSizes, part.Rows{Batch: b}, part.Rows{Batch: b, To: rows})
		file, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		for c, column := range columns[1:] {
			if got := file.Metadata().RowGroups[0].Columns[c+1].MetaData.DictionaryPageOffset != 0; got != want[column.Name] {
				t.Errorf("%v column %q: dictionary is %t", kind, column.Name, got)
			}
		}
	}
}
