package export_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"mailerlake/export"
	"mailerlake/export/dataset"
	"mailerlake/export/disk"
)

var healthy = fastFS{disk.OS(false)}

// TestPlaces exports twice, and verifies, in places that are exotic but real.
func TestPlaces(t *testing.T) {
	places := map[string]func(t *testing.T, dir string) (out string){
		"spaces and unicode": func(t *testing.T, dir string) string {
			return filepath.Join(dir, "Kornblume & Söhne", "озеро 湖 %s *")
		},
		"symbolic link": func(t *testing.T, dir string) string {
			out := filepath.Join(dir, "link")
			if err := errors.Join(os.Mkdir(filepath.Join(dir, "real"), 0o755), os.Symlink("real", out)); err != nil {
				t.Skip(err) // Windows wants a privilege for links
			}
			return out
		},
		"below a symbolic link": func(t *testing.T, dir string) string {
			if err := errors.Join(os.Mkdir(filepath.Join(dir, "real"), 0o755), os.Symlink("real", filepath.Join(dir, "link"))); err != nil {
				t.Skip(err)
			}
			return filepath.Join(dir, "link", "a", "lake")
		},
		"relative path":     func(t *testing.T, dir string) string { t.Chdir(dir); return "lake" },
		"current directory": func(t *testing.T, dir string) string { t.Chdir(dir); return "." },
		"relative path up": func(t *testing.T, dir string) string {
			t.Chdir(dir)
			return filepath.Join("..", filepath.Base(dir), "x")
		},
		"trailing separator": func(t *testing.T, dir string) string { return dir + string(filepath.Separator) },
		"no temporary directory": func(t *testing.T, dir string) string {
			t.Setenv("TMPDIR", filepath.Join(dir, "none")) // nothing is staged on another device than the dataset's
			return filepath.Join(dir, "lake")
		},
	}
	before, after := crashAccount(), crashAccount()
	advance(t, after)
	for name, place := range places {
		t.Run(name, func(t *testing.T) {
			s := &scene{account: before}
			w := &wreck{scene: s, dir: place(t, t.TempDir())}
			w.mustRun(t, export.Export)
			s.account = after
			w.mustRun(t, export.Plan)
			w.mustRun(t, export.ExportPlanned)
			(&lake{dir: w.dir, account: after}).check(t)
			if v, err := export.Verify(context.Background(), healthy, w.dir, core()); err != nil || v.Damaged() {
				t.Errorf("verify: %+v, %v", v, err)
			}
		})
	}
}

// TestNoPlace tries places where there can be no dataset: the error names the place, and what is there stays.
func TestNoPlace(t *testing.T) {
	places := map[string]struct {
		make func(dir string) (out string, err error)
		want error
	}{
		"a file": {func(dir string) (string, error) {
			return filepath.Join(dir, "lake"), os.WriteFile(filepath.Join(dir, "lake"), []byte("mine"), 0o644)
		}, syscall.ENOTDIR},
		"below a file": {func(dir string) (string, error) {
			return filepath.Join(dir, "file", "lake"), os.WriteFile(filepath.Join(dir, "file"), []byte("mine"), 0o644)
		}, syscall.ENOTDIR},
		"a link to nowhere": {func(dir string) (string, error) {
			return filepath.Join(dir, "lake"), os.Symlink("nowhere", filepath.Join(dir, "lake"))
		}, fs.ErrExist},
		"a file with the private directory's name": {func(dir string) (string, error) {
			return dir, os.WriteFile(filepath.Join(dir, dataset.PrivateDir), []byte("mine"), 0o644)
		}, syscall.ENOTDIR},
	}
	for name, place := range places {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			out, err := place.make(dir)
			if err != nil {
				t.Skip(err)
			}
			before := readFiles(t, dir)
			w := &wreck{scene: &scene{account: crashAccount()}, dir: out}
			_, err = w.run(t, healthy, export.Export)
			if !errors.Is(err, place.want) || !strings.Contains(err.Error(), out) {
				t.Errorf("got error %v, want %v", err, place.want)
			}
			if after := readFiles(t, dir); !sameFiles(before, after) {
				t.Errorf("the place has changed: %v", slices.Sorted(maps.Keys(after)))
			}
		})
	}
}

// deniedFS is a file system on which nothing may be changed.
type deniedFS struct{ disk.FS }

func denied(op, name string) error { return &fs.PathError{Op: op, Path: name, Err: syscall.EACCES} }

func (deniedFS) Create(name string, _ disk.Access) (disk.File, error) {
	return nil, denied("create", name)
}
func (deniedFS) OpenAppend(name string, _ disk.Access) (disk.File, error) {
	return nil, denied("open", name)
}
func (deniedFS) Rename(name, _ string) error               { return denied("rename", name) }
func (deniedFS) Remove(name string) error                  { return denied("remove", name) }
func (deniedFS) RemoveAll(name string) error               { return denied("remove", name) }
func (deniedFS) MkdirAll(name string, _ disk.Access) error { return denied("mkdir", name) }

func TestReadOnly(t *testing.T) {
	for name, s := range map[string]*scene{"first": firstScene(t), "second": newScene(t)} {
		w := s.place(t)
		for what, do := range map[string]doRun{"export": export.Export, "plan": export.Plan, "planned": export.ExportPlanned} {
			if _, err := w.run(t, deniedFS{healthy}, do); !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), w.dir) {
				t.Errorf("%s %s: got error %v", name, what, err)
			}
		}
		if w.checkReaders(t) {
			t.Errorf("%s: it was committed", name)
		}
		w.recover(t)
	}
}

