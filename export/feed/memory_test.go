package feed_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"mailerlake/export/dataset"
	"mailerlake/export/disk"
	"mailerlake/export/feed"
	"mailerlake/export/part"
	"mailerlake/schema"
	"mailerlake/schema/schematest"
)

// BenchmarkWindow merges the change files of 90 days with 100,000 changed rows of 80 columns each, most of the same rows. It
// reports the greatest live heap.
func BenchmarkWindow(b *testing.B) {
	for _, history := range []bool{false, true} {
		b.Run(fmt.Sprintf("history=%t", history), func(b *testing.B) {
			d, state := wideLake(b, 90, 100000, history)
			for b.Loop() {
				base, peak := schematest.LiveHeap(), int64(0)
				keys := 0
				w, err := feed.Open(context.Background(), d, state, 1)
				if err != nil {
					b.Fatal(err)
				}
				began := time.Now()
				for batch := 0; ; batch++ {
					n, err := w.Next(context.Background(), nil, 8192)
					if err != nil {
						b.Fatal(err)
					}
					if n.Len() == 0 {
						break
					}
					var rows *schema.Batch
					if keys += n.Len(); history {
						if rows, err = w.Before(context.Background(), n, state.Columns); err != nil {
							b.Fatal(err)
						}
					}
					if batch%8 == 1 {
						peak = max(peak, schematest.LiveHeap()-base)
					}
					runtime.KeepAlive(rows)
				}
				w.Close()
				b.ReportMetric(float64(peak)/(1<<20), "MiB")
				b.ReportMetric(float64(keys)/time.Since(began).Seconds(), "keys/s")
			}
		})
	}
}

// wideLake is a dataset of one table whose rows change over days; it has no parts that could be read.
func wideLake(b *testing.B, days, changes int, history bool) (*dataset.Dataset, *dataset.TableState) {
	dir := b.TempDir()
	columns := []schema.Column{schematest.KeyColumn("id")}
	for i := range 79 {
		columns = append(columns, schema.Column{Name: fmt.Sprintf("c%d", i), Kind: schema.String, Path: fmt.Sprintf("c%d", i)})
	}
	state := dataset.TableState{Name: "wide", Key: []string{"id"}, Columns: columns, ChangesSince: 1}
	if err := os.MkdirAll(filepath.Join(dir, dataset.ChangesDir, "wide"), 0o700); err != nil {
		b.Fatal(err)
	}
	for day := range days {
		batch := &schema.Batch{Columns: columns}
		for _, c := range columns {
			batch.Vectors = append(batch.Vectors, schema.NewVector(c.Kind))
		}
		f := &changeFile{}
		w := feed.NewWriter(func() (feed.File, error) { return f, nil }, feed.Table{Name: "wide", Order: []string{"id"}, Columns: columns},
			int64(day+2), at(int64(day)), history, "mailerlake 1")
		for from := 0; from < changes; from += 1000 {
			for _, v := range batch.Vectors {
				v.Reset()
			}
			for i := from; i < from+1000; i++ {
				batch.Vectors[0].AppendText(fmt.Appendf(nil, "1%08d", i*7+day%3))
				for c, v := range batch.Vectors[1:] {
					if c%4 == 0 {
						v.AppendText(fmt.Appendf(nil, "%d-%d", i*c, day))
					} else {
						v.AppendNull(1)
					}
				}
			}
			batch.Rows = 1000
			rows := part.Rows{Batch: batch, To: 1000}
			if err := w.Updated(rows, rows); err != nil {
				b.Fatal(err)
			}
		}
		c, err := w.Close()
		if err != nil {
			b.Fatal(err)
		}
		state.Changes = append(state.Changes, *c)
		if err := os.WriteFile(filepath.Join(dir, dataset.ChangesPath("wide", c.Snapshot)), f.Data, 0o600); err != nil {
			b.Fatal(err)
		}
	}
	d, err := dataset.Open(disk.OS(false), dir)
	if err != nil {
		b.Fatal(err)
	}
	return d, &state
}
