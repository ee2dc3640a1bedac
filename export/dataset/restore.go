package dataset

import "errors"

// BeginRestore starts a commit that makes a state which was published the first one of this dataset, whatever its snapshot.
// The lock must be held, and there must be no state yet.
func (d *Dataset) BeginRestore() (*Commit, error) {
	if d.Manifest != nil {
		return nil, errors.New("begin restore: there is a dataset already")
	}
	c, err := d.Begin()
	if err != nil {
		return nil, err
	}
	c.restores = true
	return c, nil
}
