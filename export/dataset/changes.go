package dataset

import (
	"context"

	"mailerlake/export/part"
)

// moreColumns is how many columns a change file may have beside those of its table.
const moreColumns = 8

// OpenChanges opens change file i of a table's committed state, and compares it with what the manifest says about it. The
// checksum is compared as OpenPart does it. It is safe for concurrent use.
func (d *Dataset) OpenChanges(ctx context.Context, t *TableState, i int) (*part.Reader, error) {
	c := &t.Changes[i]
	path := ChangesPath(t.Name, c.Snapshot)
	f, err := d.fsys.Open(d.path(path))
	if err != nil {
		return nil, err
	}
	if err := d.checked.check(ctx, f, &part.Part{Path: path, Bytes: c.Bytes, SHA256: c.SHA256}); err != nil {
		f.Close()
		return nil, err
	}
	return part.OpenDescribed(f, c.Bytes, c.Rows, len(t.Columns)+moreColumns)
}

// Again opens the dataset anew, to see whether another run has committed to it.
func (d *Dataset) Again() (*Dataset, error) { return Open(d.fsys, d.dir) }
