//go:build unix

package part_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"mailerlake/export/disk/disktest"
	"mailerlake/export/part"
	"mailerlake/schema"
	"mailerlake/schema/schematest"
)

// benchmarkRows are the rows that a benchmark writes or reads, in parts of the default size.
const benchmarkRows = 1 << 20

// benchmarkColumns are kinds of columns as subscribers have them; fewer is the number of different values, 0 if all
// differ, and nulls the share of nulls in percent.
var benchmarkColumns = []struct {
	columns, nulls, fewer, width int
	kind                         schema.Kind
}{
	{20, 95, 0, 12, schema.String},
	{15, 40, 20, 8, schema.String},
	{10, 50, 0, 16, schema.String},
	{5, 60, 0, 60, schema.String},
	{10, 0, 200, 0, schema.Int64},
	{6, 20, 0, 0, schema.Timestamp},
	{4, 10, 10000, 0, schema.Double},
	{4, 50, 1000, 0, schema.Date},
	{3, 0, 2, 0, schema.Bool},
	{2, 100, 0, 0, schema.String},
}

// benchmarkBatch is a part of 80 columns.
func benchmarkBatch() *schema.Batch {
	r := rand.New(rand.NewPCG(9, 9))
	b := &schema.Batch{Columns: []schema.Column{schematest.KeyColumn("id")}, Rows: int(part.DefaultSizes.Part)}
	ids := schema.NewVector(schema.String)
	for i := range b.Rows {
		ids.AppendText(fmt.Appendf(nil, "1%016d", 7*i))
	}
	b.Vectors = append(b.Vectors, ids)
	for _, like := range benchmarkColumns {
		for range like.columns {
			b.Columns = append(b.Columns, schema.Column{Name: fmt.Sprintf("c%d", len(b.Columns)), Kind: like.kind})
			v := schema.NewVector(like.kind)
			for range b.Rows {
				n := r.Int64()
				if like.fewer > 0 {
					n %= int64(like.fewer)
				}
				switch {
				case r.IntN(100) < like.nulls:
					v.AppendNull(1)
				case like.kind == schema.String:
					v.AppendText(fmt.Appendf(nil, "%0*x", like.width, n)[:like.width])
				case like.kind == schema.Timestamp:
					v.AppendInt(1.7e15 + n%1e9*1e6)
				default:
					v.AppendInt(n)
				}
			}
			b.Vectors = append(b.Vectors, v)
		}
	}
	return b
}

// processorTime returns the processor time that the process has used.
func processorTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func BenchmarkPartWrite(b *testing.B) {
	batch := benchmarkBatch()
	data, _ := writePart(b, batch.Columns, part.DefaultSizes, part.Rows{Batch: batch, To: batch.Rows})
	before := processorTime(b)
	for b.Loop() {
		for range benchmarkRows / batch.Rows {
			w := part.NewWriter(io.Discard, "thing", batch.Columns, order(batch.Columns), "mailerlake 1.2.3", part.DefaultSizes)
			for from := 0; from < batch.Rows; from += 8192 {
				if err := w.Write(part.Rows{Batch: batch, From: from, To: from + 8192}); err != nil {
					b.Fatal(err)
				}
			}
			if _, err := w.Close(); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric((processorTime(b)-before).Seconds()/float64(b.N), "cpu-s/op")
	b.ReportMetric(float64(len(data)), "bytes/part")
}

func BenchmarkPartRead(b *testing.B) {
	batch := benchmarkBatch()
	data, meta := writePart(b, batch.Columns, part.DefaultSizes, part.Rows{Batch: batch, To: batch.Rows})
	v := schema.NewVector(schema.String)
	before := processorTime(b)
	for b.Loop() {
		for range benchmarkRows / batch.Rows {
			r, err := part.Open(context.Background(), &disktest.File{Data: data}, &meta, batch.Columns, order(batch.Columns))
			if err != nil {
				b.Fatal(err)
			}
			for g := range meta.RowGroups {
				for c := range batch.Columns {
					if err := r.Read(g, c, v); err != nil {
						b.Fatal(err)
					}
				}
			}
		}
	}
	b.ReportMetric((processorTime(b)-before).Seconds()/float64(b.N), "cpu-s/op")
}
