package publish_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailerlake/export/dataset"
	"mailerlake/export/disk"
	"mailerlake/export/disk/faultfs"
	"mailerlake/export/publish"
	"mailerlake/export/publish/store"
)

func restore(t *testing.T, s store.Store, dir string) (*publish.Restored, error) {
	t.Helper()
	return publish.Restore(t.Context(), publish.RestoreOptions{Store: s, FS: disk.OS(false), Dir: dir})
}

func TestRestore(t *testing.T) {
	for _, format := range formats {
		t.Run(format, func(t *testing.T) { testRestore(t, format) })
	}
}

func testRestore(t *testing.T, format string) {
	m, original := &memory{}, datasetAt(t, 3)
	mustPublish(t, original, m, inFormat(format))
	dir := filepath.Join(t.TempDir(), "lake")
	r, err := restore(t, connect(m), dir)
	if err != nil || r.Snapshot != 3 || r.Current || r.Files.Objects != len(treeOf(t, original))-1 {
		t.Fatalf("got %+v, %v", r, err)
	}
	if d := cmp.Diff(short(treeOf(t, original)), short(treeOf(t, dir))); d != "" {
		t.Errorf("the restored dataset differs (-original +restored)\n%s", d)
	}
	if r, err := restore(t, connect(m), dir); err != nil || !r.Current {
		t.Errorf("again: got %+v, %v, want nothing to do", r, err)
	}
	if r := mustPublish(t, dir, m); !r.Current {
		t.Errorf("publish: got %+v, want nothing to do", r)
	}
	if _, err := restore(t, connect(m), datasetAt(t, 2)); err == nil || !strings.Contains(err.Error(), "has a dataset already, at snapshot 2") {
		t.Errorf("got %v, want another dataset to be kept", err)
	}
	if _, err := restore(t, connect(&memory{}), filepath.Join(t.TempDir(), "lake")); err == nil || !strings.Contains(err.Error(), "holds no dataset") {
		t.Errorf("got %v, want to be told that there is nothing", err)
	}
}

// TestRestoreKilled kills a restore at some operations of the file system, and loses power too: the next one brings the dataset,
// and until then there is none.
func TestRestoreKilled(t *testing.T) {
	m := &memory{}
	original := datasetAt(t, 1)
	mustPublish(t, original, m)
	want := short(treeOf(t, original))
	for n := 1; ; n += 11 {
		root := t.TempDir()
		fsys, err := faultfs.New(root)
		if err != nil {
			t.Fatal(err)
		}
		fsys.ChangesOnly = true
		fsys.KillAt(n)
		dir := filepath.Join(root, "lake")
		_, err = publish.Restore(t.Context(), publish.RestoreOptions{Store: connect(m), FS: fsys, Dir: dir})
		if !fsys.Killed() {
			if err != nil {
				t.Fatal(err)
			}
			break
		}
		if n%2 == 0 {
			if err := fsys.PowerLoss(uint64(n)); err != nil {
				t.Fatal(err)
			}
		}
		if d, err := dataset.Open(disk.OS(false), dir); err == nil && d.Manifest == nil && !d.Pending() {
			if parts := treeIfAny(t, dir); len(parts) > 0 {
				t.Errorf("operation %d: no dataset, but %v", n, parts)
			}
		}
		if _, err := restore(t, connect(m), dir); err != nil {
			t.Fatalf("operation %d: %v", n, err)
		}
		if d := cmp.Diff(want, short(treeOf(t, dir))); d != "" {
			t.Fatalf("operation %d (-original +restored)\n%s", n, d)
		}
	}
}

// treeIfAny returns the files of a directory that may not exist.
func treeIfAny(t *testing.T, dir string) objects {
	t.Helper()
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return treeOf(t, dir)
}

// TestRestoreMeanwhile publishes while a restore reads: it begins again, or is refused if the publish has not ended.
func TestRestoreMeanwhile(t *testing.T) {
	later := datasetAt(t, 3)
	for at := 2; at < 30; at += 7 {
		m := &memory{}
		mustPublish(t, datasetAt(t, 1), m)
		c := connect(m)
		c.before = func(n int, _, _ string) error {
			if n == at {
				mustPublish(t, later, m)
			}
			return nil
		}
		dir := filepath.Join(t.TempDir(), "lake")
		r, err := restore(t, c, dir)
		if err != nil {
			t.Fatalf("request %d: %v", at, err)
		}
		if r.Snapshot == 3 {
			if d := cmp.Diff(short(treeOf(t, later)), short(treeOf(t, dir))); d != "" {
				t.Fatalf("request %d (-published +restored)\n%s", at, d)
			}
		} else if c.requests >= at {
			t.Errorf("request %d: got snapshot %d", at, r.Snapshot)
		}
	}
}

