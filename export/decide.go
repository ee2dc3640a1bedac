package export

import (
	"context"
	"errors"
	"fmt"

	"mailerlake/client"
	"mailerlake/schema"
)

const (
	// Deletes of more than one in massShare of a table's rows, and of more than massRows, are withheld unless confirmed.
	massShare = 5
	massRows  = 20
)

// planAll plans every table and decides about its deletes. A child table comes after its parent.
func (r *Run) planAll(ctx context.Context, full bool) error {
	for _, t := range r.tables {
		if t.parent != nil && t.err == nil {
			t.err = t.parent.err
		}
		if t.err != nil || t.auxiliary {
			continue
		}
		if err := r.tolerate(t, r.planOne(ctx, t, full)); err != nil {
			return err
		}
	}
	for _, t := range r.tables { // they stand or fall together
		if t.parent != nil && t.err != nil && t.parent.err == nil {
			t.parent.err = t.err
		}
	}
	return r.failed()
}

// failed returns an error if there is no table left to export.
func (r *Run) failed() error {
	var first error
	for _, t := range r.tables {
		switch {
		case t.auxiliary:
		case t.err == nil:
			return nil
		case first == nil:
			first = t.err
		}
	}
	if first == nil {
		return nil
	}
	return fmt.Errorf("no table could be exported: %w", first)
}

func (r *Run) planOne(ctx context.Context, t *tableRun, full bool) (err error) {
	if t.rewrite {
		return r.planRewrite(ctx, t)
	}
	why, err := r.planProven(ctx, t, func() (*TablePlan, error) { return planTable(t, full) })
	if err != nil {
		return err
	}
	t.plan.Withheld = why
	t.plan.settle(t, why == "")
	return nil
}

// planProven plans a table, looks for proof of its deletes, and says why there is none.
func (r *Run) planProven(ctx context.Context, t *tableRun, plan func() (*TablePlan, error)) (why string, err error) {
	if t.plan, err = plan(); err != nil {
		return "", err
	}
	why, found, err := r.prove(ctx, t)
	var unproven *unprovenError
	if errors.As(err, &unproven) {
		return unproven.why, nil
	}
	if err != nil || !found {
		return why, err
	}
	proven := t.plan.candidates // rows that seemed gone are there: they are part of the scan now
	if t.plan, err = plan(); err != nil {
		return "", err
	}
	if t.plan.candidates > proven {
		return "", errors.New("plan differs from the one before")
	}
	return why, nil
}

// prove looks for proof that the delete candidates are gone, and says why there is none, in why or as an unprovenError.
// With found, some of them answered and were added to the scan.
func (r *Run) prove(ctx context.Context, t *tableRun) (why string, found bool, err error) {
	p := t.plan
	switch {
	case t.scan.Incomplete != "":
		return t.scan.Incomplete, false, nil
	case p.candidates == 0:
		return "", false, nil
	case !r.Yes && p.candidates > massRows && p.candidates*massShare > t.stored.Rows:
		return fmt.Sprintf("%d of %d rows would go; --yes deletes them", p.candidates, t.stored.Rows), false, nil
	case t.inParentLog() && !t.scan.resumed: // a fresh row of the parent is the proof
		return "", false, nil
	case t.parent != nil: // listed on its own, or with rows of a run before, which may be outdated
		return r.proveMembers(ctx, t)
	case t.table.Source.Item == "":
		return r.proveByList(ctx, t)
	}
	ids := make([]string, len(p.sample))
	for i, key := range p.sample {
		ids[i] = key[0]
	}
	answers, err := r.ask(ctx, t, ids)
	if err != nil {
		return "", false, err
	}
	return r.weigh(ctx, t, answers)
}

// weigh decides by the answers to a sample of the candidates.
func (r *Run) weigh(ctx context.Context, t *tableRun, answers []client.Answer) (why string, found bool, err error) {
	there := 0
	for _, a := range answers {
		if a.Data != nil {
			there++
		}
	}
	switch {
	case there == 0:
		return "", false, nil
	case t.plan.candidates > int64(len(answers)):
		return fmt.Sprintf("%d of %d rows asked for by id are still there", there, len(answers)), false, nil
	}
	return "", true, r.adopt(ctx, t, answers)
}

// proveByList reads a list anew whose rows cannot be asked for by id.
func (r *Run) proveByList(ctx context.Context, t *tableRun) (why string, found bool, err error) {
	incomplete, err := r.readAgain(ctx, t)
	switch {
	case stopsRun(err):
		return "", false, err
	case err != nil:
		return fmt.Sprintf("the list could not be read again: %v", err), true, nil
	}
	return incomplete, true, r.refix(t)
}

// readAgain adds another walk of a page list to a table's scan.
func (r *Run) readAgain(ctx context.Context, t *tableRun) (incomplete string, err error) {
	again := &scan{Run: r, t: t, decoder: schema.NewDecoder(t.table)}
	incomplete, err = again.walkPages(ctx)
	return incomplete, errors.Join(err, t.log.Sync())
}
