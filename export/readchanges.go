package export

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"mailerlake/export/dataset"
	"mailerlake/export/disk"
	"mailerlake/export/feed"
)

// ChangesOptions say which changes are read.
type ChangesOptions struct {
	FS  disk.FS
	Dir string // of the dataset
	// Since is the snapshot that whoever asks has; 0 for none.
	Since int64
	// Tables are the tables to read, those that the dataset has; Required are those of them that it must have.
	Tables, Required []string
}

// Changes is what the snapshots after one of them changed in the rows of tables.
type Changes struct {
	Dataset string `json:"dataset"`
	Since   int64  `json:"since"`
	// Snapshot is the one that the changes lead to: what to ask since, the next time.
	Snapshot int64          `json:"snapshot"`
	Tables   []TableChanges `json:"tables"`
}

// TableChanges counts the changes of one table.
type TableChanges struct {
	Name string `json:"name"`
	// Whole says that these are all rows of the table, as new ones.
	Whole    bool  `json:"whole"`
	Inserted int64 `json:"added"`
	Updated  int64 `json:"changed"`
	Deleted  int64 `json:"deleted"`
}

// Rows returns the number of changed rows.
func (t *TableChanges) Rows() int64 { return t.Inserted + t.Updated + t.Deleted }

// Count counts one more changed row.
func (t *TableChanges) Count(k feed.Kind) {
	switch k {
	case feed.Insert:
		t.Inserted++
	case feed.Update:
		t.Updated++
	case feed.Delete:
		t.Deleted++
	}
}

// ChangesWriter takes changed rows, table by table.
type ChangesWriter interface {
	// Begin begins a table, whose rows lead to a snapshot.
	Begin(t *dataset.TableState, snapshot int64) error
	// Rows takes rows of the table that was begun last.
	Rows(*feed.Changed) error
	// End comes after the last row.
	End() error
}

// ChangeFileError says that a change file cannot be read: it was damaged, replaced or removed by someone.
type ChangeFileError = feed.FileError

// NotKeptError says that changes since a snapshot are not known: they are not kept any more, or the dataset has no such
// snapshot. The tables have to be loaded again.
type NotKeptError struct {
	Since, Snapshot int64    // asked for, and that of the dataset
	Tables          []string // that are known only since a later one; nil if the dataset has not reached Since
	Known           []int64  // beside Tables: since when
}

func (e *NotKeptError) Error() string {
	if e.Tables == nil {
		return fmt.Sprintf("the dataset is at snapshot %d and has no snapshot %d: it was made anew or put back; load its tables again, with --since 0", e.Snapshot, e.Since)
	}
	var known []string
	for i, name := range e.Tables {
		known = append(known, fmt.Sprintf("%s (since %d)", name, e.Known[i]))
	}
	return fmt.Sprintf("changes since snapshot %d are not known for %s; load these again, with --since 0 --tables %s", e.Since,
		strings.Join(known, ", "), strings.Join(e.Tables, ","))
}

// ReadChanges writes what changed in a dataset since a snapshot: each changed row once, with its present values, a deleted one
// with its key. It takes no lock; after an ErrChanged what was written is of no use.
func ReadChanges(ctx context.Context, o ChangesOptions, w ChangesWriter) (*Changes, error) {
	d, err := openCommitted(o.FS, o.Dir)
	if err != nil {
		return nil, fmt.Errorf("read changes of %s: %w", o.Dir, err)
	}
	tables, err := o.choose(d.Manifest)
	if err != nil {
		return nil, err
	}
	c := &Changes{Dataset: o.Dir, Since: o.Since, Snapshot: d.Manifest.Snapshot, Tables: []TableChanges{}}
	for _, t := range tables {
		if err = c.read(ctx, d, t, w); err != nil {
			break
		}
	}
	if moved := unchanged(d); moved != nil { // rather than what that run made unreadable
		err = moved
	}
	if err == nil {
		err = w.End()
	}
	if err != nil {
		return nil, fmt.Errorf("read changes of %s: %w", o.Dir, err)
	}
	return c, nil
}

// openCommitted opens a dataset that has a committed state, all of whose files are in place.
func openCommitted(fsys disk.FS, dir string) (*dataset.Dataset, error) {
	d, err := dataset.Open(fsys, dir)
	switch {
	case err != nil:
		return nil, err
	case d.Pending():
		return nil, errPending
	case d.Manifest == nil:
		return nil, ErrNoDataset
	}
	return d, nil
}

// ErrNoDataset says that a directory holds no dataset.
var ErrNoDataset = errors.New("there is no dataset; mailerlake export creates one")

// choose returns the tables whose changes are read, once it is known that they can be.
func (o *ChangesOptions) choose(m *dataset.Manifest) (chosen []*dataset.TableState, err error) {
	for _, name := range o.Required {
		if m.Table(name) == nil {
			return nil, fmt.Errorf("the dataset has no table %s; mailerlake show lists those that it has", name)
		}
	}
	missing := &NotKeptError{Since: o.Since, Snapshot: m.Snapshot}
	if o.Since > m.Snapshot {
		return nil, missing
	}
	for i := range m.Tables {
		t := &m.Tables[i]
		if !slices.Contains(o.Tables, t.Name) {
			continue
		}
		if feed.KnownSince(t, o.Since) == feed.Unknown {
			missing.Tables, missing.Known = append(missing.Tables, t.Name), append(missing.Known, t.ChangesSince)
		}
		chosen = append(chosen, t)
	}
	if missing.Tables != nil {
		return nil, missing
	}
	return chosen, nil
}

// read passes on the changes of one table.
func (c *Changes) read(ctx context.Context, d *dataset.Dataset, t *dataset.TableState, w ChangesWriter) error {
	n := TableChanges{Name: t.Name, Whole: feed.KnownSince(t, c.Since) == feed.All}
	if err := w.Begin(t, c.Snapshot); err != nil {
		return err
	}
	for changed, err := range feed.Changes(ctx, d, t, c.Since) {
		if err != nil {
			return damage(err)
		}
		for _, kind := range changed.Kinds {
			n.Count(kind)
		}
		if err := w.Rows(changed); err != nil {
			return err
		}
	}
	c.Tables = append(c.Tables, n)
	return nil
}

// damage returns a damaged part as the error that it is for every command.
func damage(err error) error {
	if bad, ok := errors.AsType[*feed.PartError](err); ok {
		return &PartError{Path: bad.Path, Err: bad.Err}
	}
	return err
}
