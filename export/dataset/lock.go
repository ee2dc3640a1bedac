package dataset

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"runtime"
	"slices"
	"strings"
	"time"

	"mailerlake/export/disk"

	"github.com/go-json-experiment/json"
	"github.com/gofrs/flock"
)

// lockOwner names the file that says who holds the lock. It is a separate file because on Windows a locked file cannot
// be read.
const lockOwner = LockName + ".json"

// LockedError says that another run is using the dataset, and which one, if that run could write it down.
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
	return fmt.Sprintf("dataset %s is locked by %s; wait until it has ended", e.Path, by.String())
}

type owner struct {
	PID   int       `json:"pid"`
	Host  string    `json:"host"`
	Since time.Time `json:"since"`
}

// Lock creates the directory if there is none, takes its lock without waiting, and reads the manifest again, which may
// have changed since Open. The lock is held until unlock is called or the process ends. If another run has the lock,
// the error is a *LockedError. A run that ends before it has written anything leaves no trace: unlock then removes what
// Lock created.
func (d *Dataset) Lock() (unlock func() error, err error) {
	if d.locked {
		return nil, d.lockedBy()
	}
	l, err := d.takeLock()
	var locked *LockedError
	if errors.As(err, &locked) {
		return nil, err
	}
	if err == nil {
		if err = d.load(); err != nil {
			err = errors.Join(err, l.release())
		}
	}
	if err != nil {
		return nil, fmt.Errorf("lock dataset %s: %w", d.dir, err)
	}
	d.locked = true
	d.signLock()
	return func() error { return d.unlock(l) }, nil
}

func (d *Dataset) unlock(l *runLock) error {
	if !d.locked {
		return nil
	}
	d.locked = false
	if err := l.release(); err != nil {
		return fmt.Errorf("unlock dataset %s: %w", d.dir, err)
	}
	return nil
}

// runLock is the lock of one run.
type runLock struct {
	d    *Dataset
	file *flock.Flock
	made []string // directories that were created for it, outermost first
}

// lockTries bounds how often other runs may remove the lock file between opening and locking it.
const lockTries = 1000

// takeLock locks the file LockName. Only the run that holds the lock may remove that file. So this run holds the lock
// only if the file still has its name after it was locked. If not, a third run may have created and locked another
// file.
func (d *Dataset) takeLock() (l *runLock, err error) {
	l = &runLock{d: d}
	for range lockTries {
		var held bool
		if held, err = l.try(); errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrExist) {
			continue // another run removed the directory or the file, or made and removed the directory
		}
		if err == nil && held {
			return l, nil
		}
		if err == nil {
			return nil, d.lockedBy()
		}
		break
	}
	l.removeDirs()
	return nil, err
}

// try creates the directories and locks the file. The error is fs.ErrNotExist if the file was removed meanwhile.
func (l *runLock) try() (held bool, err error) {
	if err := l.makeDir(l.d.dir, disk.Shared); err != nil {
		return false, err
	}
	if err := l.makeDir(l.d.path(PrivateDir), disk.Passable); err != nil {
		return false, err
	}
	l.file = flock.New(l.d.path(LockName), flock.SetPermissions(0o600))
	if held, err = l.file.TryLock(); err != nil || !held {
		return false, err
	}
	locked, err := l.file.Stat()
	if err == nil {
		var named fs.FileInfo
		if named, err = os.Stat(l.d.path(LockName)); err == nil && os.SameFile(locked, named) {
			return true, nil
		}
	}
	if err == nil {
		err = fs.ErrNotExist
	}
	return false, errors.Join(err, l.file.Unlock())
}

func (l *runLock) makeDir(name string, access disk.Access) error {
	made, err := disk.MakeDir(l.d.fsys, name, access)
	l.made = append(l.made, made...)
	return err
}

// release unlocks. If nothing was written, it removes the file while it is still locked. Windows cannot remove an open
// file: there it is removed afterwards, which fails if another run has opened it.
func (l *runLock) release() error {
	_ = disk.RemoveFile(l.d.fsys, l.d.path(lockOwner))
	unused, windows := !l.d.written(), runtime.GOOS == "windows"
	if unused && !windows {
		_ = os.Remove(l.d.path(LockName))
	}
	err := l.file.Unlock()
	if unused && windows {
		_ = os.Remove(l.d.path(LockName))
	}
	if unused {
		l.removeDirs()
	}
	return err
}

// removeDirs removes the directories that were created for the lock, if they are empty.
func (l *runLock) removeDirs() {
	_ = l.d.fsys.Remove(l.d.path(PrivateDir))
	for _, dir := range slices.Backward(l.made) {
		_ = l.d.fsys.Remove(dir)
	}
}

// written reports whether there is anything to keep: a state, a commit to finish, or a file for the next run.
func (d *Dataset) written() bool {
	if d.Manifest != nil || d.pending {
		return true
	}
	for _, dir := range []string{StagedDir, SortedDir, ScanDir} {
		_ = d.fsys.Remove(d.path(dir)) // if it is empty
	}
	entries, err := d.fsys.ReadDir(d.path(PrivateDir))
	return err != nil || len(entries) != 1 || entries[0].Name() != path.Base(LockName)
}

// signLock writes down who holds the lock. If that fails, the message to others is shorter.
func (d *Dataset) signLock() {
	host, _ := os.Hostname()
	data, err := json.Marshal(owner{PID: os.Getpid(), Host: strings.ToValidUTF8(host, "?"), Since: time.Now().UTC()})
	if err != nil {
		return
	}
	_ = disk.WriteFile(d.fsys, d.path(lockOwner), data, disk.Private)
}

func (d *Dataset) lockedBy() error {
	e := &LockedError{Path: d.dir}
	f, err := d.fsys.Open(d.path(lockOwner))
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
