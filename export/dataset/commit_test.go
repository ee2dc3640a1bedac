package dataset_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mailerlake/export/dataset"
	"mailerlake/export/disk"
)

// begun is a locked dataset in the old state with a commit begun.
func begun(t *testing.T) (dir string, d *dataset.Dataset, c *dataset.Commit) {
	t.Helper()
	dir = t.TempDir()
	oldWorld().stored(t).write(t, dir)
	d = open(t, dir)
	t.Cleanup(lock(t, d))
	c, err := d.Begin()
	if err != nil {
		t.Fatal(err)
	}
	return dir, d, c
}

// stageNext stages what nextWorld changes.
func stageNext(t *testing.T, c *dataset.Commit) {
	t.Helper()
	old := oldWorld().files
	for path, text := range nextWorld().files {
		if old[path] == text {
			continue
		}
		if err := stage(c, path, text); err != nil {
			t.Fatal(err)
		}
	}
}

func TestCommitMovesManifestOn(t *testing.T) {
	_, d, c := begun(t)
	stageNext(t, c)
	next := nextWorld().manifest
	if err := c.Commit(context.Background(), next, nil); err != nil {
		t.Fatal(err)
	}
	if d.Pending() || d.Manifest == next || string(encode(t, d.Manifest)) != string(encode(t, next)) {
		t.Errorf("after the commit: pending %t, manifest %v", d.Pending(), d.Manifest)
	}
	if err := c.Commit(context.Background(), next, nil); err == nil {
		t.Error("a commit can be committed twice")
	}
	if err := c.Abort(); err != nil {
		t.Error(err)
	}
}

func TestCommitNothingTouchesNoPart(t *testing.T) {
	dir, _, c := begun(t)
	same := oldWorld()
	same.manifest.Snapshot = 2
	before := stat(t, dir, "group/part-00001.parquet")
	if err := c.Commit(context.Background(), same.manifest, nil); err != nil {
		t.Fatal(err)
	}
	if after := stat(t, dir, "group/part-00001.parquet"); !os.SameFile(before, after) || before.ModTime() != after.ModTime() {
		t.Error("a part that did not change was replaced")
	}
	if got := open(t, dir).Manifest.Snapshot; got != 2 {
		t.Errorf("snapshot = %d, want 2", got)
	}
}

func stat(t *testing.T, dir, name string) os.FileInfo {
	t.Helper()
	info, err := os.Stat(filepath.Join(dir, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return info
}

func TestCommitRefused(t *testing.T) {
	tests := map[string]struct {
		change func(t *testing.T, c *dataset.Commit, m *dataset.Manifest) (logs []string)
		want   string
	}{
		"snapshot left out": {func(t *testing.T, c *dataset.Commit, m *dataset.Manifest) []string {
			m.Snapshot = 3
			return nil
		}, "does not follow 1"},
		"other account": {func(t *testing.T, c *dataset.Commit, m *dataset.Manifest) []string {
			m.Account.ID = "2"
			return nil
		}, "another account"},
		"part not created": {func(t *testing.T, c *dataset.Commit, m *dataset.Manifest) []string {
			p, _ := partOf("field/part-00001.parquet", "5", "x", "5")
			f := m.Table("field")
			f.Parts, f.Rows = append(f.Parts, p), f.Rows+1
			return nil
		}, "field/part-00001.parquet differs from the stored one"},
		"part not in the manifest": {func(t *testing.T, c *dataset.Commit, m *dataset.Manifest) []string {
			if err := stage(c, "field/part-00001.parquet", "x"); err != nil {
				t.Fatal(err)
			}
			return nil
		}, "field/part-00001.parquet is not closed"},
		"other content": {func(t *testing.T, c *dataset.Commit, m *dataset.Manifest) []string {
			m.Table("field").Parts[0].SHA256 = strings.Repeat("0", 64)
			return nil
		}, "field/part-00000.parquet is not closed, or not what"},
		"manifest that breaks a rule": {func(t *testing.T, c *dataset.Commit, m *dataset.Manifest) []string {
			m.Table("field").Rows++
			return nil
		}, "its parts have 1"},
		"log elsewhere": {func(t *testing.T, c *dataset.Commit, m *dataset.Manifest) []string {
			return []string{"../../manifest.json"}
		}, "not the name of a page log"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir, _, c := begun(t)
			stageNext(t, c)
			m := nextWorld().manifest
			logs := test.change(t, c, m)
			err := c.Commit(context.Background(), m, logs)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error = %v, want %q", err, test.want)
			}
			if err := c.Abort(); err != nil {
				t.Error(err)
			}
			got := readTree(t, dir)
			delete(got, ".mailerlake/lock.json")
			wantTree(t, "after the refusal", got, oldWorld().stored(t))
		})
	}
}

func TestCommitUnclosedPart(t *testing.T) {
	_, _, c := begun(t)
	s, err := c.Create("field/part-00000.parquet")
	if err != nil {
		t.Fatal(err)
	}
	next := nextWorld().manifest
	if err := c.Commit(context.Background(), next, nil); err == nil || !strings.Contains(err.Error(), "is not closed") {
		t.Errorf("error = %v, want one about the part that is not closed", err)
	}
	if err := c.Abort(); err != nil {
		t.Error(err)
	}
	if _, err := s.Write([]byte("x")); err == nil {
		t.Error("an aborted part is still open")
	}
	if _, err := c.Create("field/part-00001.parquet"); err == nil {
		t.Error("an aborted commit creates parts")
	}
}

