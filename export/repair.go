package export

import (
	"context"
	"fmt"

	"mailerlake/export/merge"
)

// findDamaged reads the stored parts of every table and notes those that are damaged, to be rebuilt.
func (r *run) findDamaged(ctx context.Context) error {
	for _, t := range r.tables {
		if t.auxiliary || t.stored == nil {
			continue
		}
		stored := &merge.Table{Table: t.Table, Stored: t.stored.Columns, Parts: t.parts(), Open: t.openPart}
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
