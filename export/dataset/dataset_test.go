package dataset_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"mailerlake/export/dataset"
	"mailerlake/export/disk"
	"mailerlake/export/disk/faultfs"
)

func TestOpenNothing(t *testing.T) {
	empty := t.TempDir()
	for what, dir := range map[string]string{"missing": filepath.Join(empty, "a", "b"), "empty": empty} {
		d := open(t, dir)
		if d.Manifest != nil || d.Pending() {
			t.Errorf("%s directory: manifest %v, pending %t", what, d.Manifest, d.Pending())
		}
	}
	if files := readTree(t, empty); len(files) != 0 {
		t.Errorf("opening made %v", files)
	}
}

func TestOpenTouchesNothing(t *testing.T) {
	c := newCrash(t)
	c.fsys.KillAt(journalRename(t) + 4)
	c.commit()
	c.restart()
	before := readTree(t, c.dir)
	d, err := dataset.Open(c.fsys, c.dir)
	if err != nil {
		t.Fatal(err)
	}
	if !d.Pending() || d.Manifest.Snapshot != 1 {
		t.Errorf("pending %t at snapshot %d, want true at 1", d.Pending(), d.Manifest.Snapshot)
	}
	if ops := c.fsys.Ops(); len(ops) != 0 {
		t.Errorf("operations: %v", ops)
	}
	wantTree(t, "after opening", readTree(t, c.dir), before)
}

func TestOpenFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "lake")
	if err := os.WriteFile(dir, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := dataset.Open(disk.OS(false), dir); !errors.Is(err, syscall.ENOTDIR) || !strings.Contains(err.Error(), dir) {
		t.Errorf("error = %v, want ENOTDIR with the name", err)
	}
	if _, err := dataset.Open(disk.OS(false), filepath.Join(dir, "below")); err == nil {
		t.Error("a directory below a file opens")
	}
}

func TestOpenDamaged(t *testing.T) {
	whole := oldWorld().stored(t)
	text := whole[dataset.ManifestName]
	tests := map[string]struct {
		manifest string
		newer    bool
	}{
		"edited":    {strings.Replace(text, `"rows": 3`, `"rows": 4`, 1), false},
		"resealed":  {reseal(strings.Replace(text, `"rows": 3`, `"rows": 4`, 1)), false},
		"truncated": {text[:100], false},
		"empty":     {"", false},
		"newer":     {strings.Replace(text, `"format": 5`, `"format": 6`, 1), true},
		"older":     {strings.Replace(text, `"format": 5`, `"format": 1`, 1), true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			whole.write(t, dir)
			tree{dataset.ManifestName: test.manifest}.write(t, dir)
			_, err := dataset.Open(disk.OS(false), dir)
			var damaged *dataset.DamagedError
			var version *dataset.VersionError
			if errors.As(err, &version) != test.newer || errors.As(err, &damaged) == test.newer {
				t.Errorf("error = %v", err)
			}
			if err != nil && !strings.Contains(err.Error(), filepath.Join(dir, "manifest.json")) {
				t.Errorf("error = %v, want the file's name in it", err)
			}
		})
	}
}

func TestOpenPartsWithoutManifest(t *testing.T) {
	dir := t.TempDir()
	oldWorld().files.write(t, dir)
	_, err := dataset.Open(disk.OS(false), dir)
	var damaged *dataset.DamagedError
	if !errors.As(err, &damaged) || !strings.Contains(err.Error(), "campaign/part-00000.parquet") {
		t.Errorf("error = %v, want a DamagedError that names a part", err)
	}
}

func TestOpenAmongOtherFiles(t *testing.T) {
	dir := t.TempDir()
	tree{"notes.txt": "x", "pictures/cat.png": "x", "spark/part-00000-abc.parquet": "x"}.write(t, dir)
	if d := open(t, dir); d.Manifest != nil {
		t.Errorf("manifest = %v", d.Manifest)
	}
}

// TestOpenHugeManifest has a file without blocks behind it: it is refused by its size.
func TestOpenHugeManifest(t *testing.T) {
	dir := t.TempDir()
	f, err := os.Create(filepath.Join(dir, dataset.ManifestName))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Truncate(1<<40), f.Close()); err != nil {
		t.Skip(err)
	}
	var damaged *dataset.DamagedError
	if _, err := dataset.Open(disk.OS(false), dir); !errors.As(err, &damaged) || !strings.Contains(err.Error(), "too large") {
		t.Errorf("error = %v, want a DamagedError", err)
	}
}

func TestExoticDirectories(t *testing.T) {
	base := t.TempDir()
	t.Chdir(base)
	target := filepath.Join(base, "target")
	if err := os.Mkdir(target, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, filepath.Join(base, "link")); err != nil {
		t.Skip(err)
	}
	want := nextWorld().stored(t)
	for _, dir := range []string{"link", "relative", "with space/and ünïcode ✓", filepath.Join(base, "a", "b", "c"), "trailing/"} {
		t.Run(dir, func(t *testing.T) {
			for _, w := range []*world{oldWorld(), nextWorld()} {
				if err := commitWorld(disk.OS(false), dir, w); err != nil {
					t.Fatal(err)
				}
			}
			wantTree(t, "committed", readTree(t, dir+"/."), want)
		})
	}
	wantTree(t, "target of the link", readTree(t, target), want)
}

func TestReadOnlyDirectory(t *testing.T) {
	dir := t.TempDir()
	fsys, err := faultfs.New(dir)
	if err != nil {
		t.Fatal(err)
	}
	fsys.ChangesOnly = true
	fsys.FailAt(1, fs.ErrPermission)
	err = commitWorld(fsys, dir, oldWorld())
	if !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), filepath.Join(dir, ".mailerlake")) {
		t.Errorf("error = %v, want one of permissions that names the directory", err)
	}
}
