package dataset

import (
	"fmt"

	"mailerlake/export/disk"
)

// Scratch creates a file for what a run writes beside the dataset for a while. remove closes it and removes it; what a run
// leaves that is killed, the next commit removes. The lock must be held.
func (d *Dataset) Scratch() (f disk.File, remove func() error, err error) {
	if err := d.ready(); err != nil {
		return nil, nil, fmt.Errorf("create scratch file: %w", err)
	}
	if err := d.fsys.MkdirAll(d.path(StagedDir), disk.Private); err != nil {
		return nil, nil, fmt.Errorf("create scratch file: %w", err)
	}
	name := d.path(StagedDir, "scratch."+newToken())
	if f, err = d.fsys.Create(name, disk.Private); err != nil {
		return nil, nil, fmt.Errorf("create scratch file: %w", err)
	}
	return f, func() error {
		_ = f.Close() // it may be closed already
		return disk.RemoveFile(d.fsys, name)
	}, nil
}
