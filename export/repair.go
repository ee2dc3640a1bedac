package export

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"mailerlake/export/dataset"
	"mailerlake/export/merge"
	"mailerlake/export/part"
)

// findDamaged reads the stored parts of every table and notes those that are damaged, to be rebuilt.
func (r *run) findDamaged(ctx context.Context) error {
	for _, t := range r.tables {
		if t.auxiliary || t.stored == nil {
			continue
		}
		stored := &merge.Table{Table: t.Table, Stored: t.stored.Columns, Parts: t.parts(), Open: t.openPart}
		damaged, err := stored.FindDamaged(ctx)
		if err != nil {
			return err
		}
		t.damaged = map[string]bool{}
		for _, bad := range damaged {
			if columns := (*part.ColumnsError)(nil); errors.As(bad, &columns) && !t.rewrite {
				return r.otherColumns(bad.Path, columns)
			}
			t.damaged[bad.Path] = true
		}
	}
	return nil
}

// otherColumns returns the damage of a manifest that says of a part, which has the right checksum, that it has other
// columns than it has. The part would be rebuilt with these.
func (r *run) otherColumns(path string, columns *part.ColumnsError) error {
	return &dataset.DamagedError{Path: filepath.Join(r.Dir, dataset.ManifestName),
		Reason: fmt.Sprintf("it does not know the columns of %s: %v", path, columns),
		Hint:   "restore it from a backup, or rewrite all tables with mailerlake export --repair --rewrite"}
}

// moveForeign moves files that are not ours out of a table's directory.
func (r *run) moveForeign(t *table) error {
	moved, to, err := r.data.MoveForeign(t.Name, r.now())
	if err != nil {
		return err
	}
	for _, file := range moved {
		r.event(Event{Table: t.Name, Warning: true, Message: fmt.Sprintf("moved %s to %s: it is not part of the dataset", file, to)})
	}
	return nil
}
