package dataset

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"time"

	"mailerlake/export/disk"
)

// ChangesDir holds the change files, in a directory for each table. It is beside the tables' directories, so that no
// reader of a table sees them.
const ChangesDir = "_changes"

// DefaultKeep is how long change files are kept unless said otherwise, in seconds: 90 days.
const DefaultKeep = 90 * 24 * 60 * 60

// Feed says which changes of rows are kept, in change files.
type Feed struct {
	// Keep is how long change files are kept, in seconds; 0 if none are written.
	Keep int64 `json:"keep_seconds"`
	// History says that change files hold whole rows, from before and after each change.
	History bool `json:"history,omitempty"`
}

// ChangeFile is a Parquet file with the changes that one snapshot made in the rows of one table.
type ChangeFile struct {
	Snapshot int64 `json:"snapshot"`
	// At is when the changes were made. UTC.
	At     time.Time `json:"at"`
	Rows   int64     `json:"rows"`
	Bytes  int64     `json:"bytes"`
	SHA256 string    `json:"sha256"` // of the file, in lower-case hexadecimal
	// History says that the file has whole rows, not only keys.
	History bool `json:"history,omitempty"`
}

// ChangesPath returns the path of a change file, relative to the dataset, with slashes.
func ChangesPath(table string, snapshot int64) string {
	return fmt.Sprintf("%s/%s/snapshot-%08d.parquet", ChangesDir, table, snapshot)
}

var changesPattern = regexp.MustCompile(`^_changes/([a-z_]{1,100})/snapshot-([0-9]{8,16})\.parquet$`)

// ChangesOf returns the table that the path of a change file belongs to, empty if it is not one.
func ChangesOf(path string) string {
	m := changesPattern.FindStringSubmatch(path)
	if m == nil || !filepath.IsLocal(filepath.FromSlash(path)) {
		return ""
	}
	return m[1]
}

// snapshotOf returns the snapshot in the path of a change file, 0 if it is not one.
func snapshotOf(path string) int64 {
	if ChangesOf(path) == "" {
		return 0
	}
	snapshot, err := strconv.ParseInt(changesPattern.FindStringSubmatch(path)[2], 10, 64)
	if err != nil {
		return 0
	}
	return snapshot
}

// checkFeed returns what is wrong with what is said of a table's changes.
func (t *TableState) checkFeed() error {
	if t.CreatedIn < 0 || t.ChangesSince < max(1, t.CreatedIn) || t.ChangesSince > t.ChangedIn {
		return fmt.Errorf("created_in %d, changes_since %d, changed_in %d", t.CreatedIn, t.ChangesSince, t.ChangedIn)
	}
	last := t.CreatedIn
	for _, c := range t.Changes {
		if c.Snapshot <= last || c.Snapshot > t.ChangedIn {
			return errors.New("change files are out of order, or of snapshots that changed nothing")
		}
		last = c.Snapshot
		if c.Rows < 1 || c.Rows > maxCount || c.Bytes < 1 || c.Bytes > maxCount || !sumPattern.MatchString(c.SHA256) {
			return fmt.Errorf("change file of snapshot %d: rows, bytes or checksum out of range", c.Snapshot)
		}
		if err := checkTimes(c.At); err != nil {
			return err
		}
	}
	return nil
}

// ChangesUpTo returns how many change files are of a snapshot or of earlier ones.
func (t *TableState) ChangesUpTo(snapshot int64) int {
	return sort.Search(len(t.Changes), func(i int) bool { return t.Changes[i].Snapshot > snapshot })
}

// DropChanges drops the oldest n change files. Changes are then known since the last of them.
func (t *TableState) DropChanges(n int) {
	if n > 0 {
		t.ChangesSince = max(t.ChangesSince, t.Changes[n-1].Snapshot)
		t.Changes = slices.Clone(t.Changes[n:])
	}
}

// fillFeed gives a manifest of an older format what that lacked: nothing is known of changes before the last one of each
// table.
func (m *Manifest) fillFeed() {
	m.Feed = Feed{Keep: DefaultKeep}
	for i := range m.Tables {
		t := &m.Tables[i]
		t.ChangesSince = t.ChangedIn
		for j := range t.Parts {
			t.Parts[j].ChangedIn = t.ChangedIn
		}
	}
}

// dropLaterChanges removes change files of snapshots after the present one: of a commit that was given up.
func (d *Dataset) dropLaterChanges() error {
	if d.Manifest == nil {
		return nil
	}
	for i := range d.Manifest.Tables {
		table := d.Manifest.Tables[i].Name
		entries, err := d.fsys.ReadDir(d.path(ChangesDir, table))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		for _, e := range entries {
			path := ChangesDir + "/" + table + "/" + e.Name()
			if snapshot := snapshotOf(path); snapshot > d.Manifest.Snapshot {
				if err := disk.RemoveFile(d.fsys, d.path(path)); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
