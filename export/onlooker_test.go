package export_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/parquet-go/parquet-go"

	"mailerlake/client/mailerlitetest"
	"mailerlake/export/dataset"
	"mailerlake/export/part"
	"mailerlake/schema"
)

// checkReaders checks what readers see after an accident, before anything is recovered, and reports whether the run
// was past its point of commit.
func (w *wreck) checkReaders(t *testing.T) (committed bool) {
	t.Helper()
	now := readParts(t, w.dir)
	journal := readFile(t, w.dir, dataset.JournalName)
	if journal == nil && string(now[dataset.ManifestName]) == string(w.parts[dataset.ManifestName]) {
		if !sameFiles(now, w.parts) {
			t.Fatalf("before the point of commit the dataset has changed: %v, was %v", slices.Sorted(maps.Keys(now)), slices.Sorted(maps.Keys(w.parts)))
		}
		return false
	}
	next := committedFiles(t, w.dir)
	for path, data := range now {
		sum := fmt.Sprintf("%x", sha256.Sum256(data))
		if path != dataset.ManifestName && string(data) != string(w.parts[path]) && next[path] != sum {
			t.Fatalf("%s is neither old nor new", path)
		}
	}
	w.checkChangesLast(t, now, next)
	w.checkKeys(t)
	return true
}

// checkChangesLast requires that who sees a new change file finds the changed rows in the parts.
func (w *wreck) checkChangesLast(t *testing.T, now map[string][]byte, next map[string]string) {
	t.Helper()
	for path := range now {
		if dataset.ChangesOf(path) == "" || w.parts[path] != nil {
			continue
		}
		for part, sum := range next {
			if dataset.ChangesOf(part) == "" && !w.damaged[part] && sum != fmt.Sprintf("%x", sha256.Sum256(now[part])) {
				t.Fatalf("%s is there before %s", path, part)
			}
		}
	}
}

// checkKeys requires that a reader meets each key that stays exactly once; twice where its part is being cut.
func (w *wreck) checkKeys(t *testing.T) {
	t.Helper()
	met := map[string]int{}
	for path, data := range readParts(t, w.dir) {
		if w.damaged[path] && string(data) == string(w.parts[path]) {
			continue
		}
		for key := range rowsOf(t, path, data) {
			met[part.TableOf(path)+"/"+key]++
		}
	}
	for key, file := range w.old.files {
		moves := w.next.files[key] != file
		if n := met[key]; n != 1 && (n != 2 || !moves) && (n != 0 || w.next.files[key] != "" && !w.damaged[file]) {
			t.Fatalf("%s is met %d times; was in %q, will be in %q", key, n, file, w.next.files[key])
		}
	}
	for key, n := range met {
		if w.old.files[key] == "" && (w.next.files[key] == "" || n != 1) {
			t.Fatalf("%s is met %d times; it was not there, will be in %q", key, n, w.next.files[key])
		}
	}
}

// checkWhole requires that no commit is half done: every table is old or new, and those that belong together are both.
func (w *wreck) checkWhole(t *testing.T) (fresh map[string]bool) {
	t.Helper()
	now := readParts(t, w.dir)
	fresh = map[string]bool{}
	for _, table := range mailerlitetest.CoreTables {
		if sameFiles(ofTable(w.parts, table), ofTable(now, table)) {
			continue
		}
		rows := map[string]map[string]any{}
		for path, data := range ofTable(now, table) {
			maps.Copy(rows, rowsOf(t, path, data))
		}
		if fresh[table] = reflect.DeepEqual(rows, w.next.rows[table]); !fresh[table] {
			t.Fatalf("%s is neither old nor new", table)
		}
	}
	if fresh["subscriber"] != fresh["group_subscriber"] {
		t.Fatalf("subscribers are new: %t, memberships: %t", fresh["subscriber"], fresh["group_subscriber"])
	}
	return fresh
}

// ofTable returns those of the files that are a table's.
func ofTable(files map[string][]byte, table string) map[string][]byte {
	files = maps.Clone(files)
	maps.DeleteFunc(files, func(path string, _ []byte) bool { return !strings.HasPrefix(path, table+"/") })
	return files
}

// content reads all tables by their globs.
func (w *wreck) content(t *testing.T) content {
	t.Helper()
	c := content{map[string]map[string]map[string]any{}, map[string]string{}}
	for path, data := range readParts(t, w.dir) {
		table := part.TableOf(path)
		if table == "" {
			continue
		}
		for key, row := range rowsOf(t, path, data) {
			if c.rows[table] == nil {
				c.rows[table] = map[string]map[string]any{}
			}
			if file, ok := c.files[table+"/"+key]; ok {
				t.Errorf("%s/%s is in %s and in %s", table, key, file, path)
			}
			c.rows[table][key], c.files[table+"/"+key] = row, path
		}
	}
	return c
}

func readFile(t *testing.T, dir, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(path)))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return data
}

// committedFiles returns the checksums of the parts and change files of the committed state: the journal's if there is
// one, else the manifest's.
func committedFiles(t *testing.T, dir string) map[string]string {
	t.Helper()
	type manifest struct {
		Tables []struct {
			Name    string
			Parts   []part.Part
			Changes []dataset.ChangeFile
		}
	}
	var journal struct {
		manifest // which a manifest has at its top
		Commit   struct{ Next manifest }
	}
	data := readFile(t, dir, dataset.JournalName)
	if data == nil {
		data = readFile(t, dir, dataset.ManifestName)
	}
	if err := json.Unmarshal(data, &journal); err != nil {
		t.Fatalf("journal or manifest: %v", err)
	}
	sums := map[string]string{}
	for _, table := range slices.Concat(journal.Tables, journal.Commit.Next.Tables) {
		for _, p := range table.Parts {
			sums[p.Path] = p.SHA256
		}
		for _, c := range table.Changes {
			sums[dataset.ChangesPath(table.Name, c.Snapshot)] = c.SHA256
		}
	}
	return sums
}

// readFiles returns all files of a directory but the lock, by path with slashes.
func readFiles(t testing.TB, dir string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	err := filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) && name == dir {
			return nil
		}
		if err != nil || !e.Type().IsRegular() || e.Name() == "lock" {
			return err
		}
		rel, _ := filepath.Rel(dir, name)
		files[filepath.ToSlash(rel)], err = os.ReadFile(name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func sameFiles(a, b map[string][]byte) bool { return maps.EqualFunc(a, b, bytes.Equal) }

// readParts returns the manifest, what readers of <table>/*.parquet see, and the change files.
func readParts(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	parts := readFiles(t, dir)
	maps.DeleteFunc(parts, func(path string, _ []byte) bool {
		hidden := strings.HasPrefix(path, dataset.PrivateDir)
		if hidden && strings.HasSuffix(path, ".parquet") {
			t.Errorf("a reader of the whole directory takes %s for data", path)
		}
		return hidden
	})
	return parts
}

// known holds the rows of parts that were read before, by checksum: trials meet the same ones again and again.
var known sync.Map

// rowsOf returns the rows of a part, without _synced_at, by key; none of other files.
func rowsOf(t *testing.T, path string, data []byte) map[string]map[string]any {
	t.Helper()
	if part.TableOf(path) == "" {
		return nil
	}
	sum := sha256.Sum256(data)
	if rows, ok := known.Load(sum); ok {
		return rows.(map[string]map[string]any)
	}
	file, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	rows := map[string]map[string]any{}
	for _, row := range readRows(t, file) {
		rows[keyOf(part.TableOf(path), row)] = row
	}
	for _, row := range rows {
		delete(row, schema.SyncedAt)
	}
	known.Store(sum, rows)
	return rows
}
