package export

import (
	"context"
	"fmt"

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
		stored := &merge.Table{Table: t.Table, Stored: t.stored.Columns, Parts: t.parts(), Open: r.opener(t)}
		paths, err := stored.FindDamaged(ctx)
		if err != nil {
			return err
		}
		t.damaged = map[string]bool{}
		for _, path := range paths {
			t.damaged[path] = true
		}
	}
	return nil
}

// opener opens the stored parts of a table.
func (r *run) opener(t *table) func(context.Context, int) (*part.Reader, error) {
	return func(ctx context.Context, i int) (*part.Reader, error) { return r.data.OpenPart(ctx, t.stored, i) }
}

// moveForeign moves files out of a table's directory that are not ours, if the run is to repair, and else fails the
// table.
func (r *run) moveForeign(t *table, files []string) error {
	if !r.Repair {
		return r.tolerate(t, &dataset.ForeignFilesError{Table: t.Name, Files: files})
	}
	moved, to, err := r.data.MoveForeign(t.Name, r.now())
	if err != nil {
		return err
	}
	for _, file := range moved {
		r.event(Event{Table: t.Name, Warning: true, Message: fmt.Sprintf("moved %s to %s: it is not part of the dataset", file, to)})
	}
	return nil
}
