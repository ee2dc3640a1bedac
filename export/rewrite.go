package export

import (
	"context"
	"errors"
	"fmt"
)

// A rewrite takes nothing of the dataset but the ranges of its parts: every part is written from the scan alone, in a
// layout that knows nothing of the columns before. Rows go on the same proof as ever, but none may stay without one, and
// no table may keep its old state: what is protected now could still be read there.

var errRewritePlanned = errors.New("a rewrite cannot be planned; run mailerlake export --rewrite")

// RewriteError says why a rewrite was given up. The dataset has its old state.
type RewriteError struct {
	Table string
	Err   error
}

func (e *RewriteError) Error() string {
	return fmt.Sprintf("rewrite given up, nothing was changed: %s: %v", e.Table, e.Err)
}

func (e *RewriteError) Unwrap() error { return e.Err }

// coversAll refuses to rewrite some tables and leave others as they are.
func (r *Run) coversAll() error {
	if !r.rewrite {
		return nil
	}
	for _, state := range r.data.Manifest.Tables {
		if t := r.table(state.Name); t == nil || t.auxiliary {
			return &RewriteError{state.Name, errors.New("it would keep its old values; a rewrite takes all tables of the dataset")}
		}
	}
	return nil
}

// planRewrite plans to write a table anew. Its committed keys tell which rows the scan should have met.
func (r *Run) planRewrite(ctx context.Context, t *tableRun) (err error) {
	why, err := r.planProven(ctx, t, func() (*TablePlan, error) { return planKeys(t) })
	if err != nil {
		return err
	}
	if why == "" && t.plan.Unproven > 0 {
		why = fmt.Sprintf("%d rows were not met and are not proven gone", t.plan.Unproven)
	}
	if why != "" {
		return &unprovenError{why}
	}
	keys := t.plan
	if t.plan, err = planTable(t, true); err != nil {
		return err
	}
	t.plan.settle(t, true)
	t.plan.Inserted, t.plan.Updated, t.plan.Deleted = keys.Inserted, keys.Unchanged, keys.candidates
	t.plan.Rewritten = t.stored != nil
	return nil
}

// planKeys compares the scanned rows with the committed ones by key alone.
func planKeys(t *tableRun) (*TablePlan, error) {
	plan := &TablePlan{Parts: make([]PartPlan, len(t.parts()))}
	present, err := newPresence(t)
	if err != nil {
		return nil, err
	}
	fill, err := newFiller(t)
	if err != nil {
		return nil, err
	}
	p := &pass{run: t, fill: fill, committed: true, enter: func(int) (bool, error) { return true, nil }, leave: func(int) error { return nil }}
	p.visit = func(s *segment) error { return plan.count(s, make([]bool, s.in.Rows), present) }
	if err := p.parts(); err != nil {
		return nil, err
	}
	return plan, p.tail()
}

// checkRewrite gives a rewrite up if a table would keep its old state. A scan that came to an end and proves too little
// is of no use to the next try.
func (r *Run) checkRewrite() error {
	if !r.rewrite {
		return nil
	}
	var given error
	for _, t := range r.tables {
		err := t.err
		if err == nil && t.scan.Incomplete != "" { // of an auxiliary table
			err = &unprovenError{t.scan.Incomplete}
		}
		if err != nil && given == nil {
			given = &RewriteError{t.table.Name, err}
		}
		if t.scan.Incomplete != "" && t.log != nil && !t.inParentLog() {
			if err := r.dropLog(t); err != nil {
				return err
			}
		}
	}
	return given
}
