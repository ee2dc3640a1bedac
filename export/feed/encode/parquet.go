package encode

import (
	"bufio"

	"mailerlake/export/dataset"
	"mailerlake/export/feed"
	"mailerlake/export/part"
	"mailerlake/schema"
)

// parquetEncoder writes a Parquet file.
type parquetEncoder struct {
	out      *bufio.Writer
	program  string
	snapshot int64
	columns  []schema.Column
	w        *part.Writer
}

func (e *parquetEncoder) Begin(t *dataset.TableState, snapshot int64) error {
	e.snapshot = snapshot
	e.columns = append([]schema.Column{{Name: feed.ChangeColumn, Kind: schema.String, Required: true},
		{Name: feed.SnapshotColumn, Kind: schema.Int64, Required: true}}, t.Columns...)
	e.w = part.NewWriter(e.out, t.Name, e.columns, t.RowOrder(), e.program, part.DefaultSizes)
	return nil
}

func (e *parquetEncoder) Rows(c *feed.Changed) error {
	kinds, snapshots := schema.NewVector(schema.String), schema.NewVector(schema.Int64)
	for _, kind := range c.Kinds {
		kinds.AppendText([]byte(kind.String()))
		snapshots.AppendInt(e.snapshot)
	}
	b := &schema.Batch{Columns: e.columns, Vectors: append([]*schema.Vector{kinds, snapshots}, c.Rows.Vectors...), Rows: c.Rows.Rows}
	return e.w.Write(part.Rows{Batch: b, To: b.Rows})
}

func (e *parquetEncoder) End() error {
	if _, err := e.w.Close(); err != nil {
		return err
	}
	return e.out.Flush()
}
