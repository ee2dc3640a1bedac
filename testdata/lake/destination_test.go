package lake

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailerlake/testdata/lake/program"
	"mailerlake/testdata/lake/proxy"
	"mailerlake/testdata/lake/servers"
)

// formats are the formats of destinations.
var formats = []string{"parquet", "delta"}

// destination is a bucket that the program reaches through a proxy.
type destination struct {
	*servers.Bucket
	*proxy.Proxy
	format string
}

func newDestination(t *testing.T, kind servers.Kind, format string) *destination {
	t.Helper()
	server := servers.Start(t, kind)
	return &destination{server.Bucket(t), proxy.Start(t, server.Addr), format}
}

// eachDestination runs a test for each server and format.
func eachDestination(t *testing.T, test func(*testing.T, *destination)) {
	for _, kind := range servers.Kinds {
		for _, format := range formats {
			t.Run(string(kind)+"/"+format, func(t *testing.T) { test(t, newDestination(t, kind, format)) })
		}
	}
}

// command returns a command of the program that is told of the destination by a flag.
func (d *destination) command(name, flag string, args ...string) program.Command {
	return program.Command{Args: append([]string{name, flag, d.URL(d.Proxy.Addr)}, args...), Env: d.Env(d.Proxy.Addr)}
}

func (d *destination) publishing(data *dataset) program.Command {
	return d.command("publish", "--to", "--out", data.dir, "--format", d.format, "--quiet")
}

// publish publishes a dataset, which has to succeed, and compares the destination with it.
func (d *destination) publish(t *testing.T, data *dataset) {
	t.Helper()
	d.Arm(proxy.Fault{})
	program.Must(t, d.publishing(data))
	d.checkEqual(t, data)
}

// checkEqual compares the destination with a dataset, byte by byte.
func (d *destination) checkEqual(t *testing.T, data *dataset) {
	t.Helper()
	there, files := d.All(t), filesOf(t, data.dir)
	if d.format == "delta" {
		files = asDelta(t, there, files)
	}
	if differences := compare(files, there); len(differences) > 0 {
		t.Fatalf("the destination is not the dataset: %s", strings.Join(differences, "; "))
	}
}

// compare describes how objects differ from files.
func compare(files, objects map[string][]byte) (differences []string) {
	for _, path := range slices.Sorted(maps.Keys(files)) {
		object, ok := objects[path]
		switch {
		case !ok:
			differences = append(differences, path+" is missing")
		case string(object) != string(files[path]):
			differences = append(differences, path+" differs")
		}
	}
	for _, key := range slices.Sorted(maps.Keys(objects)) {
		if _, ok := files[key]; !ok {
			differences = append(differences, key+" should not be there")
		}
	}
	return differences
}

// manifest is what these tests read of a manifest.json.
type manifest struct {
	Snapshot    int64
	Tables      []tableState
	Publication struct {
		Tables []struct {
			Name    string
			Version int64
		}
	}
}

type tableState struct {
	Name    string
	Parts   []file
	Changes []struct {
		Snapshot int64
		file
	}
}

// version returns the version of a Delta table that a manifest names, -1 if it names none.
func (m *manifest) version(table string) int64 {
	for _, t := range m.Publication.Tables {
		if t.Name == table {
			return t.Version
		}
	}
	return -1
}

type file struct {
	Path   string
	Bytes  int64
	SHA256 string
}

func manifestOf(t *testing.T, objects map[string][]byte) *manifest {
	t.Helper()
	data, ok := objects["manifest.json"]
	if !ok {
		return nil
	}
	var m manifest
	must(t, json.Unmarshal(data, &m))
	return &m
}

// checkWhole checks that the destination is never mixed: whatever its manifest names is there, and is what the manifest says.
// Of format parquet that need not be so while there is a journal.
func (d *destination) checkWhole(t *testing.T) {
	t.Helper()
	objects := d.All(t)
	m := manifestOf(t, objects)
	if _, journal := objects["publishing.json"]; m == nil || journal && d.format == "parquet" {
		return
	}
	for _, table := range m.Tables {
		files := map[string]file{}
		for _, p := range table.Parts {
			files[p.Path] = p
		}
		if d.format == "delta" {
			d.checkActive(t, objects, table.Name, m.version(table.Name), table.Parts)
			clear(files)
		}
		for _, c := range table.Changes {
			files[fmt.Sprintf("_changes/%s/snapshot-%08d.parquet", table.Name, c.Snapshot)] = c.file
		}
		for path, f := range files {
			if object := objects[path]; sum(object) != f.SHA256 || int64(len(object)) != f.Bytes {
				t.Errorf("snapshot %d is mixed: %s is not what the manifest says", m.Snapshot, path)
			}
		}
	}
}

// checkActive checks that a Delta table has, in a version, the parts that a manifest names.
func (d *destination) checkActive(t *testing.T, objects map[string][]byte, table string, version int64, parts []file) {
	t.Helper()
	var got, want []string
	for path := range replay(t, objects, table, version).active {
		got = append(got, sum(objects[path]))
	}
	for _, p := range parts {
		want = append(want, p.SHA256)
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("table %s, version %d: sums of its files (-want +got)\n%s", table, version, diff)
	}
}

func sum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}
