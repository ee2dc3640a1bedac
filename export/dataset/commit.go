package dataset

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"reflect"
	"sync"
	"syscall"

	"mailerlake/export/disk"
)

// ConflictError says that another run committed to the dataset since this one started, which the lock cannot prevent on
// every shared folder. Nothing was changed.
type ConflictError struct {
	Path         string // of the dataset
	Began, Found int64  // the snapshot that this run started from, and the current one; 0 for none
}

func (e *ConflictError) Error() string {
	return fmt.Sprintf("dataset %s was changed by another run: it is at snapshot %d, and this run started from %d; export again, from one machine at a time",
		e.Path, e.Found, e.Began)
}

// UnfinishedError says that a commit passed its point of commit and could not be finished. The journal is there, and
// Recover finishes it.
type UnfinishedError struct {
	Path     string // of the dataset
	Snapshot int64  // that is committed
	Err      error
}

func (e *UnfinishedError) Error() string {
	return fmt.Sprintf("snapshot %d of dataset %s is committed, but not all files are in place; the next export finishes that: %v", e.Snapshot, e.Path, e.Err)
}

func (e *UnfinishedError) Unwrap() error { return e.Err }

// Commit is a change that is being prepared: Create and fill the new parts and change files, then Commit or Abort.
type Commit struct {
	d     *Dataset
	base  *Manifest // the state it started from, nil for a new dataset
	token string    // in the names of its staged files
	// restores says that the first state of the dataset is one that it had elsewhere, of any snapshot.
	restores bool

	mu     sync.Mutex
	staged map[string]*Staged // by path
	over   bool
}

// Begin starts a commit from the state in Manifest. The lock must be held, and no commit may be pending. It removes
// what an earlier commit left staged.
func (d *Dataset) Begin() (*Commit, error) {
	if err := d.ready(); err != nil {
		return nil, fmt.Errorf("begin commit: %w", err)
	}
	if err := d.cleanStaged(); err != nil {
		return nil, fmt.Errorf("begin commit: %w", err)
	}
	return &Commit{d: d, base: d.Manifest, token: newToken(), staged: make(map[string]*Staged)}, nil
}

