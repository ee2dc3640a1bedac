package dataset_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailerlake/export/dataset"
	"mailerlake/export/disk"
)

// strangers are files that this program did not write; the first four are Parquet files in a table's directory.
var strangers = tree{
	"group/part-00009.parquet": "a", "group/x.PARQUET": "b", "group/_x.parquet": "c", "group/.x.parquet": "d",
	"group/notes.txt": "e", "group/.DS_Store": "f", "group/_SUCCESS": "g", "stranger/notes.txt": "h",
	"stranger/part-00000.parquet": "i", "Other/x.parquet": "j", "x.parquet": "k",
}

var foreignGroup = []string{"group/.x.parquet", "group/_x.parquet", "group/part-00009.parquet", "group/x.PARQUET"}

func TestStray(t *testing.T) {
	dir := t.TempDir()
	nextWorld().stored(t).write(t, dir)
	strangers.write(t, dir)
	got, err := open(t, dir).Stray()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"group/.x.parquet", "group/_x.parquet", "group/notes.txt", "group/part-00009.parquet", "group/x.PARQUET", "stranger/part-00000.parquet"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("stray (-want +got):\n%s", diff)
	}
}

// TestStrayChanges: files that readers of a directory of change files would take for changes.
func TestStrayChanges(t *testing.T) {
	dir := t.TempDir()
	if got, err := open(t, dir).StrayChanges(); got != nil || err != nil {
		t.Errorf("stray changes of nothing = %v, %v", got, err)
	}
	nextWorld().stored(t).write(t, dir)
	tree{"_changes/group/snapshot-00000009.parquet": "a", "_changes/group/notes.txt": "b", "_changes/x/y.PARQUET": "c", "_changes/README": "d",
		"_changes/x.parquet": "e", "_changes/part-00000.parquet": "f"}.write(t, dir)
	d := open(t, dir)
	got, err := d.StrayChanges()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"_changes/group/snapshot-00000009.parquet", "_changes/x/y.PARQUET"}, got); diff != "" {
		t.Errorf("stray changes (-want +got):\n%s", diff)
	}
	if strays, err := d.Stray(); len(strays) > 0 || err != nil {
		t.Errorf("stray files of tables = %v, %v", strays, err)
	}
}

func TestForeign(t *testing.T) {
	dir := t.TempDir()
	nextWorld().stored(t).write(t, dir)
	strangers.write(t, dir)
	d := open(t, dir)
	for table, want := range map[string][]string{"group": foreignGroup, "campaign": nil, "nothing": nil, "stranger": {"stranger/part-00000.parquet"}} {
		got, err := d.Foreign(table)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("foreign files of %s: %v (-want +got):\n%s", table, err, diff)
		}
	}
}

func TestMoveForeign(t *testing.T) {
	dir := t.TempDir()
	nextWorld().stored(t).write(t, dir)
	strangers.write(t, dir)
	want := readTree(t, dir)
	d := open(t, dir)
	if _, _, err := d.MoveForeign("group", time.Now()); err == nil {
		t.Error("files are moved without the lock")
	}
	defer lock(t, d)()
	now := time.Date(2024, 5, 6, 7, 8, 9, 0, time.FixedZone("", 3600))
	for round, place := range []string{".mailerlake/moved/20240506T060809Z/group", ".mailerlake/moved/20240506T060809Z-2/group"} {
		moved, to, err := d.MoveForeign("group", now)
		if diff := cmp.Diff(foreignGroup, moved); diff != "" || err != nil || to != filepath.Join(dir, filepath.FromSlash(place)) {
			t.Fatalf("round %d: moved to %s, %v (-want +got):\n%s", round, to, err, diff)
		}
		for _, path := range foreignGroup {
			want[place+"/"+filepath.Base(path)] = strangers[path]
			delete(want, path)
		}
		got := readTree(t, dir)
		delete(got, ".mailerlake/lock.json")
		wantTree(t, "moved", got, want)
		if moved, to, err := d.MoveForeign("group", now); moved != nil || to != "" || err != nil {
			t.Errorf("nothing to move: %v, %s, %v", moved, to, err)
		}
		for _, path := range foreignGroup { // once more, at the same second
			tree{path: strangers[path]}.write(t, dir)
			want[path] = strangers[path]
		}
	}
}

// TestCommitBesideForeignFiles: nothing is committed beside them, and no new part overwrites one.
func TestCommitBesideForeignFiles(t *testing.T) {
	for _, path := range []string{"group/mine.parquet", "group/part-00003.parquet", "field/part-00000.parquet"} {
		dir, _, c := begun(t)
		stageNext(t, c)
		tree{path: "mine"}.write(t, dir)
		before := readTree(t, dir)
		err := c.Commit(context.Background(), nextWorld().manifest, nil)
		var foreign *dataset.ForeignFilesError
		if !errors.As(err, &foreign) || foreign.Table+"/" != path[:strings.Index(path, "/")+1] || len(foreign.Files) != 1 ||
			!strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), filepath.Join(dir, ".mailerlake", "moved")) {
			t.Errorf("%s: error = %v, want a ForeignFilesError that names it", path, err)
		}
		wantTree(t, "after the refusal", readTree(t, dir), before)
		if err := c.Abort(); err != nil {
			t.Error(err)
		}
	}
}

