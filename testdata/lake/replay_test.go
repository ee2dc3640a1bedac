package lake

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"path"
	"strings"
	"testing"
)

// log is what the log of a Delta table says, read as its specification says and without the program's own code.
type log struct {
	version int64           // the last one
	active  map[string]bool // objects of the table's rows
	known   map[string]bool // all objects that any version has named, and the log's own
}

// action is a line of a log.
type action struct {
	Add, Remove, CDC *struct{ Path string }
	CommitInfo       *struct{ InCommitTimestamp int64 }
	Txn              *struct {
		AppID   string
		Version int64
	}
}

// replay reads the log of a table up to a version, or to its end if that is negative. The log must be whole: from version 0.
func replay(t *testing.T, objects map[string][]byte, table string, until int64) *log {
	t.Helper()
	l := &log{version: -1, active: map[string]bool{}, known: map[string]bool{}}
	last := int64(0)
	for version := int64(0); until < 0 || version <= until; version++ {
		key := fmt.Sprintf("%s/_delta_log/%020d.json", table, version)
		content, ok := objects[key]
		if !ok {
			break
		}
		l.version, l.known[key] = version, true
		first := true
		for line := range bytes.Lines(content) {
			var a action
			must(t, json.Unmarshal(line, &a))
			if first && (a.CommitInfo == nil || a.CommitInfo.InCommitTimestamp <= last) {
				t.Errorf("%s: it does not begin with a commit later than %d: %s", key, last, line)
			} else if first {
				last = a.CommitInfo.InCommitTimestamp
			}
			first = false
			l.apply(t, objects, table, a)
		}
	}
	if until >= 0 && l.version != until {
		t.Errorf("table %s has no version %d, the last is %d", table, until, l.version)
	}
	return l
}

func (l *log) apply(t *testing.T, objects map[string][]byte, table string, a action) {
	t.Helper()
	if a.Add != nil {
		key := keyOf(t, table, a.Add.Path)
		l.active[key], l.known[key] = true, true
	}
	if a.Remove != nil {
		key := keyOf(t, table, a.Remove.Path)
		if !l.active[key] {
			t.Errorf("%s is removed, but was not there", key)
		}
		delete(l.active, key)
	}
	if a.CDC != nil {
		key := keyOf(t, table, a.CDC.Path)
		l.known[key] = true
		if _, ok := objects[key]; !ok {
			t.Errorf("%s, which the change feed names, is missing", key)
		}
	}
}

// keyOf returns the key of an object by its path in a log, which is relative to the table and encoded as in a URL.
func keyOf(t *testing.T, table, name string) string {
	t.Helper()
	decoded, err := url.PathUnescape(name)
	must(t, err)
	return path.Join(table, decoded)
}

// asDelta returns what a destination of format delta should hold for a dataset. Logs and files that only its earlier versions
// have are taken as they are, if the logs name them.
func asDelta(t *testing.T, objects, files map[string][]byte) map[string][]byte {
	t.Helper()
	want := map[string][]byte{}
	for path, content := range files {
		if strings.HasPrefix(path, "_changes/") {
			want[path] = content
		}
	}
	checkSameManifest(t, files["manifest.json"], objects["manifest.json"])
	want["manifest.json"] = objects["manifest.json"]
	m := manifestOf(t, files)
	for _, table := range m.Tables {
		l := replay(t, objects, table.Name, -1)
		if manifestOf(t, objects).version(table.Name) != l.version {
			t.Fatalf("table %s is at version %d, which the manifest does not say:\n%.600s", table.Name, l.version, objects["manifest.json"])
		}
		for key := range l.known {
			if content, ok := objects[key]; ok && !l.active[key] {
				want[key] = content
			}
		}
		for _, p := range table.Parts {
			key := activeWith(objects, l, p.SHA256)
			if key == "" {
				t.Errorf("no active file of table %s is part %s", table.Name, p.Path)
			}
			want[key] = files[p.Path]
			delete(l.active, key)
		}
		for key := range l.active {
			t.Errorf("%s is active and is no part", key)
		}
	}
	return want
}

// activeWith returns the key of the active file with a content, empty if there is none.
func activeWith(objects map[string][]byte, l *log, sha256 string) string {
	for key := range l.active {
		if sum(objects[key]) == sha256 {
			return key
		}
	}
	return ""
}

// checkSameManifest checks that a destination's manifest differs from the dataset's only in what it says of the publication.
func checkSameManifest(t *testing.T, local, published []byte) {
	t.Helper()
	var a, b map[string]any
	must(t, json.Unmarshal(local, &a))
	must(t, json.Unmarshal(published, &b))
	for _, m := range []map[string]any{a, b} {
		delete(m, "publication")
		delete(m, "sha256")
	}
	x, err := json.Marshal(a)
	must(t, err)
	y, err := json.Marshal(b)
	must(t, err)
	if !bytes.Equal(x, y) {
		t.Errorf("the published manifest says\n%.400s\nand the dataset's\n%.400s", y, x)
	}
}
