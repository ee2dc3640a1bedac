package export_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"mailerlake/export"
	"mailerlake/export/disk"
)

// uncommittedFS fails the n-th commit: its journal cannot be written.
type uncommittedFS struct {
	disk.FS
	n int
}

func (f *uncommittedFS) Rename(from, to string) error {
	if strings.HasSuffix(to, "journal.json") {
		if f.n--; f.n == 0 {
			return &os.PathError{Op: "rename", Path: to, Err: syscall.ENOSPC}
		}
	}
	return f.FS.Rename(from, to)
}

// TestMatchesWhatWasCommitted: a run whose first or second stage is planned and not committed does not match, and does not claim
// to have done what it had planned.
func TestMatchesWhatWasCommitted(t *testing.T) {
	for failing, want := range map[int]struct {
		status   map[string]export.Status
		snapshot int64
	}{
		1: {map[string]export.Status{"box": export.NotReached, "visit": export.NotReached}, 0},
		2: {map[string]export.Status{"box": export.Changed, "visit": export.NotReached}, 3},
		3: {map[string]export.Status{"box": export.Changed, "visit": export.Changed}, 4}, // there is no third
	} {
		d := newWatched(t, false)
		if r := d.mustRun(t); !r.Matches {
			t.Fatal("a first export does not match")
		}
		stored := d.manifest(t).Table("visit").Rows
		for _, x := range d.boxes.list { // so that no list stands still
			if x.kind == "open" {
				x.moved(append(x.visits, 77)...)
			}
		}
		o := d.options(t)
		o.FS, o.Yes = &uncommittedFS{o.FS, failing}, true
		r, err := export.Export(context.Background(), o)
		if fails := failing < 3; errors.Is(err, syscall.ENOSPC) != fails || r.Matches == fails || r.Snapshot != want.snapshot {
			t.Errorf("commit %d fails: %v, matches %t, snapshot %d", failing, err, r.Matches, r.Snapshot)
		}
		for _, table := range r.Tables {
			if want := want.status[table.Name]; want != "" && table.Status != want {
				t.Errorf("commit %d fails: %s is %s, want %s", failing, table.Name, table.Status, want)
			}
			if table.Status != export.NotReached {
				continue
			}
			if table.TablePlan != nil || table.BytesWritten != 0 || table.ChangesKept != 0 || !table.AsOf.Before(r.Started) {
				t.Errorf("commit %d fails: %s claims %+v as of %v", failing, table.Name, table.TablePlan, table.AsOf)
			}
			if table.Name == "visit" && table.Rows != stored {
				t.Errorf("commit %d fails: %d visits, want %d", failing, table.Rows, stored)
			}
		}
	}
}

// TestMatchesAfterRepair: a repair that reads all tables whole and afresh matches, but not one of some tables.
func TestMatchesAfterRepair(t *testing.T) {
	for _, tables := range [][]string{nil, {"box"}} {
		d := newWatched(t, false)
		d.mustRun(t)
		if err := os.Remove(filepath.Join(d.dir, "box", "part-00000.parquet")); err != nil {
			t.Fatal(err)
		}
		if r, err := d.run(t); err == nil && r.Matches {
			t.Error("a damaged dataset matches")
		}
		o := d.options(t)
		o.Repair, o.Full, o.Tables = true, true, tables
		r, err := export.Export(context.Background(), o)
		if err != nil || r.Matches != (tables == nil) || len(tableOf(t, r, "box").RebuiltParts) != 1 {
			t.Errorf("repair of %v: %v, matches %t", tables, err, r.Matches)
		}
	}
}

// TestMatchesWithoutATable: what the account does not have is no difference, unless the dataset has rows of it.
func TestMatchesWithoutATable(t *testing.T) {
	forbidden := func(path string) int {
		if strings.HasSuffix(path, "/visits") {
			return 403
		}
		return 0
	}
	d := newWatched(t, false)
	d.boxes.fault = forbidden
	r := d.mustRun(t)
	if visits := tableOf(t, r, "visit"); visits.Status != export.Unavailable || !visits.AsOf.IsZero() || !r.Matches {
		t.Errorf("never there: %s, as of %v, matches %t", visits.Status, visits.AsOf, r.Matches)
	}
	d.boxes.fault = nil
	d.mustRun(t)
	d.boxes.fault = forbidden
	o := d.options(t)
	o.Full = true
	r, err := export.Export(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	if visits := tableOf(t, r, "visit"); visits.Status != export.Unavailable || visits.Rows == 0 || !visits.AsOf.Before(r.Started) || r.Matches {
		t.Errorf("not there any more: %s, %d rows as of %v, matches %t", visits.Status, visits.Rows, visits.AsOf, r.Matches)
	}
}

// TestMatchesWithheld: rows that are kept for lack of proof, or behind the guard, are a difference.
func TestMatchesWithheld(t *testing.T) {
	d := newWatched(t, false)
	d.mustRun(t)
	for i := range 400 {
		d.boxes.list = append(d.boxes.list, &box{id: strconv.Itoa(200 + i), kind: "shut"})
	}
	full := d.options(t)
	full.Full, full.Yes = true, true
	if r, err := export.Export(context.Background(), full); err != nil || !r.Matches {
		t.Fatalf("%v: matches %t", err, r.Matches)
	}
	d.boxes.list = d.boxes.list[:len(d.boxes.list)-300]
	for _, yes := range []bool{false, true} {
		o := d.options(t)
		o.Full, o.Yes = true, yes
		r, err := export.Export(context.Background(), o)
		if boxes := tableOf(t, r, "box"); err != nil || r.Matches != yes || r.Failed() == yes || (boxes.Withheld == "") != yes {
			t.Errorf("--yes %t: %v; withheld %q, failed %t, matches %t", yes, err, boxes.Withheld, r.Failed(), r.Matches)
		}
	}
}
