package export

import (
	"context"

	"mailerlake/export/dataset"
	"mailerlake/export/merge"
	"mailerlake/export/part"
)

// DamageCounts counts what of a table's damaged parts cannot be read.
type DamageCounts struct {
	DamagedParts     int   `json:"damaged_parts"`
	DamagedRowGroups int   `json:"damaged_row_groups"` // of which something cannot be read
	DamagedRows      int64 `json:"damaged_rows"`       // likewise; all rows of a damaged object of a destination
}

func (d *DamageCounts) add(more DamageCounts) {
	d.DamagedParts += more.DamagedParts
	d.DamagedRowGroups += more.DamagedRowGroups
	d.DamagedRows += more.DamagedRows
}

// unreadable returns the count of a part of which nothing can be read.
func unreadable(p *part.Part) DamageCounts {
	return DamageCounts{DamagedParts: 1, DamagedRowGroups: len(p.RowGroups), DamagedRows: p.Rows}
}

// damagedPart counts what of part i, which is damaged, cannot be read: what a repair would have to rebuild.
func (v *verifier) damagedPart(ctx context.Context, t *dataset.TableState, i int) (DamageCounts, error) {
	open := func(_ context.Context, i int) (*part.Reader, error) { return v.data.OpenDamaged(t, i) }
	stored := &merge.Table{Stored: t.Columns, Parts: t.Parts, OpenDamaged: open}
	d, err := stored.Survey(ctx, i)
	if ctx.Err() != nil {
		return DamageCounts{}, ctx.Err()
	}
	if err != nil { // it cannot be opened at all
		return unreadable(&t.Parts[i]), nil
	}
	p := &t.Parts[i]
	return DamageCounts{DamagedParts: 1, DamagedRowGroups: d.RowGroups(p), DamagedRows: d.Rows(p)}, nil
}
