package lake

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"mailerlake/testdata/lake/program"
)

// lastDay is the last day of the demo account that is exported for the tests. A column is new on day 2.
const lastDay = 3

// days are the datasets of the demo account after each day, of one lineage: each was exported over the one before.
var days struct {
	once sync.Once
	dir  string
	err  error
}

// dayDir returns the directory of the dataset after a day. It must not be changed.
func dayDir(t testing.TB, day int) string {
	t.Helper()
	days.once.Do(func() {
		days.err = errors.New("the days of the account were not exported") // if the test ends in the midst of it
		days.dir, days.err = exportDays(t)
	})
	if days.err != nil {
		t.Fatal(days.err)
	}
	return filepath.Join(days.dir, fmt.Sprint(day))
}

func exportDays(t testing.TB) (string, error) {
	t.Helper()
	dir, err := os.MkdirTemp("", "mailerlake-days-")
	if err != nil {
		return "", err
	}
	lake := filepath.Join(dir, "lake")
	for day := range lastDay + 1 {
		program.Must(t, program.Command{Args: []string{"export", "--out", lake, "--demo-day", fmt.Sprint(day), "--tables", "core", "--history", "--quiet"}})
		if err := copyDir(filepath.Join(dir, fmt.Sprint(day)), lake); err != nil {
			return "", err
		}
	}
	return dir, nil
}

func removeDays() {
	if days.dir != "" {
		os.RemoveAll(days.dir)
	}
}

// dataset is a directory with a dataset.
type dataset struct{ dir string }

// newDataset returns the dataset of a day in a directory of its own.
func newDataset(t testing.TB, day int) *dataset {
	t.Helper()
	d := &dataset{filepath.Join(t.TempDir(), "lake")}
	must(t, copyDir(d.dir, dayDir(t, day)))
	return d
}

// become makes the dataset that of another day, as an export would. What is the program's own, under .mailerlake, stays.
func (d *dataset) become(t testing.TB, day int) {
	t.Helper()
	entries, err := os.ReadDir(d.dir)
	must(t, err)
	for _, e := range entries {
		if e.Name() != private {
			must(t, os.RemoveAll(filepath.Join(d.dir, e.Name())))
		}
	}
	for name, content := range filesOf(t, dayDir(t, day)) {
		path := filepath.Join(d.dir, filepath.FromSlash(name))
		must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		must(t, os.WriteFile(path, content, 0o644))
	}
}

// private is the directory of a dataset that is never published.
const private = ".mailerlake"

// filesOf returns the files of a dataset by their paths, without those that are never published.
func filesOf(t testing.TB, dir string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	must(t, filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && e.Name() == private:
			return filepath.SkipDir
		case e.IsDir():
			return nil
		}
		path, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		files[filepath.ToSlash(path)], err = os.ReadFile(name)
		return err
	}))
	return files
}

func copyDir(to, from string) error { return os.CopyFS(to, os.DirFS(from)) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
