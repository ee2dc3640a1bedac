package publish_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailerlake/client"
	"mailerlake/client/mailerlitetest"
	"mailerlake/export"
	"mailerlake/export/dataset"
	"mailerlake/export/disk"
	"mailerlake/export/part"
	"mailerlake/export/publish"
	"mailerlake/export/publish/store"
	"mailerlake/schema/schematest"
)

// lineage are directories of one dataset at snapshots 1, 2, ... of an account that goes on: rows and columns come, and
// rows and change files go. Tests copy them.
var lineage = sync.OnceValues(func() ([]string, error) {
	root, err := os.MkdirTemp("", "publish")
	if err != nil {
		return nil, err
	}
	account := newAccount(7)
	dir := filepath.Join(root, "lake")
	var snapshots []string
	for day := range 4 {
		switch day {
		case 0:
		case 2:
			ids := account.IDs("subscriber")
			for _, id := range ids[len(ids)-9:] {
				account.DeleteSubscriber(id)
			}
		default:
			account.Advance(1)
		}
		keep := time.Hour
		if day >= 2 {
			keep = time.Nanosecond
		}
		if err := exportOnce(account, dir, keep); err != nil {
			return nil, err
		}
		at := filepath.Join(root, "snapshot"+string(rune('1'+day)))
		if err := os.CopyFS(at, os.DirFS(dir)); err != nil {
			return nil, err
		}
		snapshots = append(snapshots, at)
	}
	return snapshots, nil
})

func newAccount(seed uint64) *mailerlitetest.Account {
	return mailerlitetest.New(mailerlitetest.Options{Seed: seed, Subscribers: 44, Groups: 3, Campaigns: 3, CustomFields: 2, AccountID: "4711", RatePerMinute: -1})
}

// exportOnce exports, and keeps changes for a time. It keeps no history: what reads that cannot run in a bubble of synctest.
func exportOnce(account *mailerlitetest.Account, dir string, keep time.Duration) error {
	api, err := client.New(client.Options{Key: "any", Transport: account.Transport()})
	if err != nil {
		return err
	}
	_, err = export.Export(context.Background(), export.Options{Client: api, FS: disk.OS(false), Dir: dir, Program: "test", Catalog: schematest.Core(),
		Yes: true, KeepChanges: &keep, Sizes: part.Sizes{Group: 4, Part: 8}})
	return err
}

func TestMain(m *testing.M) {
	code := m.Run()
	if dirs, err := lineage(); err == nil {
		os.RemoveAll(filepath.Dir(dirs[0]))
	}
	os.Exit(code)
}

// datasetAt returns a copy of the dataset at a snapshot.
func datasetAt(t *testing.T, snapshot int) string {
	t.Helper()
	dirs, err := lineage()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "lake")
	if err := os.CopyFS(dir, os.DirFS(dirs[snapshot-1])); err != nil {
		t.Fatal(err)
	}
	return dir
}

// treeOf returns the files of a dataset that are not private, by path.
func treeOf(t *testing.T, dir string) objects {
	t.Helper()
	files := objects{}
	err := filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		rel, _ := filepath.Rel(dir, name)
		switch {
		case err != nil:
			return err
		case rel == dataset.PrivateDir:
			return filepath.SkipDir
		case e.IsDir():
			return nil
		}
		data, err := os.ReadFile(name)
		files[filepath.ToSlash(rel)] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// publishing publishes the dataset in a directory, as a program of its own would.
func publishing(ctx context.Context, dir string, s store.Store, set ...func(*publish.Options)) (report *publish.Report, err error) {
	d, err := dataset.Open(disk.OS(false), dir)
	if err != nil {
		return nil, err
	}
	unlock, err := d.Lock()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	o := publish.Options{Store: s, Dataset: d, Program: "test"}
	for _, f := range set {
		f(&o)
	}
	return publish.Publish(ctx, o)
}

// mustPublish publishes to a bucket without faults.
func mustPublish(t *testing.T, dir string, m *memory, set ...func(*publish.Options)) *publish.Report {
	t.Helper()
	r, err := publishing(t.Context(), dir, connect(m), set...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// same fails unless a bucket has exactly the files of a dataset.
func same(t *testing.T, m *memory, want objects) {
	t.Helper()
	if d := cmp.Diff(short(want), short(m.content())); d != "" {
		t.Errorf("the destination differs from the dataset (-dataset +destination)\n%s", d)
	}
}

// short returns objects with beginnings of their content.
func short(all objects) objects {
	cut := objects{}
	for key, data := range all {
		if strings.HasSuffix(key, ".parquet") {
			data = store.BytesBody([]byte(data)).SHA256[:8]
		}
		cut[key] = data
	}
	return cut
}

// holds fails unless a bucket holds the dataset in a directory, in its format.
func holds(t *testing.T, m *memory, dir string) {
	t.Helper()
	if !isDelta(m) {
		same(t, m, treeOf(t, dir))
		return
	}
	v, err := publish.Verify(t.Context(), connect(m))
	if err != nil || v.Pending != nil || len(v.Problems) > 0 {
		t.Errorf("verify: %+v, %v", v, err)
		return
	}
	there, err := dataset.DecodeManifest("manifest.json", []byte(m.content()["manifest.json"]))
	if err != nil {
		t.Fatal(err)
	}
	there.Publication = nil
	data, err := dataset.EncodeManifest(there)
	if err != nil {
		t.Fatal(err)
	}
	local, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
	if d := cmp.Diff(string(local), string(data)); d != "" || err != nil {
		t.Errorf("%v: the destination's manifest differs (-dataset +destination)\n%s", err, d)
	}
}

func isDelta(m *memory) bool { return strings.Contains(m.content()["manifest.json"], `"publication"`) }

func inFormat(format string) func(*publish.Options) {
	return func(o *publish.Options) { o.Format = format }
}

func adopt(o *publish.Options)  { o.Adopt = true }
func repair(o *publish.Options) { o.Repair = true }
