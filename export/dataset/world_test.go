package dataset_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailerlake/export/dataset"
	"mailerlake/export/disk"
	"mailerlake/export/part"
	"mailerlake/schema"
)

// A tree is the content of the files of a directory, by path with slashes. The parts in these tests are no Parquet but
// lines of a key and a version.
type tree map[string]string

func partOf(path, from, version string, keys ...string) (part.Part, string) {
	var text strings.Builder
	p := part.Part{Path: path, Rows: int64(len(keys))}
	if from != "" {
		p.From = schema.Key{from}
	}
	for _, key := range keys {
		fmt.Fprintln(&text, key, version)
		p.RowGroups = append(p.RowGroups, part.RowGroup{Rows: 1, First: schema.Key{key}})
		p.LastKey = schema.Key{key}
	}
	p.Bytes = int64(text.Len())
	p.SHA256 = sum(text.String())
	return p, text.String()
}

// world is a state: a manifest and the files it names.
type world struct {
	manifest *dataset.Manifest
	files    tree
}

func newWorld(snapshot int64) *world {
	return &world{&dataset.Manifest{
		Format: dataset.Format, Program: "test", Account: dataset.Account{ID: "1", Name: "Tést"},
		Snapshot: snapshot, CommittedAt: time.Date(2024, 5, int(snapshot), 1, 2, 3, 0, time.UTC),
	}, tree{}}
}

func (w *world) part(table string, number int, from, version string, keys ...string) *world {
	p, text := partOf(part.Path(table, number), from, version, keys...)
	p.ChangedIn = 1
	if version == "new" {
		p.ChangedIn = w.manifest.Snapshot
	}
	t := dataset.TableState{
		Name: table, Key: []string{"id"}, ChangedIn: w.manifest.Snapshot, ChangesSince: 1, Complete: true,
		Columns: []schema.Column{{Name: "id", Kind: schema.String, Path: "id", Required: true}, {Name: "n", Kind: schema.Int64, Path: "a.n"}},
	}
	if old := w.manifest.Table(table); old != nil {
		t = *old
	}
	t.Rows += p.Rows
	t.Parts = append(t.Parts, p)
	w.manifest.Put(t)
	w.files[p.Path] = text
	return w
}

// changes adds a change file to a table that is there. It is a line of its snapshot.
func (w *world) changes(table string, snapshot int64) *world {
	text := fmt.Sprintln("changes of", snapshot)
	t := w.manifest.Table(table)
	t.Changes = append(t.Changes, dataset.ChangeFile{Snapshot: snapshot, At: time.Date(2024, 5, int(snapshot), 1, 2, 3, 0, time.UTC), Rows: 1,
		Bytes: int64(len(text)), SHA256: sum(text)})
	w.files[dataset.ChangesPath(table, snapshot)] = text
	return w
}

func sum(text string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(text))) }

// oldWorld and nextWorld are what the crash tests commit: a replaced part-00000 and a new part at the end (campaign),
// a part cut and an empty one dropped (group), a part-00000 cut and another part replaced (subscriber), a new table
// (field). Of change files they have a table's first one (campaign), one that goes (group) and one that stays (subscriber).
func oldWorld() *world {
	return newWorld(1).
		part("campaign", 0, "", "old", "1", "2", "3").
		part("group", 0, "", "old", "1", "2").
		part("group", 1, "3", "old", "3", "4").
		part("group", 2, "5", "old").
		part("subscriber", 0, "", "old", "1", "2", "3", "4", "5", "6").
		part("subscriber", 1, "7", "old", "7", "8", "9").
		changes("group", 1).
		changes("subscriber", 1)
}