func TestCreateRefused(t *testing.T) {
	_, _, c := begun(t)
	for _, path := range []string{"", "x", "../part-00000.parquet", "a/part-1.parquet", "a/b/part-00000.parquet", "a/part-00000.parquet/.."} {
		if _, err := c.Create(path); err == nil {
			t.Errorf("Create(%q) does it", path)
		}
	}
	if err := stage(c, "field/part-00000.parquet", "x"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Create("field/part-00000.parquet"); err == nil {
		t.Error("a part can be created twice")
	}
}

func TestBeginRefused(t *testing.T) {
	dir := t.TempDir()
	if _, err := open(t, dir).Begin(); err == nil {
		t.Error("a commit begins without the lock")
	}
	if _, err := open(t, dir).Recover(context.Background()); err == nil {
		t.Error("a recovery begins without the lock")
	}
	if err := open(t, dir).Abandon(); err == nil {
		t.Error("a commit is abandoned without the lock")
	}
	tree{dataset.JournalName: "{}", dataset.StagedDir + "/x": "x"}.write(t, dir)
	d := open(t, dir)
	defer lock(t, d)()
	if _, err := d.Begin(); err == nil {
		t.Error("a commit begins before another is finished")
	}
	if readTree(t, dir)[dataset.StagedDir+"/x"] != "x" {
		t.Error("what a pending commit staged is gone")
	}
}

// TestBeginBesideAnotherRun has a journal appear after the lock was taken, as over a shared folder.
func TestBeginBesideAnotherRun(t *testing.T) {
	dir := t.TempDir()
	d := open(t, dir)
	defer lock(t, d)()
	tree{dataset.JournalName: "{}", dataset.StagedDir + "/x": "x"}.write(t, dir)
	if _, err := d.Begin(); err == nil || !strings.Contains(err.Error(), "another run") {
		t.Errorf("error = %v, want one about another run", err)
	}
	if readTree(t, dir)[dataset.StagedDir+"/x"] != "x" {
		t.Error("what the other run staged is gone")
	}
}

// TestConflict commits from two machines whose locks do not see each other.
func TestConflict(t *testing.T) {
	tests := map[string]func(t *testing.T, dir string){
		"other commit": func(t *testing.T, dir string) {
			if err := os.Remove(filepath.Join(dir, ".mailerlake", "lock")); err != nil { // so that it locks another file
				t.Fatal(err)
			}
			other := oldWorld()
			other.manifest.Snapshot = 2
			if err := commitWorld(disk.OS(false), dir, other); err != nil {
				t.Fatal(err)
			}
		},
		"commit of the same number": func(t *testing.T, dir string) {
			w := oldWorld()
			w.manifest.CommittedAt = w.manifest.CommittedAt.Add(time.Second)
			w.stored(t).write(t, dir)
		},
		"commit not finished": func(t *testing.T, dir string) {
			tree{dataset.JournalName: "{}", dataset.StagedDir + "/group.part-00000.00000000": "x"}.write(t, dir)
		},
		"manifest removed": func(t *testing.T, dir string) {
			if err := os.Remove(filepath.Join(dir, "manifest.json")); err != nil {
				t.Fatal(err)
			}
		},
	}
	for name, other := range tests {
		t.Run(name, func(t *testing.T) {
			dir, _, c := begun(t)
			stageNext(t, c)
			other(t, dir)
			theirs := readTree(t, dir)
			ours, _ := filepath.Glob(filepath.Join(dir, ".mailerlake", "staged", "*.*"))
			for _, name := range ours {
				if !strings.HasSuffix(name, ".00000000") {
					delete(theirs, dataset.StagedDir+"/"+filepath.Base(name))
				}
			}
			err := c.Commit(context.Background(), nextWorld().manifest, nil)
			var conflict *dataset.ConflictError
			if !errors.As(err, &conflict) || conflict.Began != 1 {
				t.Fatalf("error = %v, want a ConflictError", err)
			}
			if err := c.Abort(); err != nil {
				t.Error(err)
			}
			got := readTree(t, dir)
			if len(got) != len(theirs) {
				t.Errorf("left: %v, want %v", got, theirs)
			}
			for path, text := range theirs {
				if got[path] != text {
					t.Errorf("%s of the other run is gone or changed", path)
				}
			}
		})
	}
}

func TestStagedChangedBySomebody(t *testing.T) {
	dir, _, c := begun(t)
	stageNext(t, c)
	staged, _ := filepath.Glob(filepath.Join(dir, ".mailerlake", "staged", "field.*"))
	if len(staged) != 1 {
		t.Fatalf("staged: %v", staged)
	}
	for i, change := range []func() error{
		func() error { return os.Truncate(staged[0], 1) },
		func() error { return os.Remove(staged[0]) },
	} {
		if err := change(); err != nil {
			t.Fatal(err)
		}
		var unfinished *dataset.UnfinishedError
		err := c.Commit(context.Background(), nextWorld().manifest, nil)
		if err == nil || errors.As(err, &unfinished) || !strings.Contains(err.Error(), "field/part-00000.parquet") {
			t.Errorf("change %d: error = %v, want one that names the part", i, err)
		}
	}
}
