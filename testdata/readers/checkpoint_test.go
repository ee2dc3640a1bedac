package readers

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// manyDays is more days than a Delta table has log entries between two checkpoints, 20.
const manyDays = 23

// TestCheckpoint follows a small table for so many days that its log has a checkpoint. If no earlier versions are kept, the
// log before the checkpoint is gone, and readers have to begin at the checkpoint; otherwise they see every day.
func TestCheckpoint(t *testing.T) {
	for name, retain := range map[string]string{"only the present": "0s", "every day": "30d"} {
		t.Run(name, func(t *testing.T) {
			p, w := newPublication(t, "delta"), newWarehouse(t)
			p.tables, p.args = []string{"group"}, append(p.args, "--retain", retain)
			var h history
			for day := range manyDays {
				p.publish(t, day)
				h = append(h, p.versions(t))
			}
			kept := h
			if retain == "0s" {
				kept = nil
			}
			p.checkLog(t, retain == "0s")
			for _, reader := range []string{"deltalake", "duckdb", "polars", "spark"} {
				if reader == "spark" && kept != nil && !everything {
					continue // it takes a second for each
				}
				t.Run(reader, func(t *testing.T) { p.checkDays(t, w, reader, kept) })
			}
		})
	}
}

// checkLog checks that the log has a checkpoint, and its first entry unless that should be gone.
func (p *publication) checkLog(t *testing.T, cleaned bool) {
	t.Helper()
	dir := filepath.Join(p.root, "group", "_delta_log")
	checkpoints, err := filepath.Glob(filepath.Join(dir, "*.checkpoint.parquet"))
	if err != nil || len(checkpoints) == 0 {
		t.Errorf("no checkpoint in %s: %v", dir, err)
	}
	entries, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(entries) == 0 {
		t.Fatalf("no log: %v", err)
	}
	_, err = os.Stat(filepath.Join(dir, "00000000000000000000.json"))
	if first := err == nil; first == cleaned {
		t.Errorf("the log begins with %s, cleaned up: %v", slices.Min(entries), cleaned)
	}
}
