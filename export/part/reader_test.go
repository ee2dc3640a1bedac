package part_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"mailerlake/export/disk/disktest"
	"mailerlake/export/part"
	"mailerlake/schema"
	"mailerlake/schema/schematest"
)

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
		"numbers in text order": {keys: "1 10 2", want: "keys of row group 0: the key of row 2 does not follow"},
		"twice":                 {keys: "1 2 2", want: "keys of row group 0: the key of row 2 does not follow"},
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
