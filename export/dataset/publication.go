package dataset

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Delta is the format of a destination whose tables are Delta tables.
const Delta = "delta"

// Publication says how a destination's files differ from those of the dataset that they were made of.
type Publication struct {
	// Format is that of the destination. Only Delta is known; a destination of format "parquet" has the dataset's files as
	// they are, and its manifest has no Publication.
	Format string `json:"format"`
	// Tables are the Delta tables, sorted by name: one for each table of the manifest.
	Tables []DeltaTable `json:"tables,omitempty"`
}

// DeltaTable is the state of a Delta table as its log has it. So the next version can be made without reading the log, and
// a log that says something else is noticed.
type DeltaTable struct {
	Name string `json:"name"`
	// ID is the table's identifier in its Delta metadata: a UUID, unless another program chose it.
	ID      string    `json:"id"`
	Created time.Time `json:"created"` // UTC
	// Version is the last version of the log, At when it was committed, and SHA256 the checksum of its log entry.
	Version int64     `json:"version"`
	At      time.Time `json:"at"` // UTC, in whole milliseconds
	SHA256  string    `json:"sha256"`
	// Snapshot is the snapshot that Version holds. Later ones changed nothing in the table.
	Snapshot int64 `json:"snapshot"`
	// Features are the features that a writer must know.
	Features []string `json:"features"`
	// Metadata is the checksum of the last metaData action.
	Metadata string `json:"metadata_sha256"`
	// Stamped is the version from which on commits have timestamps of their own; nil if all have.
	Stamped *DeltaVersion `json:"stamped,omitempty"`
	// Transactions are those of other programs, of a table that was adopted.
	Transactions []DeltaTransaction `json:"transactions,omitempty"`
	// Files are the table's data files, sorted by path; At is when each was added.
	Files []DeltaFile `json:"files"`
	// Removed are files that older versions have and that are still there, sorted by path; At is when each was removed.
	Removed []DeltaFile `json:"removed,omitempty"`
	// Changes are the files of the change data feed, sorted by path; At is when the version was committed.
	Changes []DeltaFile `json:"changes,omitempty"`
	// Oldest is the first version whose log entry is still there, and Checkpoints are the checkpoints from there on.
	Oldest      int64          `json:"oldest"`
	Checkpoints []DeltaVersion `json:"checkpoints,omitempty"`
}

// DeltaFile is a file of a Delta table.
type DeltaFile struct {
	// Path is as the log has it: relative to the table, URL-encoded.
	Path  string    `json:"path"`
	Bytes int64     `json:"bytes"`
	At    time.Time `json:"at"` // UTC, in whole milliseconds
}

// DeltaVersion is a version of a Delta table, and when it was committed.
type DeltaVersion struct {
	Version int64     `json:"version"`
	At      time.Time `json:"at"` // UTC, in whole milliseconds
}

// DeltaTransaction says how far a program got that writes to a Delta table.
type DeltaTransaction struct {
	App     string `json:"app"`
	Version int64  `json:"version"`
}

// Table returns the Delta table with a name, nil if there is none.
func (p *Publication) Table(name string) *DeltaTable {
	if p == nil {
		return nil
	}
	if i := slices.IndexFunc(p.Tables, func(t DeltaTable) bool { return t.Name == name }); i >= 0 {
		return &p.Tables[i]
	}
	return nil
}

// Put adds a Delta table, or replaces the one with the same name.
func (p *Publication) Put(t DeltaTable) {
	i, found := slices.BinarySearchFunc(p.Tables, t.Name, func(t DeltaTable, name string) int { return strings.Compare(t.Name, name) })
	if found {
		p.Tables[i] = t
		return
	}
	p.Tables = slices.Insert(p.Tables, i, t)
}

// Clone returns a copy that shares no memory with p, nil for nil.
func (p *Publication) Clone() *Publication {
	if p == nil {
		return nil
	}
	c := &Publication{Format: p.Format, Tables: slices.Clone(p.Tables)}
	for i := range c.Tables {
		c.Tables[i] = *c.Tables[i].Clone()
	}
	return c
}

