package dataset

import (
	"errors"
	"fmt"
	"io/fs"
)

// MakePrivate makes the dataset accessible to its owner only: the manifest, the directories and files of tables and of
// changes, and .mailerlake. Foreign files, and the dataset's own directory, stay as they are. The lock must be held. On a
// platform without file modes, it does nothing.
func (d *Dataset) MakePrivate() error {
	if err := d.ready(); err != nil {
		return fmt.Errorf("make dataset private: %w", err)
	}
	for _, name := range d.Manifest.names() {
		if err := d.fsys.Restrict(d.path(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("make dataset private: %w", err)
		}
	}
	return nil
}

// names returns the dataset's files and directories, relative to its own directory. A nil manifest names none but
// .mailerlake.
func (m *Manifest) names() []string {
	names := []string{PrivateDir}
	if m == nil {
		return names
	}
	names = append(names, ManifestName, ChangesDir)
	for i := range m.Tables {
		names = append(names, m.Tables[i].Name, ChangesDir+"/"+m.Tables[i].Name)
	}
	for path := range m.files() {
		names = append(names, path)
	}
	return names
}

// AdmitReaders lets those who may read the manifest pass through .mailerlake, so that they can see whether there is a
// journal. What is in there stays private. Datasets of older versions kept it shut. The lock must be held.
func (d *Dataset) AdmitReaders() error {
	err := d.fsys.Admit(d.path(PrivateDir), d.path(ManifestName))
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) { // only the owner may
		return fmt.Errorf("let readers see whether a commit is unfinished: %w", err)
	}
	return nil
}
