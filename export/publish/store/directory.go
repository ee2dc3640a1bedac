package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	"mailerlake/export/disk"
)

const (
	// privateDir holds, in a directory, what is no object: the lock and objects that are being written. It is never listed.
	privateDir = ".store"
	// summed is the size in bytes up to which an object's sum is computed when it is asked for.
	summed = 1 << 20
)

// directory is a Store of files. Writing a file under another name, in the same file system, and giving it its name in one step
// makes an object whole or absent: link does so if there is none, rename whatever there is. A rename that depends on the version,
// which no file system has, is made while a lock is held that each change takes.
//
// Files are opened through package disk but linked by package os: only here do hard links matter.
type directory struct {
	root string // absolute
	fsys disk.FS

	turn     chan struct{} // holds one value; who takes it may wait for the lock
	prepared sync.Mutex    // guards ready
	ready    bool          // privateDir is there and hard links work

	requests, sent, received atomic.Int64
}

func newDirectory(root string) *directory {
	d := &directory{root: root, fsys: disk.OS(false), turn: make(chan struct{}, 1)}
	d.turn <- struct{}{}
	return d
}

func (d *directory) String() string {
	p := filepath.ToSlash(d.root)
	if p[0] != '/' {
		p = "/" + p // C:/lake
	}
	return (&url.URL{Scheme: FileScheme, Path: p}).String()
}

func (d *directory) Close() error { return nil }

func (d *directory) Stats() Stats {
	return Stats{Requests: d.requests.Load(), Sent: d.sent.Load(), Received: d.received.Load()}
}

// begin counts a request and returns the name of an object's file.
func (d *directory) begin(ctx context.Context, key string) (string, error) {
	d.requests.Add(1)
	if err := ctx.Err(); err != nil {
		return "", err
	}
	if err := CheckKey(key); err != nil {
		return "", err
	}
	name := filepath.FromSlash(key)
	if first, _, _ := strings.Cut(key, "/"); first == privateDir || !filepath.IsLocal(name) {
		return "", fmt.Errorf("%q cannot be the key of an object in a directory", key)
	}
	return filepath.Join(d.root, name), nil
}

func (d *directory) Head(ctx context.Context, key string) (Object, error) {
	name, err := d.begin(ctx, key)
	if err != nil {
		return Object{}, err
	}
	f, object, err := d.open(key, name)
	if err != nil {
		return Object{}, err
	}
	return object, f.Close()
}

func (d *directory) Get(ctx context.Context, key string) (io.ReadCloser, Object, error) {
	name, err := d.begin(ctx, key)
	if err != nil {
		return nil, Object{}, err
	}
	f, object, err := d.open(key, name)
	if err != nil {
		return nil, Object{}, err
	}
	return Exactly(&counted{ReadCloser: f, ctx: ctx, count: &d.received}, object), object, nil
}

// open opens an object and describes it. A file is never changed once it has its name, so what is read is what is described.
func (d *directory) open(key, name string) (disk.File, Object, error) {
	f, err := d.fsys.Open(name)
	if errors.Is(err, syscall.ENOTDIR) {
		err = &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	if err != nil {
		return nil, Object{}, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	sum := ""
	if err == nil && info.Size() <= summed {
		sum, err = sumOf(io.NewSectionReader(f, 0, info.Size()))
	}
	if err != nil {
		return nil, Object{}, errors.Join(err, f.Close())
	}
	return f, describe(key, info, sum), nil
}

func sumOf(r io.Reader) (string, error) {
	h := sha256.New()
	_, err := io.Copy(h, r)
	return fmt.Sprintf("%x", h.Sum(nil)), err
}

// describe returns the object that a file is. Of two files that have a name one after the other the second is younger, see
// install; where a file system's times are too coarse for one that was deleted in between, the sum tells small ones apart.
func describe(key string, info fs.FileInfo, sum string) Object {
	object := Object{Key: key, Bytes: info.Size(), SHA256: sum, Modified: info.ModTime()}
	object.Version = fmt.Sprintf("%x-%x", info.ModTime().UnixNano(), info.Size())
	if info.Size() <= summed {
		object.Version += "-" + sum[:16]
	}
	return object
}

func (d *directory) Delete(ctx context.Context, key string) error {
	name, err := d.begin(ctx, key)
	if err != nil {
		return err
	}
	if _, err := os.Lstat(name); errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil
	}
	if err := d.prepare(); err != nil {
		return err
	}
	return d.locked(ctx, func() error {
		if err := disk.RemoveFile(d.fsys, name); err != nil {
			return err
		}
		return d.removeEmpty(path.Dir(key))
	})
}

// removeEmpty removes a directory below the root and those above it, as long as they are empty: a bucket has none.
func (d *directory) removeEmpty(dir string) error {
	for ; dir != "."; dir = path.Dir(dir) {
		if d.fsys.Remove(d.path(dir)) != nil {
			break
		}
	}
	return d.fsys.SyncDir(d.path(dir))
}

// path returns the path of a file or directory of the store.
func (d *directory) path(name string) string { return filepath.Join(d.root, filepath.FromSlash(name)) }