func nextWorld() *world {
	return newWorld(2).
		part("campaign", 0, "", "new", "1", "2", "3").
		part("campaign", 1, "4", "new", "4", "5").
		part("field", 0, "", "new", "1").
		part("group", 0, "", "old", "1", "2").
		part("group", 1, "3", "new", "3").
		part("group", 3, "4", "new", "4").
		part("subscriber", 0, "", "new", "1", "2", "3").
		part("subscriber", 2, "4", "new", "4", "5", "6").
		part("subscriber", 1, "7", "new", "7", "8", "9").
		changes("campaign", 2).
		changes("subscriber", 1)
}

// cutKeys are those that a reader may see twice between two renames.
var cutKeys = map[string]bool{"group/4": true, "subscriber/4": true, "subscriber/5": true, "subscriber/6": true}

// stored is the whole directory in the world's state.
func (w *world) stored(t *testing.T) tree {
	t.Helper()
	data, err := dataset.EncodeManifest(w.manifest)
	if err != nil {
		t.Fatal(err)
	}
	files := maps.Clone(w.files)
	files[dataset.ManifestName] = string(data)
	return files
}

// with adds page logs.
func (files tree) with(logs ...string) tree {
	files = maps.Clone(files)
	for _, name := range logs {
		files[dataset.ScanDir+"/"+name] = "log " + name
	}
	return files
}

func (files tree) write(t *testing.T, dir string) {
	t.Helper()
	for path, text := range files {
		name := filepath.Join(dir, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// readTree reads all files but the lock; there are none if there is no directory.
func readTree(t *testing.T, dir string) tree {
	t.Helper()
	files := tree{}
	err := filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if name == dir && errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || e.IsDir() || e.Name() == "lock" {
			return err
		}
		data, err := os.ReadFile(name)
		rel, _ := filepath.Rel(dir, name)
		files[filepath.ToSlash(rel)] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// keys counts how often a reader of <table>/*.parquet meets each key, as "table/key".
func (files tree) keys() map[string]int {
	met := make(map[string]int)
	for path, text := range files {
		for line := range strings.Lines(text) {
			if table := part.TableOf(path); table != "" {
				key, _, _ := strings.Cut(line, " ")
				met[table+"/"+key]++
			}
		}
	}
	return met
}

func wantTree(t *testing.T, what string, got, want tree) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("%s (-want +got):\n%s", what, diff)
	}
}

// commitWorld opens and locks the dataset, commits the world's files that differ from what is stored, and unlocks.
func commitWorld(fsys disk.FS, dir string, w *world, logs ...string) (err error) {
	d, err := dataset.Open(fsys, dir)
	if err != nil {
		return err
	}
	unlock, err := d.Lock()
	if err != nil {
		return err
	}
	defer unlock()
	c, err := d.Begin()
	if err != nil {
		return err
	}
	defer c.Abort()
	for _, path := range slices.Sorted(maps.Keys(w.files)) {
		if sums(d.Manifest)[path] == sum(w.files[path]) {
			continue
		}
		if err := stage(c, path, w.files[path]); err != nil {
			return err
		}
	}
	return c.Commit(context.Background(), w.manifest, logs)
}

// sums returns the checksums of the files that a manifest names.
func sums(m *dataset.Manifest) tree {
	files := tree{}
	if m == nil {
		return files
	}
	for _, t := range m.Tables {
		for _, p := range t.Parts {
			files[p.Path] = p.SHA256
		}
		for _, c := range t.Changes {
			files[dataset.ChangesPath(t.Name, c.Snapshot)] = c.SHA256
		}
	}
	return files
}

func stage(c *dataset.Commit, path, text string) error {
	s, err := c.Create(path)
	if err != nil {
		return err
	}
	if _, err := s.Write([]byte(text)); err != nil {
		return err
	}
	return s.Close()
}

func recoverDataset(fsys disk.FS, dir string) (rolled bool, err error) {
	d, err := dataset.Open(fsys, dir)
	if err != nil {
		return false, err
	}
	unlock, err := d.Lock()
	if err != nil {
		return false, err
	}
	defer unlock()
	return d.Recover(context.Background())
}
