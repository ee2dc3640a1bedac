package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"mailerlake/export/disk"

	"github.com/gofrs/flock"
)

const (
	lockName   = "lock"
	tempEnd    = ".tmp"
	tempDies   = time.Hour            // after which an unfinished file is taken for that of a dead process
	lockPolled = 5 * time.Millisecond // how often a lock that another process holds is tried
)

func (d *directory) Put(ctx context.Context, key string, body Body, condition Condition) (Object, error) {
	name, err := d.begin(ctx, key)
	if err != nil {
		return Object{}, err
	}
	if err := d.prepare(); err != nil {
		return Object{}, fmt.Errorf("write to %s: %w", d.root, err)
	}
	temp, sum, err := d.write(ctx, body)
	if err != nil {
		return Object{}, fmt.Errorf("write %s: %w", name, err)
	}
	defer os.Remove(temp) // a linked file has both names
	var object Object
	err = d.locked(ctx, func() error {
		object, err = d.install(ctx, temp, key, name, sum, condition)
		return err
	})
	if err != nil {
		return Object{}, fmt.Errorf("write %s: %w", name, err)
	}
	return object, d.fsys.SyncDir(filepath.Dir(name))
}

// prepare makes the directory ready for writing: once, before the first change.
func (d *directory) prepare() error {
	d.prepared.Lock()
	defer d.prepared.Unlock()
	if d.ready {
		return nil
	}
	if _, err := disk.MakeDir(d.fsys, d.path(privateDir), disk.Shared); err != nil {
		return err
	}
	if err := d.tryLink(); err != nil {
		return err
	}
	d.sweep()
	d.ready = true
	return nil
}

// tryLink refuses a file system without hard links, such as exFAT and some network shares: there a file cannot be created once
// and for all.
func (d *directory) tryLink() error {
	name, second := d.temp(), d.temp()
	if err := disk.WriteFile(d.fsys, name, nil, disk.Shared); err != nil {
		return err
	}
	defer os.Remove(name)
	if err := os.Link(name, second); err != nil {
		return fmt.Errorf("this file system has no hard links, without which two writers cannot be kept apart; "+
			"use a directory of another one: %w", err)
	}
	return os.Remove(second)
}

// sweep removes what dead processes left. If one of them lives after all, its Put fails and nothing is lost.
func (d *directory) sweep() {
	entries, err := d.fsys.ReadDir(d.path(privateDir))
	if err != nil {
		return
	}
	for _, e := range entries {
		info, err := e.Info()
		if err == nil && strings.HasSuffix(e.Name(), tempEnd) && time.Since(info.ModTime()) > tempDies {
			_ = d.fsys.Remove(filepath.Join(d.path(privateDir), e.Name()))
		}
	}
}

// write writes a body to a file that has no name among the objects yet, durably.
func (d *directory) write(ctx context.Context, body Body) (temp, sum string, err error) {
	temp = d.temp()
	f, err := d.fsys.Create(temp, disk.Shared)
	if err != nil {
		return "", "", err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(temp)
		}
	}()
	if sum, err = body.Copy(ctx, f); err == nil {
		d.sent.Add(body.Bytes)
		now := time.Now()
		err = os.Chtimes(temp, now, now) // the kernel's own times are those of its last tick
	}
	if err == nil {
		err = f.Sync()
	}
	return temp, sum, errors.Join(err, f.Close())
}

// temp returns the name for a file that is being written.
func (d *directory) temp() string { return filepath.Join(d.path(privateDir), rand.Text()+tempEnd) }

// install gives a written file its name, if the condition holds. The caller holds the lock.
func (d *directory) install(ctx context.Context, temp, key, name, sum string, condition Condition) (Object, error) {
	was, err := d.version(key, name)
	if err != nil {
		return Object{}, err
	}
	version, must := condition.Version()
	if must && (was == nil || was.Version != version) || condition.Absent() && was != nil {
		return Object{}, ErrConflict
	}
	info, err := makeYounger(temp, was)
	if err != nil {
		return Object{}, err
	}
	if _, err := disk.MakeDir(d.fsys, filepath.Dir(name), disk.Shared); err != nil {
		return Object{}, err
	}
	if condition.Absent() {
		err = link(temp, name)
	} else {
		err = d.rename(ctx, temp, name)
	}
	return describe(key, info, sum), err
}

// version describes an object, nil if there is none.
func (d *directory) version(key, name string) (*Object, error) {
	f, object, err := d.open(key, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &object, f.Close()
}

// makeYounger sees to it that a file's time is later than that of the object that it replaces, whatever the clock says and
// however coarse the file system's times are: no two objects that follow each other have one version.
func makeYounger(name string, was *Object) (fs.FileInfo, error) {
	info, err := os.Stat(name)
	for step := time.Microsecond; err == nil && was != nil && step < time.Minute && !info.ModTime().After(was.Modified); step *= 10 {
		later := was.Modified.Add(step)
		if err = os.Chtimes(name, later, later); err == nil {
			info, err = os.Stat(name)
		}
	}
	return info, err
}

// renamed is how long a rename is tried again on Windows, where it fails while another program has the file open.
const renamed = 5 * time.Second

// rename names a file, whatever has the name.
func (d *directory) rename(ctx context.Context, temp, name string) error {
	for end := time.Now().Add(renamed); ; {
		err := d.fsys.Rename(temp, name)
		if runtime.GOOS != "windows" || !errors.Is(err, fs.ErrPermission) || ctx.Err() != nil || time.Now().After(end) {
			return err
		}
		time.Sleep(lockPolled)
	}
}

// link names a file only if nothing has the name. The answer of a network file system may be lost: then it has the name already.
func link(temp, name string) error {
	err := os.Link(temp, name)
	if !errors.Is(err, fs.ErrExist) {
		return err
	}
	ours, err := os.Stat(temp)
	if err != nil {
		return err
	}
	if there, err := os.Stat(name); err == nil && os.SameFile(ours, there) {
		return nil
	}
	return ErrConflict
}

// locked runs f while no other process, and no other goroutine, changes the directory.
func (d *directory) locked(ctx context.Context, f func() error) (err error) {
	select {
	case <-d.turn:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { d.turn <- struct{}{} }()
	lock := flock.New(filepath.Join(d.path(privateDir), lockName), flock.SetPermissions(0o644))
	if _, err := lock.TryLockContext(ctx, lockPolled); err != nil {
		return fmt.Errorf("lock %s: %w", lock.Path(), err)
	}
	defer func() { err = errors.Join(err, lock.Unlock()) }()
	return f()
}
