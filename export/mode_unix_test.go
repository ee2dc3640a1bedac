//go:build unix

package export_test

import (
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"mailerlake/export"
	"mailerlake/export/dataset"
	"mailerlake/export/disk"
)

// TestRunModes looks at the modes of all that two runs leave, what was renamed into place among it. It must not run
// beside other tests: the umask is the process's.
func TestRunModes(t *testing.T) {
	cases := map[string]struct {
		umask     int
		private   bool
		file, dir fs.FileMode
	}{
		"default":          {0o022, false, 0o644, 0o755},
		"no umask":         {0, false, 0o644, 0o755},
		"group may write":  {0o002, false, 0o644, 0o755},
		"strict umask":     {0o077, false, 0o600, 0o700},
		"private":          {0o022, true, 0o600, 0o700},
		"private no umask": {0, true, 0o600, 0o700},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			defer syscall.Umask(syscall.Umask(c.umask))
			w := &wreck{scene: &scene{account: crashAccount()}, dir: filepath.Join(t.TempDir(), "a", "lake")}
			fsys := fastFS{disk.OS(c.private)}
			for i, do := range []doRun{export.Export, export.Plan, export.Export} {
				if i == 1 {
					advance(t, w.account)
				}
				if _, err := w.run(t, fsys, do); err != nil {
					t.Fatal(err)
				}
				checkModes(t, filepath.Dir(w.dir), c.file, c.dir)
			}
		})
	}
}

func checkModes(t *testing.T, root string, file, dir fs.FileMode) {
	t.Helper()
	err := filepath.WalkDir(root, func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		want := file
		if e.IsDir() {
			want = dir
		}
		if strings.Contains(name, dataset.PrivateDir) {
			want &= 0o700
		}
		if e.Name() == dataset.PrivateDir { // others may look for the journal in it
			want = dir & 0o711
		}
		if err == nil && info.Mode().Perm() != want {
			t.Errorf("mode of %s = %o, want %o", strings.TrimPrefix(name, root), info.Mode().Perm(), want)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
