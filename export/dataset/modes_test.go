package dataset_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"mailerlake/export/dataset"
	"mailerlake/export/disk"
	"mailerlake/export/disk/faultfs"
)

func TestModes(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no modes there")
	}
	open := map[string]fs.FileMode{
		"manifest.json": 0o644, "group": 0o755, "group/part-00000.parquet": 0o644,
		".mailerlake": 0o711, "_changes": 0o755, "_changes/group": 0o755, "_changes/group/snapshot-00000001.parquet": 0o644, ".mailerlake/lock": 0o600, ".mailerlake/scan": 0o700, ".mailerlake/scan/x.log": 0o600,
	}
	for _, private := range []bool{false, true} {
		dir := filepath.Join(t.TempDir(), ".mailerlake", "staged", "lake") // names above it mean nothing
		fsys := disk.OS(private)
		if err := commitWorld(fsys, dir, oldWorld()); err != nil {
			t.Fatal(err)
		}
		makeLog(t, fsys, dir)
		for name, want := range open {
			info := stat(t, dir, name)
			if private {
				want &= 0o700
			}
			if got := info.Mode().Perm(); got != want {
				t.Errorf("private %t: mode of %s = %o, want %o", private, name, got, want)
			}
		}
	}
}

// TestMakePrivate: everything of the dataset becomes its owner's, and nothing else.
func TestMakePrivate(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no modes there")
	}
	dir := t.TempDir()
	nextWorld().stored(t).write(t, dir)
	tree{"group/notes.txt": "x", "other/x": "x"}.write(t, dir)
	if err := os.Remove(filepath.Join(dir, "group", "part-00003.parquet")); err != nil { // one that is missing changes nothing
		t.Fatal(err)
	}
	if err := open(t, dir).MakePrivate(); err == nil {
		t.Error("it does so without the lock")
	}
	fsys, err := faultfs.New(dir)
	if err != nil {
		t.Fatal(err)
	}
	fsys.ChangesOnly = true
	d, err := dataset.Open(fsys, dir)
	if err != nil {
		t.Fatal(err)
	}
	defer lock(t, d)()
	if err := os.Chmod(filepath.Join(dir, ".mailerlake"), 0o755); err != nil {
		t.Fatal(err)
	}
	fsys.FailAt(2, fs.ErrPermission)
	if err := d.MakePrivate(); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("error = %v, want one of permissions", err)
	}
	for range 2 {
		if err := d.MakePrivate(); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]fs.FileMode{"manifest.json": 0o600, ".mailerlake": 0o700, "group": 0o700, "field": 0o700, "group/part-00000.parquet": 0o600,
		"subscriber/part-00002.parquet": 0o600, "_changes": 0o700, "_changes/campaign": 0o700, "_changes/subscriber/snapshot-00000001.parquet": 0o600, "group/notes.txt": 0o644, "other": 0o755, "other/x": 0o644} {
		if got := stat(t, dir, name).Mode().Perm(); got != want {
			t.Errorf("mode of %s = %o, want %o", name, got, want)
		}
	}
}

// TestAdmitReaders: who may read the manifest may see whether there is a journal, and no more.
func TestAdmitReaders(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no modes there")
	}
	cases := []struct {
		private              bool
		manifest, was, after fs.FileMode
	}{
		{false, 0o644, 0o700, 0o711},
		{false, 0o640, 0o700, 0o710},
		{false, 0o600, 0o700, 0o700}, // made private before
		{true, 0o644, 0o700, 0o700},
		{false, 0o644, 0o755, 0o755},
		{false, 0, 0o700, 0o700}, // nothing is exported yet
	}
	for _, c := range cases {
		dir := t.TempDir()
		if c.manifest != 0 {
			oldWorld().stored(t).write(t, dir)
			chmod(t, dir, dataset.ManifestName, c.manifest)
		}
		tree{}.with("x.log").write(t, dir)
		chmod(t, dir, dataset.PrivateDir, c.was)
		chmod(t, dir, dataset.ScanDir, 0o700)
		d, err := dataset.Open(disk.OS(c.private), dir)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := d.AdmitReaders(); err != nil {
				t.Fatal(err)
			}
			if got := stat(t, dir, dataset.PrivateDir).Mode().Perm(); got != c.after {
				t.Errorf("%+v: mode = %o", c, got)
			}
		}
		if got := stat(t, dir, dataset.ScanDir).Mode().Perm(); got != 0o700 {
			t.Errorf("%+v: mode of %s = %o", c, dataset.ScanDir, got)
		}
	}
}

func chmod(t *testing.T, dir, name string, mode fs.FileMode) {
	t.Helper()
	if err := os.Chmod(filepath.Join(dir, filepath.FromSlash(name)), mode); err != nil {
		t.Fatal(err)
	}
}

func makeLog(t *testing.T, fsys disk.FS, dir string) {
	t.Helper()
	scan := filepath.Join(dir, filepath.FromSlash(dataset.ScanDir))
	if err := fsys.MkdirAll(scan, disk.Private); err != nil {
		t.Fatal(err)
	}
	f, err := fsys.OpenAppend(filepath.Join(scan, "x.log"), disk.Private)
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
}

// TestFilePositions: reads continue from the beginning, writes at the end, whatever came between.
func TestFilePositions(t *testing.T) {
	name := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(name, []byte("0123456789"), 0o644); err != nil {
		t.Fatal(err)
	}
	f, err := disk.OS(false).OpenAppend(name, disk.Shared)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	head := make([]byte, 2)
	io.ReadFull(f, head)
	if err := f.Truncate(5); err != nil {
		t.Fatal(err)
	}
	f.Write([]byte("ab"))
	rest, err := io.ReadAll(f)
	if got := string(head) + "|" + string(rest); got != "01|234ab" || err != nil {
		t.Errorf("read %q, %v, want 01|234ab", got, err)
	}
	f.Write([]byte("c"))
	if data, _ := os.ReadFile(name); string(data) != "01234abc" {
		t.Errorf("file = %q, want 01234abc", data)
	}
}

func TestSyncDirOfNothing(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("directories are not synced there")
	}
	if err := disk.OS(false).SyncDir(filepath.Join(t.TempDir(), "x")); err == nil {
		t.Error("a directory that does not exist is synced")
	}
}
