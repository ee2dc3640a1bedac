package delta_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"mailerlake/export/publish/store"
)

// TestForReaders writes a table that lives through 50 days into a directory, with the rows of each version, for readers
// that are not part of the program.
func TestForReaders(t *testing.T) {
	dir := os.Getenv("MAILERLAKE_DELTA_DIR")
	if dir == "" {
		t.Skip("MAILERLAKE_DELTA_DIR is not set")
	}
	for _, history := range []bool{false, true} {
		root := filepath.Join(dir, fmt.Sprintf("history-%v", history))
		s, err := store.Open(t.Context(), "file://"+root)
		if err != nil {
			t.Fatal(err)
		}
		w := newWorld(t, 7, s)
		w.history = history
		for day := range 50 {
			switch {
			case day%10 == 4:
				w.addColumn()
			case day == 27:
				w.widen()
			case day == 33:
				clear(w.rows)
				w.dirtyAll()
			case day == 12: // nothing changes
			default:
				w.change()
			}
			w.commit()
			w.publish()
			rows, err := json.Marshal(map[string]any{"version": w.was.Version, "rows": w.rows, "at": w.was.At})
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(root, fmt.Sprintf("version-%d.json", w.was.Version)), rows, 0o600); err != nil {
				t.Fatal(err)
			}
			w.pass(map[bool]time.Duration{false: 8 * time.Hour, true: time.Hour}[history])
		}
	}
}
