package part_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"
	"golang.org/x/sync/errgroup"

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

func TestOpenPartRefuses(t *testing.T) {
	data, meta, columns := smallPart(t)
	tests := map[string]struct {
		part    func(p *part.Part)
		columns func(c []schema.Column) []schema.Column
		order   []string
		want    string
	}{
		"size":         {part: func(p *part.Part) { p.Bytes++ }, want: "the manifest says"},
		"checksum":     {part: func(p *part.Part) { p.SHA256 = strings.Repeat("0", 64) }, want: "checksum"},
		"row groups":   {part: func(p *part.Part) { p.RowGroups = p.RowGroups[:1] }, want: "2 row groups, the manifest says 1"},
		"rows":         {part: func(p *part.Part) { p.RowGroups[0].Rows, p.RowGroups[1].Rows = 19, 21 }, want: "row group 0 has 20 rows, the manifest says 19"},
		"first key":    {part: func(p *part.Part) { p.RowGroups[1].First[0] = "31" }, want: "the first key of row group 1 is not the manifest's"},
		"last key":     {part: func(p *part.Part) { p.LastKey[0] = "50" }, want: "the last key is not the manifest's"},
		"order":        {order: []string{"text"}, want: `order of ["id"], the manifest says ["text"]`},
		"more columns": {columns: func(c []schema.Column) []schema.Column { return append(c, schema.Column{Name: "x", Kind: schema.Bool}) }, want: "6 columns instead of 7"},
		"name":         {columns: func(c []schema.Column) []schema.Column { c[1].Name = "x"; return c }, want: `column 2 is "text" instead of "x"`},
		"path":         {columns: func(c []schema.Column) []schema.Column { c[1].Path = "x"; return c }, want: `column "text" comes from "a.text", the manifest says "x"`},
		"kind":         {columns: func(c []schema.Column) []schema.Column { c[3].Kind = schema.Int64; return c }, want: `column "rate" is not INT64`},
		"timestamp":    {columns: func(c []schema.Column) []schema.Column { c[5].Kind = schema.Timestamp; return c }, want: `column "null" is not TIMESTAMP`},
		"required":     {columns: func(c []schema.Column) []schema.Column { c[1].Required = true; return c }, want: `column "text" is not STRING`},
	}
	for name, test := range tests {
		p, c := meta.Clone(), slices.Clone(columns)
		if test.part != nil {
			test.part(&p)
		}
		if test.columns != nil {
			c = test.columns(c)
		}
		if test.order == nil {
			test.order = order(columns)
		}
		f := &disktest.File{Data: data}
		_, err := part.Open(context.Background(), f, &p, c, test.order)
		if err == nil || !strings.Contains(err.Error(), test.want) || !f.Closed {
			t.Errorf("%s: got %v, want %s; closed is %t", name, err, test.want, f.Closed)
		}
	}
}

// TestOpenPartWithoutNotes: a file of the right schema that does not say what it holds is not ours.
func TestOpenPartWithoutNotes(t *testing.T) {
	data, meta, columns := smallPart(t)
	for _, note := range []string{"mailerlake.columns", "mailerlake.keys"} {
		other := bytes.Replace(data, []byte(note), []byte(strings.ToUpper(note)), 1)
		p := described(meta, other)
		_, err := part.Open(context.Background(), &disktest.File{Data: other}, &p, columns, order(columns))
		if err == nil || !strings.Contains(err.Error(), "the footer has no "+note) {
			t.Errorf("without %s: got %v", note, err)
		}
	}
}

func TestOpenPartCancelled(t *testing.T) {
	data, meta, columns := smallPart(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	f := &disktest.File{Data: data}
	if _, err := part.Open(ctx, f, &meta, columns, order(columns)); !errors.Is(err, context.Canceled) || !f.Closed {
		t.Errorf("got %v, closed is %t", err, f.Closed)
	}
}

// TestKeys: a part whose keys are not what its footer and the manifest say is never read as if they were.
func TestKeys(t *testing.T) {
	tests := map[string]struct {
		keys string // of row groups of three
		lie  func(p *part.Part)
		want string // error for the first row group that has one, empty if none has
	}{
		"fine":                  {keys: "1 2 9 10 11 12 13"},
		"numbers in text order": {keys: "1 10 2", want: "keys of row group 0: that of row 2 does not follow"},
		"twice":                 {keys: "1 2 2", want: "keys of row group 0: that of row 2 does not follow"},
		"twice in two groups":   {keys: "1 2 3 3 4 5", want: "keys of row group 0: the last one belongs to the next row group"},
		"descending groups":     {keys: "4 5 6 1 2 3", want: "keys of row group 0: the last one belongs to the next row group"},
		"first":                 {keys: "1 2 3 4 5 6", lie: func(p *part.Part) { p.RowGroups[1].First[0] = "5" }, want: "keys of row group 1: the first one is not the manifest's"},
		"last":                  {keys: "1 2 3 4 5 6", lie: func(p *part.Part) { p.LastKey[0] = "7" }, want: "keys of row group 1: the last one is not the manifest's"},
	}
	for name, test := range tests {
		columns := []schema.Column{schematest.KeyColumn("id")}
		b := &schema.Batch{Columns: columns, Vectors: []*schema.Vector{schema.NewVector(schema.String)}}
		for _, key := range strings.Fields(test.keys) {
			b.Vectors[0].AppendText([]byte(key))
			b.Rows++
		}
		data, meta := writePart(t, columns, part.Sizes{Group: 3}, part.Rows{Batch: b, To: b.Rows})
		r, err := part.Open(context.Background(), &disktest.File{Data: data}, &meta, columns, order(columns))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if test.lie != nil { // the footer would tell, were it not written by the same hand
			test.lie(&meta)
		}
		var got []string
		for g := range meta.RowGroups {
			var keys schema.Keys
			if keys, err = r.Keys(g); err != nil {
				break
			}
			for i := range keys.Len() {
				got = append(got, keys.At(i)[0])
			}
		}
		if test.want == "" && (err != nil || strings.Join(got, " ") != test.keys) || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: got %v, %v, want error %q", name, got, err, test.want)
		}
	}
}

