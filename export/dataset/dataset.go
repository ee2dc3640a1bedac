package dataset

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"syscall"

	"mailerlake/export/disk"
	"mailerlake/export/pagelog"
	"mailerlake/export/part"
)

// The names of a dataset's files, relative to its directory, with slashes.
const (
	// ManifestName is the manifest, the record of the committed state.
	ManifestName = "manifest.json"
	// PrivateDir holds what readers never need: lock, journal, page logs, staged parts.
	PrivateDir = privateDir
	// JournalName is the journal of a commit that has passed its point of commit and is not finished. A loader that
	// needs all parts in the same state checks that this file does not exist.
	JournalName = privateDir + "/journal.json"
	// LockName is the file that a run locks.
	LockName = privateDir + "/lock"
	// ScanDir holds the page logs.
	ScanDir = privateDir + "/scan"
	// SortedDir holds sorted copies of page logs, for the run that reads them.
	SortedDir = privateDir + "/sorted"
	// StagedDir holds the parts of a commit until they are renamed into place.
	StagedDir = privateDir + "/staged"
	// MovedDir holds what MoveForeign moved out of the tables' directories.
	MovedDir = privateDir + "/moved"
)

const (
	privateDir = ".mailerlake"
	// Files that a crash may leave; Recover removes them.
	journalTemp  = privateDir + "/journal.tmp"
	manifestTemp = StagedDir + "/manifest"
)

// Dataset is a dataset's directory. It is for one goroutine; OpenPart and a Commit's Create are safe for several.
type Dataset struct {
	// Manifest is the committed state that Open, Lock, Commit or Recover found or made, nil for a new dataset. It must
	// not be changed; change a Clone.
	Manifest *Manifest

	fsys    disk.FS
	dir     string
	pending bool
	logs    *pagelog.Store
	locked  bool
	checked checkedFiles
}

// Open reads a dataset's manifest and touches nothing. If the directory does not exist or has no dataset yet, Manifest
// is nil. A manifest that is damaged, or missing although there are parts, is a *DamagedError; one of another format
// version is a *VersionError.
func Open(fsys disk.FS, dir string) (*Dataset, error) {
	d := &Dataset{fsys: fsys, dir: filepath.Clean(dir)} // as path cleans what it joins
	d.logs = pagelog.NewStore(fsys, d.path(ScanDir), d.path(SortedDir))
	if err := d.load(); err != nil {
		return nil, fmt.Errorf("open dataset %s: %w", dir, err)
	}
	return d, nil
}

// Dir returns the dataset's directory.
func (d *Dataset) Dir() string { return d.dir }

// path returns where a file of the dataset is; names have slashes, as in manifests and this package's constants.
func (d *Dataset) path(names ...string) string {
	at := d.dir
	for _, name := range names {
		at = filepath.Join(at, filepath.FromSlash(name))
	}
	return at
}

// Pending reports whether a commit has passed its point of commit and is not finished: some parts may be newer than
// Manifest says. Recover finishes it.
func (d *Dataset) Pending() bool { return d.pending }

// load reads the state. Parts without a manifest may belong to another run's first commit in progress, so it looks
// twice.
func (d *Dataset) load() error {
	if info, err := d.fsys.Stat(d.dir); err == nil && !info.IsDir() {
		return &fs.PathError{Op: "open", Path: d.dir, Err: syscall.ENOTDIR}
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for try := 0; ; try++ {
		err := d.look()
		if err != nil || d.Manifest != nil || d.pending {
			return err
		}
		part, err := d.anyPart()
		if err != nil || part == "" {
			return err
		}
		if try > 0 {
			return &DamagedError{d.path(ManifestName), "it is missing, but there is " + part, manifestHint}
		}
	}
}

func (d *Dataset) look() (err error) {
	if d.pending, err = disk.Exists(d.fsys, d.path(JournalName)); err != nil {
		return err
	}
	d.Manifest, err = d.readManifest()
	return err
}

// readManifest returns nil if there is no manifest.
func (d *Dataset) readManifest() (*Manifest, error) {
	name := d.path(ManifestName)
	data, err := readRecord(d.fsys, name, manifestHint)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	m, err := DecodeManifest(name, data)
	if err == nil && m.Publication != nil {
		return nil, fmt.Errorf("%s is a destination of format %s, not a dataset: run mailerlake restore --from its URL with another --out", d.dir, m.Publication.Format)
	}
	return m, err
}

// anyPart returns the path of a part in the directory, empty if there is none.
func (d *Dataset) anyPart() (string, error) {
	strays, err := d.Stray()
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	for _, path := range strays {
		if part.TableOf(path) != "" {
			return path, nil
		}
	}
	return "", err
}
