package export

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"mailerlake/export/dataset"
	"mailerlake/export/merge"
	"mailerlake/export/publish"
)

// takeCopies puts copies from the run's destinations in the place of damaged files, where they have the content that the manifest
// says, and reports whether there were any. So nothing is lost of these files. A destination that does not answer is left out.
func (r *run) takeCopies(ctx context.Context, paths ...string) (taken bool) {
	files := map[string]dataset.File{}
	for f := range r.data.Manifest.Files() {
		files[f.Path] = f
	}
	for _, d := range r.Destinations {
		if len(paths) == 0 {
			break
		}
		copies, err := publish.CopiesAt(ctx, d.Store, r.data.Manifest.Account.ID)
		if err != nil {
			r.event(Event{Warning: true, Message: fmt.Sprintf("looking for undamaged copies at %s: %v", d.Store, err)})
			continue
		}
		var left []string
		for _, path := range paths {
			f := files[path]
			switch err := r.takeCopy(ctx, copies, f); {
			case err == nil:
				taken = true
				r.event(Event{Table: f.Table, Message: fmt.Sprintf("took %s from %s, where it is undamaged", path, d.Store)})
				continue
			case !errors.Is(err, fs.ErrNotExist):
				r.event(Event{Table: f.Table, Warning: true, Message: fmt.Sprintf("the copy of %s at %s: %v", path, d.Store, err)})
			}
			left = append(left, path)
		}
		paths = left
	}
	return taken
}

// takeCopy replaces one file.
func (r *run) takeCopy(ctx context.Context, copies *publish.Copies, f dataset.File) error {
	copied, err := copies.Open(ctx, f)
	if err != nil {
		return err
	}
	defer copied.Close()
	return r.data.Replace(f, copied)
}

// damagedParts returns the damage of a table's parts that no destination has an undamaged copy of.
func (r *run) damagedParts(ctx context.Context, stored *merge.Table) ([]*PartError, error) {
	damaged, err := stored.FindDamaged(ctx)
	if err != nil || len(damaged) == 0 || len(r.Destinations) == 0 {
		return damaged, err
	}
	var paths []string
	for _, bad := range damaged {
		paths = append(paths, bad.Path)
	}
	if !r.takeCopies(ctx, paths...) {
		return damaged, nil
	}
	return stored.FindDamaged(ctx)
}
