package dataset

import (
	"errors"
	"fmt"
	"io/fs"
)

// MakePrivate makes the dataset accessible to its owner only: the manifest, the tables' directories and parts, and
// .mailerlake. Foreign files, and the dataset's own directory, stay as they are. The lock must be held. On a platform
// without file modes, it does nothing.
func (d *Dataset) MakePrivate() error {
	if err := d.ready(); err != nil {
		return fmt.Errorf("make dataset private: %w", err)
	}
	names := []string{PrivateDir}
	if d.Manifest != nil {
		names = append(names, ManifestName)
		for i := range d.Manifest.Tables {
			t := &d.Manifest.Tables[i]
			names = append(names, t.Name)
			for _, p := range t.Parts {
				names = append(names, p.Path)
			}
		}
	}
	for _, name := range names {
		if err := d.fsys.Restrict(d.path(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("make dataset private: %w", err)
		}
	}
	return nil
}
