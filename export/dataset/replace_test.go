package dataset_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailerlake/export/dataset"
	"mailerlake/export/disk"
)

const replaced = "group/part-00000.parquet"

// replace puts text in the place of a file of the dataset.
func replace(fsys disk.FS, dir, path, text string) (err error) {
	d, err := dataset.Open(fsys, dir)
	if err != nil {
		return err
	}
	unlock, err := d.Lock()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	f := dataset.File{Path: path, Bytes: 1, SHA256: sum("?")}
	for of := range d.Manifest.Files() {
		if of.Path == path {
			f = of
		}
	}
	return d.Replace(f, strings.NewReader(text))
}

// TestReplace: only what the manifest says takes the place of a file.
func TestReplace(t *testing.T) {
	c := newCrash(t)
	for what, try := range map[string][2]string{"another content": {replaced, c.old[replaced] + "x"}, "less": {replaced, c.old[replaced][1:]},
		"a file of no table": {"manifest.json", "?"}, "a part that the manifest does not name": {"group/part-00077.parquet", "?"}} {
		if err := replace(c.fsys, c.dir, try[0], try[1]); err == nil {
			t.Errorf("%s: no error", what)
		}
		got := readTree(t, c.dir)
		delete(got, ".mailerlake/lock.json")
		wantTree(t, what, got, c.old)
	}
	if err := open(t, c.dir).Replace(dataset.File{Path: replaced}, strings.NewReader("")); err == nil {
		t.Error("it is replaced without a lock")
	}
	for what, damage := range map[string]func() error{
		"damaged": func() error { return os.WriteFile(filepath.Join(c.dir, replaced), []byte("?"), 0o644) },
		"missing": func() error { return os.RemoveAll(filepath.Join(c.dir, "group")) },
	} {
		if err := errors.Join(damage(), replace(c.fsys, c.dir, replaced, c.old[replaced])); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if got := readTree(t, c.dir)[replaced]; got != c.old[replaced] {
			t.Errorf("%s: it has %q", what, got)
		}
	}
}

// TestReplaceKilled: a file is damaged or as it was, wherever that ends, and then can be replaced again.
func TestReplaceKilled(t *testing.T) {
	for n, reached := 1, true; reached; n++ {
		c := newCrash(t)
		if err := os.WriteFile(filepath.Join(c.dir, replaced), []byte("?"), 0o644); err != nil {
			t.Fatal(err)
		}
		c.boot()
		c.fsys.KillAt(n)
		err := replace(c.fsys, c.dir, replaced, c.old[replaced])
		if reached = c.fsys.Killed(); !reached && err != nil {
			t.Fatal(err)
		}
		c.restart()
		if n%2 == 0 {
			c.losePower(uint64(n))
		}
		if got := readTree(t, c.dir)[replaced]; got != "?" && got != c.old[replaced] {
			t.Fatalf("killed at operation %d: it has %q", n, got)
		}
		if err := replace(c.fsys, c.dir, replaced, c.old[replaced]); err != nil {
			t.Fatal(err)
		}
		if got := readTree(t, c.dir)[replaced]; got != c.old[replaced] {
			t.Errorf("after operation %d: it has %q", n, got)
		}
	}
}