// newToken makes the names of a commit's staged files unique: where the lock has no effect, another run could otherwise
// overwrite them unnoticed.
func newToken() string {
	var b [4]byte
	rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

func (d *Dataset) ready() error {
	if !d.locked {
		return errors.New("the dataset is not locked")
	}
	if d.pending {
		return errors.New("an earlier commit is not finished")
	}
	return nil
}

func (d *Dataset) cleanStaged() error {
	pending, err := disk.Exists(d.fsys, d.path(JournalName))
	if err != nil {
		return err
	}
	if pending {
		return errors.New("another run is committing")
	}
	if err := d.fsys.RemoveAll(d.path(StagedDir)); err != nil {
		return err
	}
	if err := d.fsys.MkdirAll(d.path(StagedDir), disk.Private); err != nil {
		return err
	}
	return d.fsys.SyncDir(d.path(PrivateDir)) // otherwise a power loss could keep a journal and lose its parts
}

// Commit makes next the state of the dataset: manifest and all parts created, in one step. Logs are the names (in
// ScanDir) of the page logs that it consumes. On a *UnfinishedError the commit is done and only has to be finished; on
// any other error the dataset has its old state, and Abort frees what is staged. A *ConflictError says that another run
// committed first, a *ForeignFilesError that a table that changes has foreign files. Past the point of commit, the
// context is ignored.
func (c *Commit) Commit(ctx context.Context, next *Manifest, logs []string) error {
	j, err := c.plan(next, logs)
	if err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	data, err := encodeJournal(j)
	if err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	if err := c.prepare(ctx, next); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	committed, err := c.d.writeJournal(data)
	if !committed {
		return fmt.Errorf("commit: write journal: %w", err)
	}
	c.over, c.d.pending = true, true
	if err == nil {
		err = c.d.apply(j, nil)
	}
	if err != nil {
		return &UnfinishedError{c.d.dir, next.Snapshot, err}
	}
	return nil
}

// writeJournal writes the journal and renames it, which is the point of commit. After an error the commit stands if the
// journal has its name: over a network, a rename may report an error and still have happened.
func (d *Dataset) writeJournal(data []byte) (committed bool, err error) {
	temp, name := d.path(journalTemp), d.path(JournalName)
	if err := disk.WriteFile(d.fsys, temp, data, disk.Private); err != nil {
		return false, err
	}
	if err := d.fsys.Rename(temp, name); err != nil {
		there, look := disk.Exists(d.fsys, name)
		if !there && look == nil {
			_ = d.fsys.Remove(temp)
			return false, err
		}
		return true, err
	}
	return true, d.fsys.SyncDir(d.path(PrivateDir))
}

// plan checks that next follows the current state, and that every part of it is stored or staged.
func (c *Commit) plan(next *Manifest, logs []string) (*journal, error) {
	if err := c.d.ready(); err != nil {
		return nil, err
	}
	if c.over {
		return nil, errors.New("the commit is over")
	}
	if want := c.base.snapshot() + 1; next.Snapshot != want && !c.restores {
		return nil, fmt.Errorf("snapshot %d does not follow %d", next.Snapshot, want-1)
	}
	if c.base != nil && next.Account.ID != c.base.Account.ID {
		return nil, errors.New("the dataset belongs to another account")
	}
	if err := c.checkStaged(next); err != nil {
		return nil, err
	}
	return &journal{
		Token:   c.token,
		Install: c.steps(next),
		Remove:  removed(c.base, next),
		Logs:    logs,
		Next:    next.Clone(),
	}, nil
}

// snapshot returns the manifest's snapshot number, 0 if there is no manifest.
func (m *Manifest) snapshot() int64 {
	if m == nil {
		return 0
	}
	return m.Snapshot
}

func (c *Commit) checkStaged(next *Manifest) error {
	files, old := next.files(), c.base.files()
	for path, s := range c.staged {
		if f, ok := files[path]; !ok || !s.whole || f != (content{s.bytes, s.Sum()}) {
			return fmt.Errorf("file %s is not closed, or not what the next manifest says", path)
		}
	}
	for path, f := range files {
		if c.staged[path] == nil && old[path] != f {
			return fmt.Errorf("file %s differs from the stored one, and was not created", path)
		}
	}
	return nil
}

// prepare makes the staged names durable, and checks that nobody else has changed the dataset.
func (c *Commit) prepare(ctx context.Context, next *Manifest) error {
	found := c.findStaged(ctx)
	if err := c.unchanged(); err != nil {
		return err // rather than found: another run's commit removes what is staged
	}
	if found != nil {
		return found
	}
	if err := c.checkForeign(next); err != nil {
		return err
	}
	if err := c.checkChangesDirs(); err != nil {
		return err
	}
	return ctx.Err()
}

// checkChangesDirs refuses a file where a directory of change files is to be: past the point of commit it would be too
// late.
func (c *Commit) checkChangesDirs() error {
	for path := range c.staged {
		table := ChangesOf(path)
		if table == "" {
			continue
		}
		for _, dir := range []string{c.d.path(ChangesDir), c.d.path(ChangesDir, table)} {
			if info, err := c.d.fsys.Stat(dir); err == nil && !info.IsDir() {
				return &fs.PathError{Op: "make directory", Path: dir, Err: syscall.ENOTDIR}
			}
		}
	}
	return nil
}

// checkForeign refuses foreign Parquet files in the directories of tables that change: a new part could even overwrite
// one.
func (c *Commit) checkForeign(next *Manifest) error {
	var found error
	for i := range next.Tables {
		t := &next.Tables[i]
		if old := c.base.Table(t.Name); old != nil && sameParts(old, *t) {
			continue
		}
		found = errors.Join(found, c.d.checkForeign(c.base, t.Name))
	}
	return found
}

// sameParts reports whether a table's state differs from another at most in what it says of changes.
func sameParts(old *TableState, next TableState) bool {
	next.Changes, next.ChangesSince = old.Changes, old.ChangesSince
	return reflect.DeepEqual(*old, next)
}

func (c *Commit) findStaged(ctx context.Context) error {
	for path, s := range c.staged {
		if err := ctx.Err(); err != nil {
			return err
		}
		info, err := c.d.fsys.Stat(s.name)
		if err != nil {
			return fmt.Errorf("find staged file %s: %w", path, err)
		}
		if info.Size() != s.bytes {
			return fmt.Errorf("staged file %s has %d bytes, not %d: another program changed it", path, info.Size(), s.bytes)
		}
	}
	return c.d.fsys.SyncDir(c.d.path(StagedDir))
}

func (c *Commit) unchanged() error {
	now, err := c.d.readManifest()
	if err != nil {
		return err
	}
	pending, err := disk.Exists(c.d.fsys, c.d.path(JournalName))
	if err != nil {
		return err
	}
	if pending || !same(now, c.base) {
		return &ConflictError{c.d.dir, c.base.snapshot(), now.snapshot()}
	}
	return nil
}

// same reports whether two manifests are of the same commit.
func same(a, b *Manifest) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Snapshot == b.Snapshot && a.CommittedAt.Equal(b.CommittedAt)
}

// Abort ends the commit and removes what it staged. After Commit it does nothing, so it can be deferred.
func (c *Commit) Abort() error {
	if c.over {
		return nil
	}
	c.over = true
	var err error
	for _, s := range c.staged {
		err = errors.Join(err, s.discard())
	}
	if err != nil {
		return fmt.Errorf("abort commit: %w", err)
	}
	return nil
}
