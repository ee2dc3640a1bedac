package command

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailerlake/export/disk"
)

// TestWriteWhole: a file that cannot be written leaves nothing behind, and its error names it, not what it was called meanwhile.
func TestWriteWhole(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "taken"), 0o700); err != nil {
		t.Fatal(err)
	}
	text := func(f disk.File) error { _, err := f.Write([]byte("text")); return err }
	broken := errors.New("read the dataset: broken")
	for _, test := range []struct {
		file, want string
		write      func(disk.File) error
	}{
		{filepath.Join(dir, "gone", "file"), "write " + filepath.Join(dir, "gone", "file") + ": ", text},
		{filepath.Join(dir, "taken"), "write " + filepath.Join(dir, "taken") + ": ", text},
		{filepath.Join(dir, "file"), broken.Error(), func(disk.File) error { return broken }},
	} {
		err := writeWhole(disk.OS(false), test.file, test.write)
		if err == nil || !strings.HasPrefix(err.Error(), test.want) || strings.Contains(err.Error(), "/.") {
			t.Errorf("%s: got %v, want %s", test.file, err, test.want)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
