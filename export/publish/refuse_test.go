package publish_test

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailerlake/export/dataset"
	"mailerlake/export/publish"
	"mailerlake/export/publish/store"
)

// rewrite changes the manifest of a bucket.
func rewrite(t *testing.T, m *memory, change func(*dataset.Manifest)) {
	t.Helper()
	next, err := dataset.DecodeManifest("manifest.json", []byte(m.content()["manifest.json"]))
	if err != nil {
		t.Fatal(err)
	}
	change(next)
	data, err := dataset.EncodeManifest(next)
	if err != nil {
		t.Fatal(err)
	}
	m.set("manifest.json", string(data))
}

// TestRefused checks what is refused, with a hint and with nothing changed.
func TestRefused(t *testing.T) {
	delta := func(o *publish.Options) { o.Format = publish.Delta }
	tests := map[string]struct {
		there func(m *memory)
		set   func(*publish.Options)
		want  string
	}{
		"ahead":           {func(m *memory) { mustPublish(t, datasetAt(t, 3), m) }, nil, "holds snapshot 3, and the dataset is only at 2; run mailerlake restore"},
		"another account": {func(m *memory) { rewrite(t, m, func(m *dataset.Manifest) { m.Account.ID = "9" }) }, nil, "holds account 9, and the dataset holds account 4711"},
		"fork": {func(m *memory) {
			rewrite(t, m, func(m *dataset.Manifest) { m.Snapshot, m.CommittedAt = 2, m.CommittedAt.Add(1) })
		}, nil, "holds another snapshot 2 than the dataset"},
		"fork earlier": {func(m *memory) {
			rewrite(t, m, func(m *dataset.Manifest) { m.Table("subscriber").Parts[0].SHA256 = strings.Repeat("0", 64) })
		}, nil, "does not hold an earlier snapshot of this dataset"},
		"another format":   {func(*memory) {}, delta, "has format parquet, not delta"},
		"damaged manifest": {func(m *memory) { m.set("manifest.json", `{"format": 5}`) }, nil, "has a damaged manifest.json"},
		"newer manifest":   {func(m *memory) { m.set("manifest.json", `{"format": 99}`) }, nil, "format version 99"},
		"newer journal":    {func(m *memory) { m.set("publishing.json", `{"format": 99}`) }, nil, "format version 99"},
		"foreign files": {func(m *memory) { m.set("subscriber/mine.PARQUET", "x"); m.set("subscriber/2024/mine.parquet", "x") }, nil,
			"has files that mailerlake did not write: subscriber/2024/mine.parquet, subscriber/mine.PARQUET; move them away"},
		"a dataset at work":        {func(m *memory) { m.set(".mailerlake/lock", "") }, nil, "has the private files of a dataset, under .mailerlake/; publish elsewhere"},
		"parts without a manifest": {func(m *memory) { m.remove("manifest.json") }, nil, "or publish with --adopt"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			m := &memory{}
			mustPublish(t, datasetAt(t, 1), m)
			test.there(m)
			before := m.content()
			set := test.set
			if set == nil {
				set = func(*publish.Options) {}
			}
			_, err := publishing(t.Context(), datasetAt(t, 2), connect(m), set)
			var refused *publish.RefusedError
			if !errors.As(err, &refused) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
			if d := cmp.Diff(short(before), short(m.content())); d != "" {
				t.Errorf("the destination was changed (-before +after)\n%s", d)
			}
		})
	}
}

// TestCareless refuses a store that ignores conditions, and leaves nothing there.
func TestCareless(t *testing.T) {
	for name, ignores := range map[string]func(store.Condition) bool{
		"If-None-Match": store.Condition.Absent,
		"If-Match":      func(c store.Condition) bool { _, must := c.Version(); return must },
	} {
		m := &memory{careless: ignores}
		_, err := publishing(t.Context(), datasetAt(t, 1), connect(m))
		var refused *publish.RefusedError
		if !errors.As(err, &refused) || !strings.Contains(err.Error(), "ignores the conditions of a write") {
			t.Errorf("%s: got %v, want the server to be refused", name, err)
		}
		if left := m.content(); len(left) > 0 {
			t.Errorf("%s: %v is left", name, left)
		}
	}
}

// TestFork has two machines go on from one snapshot on their own, one of them further than the other, with and without change
// files.
func TestFork(t *testing.T) {
	for _, keep := range []time.Duration{0, time.Hour} {
		m, one, other := &memory{}, datasetAt(t, 1), datasetAt(t, 1)
		account := newAccount(7)
		account.DeleteSubscriber(account.IDs("subscriber")[0])
		if err := exportOnce(account, one, keep); err != nil {
			t.Fatal(err)
		}
		mustPublish(t, one, m)
		before := m.content()
		account = newAccount(7)
		for range 2 {
			account.Advance(1)
			if err := exportOnce(account, other, keep); err != nil {
				t.Fatal(err)
			}
		}
		_, err := publishing(t.Context(), other, connect(m))
		if err == nil || !strings.Contains(err.Error(), "does not hold an earlier snapshot of this dataset") {
			t.Errorf("keeping %v: got %v, want the fork to be refused", keep, err)
		}
		if d := cmp.Diff(short(before), short(m.content())); d != "" {
			t.Errorf("the destination was changed (-before +after)\n%s", d)
		}
		account.Advance(1)
		if err := exportOnce(account, other, keep); err != nil { // the dataset is none the worse
			t.Error(err)
		}
	}
}

