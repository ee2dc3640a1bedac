package lake

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mailerlake/testdata/lake/program"
	"mailerlake/testdata/lake/proxy"
)

// TestRestore makes a dataset of each destination. It is the one that was published, byte by byte, and lives on: the next day
// is exported over it and published to the same destination.
func TestRestore(t *testing.T) {
	eachDestination(t, func(t *testing.T, d *destination) {
		data := newDataset(t, 0)
		for day := range 3 {
			data.become(t, day)
			d.publish(t, data)
		}
		restored := d.restore(t, proxy.Fault{})
		if differences := compare(filesOf(t, data.dir), filesOf(t, restored.dir)); len(differences) > 0 {
			t.Fatalf("restored: %s", strings.Join(differences, "; "))
		}
		program.Must(t, program.Command{Args: []string{"verify", "--out", restored.dir}})
		program.Must(t, program.Command{Args: []string{"export", "--out", restored.dir, "--demo-day", "3", "--tables", "core", "--quiet"}})
		d.publish(t, restored)
	})
}

// restore makes a dataset of the destination, which has to succeed, and does so again if a fault prevented it.
func (d *destination) restore(t *testing.T, f proxy.Fault) *dataset {
	t.Helper()
	restored := &dataset{filepath.Join(t.TempDir(), "restored")}
	c := d.command("restore", "--from", "--out", restored.dir, "--quiet")
	d.Arm(f)
	r := program.Run(t, c)
	d.Arm(proxy.Fault{})
	if r.Code != 0 {
		if f.Kind == nil || !refused(r) {
			t.Fatal(r)
		}
		program.Must(t, c)
	}
	return restored
}

// TestRestoreWithFaults has requests of a restore go wrong. What is restored is what was published.
func TestRestoreWithFaults(t *testing.T) {
	eachDestination(t, func(t *testing.T, d *destination) {
		data := newDataset(t, 2)
		d.publish(t, data)
		for at := 1; ; at++ {
			for _, k := range kinds {
				if k.dies || !all && (at*len(kinds)+len(k.name))%40 != 0 {
					continue
				}
				restored := d.restore(t, proxy.Fault{At: at, Kind: k.make(nil)})
				if differences := compare(filesOf(t, data.dir), filesOf(t, restored.dir)); len(differences) > 0 {
					t.Errorf("%s at request %d: %s", k.name, at, strings.Join(differences, "; "))
				}
			}
			if at > len(d.All(t))+2 {
				break
			}
		}
	})
}

// TestVerifyAt changes objects behind the server's back. The check of the destination names each, a repair mends what is
// ours, and then all is well.
func TestVerifyAt(t *testing.T) {
	eachDestination(t, func(t *testing.T, d *destination) {
		data := newDataset(t, 0)
		d.publish(t, data)
		data.become(t, 1)
		d.publish(t, data)
		verify := d.command("verify", "--at")
		program.Must(t, verify)
		for what, spoil := range damages {
			for _, key := range d.currentData(t, data) {
				content := d.All(t)[key]
				spoil(t, d, key, content)
				r := program.Run(t, verify)
				if r.Code != 7 || !strings.Contains(r.Stdout+r.Stderr, key) {
					t.Errorf("%s: %s: not found: %v", what, key, r)
				}
				mend := d.publishing(data)
				mend.Args = append(mend.Args, "--repair")
				if r := program.Run(t, mend); r.Code != 0 {
					t.Errorf("%s: %s: not mended: %v", what, key, r)
					d.Put(t, key, content)
				}
				d.checkEqual(t, data)
			}
		}
		program.Must(t, verify)
		d.checkExtra(t, verify)
	})
}

// damages are what can happen to an object.
var damages = map[string]func(t *testing.T, d *destination, key string, content []byte){
	"changed": func(t *testing.T, d *destination, key string, content []byte) {
		changed := slices.Clone(content)
		changed[len(changed)/2] ^= 1
		d.Put(t, key, changed)
	},
	"truncated": func(t *testing.T, d *destination, key string, content []byte) {
		d.Put(t, key, content[:len(content)-1])
	},
	"missing": func(t *testing.T, d *destination, key string, _ []byte) { d.Delete(t, key) },
}

// currentData returns the keys of a part and of a change file that the destination holds.
func (d *destination) currentData(t *testing.T, data *dataset) (keys []string) {
	t.Helper()
	local := map[string]bool{}
	for path, content := range filesOf(t, data.dir) {
		if strings.HasSuffix(path, ".parquet") {
			local[sum(content)] = true
		}
	}
	objects := d.All(t)
	for _, prefix := range []string{"subscriber/", "_changes/"} {
		for _, key := range slices.Sorted(maps.Keys(objects)) {
			if strings.HasPrefix(key, prefix) && local[sum(objects[key])] {
				keys = append(keys, key)
				break
			}
		}
	}
	if len(keys) != 2 {
		t.Fatalf("no part and change file among %v", slices.Sorted(maps.Keys(objects)))
	}
	return keys
}

// checkExtra puts a file that readers would take for data beside a table's. The check names it.
func (d *destination) checkExtra(t *testing.T, verify program.Command) {
	t.Helper()
	if d.format == "delta" {
		return // readers of a Delta table see only what its log names
	}
	const key = "subscriber/extra.parquet"
	d.Put(t, key, []byte("PAR1"))
	if r := program.Run(t, verify); r.Code != 7 || !strings.Contains(r.Stdout+r.Stderr, key) {
		t.Errorf("an extra object: not found: %v", r)
	}
	d.Delete(t, key)
	program.Must(t, verify)
}
