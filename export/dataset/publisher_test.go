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

func TestPublisher(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "lake")
	d := locked(t, dir)
	first, err := d.Publisher()
	if err != nil || len(first.ID) != 32 || first.Path != dir {
		t.Fatalf("got %+v, %v", first, err)
	}
	if again, err := d.Publisher(); err != nil || again != first {
		t.Errorf("got %+v, %v, want %+v again", again, err, first)
	}
	name := filepath.Join(dir, dataset.PrivateDir, "publisher")
	if err := os.WriteFile(name, []byte("not an identity"), 0o600); err != nil {
		t.Fatal(err)
	}
	if other, err := d.Publisher(); err != nil || other.ID == first.ID || len(other.ID) != 32 {
		t.Errorf("got %+v, %v, want a new identity in place of a damaged one", other, err)
	}
	if other, err := locked(t, filepath.Join(t.TempDir(), "lake")).Publisher(); err != nil || other.ID == first.ID {
		t.Errorf("got %+v, %v for another dataset, want another identity", other, err)
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