// TestNotRefused checks what is none of our business.
func TestNotRefused(t *testing.T) {
	m := &memory{}
	others := objects{"README.md": "x", "backup/part-00000.parquet": "x", "subscriber/notes.txt": "x", "mine.parquet": "x", "_changes/backup/snapshot-00000001.parquet": "x"}
	for key, data := range others {
		m.set(key, data)
	}
	dir := datasetAt(t, 1)
	mustPublish(t, dir, m)
	m.set("subscriber/part-00099.parquet", "of a publisher that came late")
	dir = datasetAt(t, 2)
	if r := mustPublish(t, dir, m); r.Deleted != 1 {
		t.Errorf("got %+v, want 1 object deleted", r)
	}
	want := treeOf(t, dir)
	maps.Copy(want, others)
	same(t, m, want)
}

// TestAdopt checks that damaged records are no dead end.
func TestAdopt(t *testing.T) {
	for name, harm := range map[string]func(m *memory){
		"missing": func(m *memory) { m.remove("manifest.json") },
		"damaged": func(m *memory) { m.set("manifest.json", "{") },
	} {
		t.Run(name, func(t *testing.T) {
			m := &memory{}
			mustPublish(t, datasetAt(t, 1), m)
			harm(m)
			dir := datasetAt(t, 2)
			mustPublish(t, dir, m, adopt)
			same(t, m, treeOf(t, dir))
		})
	}
}

// TestAdoptFormat checks that a destination whose manifest is damaged does not become one of two formats.
func TestAdoptFormat(t *testing.T) {
	dir := datasetAt(t, 2)
	for _, format := range formats {
		for _, asked := range []string{"", publish.Parquet, publish.Delta} {
			m := &memory{}
			mustPublish(t, datasetAt(t, 1), m, inFormat(format))
			m.set("manifest.json", "{")
			before := m.content()
			_, err := publishing(t.Context(), dir, connect(m), adopt, inFormat(asked))
			if asked == format || asked == "" && format == publish.Parquet {
				if err != nil {
					t.Errorf("%s, asked for %q: %v", format, asked, err)
				}
				holds(t, m, dir)
				continue
			}
			if err == nil || !strings.Contains(err.Error(), "has files of format "+format) || !strings.Contains(err.Error(), "publish with --format "+format) {
				t.Errorf("%s, asked for %q: got %v, want to be told of the format", format, asked, err)
			}
			if d := cmp.Diff(short(before), short(m.content())); d != "" {
				t.Errorf("the destination was changed (-before +after)\n%s", d)
			}
		}
	}
}

// TestDamagedDataset checks that a damaged part is not published, whether its size shows it or not.
func TestDamagedDataset(t *testing.T) {
	for name, harm := range map[string]func(data []byte) []byte{
		"changed": func(data []byte) []byte { data[len(data)/2]++; return data },
		"cut":     func(data []byte) []byte { return data[:len(data)-1] },
		"longer":  func(data []byte) []byte { return append(data, 0) },
		"missing": func([]byte) []byte { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			m, dir := &memory{}, datasetAt(t, 1)
			file := filepath.Join(dir, "subscriber", "part-00001.parquet")
			whole, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if data := harm(append([]byte(nil), whole...)); data != nil {
				err = os.WriteFile(file, data, 0o666)
			} else {
				err = os.Remove(file)
			}
			if err != nil {
				t.Fatal(err)
			}
			_, err = publishing(t.Context(), dir, connect(m))
			var damaged *dataset.DamagedError
			if !errors.As(err, &damaged) || damaged.Path != file || !strings.Contains(err.Error(), "export --repair") {
				t.Errorf("got %v, want to be told which file is damaged", err)
			}
			if now := m.content(); now["subscriber/part-00001.parquet"] != "" || now["manifest.json"] != "" {
				t.Error("it was published")
			}
			if err := os.WriteFile(file, whole, 0o666); err != nil {
				t.Fatal(err)
			}
			mustPublish(t, dir, m)
			same(t, m, treeOf(t, dir))
		})
	}
}

// TestPlaceThatCannotBeMade checks that a publish ends if nothing can be written where it should go, as there is no such place.
func TestPlaceThatCannotBeMade(t *testing.T) {
	c := connect(&memory{})
	c.before = func(_ int, op, _ string) error {
		if op == "PUT" {
			return fs.ErrNotExist
		}
		return nil
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if _, err := publishing(ctx, datasetAt(t, 1), c); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v after %d requests, want that there is no such place", err, c.requests)
	}
}
