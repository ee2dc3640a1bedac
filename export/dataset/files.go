package dataset

import (
	"fmt"
	"iter"

	"mailerlake/export/disk"
	"mailerlake/export/part"
)

// File is a part or a change file, as a manifest describes it.
type File struct {
	Path   string // relative to the dataset, with slashes
	Table  string
	Bytes  int64
	SHA256 string     // in lower-case hexadecimal
	Part   *part.Part // nil if it is a change file
}

// Files returns the files that a manifest names: table by table, the parts before the change files.
func (m *Manifest) Files() iter.Seq[File] {
	return func(yield func(File) bool) {
		if m == nil {
			return
		}
		for i := range m.Tables {
			if !m.Tables[i].files(yield) {
				return
			}
		}
	}
}

func (t *TableState) files(yield func(File) bool) bool {
	for i := range t.Parts {
		p := &t.Parts[i]
		if !yield(File{Path: p.Path, Table: t.Name, Bytes: p.Bytes, SHA256: p.SHA256, Part: p}) {
			return false
		}
	}
	for _, c := range t.Changes {
		if !yield(File{Path: ChangesPath(t.Name, c.Snapshot), Table: t.Name, Bytes: c.Bytes, SHA256: c.SHA256}) {
			return false
		}
	}
	return true
}

// OpenFile opens a part or a change file, and compares nothing. It is safe for concurrent use.
func (d *Dataset) OpenFile(path string) (disk.File, error) {
	if !ours(path) {
		return nil, fmt.Errorf("open %s: it is not the path of a part or a change file", quote(path))
	}
	return d.fsys.Open(d.path(path))
}
