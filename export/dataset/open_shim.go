package dataset

import (
	"context"

	"mailerlake/export/part"
)

func (d *Dataset) OpenPart(_ context.Context, t *TableState, i int) (*part.Reader, error) {
	f, err := d.fsys.Open(d.Path(t.Parts[i].Path))
	if err != nil {
		return nil, err
	}
	return part.Open(f, &t.Parts[i], t.Columns)
}
