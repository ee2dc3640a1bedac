package store

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"iter"
	"path"
	"slices"
	"strings"
)

// errStop ends a listing whose reader has seen enough.
var errStop = errors.New("stop")

func (d *directory) List(ctx context.Context, prefix string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		d.requests.Add(1)
		err := d.list(ctx, ".", prefix, func(o Object) error {
			if !yield(o, nil) {
				return errStop
			}
			return nil
		})
		if err != nil && !errors.Is(err, errStop) {
			yield(Object{}, err)
		}
	}
}

// list hands on the objects of a directory and those below it, by key.
func (d *directory) list(ctx context.Context, dir, prefix string, found func(Object) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	entries, err := d.fsys.ReadDir(d.path(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it may have gone since it was seen
	}
	if err != nil {
		return err
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return cmp.Compare(keyOrder(a), keyOrder(b)) })
	for _, e := range entries {
		key := path.Join(dir, e.Name())
		switch {
		case key == privateDir:
		case e.IsDir() && (strings.HasPrefix(key+"/", prefix) || strings.HasPrefix(prefix, key+"/")):
			err = d.list(ctx, key, prefix, found)
		case !e.IsDir() && strings.HasPrefix(key, prefix):
			err = d.listFile(key, found)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// keyOrder is what entries of a directory are sorted by so that keys are sorted: a.b comes before what is in a.
func keyOrder(e fs.DirEntry) string {
	if e.IsDir() {
		return e.Name() + "/"
	}
	return e.Name()
}

func (d *directory) listFile(key string, found func(Object) error) error {
	info, err := d.fsys.Stat(d.path(key))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // gone since, or a symbolic link to nothing
	}
	if err != nil || !info.Mode().IsRegular() {
		return err
	}
	return found(Object{Key: key, Bytes: info.Size(), Modified: info.ModTime()})
}
