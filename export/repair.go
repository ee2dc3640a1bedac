package export

import (
	"context"
	"fmt"

	"mailerlake/export/dataset"
)

// findDamaged reads the stored parts of every table and notes those that are damaged, to be rebuilt.
func (r *run) findDamaged(ctx context.Context) error {
	for _, t := range r.tables {
		if t.auxiliary {
			continue
		}
		t.damaged = map[string]bool{}
		for i := range t.parts() {
			reader, err := r.data.OpenPart(ctx, t.stored, i)
			switch {
			case ctx.Err() != nil:
				return ctx.Err()
			case outside(err):
				continue // planning meets with it as well
			case err != nil:
				t.damaged[t.parts()[i].Path] = true
				continue
			}
			reader.Close()
		}
	}
	return nil
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
