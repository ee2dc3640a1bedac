package export

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"mailerlake/client"
	"mailerlake/export/pagelog"
	"mailerlake/export/scan"
)

// planned is what a plan keeps for ExportPlanned beside its page logs: the decisions that needed the network.
type planned struct {
	Account  client.Account          `json:"account"`
	Snapshot int64                   `json:"snapshot"` // that the plan was made against; 0 for none
	Made     time.Time               `json:"made"`
	Tables   map[string]plannedTable `json:"tables"`
}

type plannedTable struct {
	Auxiliary bool `json:"auxiliary,omitempty"`
	// Nested says that the rows are in the log of the parent table.
	Nested bool `json:"nested,omitempty"`
	// Begun and Pages identify the page log that the plan was made from: what was decided about one scan proves nothing
	// about the rows of another.
	Begun    time.Time                  `json:"begun"`
	Pages    int                        `json:"pages"`
	Withheld string                     `json:"withheld,omitempty"`
	Gone     map[string]map[string]bool `json:"gone,omitempty"`
}

// keepPlanned marks the page logs as the scan of this plan.
func (r *run) keepPlanned() error {
	p := planned{Account: r.account, Snapshot: r.snapshot(), Made: r.now(), Tables: map[string]plannedTable{}}
	for _, t := range r.tables {
		if t.err != nil || !t.scanned() || t.scan.Unavailable != "" {
			continue
		}
		pt := plannedTable{Auxiliary: t.auxiliary, Nested: t.scan.Nested, Begun: t.scan.Log.Header.Started, Pages: t.scan.Log.Stats().Pages, Gone: t.gone}
		if t.plan != nil {
			pt.Withheld = t.plan.Withheld
		}
		p.Tables[t.Name] = pt
	}
	data, err := json.Marshal(p)
	if err == nil {
		err = r.data.Logs().KeepPlan(data)
	}
	if err != nil {
		return fmt.Errorf("keep plan: %w", err)
	}
	return nil
}

// dropPlanned removes the scan of an earlier plan: only ExportPlanned may commit it. Page logs of tables that are not
// in the plan, because their scan was cut short, stay and can be resumed.
func (r *run) dropPlanned() error {
	p, err := r.decodePlanned()
	if err != nil {
		return fmt.Errorf("remove the earlier plan: %w", err)
	}
	var names []string
	for name := range p.Tables { // also of tables that this run leaves alone
		if t := r.tables.find(name); r.catalog.Lookup(name) != nil && (t == nil || !t.scanned()) { // else it is in use by this run
			names = append(names, name)
		}
	}
	if err := errors.Join(r.data.Logs().Remove(names...), r.data.Logs().DropPlan()); err != nil {
		return fmt.Errorf("remove the earlier plan: %w", err)
	}
	return nil
}

// NoPlanError says that there is no plan to commit, or that it no longer fits.
type NoPlanError struct{ Why string }

func (e *NoPlanError) Error() string {
	return fmt.Sprintf("no plan to commit: %s; run mailerlake plan first", e.Why)
}

// loadPlanned loads the scan and the decisions of the last plan.
func (r *run) loadPlanned(ctx context.Context) error {
	p, err := r.readPlanned()
	if err != nil {
		return err
	}
	r.planned = true
	r.account = p.Account
	if err := r.checkAccount(); err != nil {
		return err
	}
	if err := r.clearForeign(); err != nil {
		return err
	}
	if err := r.takePlanned(ctx, p); err != nil {
		return err
	}
	if err := r.fix(ctx); err != nil {
		return err
	}
	return r.planAgain(ctx, p)
}

// takePlanned makes the run's tables those of the plan.
func (r *run) takePlanned(ctx context.Context, p *planned) error {
	all := r.allTables()
	r.tables = nil // holds what is open, so that it is closed even if the plan does not fit
	for _, t := range all {
		pt, ok := p.Tables[t.Name]
		if !ok {
			continue
		}
		t.auxiliary, t.gone, t.stage = pt.Auxiliary, pt.Gone, r.stage // all are committed together
		if t.Parent() != nil {                                        // a parent comes first; nil if it was not planned
			t.parent = r.tables.find(t.Parent().Name)
		}
		r.tables = append(r.tables, t)
		if err := r.loadPlannedTable(ctx, t, pt); err != nil {
			return err
		}
	}
	return nil
}

// allTables returns the run's tables and those of the catalog that it did not choose.
func (r *run) allTables() tables {
	all := r.tables
	for _, t := range r.catalog.Tables() {
		if r.tables.find(t.Name) == nil {
			all = append(all, newTable(t, r.data, r.Sizes, r.rewrite, false))
		}
	}
	return all.arranged()
}

// loadPlannedTable opens the log that a table was planned from.
func (r *run) loadPlannedTable(ctx context.Context, t *table, pt plannedTable) error {
	if pt.Nested && t.parent != nil && t.parent.scanned() {
		t.scan = &scan.Result{Table: t.Table, Log: t.parent.scan.Log, Nested: true, Outcome: t.parent.scan.Inside()}
		return nil
	}
	log, err := r.data.Logs().Open(ctx, t.Name, pagelog.ShapeOf(t.Table))
	if err != nil {
		if broken := (*fs.PathError)(nil); ctx.Err() != nil || errors.As(err, &broken) && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("read plan: %w", err)
		}
		return &NoPlanError{err.Error()}
	}
	t.scan = &scan.Result{Table: t.Table, Log: log}
	outcome, why := scan.CheckPlanned(log, t.Table, r.account.ID, r.base(t.Table), pt.Begun, pt.Pages)
	if why != "" {
		return &NoPlanError{why}
	}
	t.scan.Outcome = outcome
	return nil
}

// planAgain plans the tables again, with the decisions of the earlier plan.
func (r *run) planAgain(ctx context.Context, p *planned) error {
	for i, t := range r.tables {
		r.event(Event{Table: t.Name, Phase: Comparing, Step: i, Steps: len(r.tables)})
		if t.skipped() {
			continue
		}
		err := r.tables.open(ctx, t)
		if err == nil {
			t.plan, err = t.merge.Plan(ctx, true)
		}
		if err == nil {
			t.settle(p.Tables[t.Name].Withheld)
		}
		if err := r.tolerate(t, err); err != nil {
			return err
		}
	}
	r.tables.failTogether()
	return nil
}

func (r *run) readPlanned() (*planned, error) {
	p, err := r.decodePlanned()
	switch {
	case err != nil:
		return nil, fmt.Errorf("read plan: %w", err)
	case p.Tables == nil:
		return nil, &NoPlanError{"none was made, or it was committed or replaced"}
	case p.Snapshot != r.snapshot():
		return nil, &NoPlanError{"the dataset was changed since"}
	}
	return p, nil
}

// decodePlanned returns the kept plan, or an empty one if there is none that can be decoded.
func (r *run) decodePlanned() (*planned, error) {
	data, err := r.data.Logs().Plan()
	if err != nil {
		return nil, err
	}
	p := &planned{}
	if err := json.Unmarshal(data, p); err != nil {
		return &planned{}, nil
	}
	return p, nil
}
