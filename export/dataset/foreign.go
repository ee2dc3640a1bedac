package dataset

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"mailerlake/export/disk"
	"mailerlake/export/part"
)

// ForeignFilesError says that a table's directory holds Parquet files that this program did not write. Readers of
// `<table>/*.parquet` would take them for data, so nothing is committed beside them.
type ForeignFilesError struct {
	Table   string
	Files   []string // paths in the dataset, with slashes
	MovedTo string   // where --repair moves them
}

// shownFiles is how many files an error names.
const shownFiles = 5

func (e *ForeignFilesError) Error() string {
	names := strings.Join(e.Files[:min(shownFiles, len(e.Files))], ", ")
	if more := len(e.Files) - shownFiles; more > 0 {
		names += fmt.Sprintf(" and %d more", more)
	}
	return fmt.Sprintf("table %s has files that mailerlake did not write: %s; queries would read them as data; move them away, or run mailerlake export --repair, which moves them to %s",
		e.Table, names, e.MovedTo)
}

// Foreign returns the Parquet files in a table's directory that are not in the manifest, as paths with slashes: their
// names end in .parquet, in any case. Hidden ones count, since the globs of some readers match them.
func (d *Dataset) Foreign(table string) ([]string, error) {
	return d.foreignOf(d.Manifest, table)
}

// foreignOf returns the Parquet files of a table that a manifest does not name.
func (d *Dataset) foreignOf(m *Manifest, table string) ([]string, error) {
	others, err := d.others(m, table)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list table %s: %w", table, err)
	}
	return slices.DeleteFunc(others, func(path string) bool { return !isParquet(path) }), nil
}

// CheckForeign returns a *ForeignFilesError if a table's directory has foreign files.
func (d *Dataset) CheckForeign(table string) error { return d.checkForeign(d.Manifest, table) }

// checkForeign returns a *ForeignFilesError if a table's directory has Parquet files that a manifest does not name.
func (d *Dataset) checkForeign(m *Manifest, table string) error {
	files, err := d.foreignOf(m, table)
	if err != nil || len(files) == 0 {
		return err
	}
	return &ForeignFilesError{Table: table, Files: files, MovedTo: d.path(MovedDir)}
}

// MoveForeign moves a table's foreign files to a new directory, .mailerlake/moved/<time>/<table>, and returns their
// paths and that directory, empty if there are none. It never overwrites a file. The lock must be held.
func (d *Dataset) MoveForeign(table string, now time.Time) (moved []string, to string, err error) {
	if err := d.ready(); err != nil {
		return nil, "", fmt.Errorf("move foreign files: %w", err)
	}
	files, err := d.Foreign(table)
	if err != nil || len(files) == 0 {
		return nil, "", err
	}
	if to, err = d.makeMovedDir(table, now); err != nil {
		return nil, "", fmt.Errorf("move foreign files: %w", err)
	}
	for _, file := range files {
		if err = d.fsys.Rename(d.path(file), filepath.Join(to, path.Base(file))); err != nil {
			break
		}
		moved = append(moved, file)
	}
	err = errors.Join(err, d.fsys.SyncDir(to), d.fsys.SyncDir(d.path(table)))
	if err != nil {
		return moved, to, fmt.Errorf("move foreign files: %w", err)
	}
	return moved, to, nil
}

// makeMovedDir makes a directory that did not exist, so that nothing in it can be overwritten.
func (d *Dataset) makeMovedDir(table string, now time.Time) (string, error) {
	at := now.UTC().Format("20060102T150405Z")
	for n := 1; ; n++ {
		name := d.path(MovedDir, at, table)
		if n > 1 {
			name = d.path(MovedDir, fmt.Sprintf("%s-%d", at, n), table)
		}
		made, err := disk.MakeDir(d.fsys, name, disk.Private)
		if err != nil || len(made) > 0 {
			return name, err
		}
	}
}

// Stray returns the files in the tables' directories that are not in the manifest, as paths with slashes: Parquet files
// as Foreign returns them, and, in a table that the manifest has, other files that are not hidden (by a dot or an
// underscore), which readers of a whole directory would take for data.
func (d *Dataset) Stray() ([]string, error) {
	entries, err := d.fsys.ReadDir(d.dir)
	if err != nil {
		return nil, fmt.Errorf("list dataset: %w", err)
	}
	var strays []string
	for _, e := range entries {
		if !tablePattern.MatchString(e.Name()) || e.Name() == ChangesDir || !d.isDir("", e) {
			continue
		}
		found, err := d.strayOf(e.Name())
		if err != nil {
			return nil, fmt.Errorf("list table %s: %w", e.Name(), err)
		}
		strays = append(strays, found...)
	}
	return strays, nil
}

// StrayChanges returns the Parquet files in the directories of change files that are not in the manifest, as paths with
// slashes. Readers of such a directory would take them for changes.
func (d *Dataset) StrayChanges() ([]string, error) {
	named := d.Manifest.files()
	var strays []string
	dirs, err := d.fsys.ReadDir(d.path(ChangesDir))
	for _, dir := range dirs {
		if !tablePattern.MatchString(dir.Name()) || !d.isDir(ChangesDir, dir) {
			continue
		}
		var entries []fs.DirEntry
		if entries, err = d.fsys.ReadDir(d.path(ChangesDir, dir.Name())); err != nil {
			break
		}
		for _, e := range entries {
			path := ChangesDir + "/" + dir.Name() + "/" + e.Name()
			if _, ok := named[path]; !ok && isParquet(path) {
				strays = append(strays, path)
			}
		}
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("list change files: %w", err)
	}
	return strays, nil
}

// isDir follows symbolic links: a table's directory may be one.
func (d *Dataset) isDir(in string, e fs.DirEntry) bool {
	if e.Type()&fs.ModeSymlink == 0 {
		return e.IsDir()
	}
	info, err := d.fsys.Stat(d.path(in, e.Name()))
	return err == nil && info.IsDir()
}

// strayOf returns the stray files of one directory. It ignores a directory that is not a table's and that has no
// Parquet files or may not be read.
func (d *Dataset) strayOf(table string) ([]string, error) {
	ours := d.Manifest.Table(table) != nil
	others, err := d.others(d.Manifest, table)
	if !ours && errors.Is(err, fs.ErrPermission) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(others, func(path string) bool { return !isParquet(path) && (!ours || isHidden(path)) }), nil
}

// others lists what is in a table's directory and not in a manifest.
func (d *Dataset) others(m *Manifest, table string) ([]string, error) {
	entries, err := d.fsys.ReadDir(d.path(table))
	if err != nil {
		return nil, err
	}
	state := m.Table(table)
	var paths []string
	for _, e := range entries {
		path := table + "/" + e.Name()
		if state == nil || state.Part(path) == nil {
			paths = append(paths, path)
		}
	}
	return paths, nil
}

func isParquet(name string) bool { return strings.EqualFold(path.Ext(name), part.Suffix) }

func isHidden(name string) bool { return strings.IndexAny(path.Base(name), "._") == 0 }