// TestKeysInRowOrder: of a key of two columns the second comes first.
func TestKeysInRowOrder(t *testing.T) {
	columns := []schema.Column{schematest.KeyColumn("a"), schematest.KeyColumn("b")}
	b := randomBatch(rand.New(rand.NewPCG(1, 1)), columns, 3, 7)
	b.Vectors[0] = schema.NewVector(schema.String)
	for range 3 {
		b.Vectors[0].AppendText([]byte("x"))
	}
	data, meta := writePart(t, columns, part.DefaultSizes, part.Rows{Batch: b, To: 3})
	r, err := part.Open(context.Background(), &disktest.File{Data: data}, &meta, columns, []string{"b", "a"})
	if err != nil {
		t.Fatal(err)
	}
	keys, err := r.Keys(0)
	if err != nil || cmp.Diff(keys.At(2), schema.Key{"9", "x"}) != "" {
		t.Errorf("got %v, %v", keys, err)
	}
}

// TestReadSideBySide reads all columns at once.
func TestReadSideBySide(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	columns := randomColumns(r)
	for len(columns) < 8 {
		columns = randomColumns(r)
	}
	b := randomBatch(r, columns, 5000, 1000)
	want := &schema.Batch{}
	want.Append(b, 0, b.Rows)
	data, meta := writePart(t, columns, part.Sizes{Group: 1000}, part.Rows{Batch: b, To: b.Rows})
	reader, err := part.Open(context.Background(), &disktest.File{Data: data}, &meta, columns, order(columns))
	if err != nil {
		t.Fatal(err)
	}
	var g errgroup.Group
	for i := range 4 * len(columns) {
		g.Go(func() error {
			var v schema.Vector
			for group := range meta.RowGroups {
				c := i % len(columns)
				if err := reader.Read(group, c, &v); err != nil {
					return err
				}
				if !v.EqualRows(0, want.Vectors[c], 1000*group, 1000) {
					return fmt.Errorf("column %d of row group %d differs", c, group)
				}
			}
			_, err := reader.Keys(i % len(meta.RowGroups))
			return err
		})
	}
	if err := g.Wait(); err != nil {
		t.Error(err)
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

// readHostile reads a file that is not what its manifest's shape says. It must come to an end, without a panic and
// without allocating much more than it has bytes.
func readHostile(t *testing.T, data []byte, meta part.Part, columns []schema.Column) (whole bool) {
	t.Helper()
	meta = described(meta, data)
	before := schematest.Allocated()
	defer func() {
		if n := schematest.Allocated() - before; n > 16<<20+100*uint64(len(data)) {
			t.Errorf("%d bytes are allocated for a file of %d", n, len(data))
		}
	}()
	r, err := part.Open(context.Background(), &disktest.File{Data: data}, &meta, columns, order(columns))
	if err != nil {
		return false
	}
	defer r.Close()
	whole = true
	for g, group := range meta.RowGroups {
		for c := range columns {
			v := schema.NewVector(columns[c].Kind)
			err := r.Read(g, c, v)
			if err == nil && int64(v.Len()) != group.Rows {
				t.Errorf("%d values for %d rows", v.Len(), group.Rows)
			}
			whole = whole && err == nil
		}
	}
	return whole
}

// TestOpenPartDamaged changes every byte in several ways, and cuts the file everywhere; the manifest is made to agree.
func TestOpenPartDamaged(t *testing.T) {
	data, meta, columns := smallPart(t)
	if !readHostile(t, data, meta, columns) {
		t.Fatal("the undamaged file cannot be read")
	}
	survived := 0
	for i := range data {
		if i%5 == 0 && readHostile(t, data[:i], meta, columns) {
			t.Errorf("the first %d of %d bytes are taken for the file", i, len(data))
		}
		for _, bits := range []byte{2, 0x80, 0xff} {
			damaged := bytes.Clone(data)
			damaged[i] ^= bits
			if readHostile(t, damaged, meta, columns) {
				survived++
			}
		}
	}
	if survived > len(data)*3*2/3 { // statistics, page index and the like are not read
		t.Errorf("%d of %d damages are not noticed", survived, len(data)*3)
	}
}

func FuzzOpenPart(f *testing.F) {
	data, meta, columns := smallPart(f)
	f.Add(data)
	f.Add([]byte("PAR1PAR1PAR1"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) < 1<<20 {
			readHostile(t, data, meta, columns)
		}
	})
}
