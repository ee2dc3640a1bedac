package export

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mailerlake/export/dataset"
	"mailerlake/export/disk"
	"mailerlake/export/feed"
	"mailerlake/schema"
)

// ForgetOptions say who is taken out of the history of a dataset: whoever has or had the address, or the id.
type ForgetOptions struct {
	FS      disk.FS
	Dir     string // of the dataset
	Catalog *schema.Catalog
	// Email or ID is given, and not empty: an empty one would be that of everybody who has none.
	Email, ID string
	// Key is the key of hashed columns; it is needed if addresses, or references to people, are hashed.
	Key     []byte
	Program string
	Now     func() time.Time // nil means time.Now
}

// Forgotten is what was taken out of a history.
type Forgotten struct {
	Dataset  string `json:"dataset"`
	Snapshot int64  `json:"snapshot"` // of the dataset now
	// Rows lost their values: all but their keys, and which change it was.
	Rows   int64             `json:"rows"`
	Tables []ForgottenTable  `json:"tables"` // those with such rows
	People []ForgottenPerson `json:"people"` // the rows that stand for the person
	// Scans says that page logs of scans were removed, which may have read the person. Another export reads anew.
	Scans bool `json:"scans_removed"`
}

// ForgottenTable counts what was taken out of the history of one table.
type ForgottenTable struct {
	Name  string `json:"name"`
	Rows  int64  `json:"rows"`
	Files int    `json:"files"` // that were written anew
}

// ForgottenPerson is a row that stands for a person.
type ForgottenPerson struct {
	Table string     `json:"table"`
	Key   schema.Key `json:"key"`
	// Present rows are still in the table: what happens to them next gets into the history again.
	Present bool `json:"present"`
}

// Present reports whether the person is still in the tables.
func (f *Forgotten) Present() bool {
	for _, p := range f.People {
		if p.Present {
			return true
		}
	}
	return false
}

// ForgetError says why a person cannot be found.
type ForgetError struct{ Reason string }

func (e *ForgetError) Error() string { return e.Reason }

// Forget takes a person out of the history of a dataset, in one commit: of the rows in change files that stand for the person,
// or refer to such rows, or to rows that do, all values go but the key. The changes themselves stay, so that loaders still
// learn of deletes. The page logs of unfinished scans, and of a plan, go too. The present tables stay as they are.
func Forget(ctx context.Context, o ForgetOptions) (f *Forgotten, err error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if (o.Email == "") == (o.ID == "") {
		return nil, &ForgetError{"give either an address or an id"}
	}
	d, err := dataset.Open(o.FS, o.Dir)
	if err != nil {
		return nil, err
	}
	if d.Manifest == nil && !d.Pending() {
		return nil, fmt.Errorf("forget in %s: %w", o.Dir, ErrNoDataset)
	}
	unlock, err := d.Lock()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	if _, err := d.Recover(ctx); err != nil {
		return nil, err
	}
	s, err := o.search(ctx, d)
	if err != nil {
		return nil, damage(err)
	}
	scans, err := dropScans(d) // first: whoever is killed after the commit may not find the person again
	if err != nil {
		return nil, err
	}
	if f, err = o.rewrite(ctx, d, s); f != nil {
		f.Scans = scans
	}
	return f, err
}

// dropScans removes all page logs, and the plan that was made from them. It reports whether there were any.
func dropScans(d *dataset.Dataset) (bool, error) {
	tables, err := d.Logs().Tables()
	if err != nil || len(tables) == 0 {
		return false, err
	}
	return true, d.Logs().Clear()
}

// rewrite writes the change files anew that have rows about the person.
func (o *ForgetOptions) rewrite(ctx context.Context, d *dataset.Dataset, s *personSearch) (*Forgotten, error) {
	f := &Forgotten{Dataset: o.Dir, Snapshot: d.Manifest.Snapshot, Tables: []ForgottenTable{}, People: []ForgottenPerson{}}
	for _, t := range s.tables {
		if t.person {
			for _, key := range t.found {
				present, err := isPresent(ctx, d, t.state, key)
				if err != nil {
					return nil, damage(err)
				}
				f.People = append(f.People, ForgottenPerson{t.state.Name, key, present})
			}
		}
	}
	if !s.any() {
		return f, nil
	}
	commit, err := d.Begin()
	if err != nil {
		return nil, err
	}
	defer commit.Abort()
	next := d.Manifest.Clone()
	next.Program = o.Program
	next.Snapshot++
	next.CommittedAt = later(o.Now().UTC(), d.Manifest.CommittedAt)
	for _, t := range s.tables {
		n, err := o.rewriteTable(ctx, d, commit, t, next.Table(t.state.Name))
		if err != nil {
			return nil, fmt.Errorf("forget in table %s: %w", t.state.Name, err)
		}
		if n.Rows > 0 {
			f.Tables = append(f.Tables, n)
			f.Rows += n.Rows
		}
	}
	if err := commit.Commit(ctx, next, nil); err != nil {
		return nil, err
	}
	f.Snapshot = next.Snapshot
	return f, nil
}

// rewriteTable writes those of a table.
func (o *ForgetOptions) rewriteTable(ctx context.Context, d *dataset.Dataset, commit *dataset.Commit, t *personTable, next *dataset.TableState) (ForgottenTable, error) {
	n := ForgottenTable{Name: t.state.Name}
	for i := range t.state.Changes {
		if !t.files[i] {
			continue
		}
		create := func() (feed.File, error) {
			return commit.Create(dataset.ChangesPath(t.state.Name, t.state.Changes[i].Snapshot))
		}
		file, rows, err := feed.Blank(ctx, d, t.state, i, o.Program, create, t.matches)
		if err != nil {
			return n, err
		}
		next.Changes[i] = *file
		n.Rows, n.Files = n.Rows+rows, n.Files+1
	}
	return n, nil
}