// TestCommitBesideForeignFilesElsewhere: a table that keeps its state may have them.
func TestCommitBesideForeignFilesElsewhere(t *testing.T) {
	dir, d, c := begun(t)
	tree{"group/mine.parquet": "mine"}.write(t, dir)
	next := d.Manifest.Clone()
	next.Snapshot++
	next.Table("campaign").ScanEnded = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	if err := c.Commit(context.Background(), next, nil); err != nil {
		t.Error(err)
	}
}

func TestForeignFilesErrorIsShort(t *testing.T) {
	err := &dataset.ForeignFilesError{Table: "group", Files: strings.Fields("a b c d e f g"), MovedTo: "lake/moved"}
	if text := err.Error(); !strings.Contains(text, "a, b, c, d, e and 2 more;") {
		t.Errorf("got %s", text)
	}
}

func TestCommitCancelled(t *testing.T) {
	dir, _, c := begun(t)
	stageNext(t, c)
	before := readTree(t, dir)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := c.Commit(ctx, nextWorld().manifest, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v, want context.Canceled", err)
	}
	wantTree(t, "after the cancellation", readTree(t, dir), before)
	if err := c.Commit(context.Background(), nextWorld().manifest, nil); err != nil {
		t.Errorf("commit after the cancellation: %v", err)
	}
}

// TestCommitGoesOn: beyond its point of commit a commit does not heed the context.
func TestCommitGoesOn(t *testing.T) {
	dir := t.TempDir()
	oldWorld().stored(t).write(t, dir)
	ctx, cancel := context.WithCancel(context.Background())
	d, err := dataset.Open(cancelFS{disk.OS(false), cancel}, dir)
	if err != nil {
		t.Fatal(err)
	}
	defer lock(t, d)()
	c, err := d.Begin()
	if err != nil {
		t.Fatal(err)
	}
	stageNext(t, c)
	if err := c.Commit(ctx, nextWorld().manifest, nil); err != nil || ctx.Err() == nil {
		t.Errorf("error = %v, cancelled: %v", err, ctx.Err())
	}
	if got := open(t, dir); got.Pending() || got.Manifest.Snapshot != 2 {
		t.Errorf("snapshot %d, pending %t", got.Manifest.Snapshot, got.Pending())
	}
}

// cancelFS cancels at the point of commit.
type cancelFS struct {
	disk.FS
	cancel func()
}

func (f cancelFS) Rename(from, to string) error {
	if filepath.Base(to) == "journal.json" {
		f.cancel()
	}
	return f.FS.Rename(from, to)
}

func TestRecoverCancelled(t *testing.T) {
	c := halfway(t, 4)
	before := readTree(t, c.dir)
	d := open(t, c.dir)
	unlock := lock(t, d)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := d.Recover(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v, want context.Canceled", err)
	}
	unlock()
	delete(before, ".mailerlake/lock.json")
	wantTree(t, "after the cancellation", readTree(t, c.dir), before)
	c.checkRecovered(true)
}

func TestForeignDirectoryUnreadable(t *testing.T) {
	dir := t.TempDir()
	oldWorld().stored(t).write(t, dir)
	if err := os.RemoveAll(filepath.Join(dir, "group")); err != nil {
		t.Fatal(err)
	}
	tree{"group": "a file"}.write(t, dir)
	if _, err := open(t, dir).Foreign("group"); err == nil || !strings.Contains(err.Error(), "group") {
		t.Errorf("error = %v, want one that names the table", err)
	}
}

// TestMoveForeignInterrupted kills the move at each operation, with and without a power loss: each file is afterwards
// where it was or where it was to go, whole.
func TestMoveForeignInterrupted(t *testing.T) {
	everyOp(t, "op", func(t *testing.T, n int) (reached bool) {
		for seed := range 2 * *seeds {
			c := newCrash(t)
			strangers.write(t, c.dir)
			c.boot()
			c.fsys.KillAt(n)
			moveForeign(c.fsys, c.dir)
			if reached = c.fsys.Killed(); seed%2 == 0 {
				c.restart()
			} else {
				c.losePower(seed)
			}
			got := readTree(t, c.dir)
			for path, text := range strangers {
				there := 0
				for other, found := range got {
					if found == text && filepath.Base(other) == filepath.Base(path) {
						there++
					}
				}
				if there != 1 {
					t.Fatalf("seed %d: %s is there %d times in %v", seed, path, there, got)
				}
			}
		}
		return reached
	})
}

func moveForeign(fsys disk.FS, dir string) error {
	d, err := dataset.Open(fsys, dir)
	if err != nil {
		return err
	}
	unlock, err := d.Lock()
	if err != nil {
		return err
	}
	defer unlock()
	_, _, err = d.MoveForeign("group", time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC))
	return err
}
