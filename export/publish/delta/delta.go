package delta

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"mailerlake/export/dataset"
	"mailerlake/export/disk"
	"mailerlake/export/part"
	"mailerlake/export/publish/store"
)

// DataFile returns the key of the object that holds a part: "subscriber/part-00000-00000012-1a2b3c4d.parquet", of the part's
// number, the snapshot that wrote it and its checksum. An object with this key has the part's bytes, whoever wrote it and
// when.
func DataFile(p *part.Part) string {
	name := strings.TrimSuffix(p.Path, part.Suffix)
	return fmt.Sprintf("%s-%08d-%.8s%s", name, p.ChangedIn, p.SHA256, part.Suffix)
}

// TableOf returns the table that an object is of if its name is one of a Delta table's data files or in its log, empty if not.
func TableOf(key string) string {
	table, name, _ := strings.Cut(key, "/")
	if strings.HasPrefix(name, logDir+"/") || ownPattern.MatchString(name) {
		return table
	}
	return ""
}

// Stray reports whether an object has the name of a data file of a table, of parts or of change data, and is not in the
// table's log as the destination's manifest has it.
func Stray(key string, log *dataset.DeltaTable) bool {
	_, name, _ := strings.Cut(key, "/")
	if !ownPattern.MatchString(name) {
		return false
	}
	return log == nil || !slices.ContainsFunc(slices.Concat(log.Files, log.Removed, log.Changes), func(f dataset.DeltaFile) bool { return f.Path == name })
}

// Input is what Commit makes a version of a Delta table from.
type Input struct {
	Store store.Store
	// Was is what the destination's manifest says of the table's log; nil if it says nothing.
	Was *dataset.DeltaTable
	// Table is the table in the snapshot that is published. Its data files are in the store.
	Table *dataset.TableState
	// Snapshot is the snapshot's number, and SnapshotID what all versions of it share in any of the tables: the checksum
	// of its manifest, say.
	Snapshot   int64
	SnapshotID string
	// Account is the account's id, Program the program and its version.
	Account, Program string
	// Token is of this publish alone, 16 characters or more that nobody guesses.
	Token string
	// Now tells the time.
	Now func() time.Time
	// Retain is how long files and log entries stay that only older versions have.
	Retain time.Duration
	// Open opens a local part.
	Open func(context.Context, *part.Part) (disk.File, error)
	// History says that the dataset keeps whole rows of changes: the table has a change data feed.
	History bool
	// Changes returns what a table's rows changed by since a snapshot, in key order; ok is false if that is not known. It is
	// called only with History.
	Changes func(ctx context.Context, since int64) (changes iter.Seq2[Change, error], ok bool, err error)
	// Scratch creates a local file for change data. Commit closes it; the caller removes it.
	Scratch func() (disk.File, error)
	// Adopt starts over from the dataset where the log has versions of another program, in one version. Data files of the
	// table may be missing then, since another program may have removed them: the caller makes sure of all of them.
	Adopt bool
	// Orphans says that a publish may have left files here that no version names: they are removed.
	Orphans bool
}

// Change is a changed row: one row before, one after, or both. The batch of a row that is not there is nil. The batches
// have the table's columns and are valid until the next change.
type Change struct{ Before, After part.Rows }
