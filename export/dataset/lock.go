package dataset

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"mailerlake/export/disk"

	"github.com/go-json-experiment/json"
	"github.com/gofrs/flock"
)

// lockOwner tells others who holds the lock. It is a file of its own because Windows lets nobody read a locked one.
const lockOwner = LockName + ".json"

// LockedError says that another run works on the dataset. Who it is, is known only if it could write that down.
type LockedError struct {
	Path  string // of the dataset
	PID   int    // 0 if not known
	Host  string
	Since time.Time
}

func (e *LockedError) Error() string {
	var by strings.Builder
	by.WriteString("another run")
	if e.PID != 0 {
		fmt.Fprintf(&by, " (process %d on %q since %s)", e.PID, e.Host, e.Since.Format(time.RFC3339))
	}
	return fmt.Sprintf("dataset %s is locked by %s; wait until that has ended", e.Path, by.String())
}

type owner struct {
	PID   int       `json:"pid"`
	Host  string    `json:"host"`
	Since time.Time `json:"since"`
}

// Lock makes the directory if there is none, takes its lock without waiting, and reads the manifest again, which may
// have changed since Open. It holds until unlock is called or the process ends. If somebody else has the lock, that is
// a *LockedError.
func (d *Dataset) Lock() (unlock func() error, err error) {
	fail := func(err error) (func() error, error) { return nil, fmt.Errorf("lock dataset %s: %w", d.dir, err) }
	if d.locked {
		return nil, d.lockedBy()
	}
	if err := disk.MakeDir(d.fsys, d.Path(PrivateDir)); err != nil {
		return fail(err)
	}
	lock := flock.New(d.Path(LockName), flock.SetPermissions(0o600))
	held, err := lock.TryLock()
	if err != nil {
		return fail(err)
	}
	if !held {
		return nil, d.lockedBy()
	}
	if err := d.load(); err != nil {
		return fail(errors.Join(err, lock.Unlock()))
	}
	d.locked = true
	d.signLock()
	return func() error { return d.unlock(lock) }, nil
}

// unlock leaves the lock file: were it removed, two runs could lock two files of its name.
func (d *Dataset) unlock(lock *flock.Flock) error {
	if !d.locked {
		return nil
	}
	d.locked = false
	_ = disk.RemoveFile(d.fsys, d.Path(lockOwner))
	if err := lock.Unlock(); err != nil {
		return fmt.Errorf("unlock dataset %s: %w", d.dir, err)
	}
	return nil
}

// signLock is a courtesy to others: without it their message is shorter.
func (d *Dataset) signLock() {
	host, _ := os.Hostname()
	data, err := json.Marshal(owner{PID: os.Getpid(), Host: strings.ToValidUTF8(host, "?"), Since: time.Now().UTC()})
	if err != nil {
		return
	}
	_ = disk.WriteFile(d.fsys, d.Path(lockOwner), data)
}

func (d *Dataset) lockedBy() error {
	e := &LockedError{Path: d.dir}
	f, err := d.fsys.Open(d.Path(lockOwner))
	if err != nil {
		return e
	}
	defer f.Close()
	var o owner
	if data, err := io.ReadAll(io.LimitReader(f, 4096)); err == nil && json.Unmarshal(data, &o) == nil {
		e.PID, e.Host, e.Since = o.PID, o.Host, o.Since
	}
	return e
}
