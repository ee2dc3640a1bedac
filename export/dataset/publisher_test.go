package dataset_test

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailerlake/export/dataset"
	"mailerlake/export/disk"
)

// locked opens and locks a dataset until the test ends.
func locked(t *testing.T, dir string) *dataset.Dataset {
	t.Helper()
	d, err := dataset.Open(disk.OS(false), dir)
	if err != nil {
		t.Fatal(err)
	}
	unlock, err := d.Lock()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unlock() })
	return d
}

// TestPublishes checks that the publishes are known that have not ended, also after the program was, and to no copy from
// before.
func TestPublishes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "lake")
	d := locked(t, dir)
	if p, err := d.Publisher(); err != nil || p.Path != dir {
		t.Fatalf("got %+v, %v", p, err)
	}
	if err := d.BeginPublish("one"); err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(t.TempDir(), "lake")
	if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	for _, token := range []string{"two", "three"} {
		if err := d.BeginPublish(token); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.EndPublish("one", "three"); err != nil {
		t.Fatal(err)
	}
	again, err := dataset.Open(disk.OS(false), dir)
	if err != nil {
		t.Fatal(err)
	}
	for token, want := range map[string]bool{"one": false, "two": true, "three": false, "": false} {
		if got, err := again.BeganPublish(token); err != nil || got != want {
			t.Errorf("%q: got %v, %v", token, got, err)
		}
	}
	if began, err := locked(t, copied).BeganPublish("two"); err != nil || began {
		t.Errorf("copy: got %v, %v", began, err)
	}
	for range 50 {
		if err := d.BeginPublish("dead"); err != nil {
			t.Fatal(err)
		}
	}
	if info, err := os.Stat(filepath.Join(dir, dataset.PrivateDir, "publishes")); err != nil || info.Size() > 32*5 {
		t.Errorf("got %v, %v, want dead publishes to be forgotten at last", info, err)
	}
}

// TestBeginRestore commits a state of snapshot 2 as the first one, which a commit does not do.
func TestBeginRestore(t *testing.T) {
	w := nextWorld()
	for name, begin := range map[string]func(*dataset.Dataset) (*dataset.Commit, error){"commit": (*dataset.Dataset).Begin, "restore": (*dataset.Dataset).BeginRestore} {
		d := locked(t, filepath.Join(t.TempDir(), "lake"))
		c, err := begin(d)
		if err != nil {
			t.Fatal(err)
		}
		for path, text := range w.files {
			staged, err := c.Create(path)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(staged, text); err != nil {
				t.Fatal(err)
			}
			if err := staged.Close(); err != nil {
				t.Fatal(err)
			}
		}
		err = c.Commit(t.Context(), w.manifest, nil)
		if name == "commit" {
			if err == nil || !strings.Contains(err.Error(), "snapshot 2 does not follow 0") {
				t.Errorf("commit: got %v, want the snapshot to be refused", err)
			}
			continue
		}
		if err != nil || d.Manifest.Snapshot != 2 {
			t.Fatalf("restore: %v", err)
		}
		var paths []string
		for f := range d.Manifest.Files() {
			opened, err := d.OpenFile(f.Path)
			if err != nil {
				t.Fatal(err)
			}
			data, _ := io.ReadAll(opened)
			opened.Close()
			if string(data) != w.files[f.Path] || f.Table != strings.Split(strings.TrimPrefix(f.Path, "_changes/"), "/")[0] || int64(len(data)) != f.Bytes {
				t.Errorf("%+v is not what was staged", f)
			}
			paths = append(paths, f.Path)
		}
		if d := cmp.Diff(len(w.files), len(paths)); d != "" {
			t.Errorf("files (-want +got)\n%s", d)
		}
		if _, err := d.BeginRestore(); err == nil {
			t.Error("a dataset was to be restored over another")
		}
		if _, err := d.OpenFile("manifest.json"); err == nil {
			t.Error("the manifest was opened as a part")
		}
	}
}

func TestScratch(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "lake")
	d := locked(t, dir)
	f, remove, err := d.Scratch()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(f, "x"); err != nil {
		t.Fatal(err)
	}
	if err := remove(); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(filepath.Join(dir, dataset.StagedDir)); err != nil || len(left) > 0 {
		t.Errorf("%v is left, %v", left, err)
	}
}
