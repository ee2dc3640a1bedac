package export_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"

	"mailerlake/export"
	"mailerlake/export/dataset"
)

// plannedScene has a dataset with a plan that is to be committed.
func plannedScene(t *testing.T) *scene {
	t.Helper()
	s := newScene(t)
	w := s.place(t)
	w.mustRun(t, export.Plan)
	s.stored, s.do = readFiles(t, w.dir), export.ExportPlanned
	return s
}

// settlePlanned commits the plan, if there still is one, and then recovers.
func (w *wreck) settlePlanned(t *testing.T) {
	t.Helper()
	var none *export.NoPlanError
	_, err := w.run(t, healthy, export.ExportPlanned)
	if err != nil && !errors.As(err, &none) {
		t.Fatal(err)
	}
	t.Logf("commit the plan: %v", err)
	w.checkWhole(t)
	w.recover(t)
}

func TestPlanKilled(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.do = export.Plan
	for _, power := range []bool{false, true} {
		s.everyKill(t, 5, func(t *testing.T, w *wreck, n int) {
			if power {
				w.losePower(t, uint64(n))
			}
			if w.checkReaders(t) {
				t.Fatal("a plan has committed")
			}
			if n%2 == 0 {
				w.mustRun(t, export.Plan)
			}
			w.settlePlanned(t)
		})
	}
}

func TestPlannedKilled(t *testing.T) {
	t.Parallel()
	s := plannedScene(t)
	for _, power := range []bool{false, true} {
		s.everyKill(t, 5, func(t *testing.T, w *wreck, n int) {
			if power {
				w.losePower(t, uint64(n))
			}
			w.checkReaders(t)
			w.settlePlanned(t)
		})
	}
}

func TestPlannedFails(t *testing.T) {
	t.Parallel()
	s := plannedScene(t)
	ops := s.ops(t, false)
	for n := 1; n <= len(ops); n += stride(len(ops), 5) {
		t.Run(fmt.Sprint("op", n), func(t *testing.T) { s.failPlanned(t, n) })
	}
	for _, table := range []string{"subscriber", "group", "campaign"} {
		first := slices.IndexFunc(ops, func(op string) bool {
			return strings.HasPrefix(op, "readat ") && strings.HasSuffix(op, "/"+table+".pages")
		})
		t.Run("page log of "+table, func(t *testing.T) { s.failPlanned(t, first+1) })
	}
}

func (s *scene) failPlanned(t *testing.T, n int) {
	w := s.place(t)
	w.fsys.ChangesOnly = false
	w.fsys.FailAt(n, syscall.EIO)
	r, err := w.run(t, w.fsys, s.do)
	t.Logf("at %s: %v", w.opAt(n), err)
	var none *export.NoPlanError
	if errors.As(err, &none) {
		t.Errorf("a plan that cannot be read now is said to be none: %v", err)
	}
	w.checkFailed(t, r, err, syscall.EIO)
	w.settlePlanned(t)
}

// TestPlannedIsNotAnother: what a plan decided is applied to the scan it was decided on, or not at all. A power loss may
// bring the file of an earlier plan back beside the page logs of a later scan.
func TestPlannedIsNotAnother(t *testing.T) {
	s := newScene(t)
	w := s.place(t)
	w.mustRun(t, export.Plan)
	plan := readFile(t, w.dir, dataset.ScanDir+"/planned.json")
	w.run(t, healthy, func(ctx context.Context, o export.Options) (*export.Report, error) {
		o.Restart = true
		return export.Plan(ctx, o)
	})
	writeFile(t, w.dir, dataset.ScanDir+"/planned.json", plan)
	var none *export.NoPlanError
	if _, err := w.run(t, healthy, export.ExportPlanned); !errors.As(err, &none) || !strings.Contains(err.Error(), "mailerlake plan") {
		t.Errorf("commit of a plan with the scan of another: got %v", err)
	}
	if w.checkReaders(t) {
		t.Error("it was committed")
	}
	w.recover(t)
}
