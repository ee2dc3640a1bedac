package dataset

import (
	"errors"
	"fmt"
	"io/fs"
)

// MakePrivate takes the dataset from everybody but its owner: the manifest, the tables' directories and parts, and
// .mailerlake. Other people's files, and the directory that all lies in, stay as they are. The lock must be held. It
// does nothing where the platform has no modes.
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
