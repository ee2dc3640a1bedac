package export_test

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"mailerlake/export"
	"mailerlake/export/dataset"
)

// crashTries is the environment variable that says how many operations of a run the tests of accidents try, evenly
// spread; a large number stands for all. What is tried else takes seconds:
//
//	CRASH_TRIES=100000 go test ./export -run 'Killed|PowerLoss|Fail|Full|Machines' -timeout 5h
const crashTries = "CRASH_TRIES"

func tries(otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(crashTries)); err == nil {
		return n
	}
	return max(1, otherwise/thinned)
}

// stride returns the distance of the operations that are tried of so many.
func stride(ops, otherwise int) int { return max(1, ops/tries(otherwise)) }

// ops returns the operations of the scene's run when nothing happens.
func (s *scene) ops(t *testing.T, changesOnly bool) []string {
	t.Helper()
	w := s.place(t)
	w.fsys.ChangesOnly = changesOnly
	if _, err := w.run(t, w.fsys, s.do); err != nil {
		t.Fatal(err)
	}
	return w.fsys.Ops()
}

// pointOfCommit returns which operation gives the journal its name.
func pointOfCommit(t *testing.T, ops []string) int {
	t.Helper()
	for i, op := range ops {
		if strings.HasPrefix(op, "rename ") && strings.HasSuffix(op, "journal.json") {
			return i + 1
		}
	}
	t.Fatal("the journal is never renamed")
	return 0
}

// everyKill kills the scene's run at every operation, or at so many, and calls then with what is left.
func (s *scene) everyKill(t *testing.T, otherwise int, then func(t *testing.T, w *wreck, n int)) {
	t.Helper()
	step := stride(len(s.ops(t, true)), otherwise)
	for n, reached := 1, true; reached; n += step {
		t.Run(fmt.Sprint("op", n), func(t *testing.T) {
			var w *wreck
			w, reached = s.kill(t, n)
			then(t, w, n)
		})
	}
}

// kill kills the scene's run at operation n.
func (s *scene) kill(t *testing.T, n int) (w *wreck, reached bool) {
	t.Helper()
	w = s.place(t)
	w.fsys.KillAt(n)
	_, err := w.run(t, w.fsys, s.do)
	reached = w.fsys.Killed()
	t.Logf("killed %t at %s: %v", reached, w.opAt(n), err)
	w.fsys.Restart()
	return w, reached
}

func (w *wreck) losePower(t *testing.T, seed uint64) {
	t.Helper()
	t.Logf("power loss by seed %d", seed)
	if err := w.fsys.PowerLoss(seed); err != nil {
		t.Fatal(err)
	}
	w.boot(t)
}

// scenes are the runs that accidents are tried on.
func scenes(t *testing.T) map[string]*scene {
	t.Helper()
	return map[string]*scene{"first": firstScene(t), "second": newScene(t), "repair": repairScene(t)}
}

// repairScene has a dataset with damaged parts, one of them missing, and a run that rebuilds them.
func repairScene(t *testing.T) *scene {
	t.Helper()
	s := newScene(t)
	s.damaged = map[string]bool{"subscriber/part-00003.parquet": true, "group/part-00000.parquet": true, "campaign/part-00001.parquet": true}
	for _, files := range []map[string][]byte{s.stored, s.parts} {
		delete(files, "subscriber/part-00003.parquet")
		files["group/part-00000.parquet"] = nil
		files["campaign/part-00001.parquet"][99] ^= 1
	}
	return s
}

func TestRunKilled(t *testing.T) {
	for name, s := range scenes(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s.everyKill(t, 7, func(t *testing.T, w *wreck, _ int) {
				w.checkReaders(t)
				w.recover(t)
			})
		})
	}
}

func TestRunPowerLoss(t *testing.T) {
	for name, s := range scenes(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(min(4, 1+tries(15)/100)) {
				s.everyKill(t, 7, func(t *testing.T, w *wreck, n int) {
					w.losePower(t, seed*1000+uint64(n))
					w.checkReaders(t)
					w.recover(t)
				})
			}
		})
	}
}

// TestRecoveringRunKilled kills a run at n and the next at m; every other time the power is lost as well.
func TestRecoveringRunKilled(t *testing.T) {
	s := newScene(t)
	ops := s.ops(t, true)
	point, end := pointOfCommit(t, ops), len(ops)
	for _, n := range []int{point / 3, point - 1, point, point + 1, point + 2, (2*point + end) / 3, (point + 2*end) / 3, end - 2} {
		t.Run(fmt.Sprint("op", n), func(t *testing.T) {
			t.Parallel()
			for m, reached := 1+n%3, true; reached; m += stride(end, 3) {
				t.Run(fmt.Sprint("then", m), func(t *testing.T) {
					w, _ := s.kill(t, n)
					committed := w.checkReaders(t)
					w.fsys.KillAt(m)
					_, err := w.run(t, w.fsys, export.Export)
					reached = w.fsys.Killed()
					t.Logf("then killed %t at %s: %v", reached, w.opAt(m), err)
					if w.fsys.Restart(); (n+m)%2 == 0 {
						w.losePower(t, uint64(m))
					}
					if !w.checkReaders(t) && committed {
						t.Fatal("the commit is undone")
					}
					w.recover(t)
				})
			}
		})
	}
}

// TestRunFails lets every operation fail, those that read too. A run says which file it was, or does without it.
func TestRunFails(t *testing.T) {
	kinds := []error{syscall.ENOSPC, syscall.EACCES, syscall.EIO}
	for name, s := range scenes(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			step := stride(len(s.ops(t, false)), 5)
			for n, reached := 1, true; reached; n += step {
				fault := kinds[n%len(kinds)]
				t.Run(fmt.Sprint("op", n), func(t *testing.T) {
					w := s.place(t)
					w.fsys.ChangesOnly = false
					w.fsys.FailAt(n, fault)
					r, err := w.run(t, w.fsys, s.do)
					reached = len(w.fsys.Ops()) >= n
					t.Logf("%v at %s: %v", fault, w.opAt(n), err)
					if len(w.damaged) > 0 {
						_, w.unread, _ = strings.Cut(w.opAt(n), " /") // opened or read
					}
					w.checkFailed(t, r, err, fault)
					w.recover(t)
				})
			}
		})
	}
}

// checkFailed checks what a run says in which one operation failed, and what it left.
func (w *wreck) checkFailed(t *testing.T, r *export.Report, err, fault error) {
	t.Helper()
	var unfinished *dataset.UnfinishedError
	committed := w.checkReaders(t)
	if said := err == nil || errors.As(err, &unfinished); committed != said {
		t.Fatalf("committed %t, but the error is %v", committed, err)
	}
	errs := []error{err}
	if err == nil {
		fresh := w.checkWhole(t)
		for _, table := range r.Tables {
			if errs = append(errs, table.Err); table.Err != nil && fresh[table.Name] {
				t.Errorf("%s failed and is new: %v", table.Name, table.Err)
			}
		}
	}
	for _, err := range errs {
		if err != nil && !errors.Is(err, fault) {
			t.Errorf("the error hides %v: %v", fault, err)
		}
		if err != nil && !strings.Contains(err.Error(), w.dir) && !strings.Contains(err.Error(), "part-0") {
			t.Errorf("the error names no file: %v", err)
		}
	}
}