// Clone returns a copy that shares no memory with t, nil for nil.
func (t *DeltaTable) Clone() *DeltaTable {
	if t == nil {
		return nil
	}
	c := *t
	c.Features, c.Transactions = slices.Clone(t.Features), slices.Clone(t.Transactions)
	c.Files, c.Removed, c.Changes = slices.Clone(t.Files), slices.Clone(t.Removed), slices.Clone(t.Changes)
	c.Checkpoints = slices.Clone(t.Checkpoints)
	if t.Stamped != nil {
		stamped := *t.Stamped
		c.Stamped = &stamped
	}
	return &c
}

// check returns what is wrong with a publication of tables. Nil is fine: the destination has the dataset's own files.
func (p *Publication) check(m *Manifest) error {
	if p == nil {
		return nil
	}
	if p.Format != Delta {
		return fmt.Errorf("format %s", quote(p.Format))
	}
	if len(p.Tables) != len(m.Tables) {
		return fmt.Errorf("%d tables instead of %d", len(p.Tables), len(m.Tables))
	}
	for i := range p.Tables {
		t := &p.Tables[i]
		if t.Name != m.Tables[i].Name {
			return fmt.Errorf("table %s is not in its place", quote(t.Name))
		}
		if err := t.check(m.Snapshot); err != nil {
			return fmt.Errorf("table %s: %w", t.Name, err)
		}
	}
	return nil
}

func (t *DeltaTable) check(snapshot int64) error {
	switch {
	case t.ID == "" || len(t.ID) > 200:
		return errors.New("no identifier")
	case t.Version < 0 || t.Version > maxCount || t.Oldest < 0 || t.Oldest > t.Version:
		return fmt.Errorf("versions %d to %d", t.Oldest, t.Version)
	case t.Snapshot < 1 || t.Snapshot > snapshot:
		return fmt.Errorf("snapshot %d", t.Snapshot)
	case !sumPattern.MatchString(t.SHA256) || !sumPattern.MatchString(t.Metadata):
		return errors.New("no checksum")
	}
	for _, files := range [][]DeltaFile{t.Files, t.Removed, t.Changes} {
		if err := checkFiles(files); err != nil {
			return err
		}
	}
	return errors.Join(checkTimes(t.At, t.Created), t.checkVersions())
}

func checkFiles(files []DeltaFile) error {
	for i, f := range files {
		if f.Path == "" || i > 0 && f.Path <= files[i-1].Path {
			return fmt.Errorf("file %s is out of order, or there twice", quote(f.Path))
		}
		if f.Bytes < 0 || f.Bytes > maxCount {
			return fmt.Errorf("file %s has %d bytes", quote(f.Path), f.Bytes)
		}
		if err := checkTimes(f.At); err != nil {
			return err
		}
	}
	return nil
}

// checkVersions checks the checkpoints, and where timestamps begin.
func (t *DeltaTable) checkVersions() error {
	last := t.Oldest - 1
	for _, c := range t.Checkpoints {
		if c.Version <= last || c.Version > t.Version {
			return fmt.Errorf("checkpoint of version %d is out of order", c.Version)
		}
		if err := checkTimes(c.At); err != nil {
			return err
		}
		last = c.Version
	}
	if s := t.Stamped; s != nil && (s.Version < 0 || s.Version > t.Version) {
		return fmt.Errorf("timestamps since version %d", s.Version)
	}
	return nil
}

// normalize gives all times the same location, that of UTC.
func (p *Publication) normalize() {
	if p == nil {
		return
	}
	for i := range p.Tables {
		t := &p.Tables[i]
		t.Created, t.At = t.Created.UTC(), t.At.UTC()
		for _, files := range [][]DeltaFile{t.Files, t.Removed, t.Changes} {
			for j := range files {
				files[j].At = files[j].At.UTC()
			}
		}
		for j := range t.Checkpoints {
			t.Checkpoints[j].At = t.Checkpoints[j].At.UTC()
		}
		if t.Stamped != nil {
			t.Stamped.At = t.Stamped.At.UTC()
		}
	}
}
