package export

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"mailerlake/export/dataset"
	"mailerlake/export/merge"
	"mailerlake/export/part"
)

// findDamaged reads the stored parts of every table and notes those that are damaged, to be rebuilt, and what of them can be
// read.
func (r *run) findDamaged(ctx context.Context) error {
	for _, t := range r.tables {
		if t.auxiliary || t.stored == nil {
			continue
		}
		stored := &merge.Table{Table: t.Table, Stored: t.stored.Columns, Parts: t.parts(), Open: t.openPart, OpenDamaged: t.openDamaged}
		damaged, err := r.damagedParts(ctx, stored)
		if err != nil {
			return err
		}
		t.damaged = map[string]*merge.Damage{}
		for _, bad := range damaged {
			if t.damaged[bad.Path], err = r.survey(ctx, t, stored, bad); err != nil {
				return err
			}
		}
	}
	return nil
}

// survey finds out what can be read of a damaged part. Nothing can of one that is as it was written, with other columns than the
// manifest says.
func (r *run) survey(ctx context.Context, t *table, stored *merge.Table, bad *PartError) (*merge.Damage, error) {
	columns, other := errors.AsType[*part.ColumnsError](bad)
	switch {
	case other && !t.rewrite:
		return nil, r.otherColumns(bad.Path, columns)
	case other:
		return &merge.Damage{}, nil
	}
	return stored.Survey(ctx, slices.IndexFunc(stored.Parts, func(p part.Part) bool { return p.Path == bad.Path }))
}

// findLostChanges looks for change files that are damaged or missing. Nothing can rebuild them: they are dropped with those
// before them.
func (r *run) findLostChanges(ctx context.Context) error {
	r.lost = map[string]int64{}
	if r.data.Manifest == nil {
		return nil
	}
	for i := range r.data.Manifest.Tables {
		t := &r.data.Manifest.Tables[i]
		for j, c := range t.Changes {
			err := checkChanges(ctx, r.data, t, j)
			if err != nil && r.takeCopies(ctx, dataset.ChangesPath(t.Name, c.Snapshot)) {
				err = checkChanges(ctx, r.data, t, j)
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil && !errors.Is(err, fs.ErrPermission) {
				r.lost[t.Name] = c.Snapshot
			}
		}
		if s := r.lost[t.Name]; s > 0 {
			r.event(Event{Table: t.Name, Warning: true, Message: fmt.Sprintf("dropping the changes up to snapshot %d: the file of that one is damaged; who followed them from before loads the table again", s)})
		}
	}
	return nil
}

// checkChanges returns what is wrong with change file i of a table.
func checkChanges(ctx context.Context, d *dataset.Dataset, t *dataset.TableState, i int) error {
	f, err := d.OpenChanges(ctx, t, i)
	if errors.Is(err, fs.ErrNotExist) {
		return errors.New("file is missing")
	}
	if err != nil {
		return err
	}
	return f.Close()
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
