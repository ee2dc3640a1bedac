package export_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"mailerlake/export"
	"mailerlake/export/dataset"
	"mailerlake/export/disk"
)

// TestTwoRuns starts a second run of every kind in the middle of the first: it is refused, and the first continues.
func TestTwoRuns(t *testing.T) {
	s := newScene(t)
	w, other := s.place(t), &wreck{scene: s}
	other.dir = w.dir
	var once sync.Once
	_, err := w.run(t, healthy, func(ctx context.Context, o export.Options) (*export.Report, error) {
		hear := o.OnEvent
		o.OnEvent = func(e export.Event) {
			hear(e)
			once.Do(func() {
				for _, do := range []doRun{export.Export, export.Plan, export.ExportPlanned} {
					var locked *dataset.LockedError
					if _, err := other.run(t, healthy, do); !errors.As(err, &locked) || locked.PID != os.Getpid() || locked.Path != w.dir {
						t.Errorf("the second run: got error %v", err)
					}
				}
			})
		}
		return export.Export(ctx, o)
	})
	if err != nil {
		t.Fatal(err)
	}
	w.checkNext(t)
}

// meetFS calls meet before the n-th file operation that a run makes.
func meetFS(n int64, meet func()) tellFS {
	var ops atomic.Int64
	return tellFS{disk.OS(false), func() {
		if ops.Add(1) == n {
			meet()
		}
	}}
}

// TestTwoMachines lets another machine, for which the lock does not hold, come in between at any operation and make a
// whole run, or one that is cut off. Nothing is lost: the run ends well or says why not, and the next one ends right.
func TestTwoMachines(t *testing.T) {
	s := newScene(t)
	ops := s.countOps(t)
	others := map[string]doRun{"export": export.Export, "plan": export.Plan, "cut off": cutOff}
	for name, do := range others {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conflicts := 0
			for n := 1; n <= ops; n += stride(ops, 8) {
				t.Run(fmt.Sprint("op", n), func(t *testing.T) {
					w, other := s.place(t), &wreck{scene: s, runs: 5}
					other.dir = w.dir
					var otherErr error
					_, err := w.run(t, meetFS(int64(n), func() {
						os.Remove(filepath.Join(w.dir, filepath.FromSlash(dataset.LockName)))
						_, otherErr = other.run(t, healthy, do)
					}), export.Export)
					t.Logf("this machine: %v; the other: %v", err, otherErr)
					var conflict *dataset.ConflictError
					if errors.As(err, &conflict) {
						conflicts++
					}
					w.checkReaders(t)
					w.recover(t)
				})
			}
			if name == "export" && conflicts == 0 && tries(8) >= 8 {
				t.Error("there never was a conflict")
			}
		})
	}
}

// cutOff is an export that is interrupted in the middle of its scan.
func cutOff(ctx context.Context, o export.Options) (*export.Report, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	hear := o.OnEvent
	o.OnEvent = func(e export.Event) {
		hear(e)
		if e.Table == "subscriber" && e.Pages == 2 {
			cancel()
		}
	}
	return export.Export(ctx, o)
}

// TestStolenLock: a run that another machine's run overtook says so, and has changed nothing.
func TestStolenLock(t *testing.T) {
	s := newScene(t)
	w, other := s.place(t), &wreck{scene: s, runs: 5}
	other.dir = w.dir
	const lists = 4 // all are read: subscriber, group, field, campaign
	var left map[string][]byte
	var scanned atomic.Int32
	_, err := w.run(t, healthy, func(ctx context.Context, o export.Options) (*export.Report, error) {
		hear := o.OnEvent
		o.OnEvent = func(e export.Event) {
			if hear(e); e.Done && scanned.Add(1) == lists {
				os.Remove(filepath.Join(w.dir, filepath.FromSlash(dataset.LockName)))
				other.mustRun(t, export.Export)
				left = readParts(t, w.dir)
			}
		}
		return export.Export(ctx, o)
	})
	var conflict *dataset.ConflictError
	if !errors.As(err, &conflict) || conflict.Began != 1 || conflict.Found != 2 || !strings.Contains(err.Error(), w.dir) {
		t.Errorf("got error %v", err)
	}
	if now := readParts(t, w.dir); len(left) == 0 || !sameFiles(left, now) {
		t.Error("the run that was overtaken has changed the dataset")
	}
	w.recover(t)
}
