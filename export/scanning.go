package export

import (
	"context"
	"errors"

	"mailerlake/export/dataset"
	"mailerlake/export/scan"
	"mailerlake/schema"
)

// open asks which account the key opens, and makes the dataset ready for a scan.
func (r *run) open(ctx context.Context) error {
	account, err := r.Client.Account(ctx)
	if err != nil {
		return err
	}
	r.account = account
	if err := r.checkAccount(); err != nil {
		return err
	}
	if r.Repair {
		r.Restart = true
		if err := errors.Join(r.findDamaged(ctx), r.findLostChanges(ctx)); err != nil {
			return err
		}
	}
	if err := r.clearForeign(); err != nil {
		return err
	}
	if err := r.dropPlanned(); err != nil {
		return err
	}
	if err := r.expect(ctx); err != nil {
		return err
	}
	r.scanner = scan.New(scan.Options{Client: r.Client, Logs: r.data.Logs(), Account: r.account.ID, Catalog: r.catalog, Base: r.base, Stored: r.stored,
		Restart: r.Restart, ResumeWithin: r.ResumeWithin, Now: r.now, Lists: r.listsOf, OnEvent: r.event})
	return nil
}

// scanAndPlan reads and plans the tables of the present stage.
func (r *run) scanAndPlan(ctx context.Context, full bool) error {
	if err := r.scan(ctx); err != nil {
		return err
	}
	r.event(Event{Phase: Comparing, Steps: len(r.due())})
	if err := r.fix(ctx); err != nil {
		return err
	}
	r.warnUnmet(ctx)
	if err := r.planAll(ctx, full); err != nil {
		return err
	}
	return r.watch(ctx)
}

// scan reads the tables.
func (r *run) scan(ctx context.Context) error {
	var wanted []*schema.Table
	for _, t := range r.due() {
		if t.err == nil || !t.FansOut() { // others may need its rows
			wanted = append(wanted, t.Table)
		}
	}
	r.event(Event{Phase: Reading})
	err := r.scanner.Scan(ctx, wanted)
	r.takeResults()
	return err
}

// takeResults gives each table its scan, even if the run was stopped. A table that was read because others need it
// joins the run.
func (r *run) takeResults() {
	for _, result := range r.scanner.Results() {
		t := r.tables.find(result.Table.Name)
		if t == nil {
			t = newTable(result.Table, r.data, r.Sizes, r.rewrite, true)
			t.stage = r.stage
			r.tables = append(r.tables, t)
		}
		if t.stage != r.stage {
			continue
		}
		t.scan = result
		if t.err == nil {
			t.err = result.Err
		}
	}
}

// base names the committed scan that a page log of the table follows.
func (r *run) base(t *schema.Table) string {
	if stored := r.data.Manifest.Table(t.Name); stored != nil {
		return stored.ScanStarted.Format("2006-01-02T15:04:05.999999999Z07:00")
	}
	return ""
}

// stored returns the row groups of a table in the dataset, and at last the key up to which they go.
func (r *run) stored(t *schema.Table) (runs []scan.Stretch) {
	state := r.data.Manifest.Table(t.Name)
	if state == nil {
		return nil
	}
	var last schema.Key
	for _, p := range state.Parts {
		for _, group := range p.RowGroups {
			runs = append(runs, scan.Stretch{First: group.First, Rows: group.Rows})
			last = p.LastKey
		}
	}
	if n := len(runs); n > 0 && runs[n-1].First.Compare(last) < 0 {
		runs = append(runs, scan.Stretch{First: last})
	}
	return runs
}

// clearForeign looks for files that are not ours in the tables' directories: readers would take them for data. A repair
// moves them away; without one, their table is not exported.
func (r *run) clearForeign() error {
	for _, t := range r.tables {
		if t.auxiliary {
			continue
		}
		err := r.data.CheckForeign(t.Name)
		var foreign *dataset.ForeignFilesError
		switch {
		case err == nil:
		case !errors.As(err, &foreign):
			return err
		case r.Repair:
			if err := r.moveForeign(t); err != nil {
				return err
			}
		default:
			r.fail(t, err)
		}
	}
	return nil
}
