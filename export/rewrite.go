package export

import (
	"context"
	"errors"
	"fmt"

	"mailerlake/export/merge"
	"mailerlake/export/scan"
)

// A rewrite takes only the key ranges of the parts from the dataset: every part is written from the scan alone, with a
// layout that ignores the old columns. Rows are deleted on the same proof as in any export. But no row may stay for
// lack of proof, and no table may keep its old state: what is protected now could still be read there.

var errRewritePlanned = errors.New("a rewrite cannot be planned; run mailerlake export --rewrite")

// RewriteError says why a rewrite was given up. The dataset keeps its old state.
type RewriteError struct {
	Table string
	Err   error
}

func (e *RewriteError) Error() string {
	return fmt.Sprintf("rewrite given up, nothing was changed: %s: %v", e.Table, e.Err)
}

func (e *RewriteError) Unwrap() error { return e.Err }

// coversAll refuses to rewrite some tables and leave others as they are.
func (r *run) coversAll() error {
	if !r.rewrite {
		return nil
	}
	for _, state := range r.data.Manifest.Tables {
		if t := r.tables.find(state.Name); t == nil || t.auxiliary {
			return &RewriteError{state.Name, errors.New("it would keep its old values; a rewrite has to include all tables of the dataset")}
		}
	}
	return nil
}

// rewriteAll reads all tables and rewrites them in one commit, or none.
func (r *run) rewriteAll(ctx context.Context) error {
	if err := r.planStages(ctx, false); err != nil {
		return err
	}
	if err := r.checkRewrite(); err != nil {
		return err
	}
	return r.commit(ctx)
}

// planRewrite plans to rewrite a table. Its committed keys show which rows the scan should have met.
func (p *prover) planRewrite(ctx context.Context, t *table) error {
	why, err := p.planProven(ctx, t, func() (*merge.Plan, error) { return t.merge.PlanKeys(ctx) })
	if err != nil {
		return err
	}
	if t.scan.Incomplete != "" {
		why = t.scan.Incomplete
	}
	if why == "" && t.plan.Unproven > 0 {
		why = fmt.Sprintf("%d rows were not met and are not proven gone", t.plan.Unproven)
	}
	if why != "" {
		return &scan.UnprovenError{Why: why}
	}
	keys := t.plan
	if t.plan, err = t.merge.Plan(ctx, true); err != nil {
		return err
	}
	if len(t.plan.Lost) > 0 {
		return &scan.UnprovenError{Why: fmt.Sprintf("no record had %s, which rows had before", list(t.plan.Lost))}
	}
	t.plan.Settle(t.merge, "")
	t.plan.Inserted, t.plan.Updated, t.plan.Deleted, t.plan.Rebuilt = keys.Inserted, keys.Unchanged, keys.Candidates(), keys.Rebuilt
	t.plan.Rewritten = t.stored != nil
	return nil
}

// checkRewrite gives up a rewrite if a table would keep its old state. It removes the log of a scan that ended without
// being complete, which would not help the next try.
func (r *run) checkRewrite() error {
	if !r.rewrite {
		return nil
	}
	var given error
	for _, t := range r.tables {
		err := t.err
		switch {
		case err != nil || !t.scanned():
		case t.scan.Incomplete != "": // of an auxiliary table
			err = &scan.UnprovenError{Why: t.scan.Incomplete}
		case t.scan.Partial != "":
			err = &scan.UnprovenError{Why: t.scan.Partial}
		case t.scan.Unavailable != "" && t.stored != nil:
			err = &scan.UnprovenError{Why: t.scan.Unavailable}
		}
		if err != nil && given == nil {
			given = &RewriteError{t.Name, err}
		}
		if t.scanned() && !t.scan.Nested && (t.scan.Incomplete != "" || t.plan != nil && len(t.plan.Lost) > 0) {
			if err := r.data.Logs().Remove(t.Name); err != nil {
				return err
			}
		}
	}
	return given
}