// TestRestoreBetween refuses a destination that a dead publisher left between two snapshots.
func TestRestoreBetween(t *testing.T) {
	s := newScene(t, publish.Parquet)
	c := connect(s.there)
	c.after = func(_ int, op, key string) error { return when(op == "PUT" && key != "publishing.json") }
	if _, err := publishing(t.Context(), s.dir, c); err == nil {
		t.Fatal("the publish was not broken")
	}
	dir := filepath.Join(t.TempDir(), "lake")
	_, err := restore(t, connect(s.there), dir)
	var refused *publish.RefusedError
	if !errors.As(err, &refused) || !strings.Contains(err.Error(), "is between two snapshots") || !strings.Contains(err.Error(), s.dir) {
		t.Errorf("got %v, want to be told whose publish has not ended", err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("something was left: %v", err)
	}
	if v, err := publish.Verify(t.Context(), connect(s.there)); err != nil || v.Pending == nil || v.Pending.Path != s.dir {
		t.Errorf("verify: got %+v, %v, want to be told that a publish has not ended", v, err)
	}
}

// TestRestorePartial restores from a destination that a dead publisher left between two snapshots what is whole there, and
// publishes to it only once the dataset has all tables again.
func TestRestorePartial(t *testing.T) {
	m := &memory{}
	mustPublish(t, datasetAt(t, 1), m)
	want := treeOf(t, datasetAt(t, 1))
	m.remove("group/part-00000.parquet")
	m.set("subscriber/part-00001.parquet", "of a later snapshot")
	dir := filepath.Join(t.TempDir(), "lake")
	r, err := publish.Restore(t.Context(), publish.RestoreOptions{Store: connect(m), FS: disk.OS(false), Dir: dir, Partial: true})
	if err != nil || !slices.Equal(r.LeftOut, []string{"group", "subscriber"}) {
		t.Fatalf("got %+v, %v, want two tables left out", r, err)
	}
	for path, data := range treeOf(t, dir) {
		if path != "manifest.json" && want[path] != data {
			t.Errorf("%s differs", path)
		}
	}
	if _, err := publishing(t.Context(), dir, connect(m)); err == nil || !strings.Contains(err.Error(), "run mailerlake export --tables group,subscriber first") {
		t.Errorf("got %v, want the tables that are left out to be missed", err)
	}
	account := newAccount(7)
	account.Advance(1)
	if err := exportOnce(account, dir, time.Hour); err != nil {
		t.Fatal(err)
	}
	if r := mustPublish(t, dir, m); r.Before != 1 || r.Snapshot != 2 {
		t.Errorf("got %+v, want snapshot 2", r)
	}
	holds(t, m, dir)
	for _, key := range []string{"campaign", "field", "group_subscriber"} {
		m.remove(key + "/part-00000.parquet")
	}
	m.remove("group/part-00000.parquet")
	m.remove("subscriber/part-00000.parquet")
	_, err = publish.Restore(t.Context(), publish.RestoreOptions{Store: connect(m), FS: disk.OS(false), Dir: filepath.Join(t.TempDir(), "lake"), Partial: true})
	if err == nil || !strings.Contains(err.Error(), "no table is whole") {
		t.Errorf("got %v, want to be told that nothing is whole", err)
	}
}

// TestVerify finds what somebody else has done.
func TestVerify(t *testing.T) {
	m, dir := &memory{summed: true}, datasetAt(t, 1)
	mustPublish(t, dir, m)
	v, err := publish.Verify(t.Context(), connect(m))
	if err != nil || len(v.Problems) > 0 || v.Snapshot != 1 || len(v.Tables) == 0 {
		t.Fatalf("got %+v, %v, want no problems", v, err)
	}
	data := []byte(m.content()["subscriber/part-00001.parquet"])
	data[100]++
	m.set("subscriber/part-00001.parquet", string(data))
	m.set("group/part-00000.parquet", "short")
	m.remove("field/part-00000.parquet")
	m.set("campaign/mine.parquet", "x")
	m.set("campaign/part-00077.parquet", "x")
	m.set("other/part-00077.parquet", "x")
	if v, err = publish.Verify(t.Context(), connect(m)); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range v.Problems {
		got = append(got, p.Object+" "+p.What)
	}
	want := []string{
		"field/part-00000.parquet is missing",
		"group/part-00000.parquet has 5 bytes, the manifest says ",
		"subscriber/part-00001.parquet has another checksum than the manifest says",
		"campaign/mine.parquet is not in the manifest; readers of the directory take it for data; move it away, a publish does not",
		"campaign/part-00077.parquet is not in the manifest; readers of the directory take it for data",
	}
	if len(got) != len(want) {
		t.Fatalf("got %q, want %q", got, want)
	}
	for i := range want {
		if !strings.HasPrefix(got[i], want[i]) {
			t.Errorf("got %q, want %q", got[i], want[i])
		}
	}
	m.remove("campaign/mine.parquet")
	mustPublish(t, dir, m, repair)
	if v, err = publish.Verify(t.Context(), connect(m)); err != nil || len(v.Problems) != 0 {
		t.Errorf("after a repair: got %+v, %v", v, err)
	}
}