// TestStrayParts: a part that somebody put beside the table's own is not ours to remove; export refuses the table and
// verify names the file.
func TestStrayParts(t *testing.T) {
	s := newScene(t)
	w := s.place(t)
	stray := "subscriber/copy of part-00000.parquet"
	writeFile(t, w.dir, stray, s.stored["subscriber/part-00000.parquet"])
	r, err := w.run(t, healthy, export.Export)
	var foreign *dataset.ForeignFilesError
	if err != nil || !errors.As(tableOf(t, r, "subscriber").Err, &foreign) || tableOf(t, r, "campaign").Err != nil {
		t.Fatalf("%v; %v", err, tableOf(t, r, "subscriber").Err)
	}
	if data := readFile(t, w.dir, stray); !bytes.Equal(data, s.stored["subscriber/part-00000.parquet"]) {
		t.Error("the file has changed")
	}
	v, err := export.Verify(context.Background(), healthy, w.dir, core())
	if err != nil || len(v.Problems) != 1 || v.Problems[0].Part != stray || v.Problems[0].Table != "subscriber" {
		t.Fatalf("got %+v, %v", v, err)
	}
	if err := os.Remove(filepath.Join(w.dir, filepath.FromSlash(stray))); err != nil {
		t.Fatal(err)
	}
	w.recover(t)
}

// TestManifestMeddledWith: a manifest that somebody changed is refused by every run, and nothing is touched.
func TestManifestMeddledWith(t *testing.T) {
	s := newScene(t)
	old := string(s.stored[dataset.ManifestName])
	var damaged *dataset.DamagedError
	var version *dataset.VersionError
	for name, c := range map[string]struct {
		text string
		want any
	}{
		"truncated":         {old[:len(old)/2], &damaged},
		"empty":             {"", &damaged},
		"not JSON":          {"[manifest]", &damaged},
		"newer":             {strings.Replace(old, `"format": 5`, `"format": 6`, 1), &version},
		"rows changed":      {strings.Replace(old, `"rows": 50`, `"rows": 51`, 1), &damaged},
		"foreign path":      {strings.Replace(old, `"subscriber/part-00001.parquet"`, `"../../part-00001.parquet"`, 1), &damaged},
		"unknown attribute": {strings.Replace(old, `"snapshot"`, `"snapshots"`, 1), &damaged},
	} {
		t.Run(name, func(t *testing.T) {
			if c.text == old {
				t.Fatal("nothing was changed")
			}
			w := s.place(t)
			writeFile(t, w.dir, dataset.ManifestName, []byte(c.text))
			before := readFiles(t, w.dir)
			for _, do := range []doRun{export.Export, export.Plan, export.ExportPlanned} {
				if _, err := w.run(t, healthy, do); !errors.As(err, c.want) || !strings.Contains(err.Error(), dataset.ManifestName) {
					t.Errorf("got error %v", err)
				}
			}
			if after := readFiles(t, w.dir); !sameFiles(before, after) {
				t.Error("files have changed")
			}
			writeFile(t, w.dir, dataset.ManifestName, []byte(old))
			w.recover(t)
		})
	}
}

// TestPartMeddledWith: a table with a part that is damaged fails alone, until its part is repaired.
func TestPartMeddledWith(t *testing.T) {
	s := newScene(t)
	for name, data := range map[string][]byte{"deleted": nil, "replaced": s.stored["group/part-00000.parquet"], "cut": s.stored["campaign/part-00001.parquet"][:200]} {
		t.Run(name, func(t *testing.T) {
			w := s.place(t)
			path := "campaign/part-00001.parquet"
			if writeFile(t, w.dir, path, data); data == nil {
				os.Remove(filepath.Join(w.dir, filepath.FromSlash(path)))
			}
			r, err := w.run(t, healthy, export.Export)
			if err != nil {
				t.Fatal(err)
			}
			for _, table := range r.Tables {
				var part *export.PartError
				if got := errors.As(table.Err, &part) && part.Path == path; got != (table.Name == "campaign") || !got && table.Err != nil {
					t.Errorf("%s: got error %v", table.Name, table.Err)
				}
			}
			for _, table := range []string{"subscriber", "group_subscriber", "group", "field"} {
				if got := ofTable(readParts(t, w.dir), table); len(got) == 0 || len(got) != len(s.next.partsOf(table)) {
					t.Errorf("%s was not committed: %v", table, slices.Sorted(maps.Keys(got)))
				}
			}
			s := *s
			s.damaged = map[string]bool{path: true}
			w.scene = &s
			w.recover(t)
		})
	}
}

// TestPartForbidden: a part that may not be read is not damaged; not even a repair replaces it.
func TestPartForbidden(t *testing.T) {
	s := newScene(t)
	s.damaged = map[string]bool{"campaign/part-00001.parquet": true} // as the user believes
	w := s.place(t)
	r, err := w.run(t, forbidFS{healthy, "part-00001.parquet"}, export.Export)
	if err != nil {
		t.Fatal(err)
	}
	var part *export.PartError
	for _, table := range r.Tables {
		want := len(s.old.partsOf(table.Name)) > 1
		if got := errors.Is(table.Err, fs.ErrPermission); got != want || errors.As(table.Err, &part) {
			t.Errorf("%s: got error %v", table.Name, table.Err)
		}
	}
	w.recover(t)
}

// forbidFS is a file system on which files of a name may not be read.
type forbidFS struct {
	fastFS
	name string
}

func (f forbidFS) Open(name string) (disk.File, error) {
	if filepath.Base(name) == f.name {
		return nil, denied("open", name)
	}
	return f.fastFS.Open(name)
}

// partsOf returns the parts of a table.
func (c content) partsOf(table string) map[string]bool {
	parts := map[string]bool{}
	for key, path := range c.files {
		if strings.HasPrefix(key, table+"/") {
			parts[path] = true
		}
	}
	return parts
}
