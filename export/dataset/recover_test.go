package dataset_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailerlake/export/dataset"
	"mailerlake/export/disk/faultfs"
)

// halfway is a dataset whose commit was killed some operations after its point of commit.
func halfway(t *testing.T, after int) *crash {
	t.Helper()
	c := newCrash(t)
	c.fsys.KillAt(journalRename(t) + 1 + after)
	c.commit()
	c.restart()
	if !c.checkReaders() {
		t.Fatal("it is not past the point of commit")
	}
	return c
}

// only returns the one file that matches.
func (c *crash) only(pattern string) string {
	c.Helper()
	found, err := filepath.Glob(filepath.Join(c.dir, filepath.FromSlash(pattern)))
	if err != nil || len(found) != 1 {
		c.Fatalf("%s: %v, %v", pattern, found, err)
	}
	return found[0]
}

func TestRecoverDamaged(t *testing.T) {
	write := func(name, text string) error { return os.WriteFile(name, []byte(text), 0o644) }
	tests := map[string]func(c *crash) error{
		"staged part changed": func(c *crash) error {
			return write(c.only(dataset.StagedDir+"/subscriber.part-00001.*"), "7 bad\n8 bad\n9 bad\n")
		},
		"staged changes changed": func(c *crash) error {
			return write(c.only(dataset.StagedDir+"/_changes.campaign.snapshot-00000002.*"), "changes of X\n")
		},
		"staged part gone":  func(c *crash) error { return os.Remove(c.only(dataset.StagedDir + "/subscriber.part-00001.*")) },
		"journal truncated": func(c *crash) error { return os.Truncate(c.only(dataset.JournalName), 200) },
		"journal empty":     func(c *crash) error { return os.Truncate(c.only(dataset.JournalName), 0) },
		"journal edited": func(c *crash) error {
			name := c.only(dataset.JournalName)
			data, err := os.ReadFile(name)
			return errors.Join(err, write(name, strings.Replace(string(data), "part-00001", "part-00003", 1)))
		},
		"manifest of another commit": func(c *crash) error {
			w := oldWorld()
			w.manifest.Snapshot = 7
			return write(c.only("manifest.json"), w.stored(c.T)["manifest.json"])
		},
		"manifest of another account": func(c *crash) error {
			w := oldWorld()
			w.manifest.Account.ID = "2"
			return write(c.only("manifest.json"), w.stored(c.T)["manifest.json"])
		},
	}
	for name, damage := range tests {
		t.Run(name, func(t *testing.T) {
			c := halfway(t, 4)
			if err := damage(c); err != nil {
				t.Fatal(err)
			}
			before := readTree(t, c.dir)
			_, err := recoverDataset(c.fsys, c.dir)
			var damaged *dataset.DamagedError
			if !errors.As(err, &damaged) || damaged.Hint == "" || !strings.HasPrefix(damaged.Path, c.dir) {
				t.Errorf("error = %v, want a DamagedError that names the file", err)
			}
			after := readTree(t, c.dir)
			delete(before, ".mailerlake/lock.json")
			wantTree(t, "after the refusal", after, before)
		})
	}
}

func TestRecoverNewerJournal(t *testing.T) {
	c := halfway(t, 0)
	tree{dataset.JournalName: `{"format": 7}`}.write(t, c.dir)
	_, err := recoverDataset(c.fsys, c.dir)
	var version *dataset.VersionError
	if !errors.As(err, &version) || version.Found != 7 {
		t.Errorf("error = %v, want a VersionError for 7", err)
	}
}

// TestRecoverWithoutManifest: the journal has all that the manifest had.
func TestRecoverWithoutManifest(t *testing.T) {
	c := halfway(t, 4)
	if err := os.Remove(filepath.Join(c.dir, "manifest.json")); err != nil {
		t.Fatal(err)
	}
	c.checkRecovered(true)
}

// TestRecoverWithoutJournal removes what a commit left that was cut off before its point of commit.
func TestRecoverWithoutJournal(t *testing.T) {
	c := newCrash(t)
	tree{".mailerlake/journal.tmp": `{"format": 1, "sha`, dataset.StagedDir + "/group.part-00000.0123abcd": "x"}.write(t, c.dir)
	rolled, err := recoverDataset(c.fsys, c.dir)
	if rolled || err != nil {
		t.Errorf("recover = %t, %v, want false", rolled, err)
	}
	wantTree(t, "recovered", readTree(t, c.dir), c.old)
}

func TestRecoverSetsState(t *testing.T) {
	c := halfway(t, 4)
	d, err := dataset.Open(c.fsys, c.dir)
	if err != nil {
		t.Fatal(err)
	}
	unlock, err := d.Lock()
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	rolled, err := d.Recover(context.Background())
	if !rolled || err != nil || d.Pending() || d.Manifest.Snapshot != 2 {
		t.Errorf("recover = %t, %v; pending %t, snapshot %d", rolled, err, d.Pending(), d.Manifest.Snapshot)
	}
	commit, err := d.Begin()
	if err != nil {
		t.Fatal(err)
	}
	third := nextWorld()
	third.manifest.Snapshot = 3
	if err := commit.Commit(context.Background(), third.manifest, nil); err != nil {
		t.Errorf("commit after the recovery: %v", err)
	}
}

func TestAbandon(t *testing.T) {
	c := halfway(t, 4)
	tree{dataset.JournalName: "{", "_changes/group/snapshot-00000002.parquet": "x", "_changes/group/notes-00000002.parquet": "y"}.write(t, c.dir)
	d, err := dataset.Open(c.fsys, c.dir)
	if err != nil {
		t.Fatal(err)
	}
	unlock, err := d.Lock()
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Abandon(); err != nil {
		t.Fatal(err)
	}
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
	got := readTree(t, c.dir)
	for path := range got {
		if strings.HasPrefix(path, dataset.StagedDir) || path == dataset.JournalName {
			t.Errorf("%s is left", path)
		}
	}
	for _, table := range []string{"group", "subscriber"} {
		path := dataset.ChangesPath(table, 1)
		if got[path] != c.old[path] || got[dataset.ChangesPath(table, 2)] != "" {
			t.Errorf("the change files of %s are not the old ones", table)
		}
	}
	if got["_changes/group/notes-00000002.parquet"] != "y" {
		t.Error("a foreign file is gone")
	}
	if got["manifest.json"] != c.old["manifest.json"] || open(t, c.dir).Pending() {
		t.Error("the state is not the old one")
	}
}

// TestUnfinishedError is what a run sees that meets a full disk after its point of commit.
func TestUnfinishedError(t *testing.T) {
	c := newCrash(t)
	c.fsys.FailAt(journalRename(t)+4, faultfs.ErrKilled)
	err := c.commit()
	var unfinished *dataset.UnfinishedError
	if !errors.As(err, &unfinished) || unfinished.Snapshot != 2 || unfinished.Path != c.dir {
		t.Errorf("error = %v, want an UnfinishedError of snapshot 2", err)
	}
}
