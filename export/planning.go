package export

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"mailerlake/export/merge"
	"mailerlake/export/pagelog"
	"mailerlake/schema"
)

// planAll plans every table and decides about its deletes. A table comes after its parent.
func (r *run) planAll(ctx context.Context, full bool) error {
	p := &prover{r.tables, r.scanner, r.Yes}
	due := r.due()
	for i, t := range due {
		r.event(Event{Table: t.Name, Phase: Comparing, Step: i, Steps: len(due)})
		if t.inParent() && t.err == nil {
			t.err = t.parent.err
		}
		if err := r.tolerate(t, p.readNewParents(ctx, t)); err != nil {
			return err
		}
		if t.skipped() {
			continue
		}
		if err := r.tolerate(t, p.planOne(ctx, t, full)); err != nil {
			return err
		}
	}
	r.tables.failTogether()
	return r.tables.failed()
}

// readNewParents reads the lists of those parent rows that were found after the other lists had been read.
func (p *prover) readNewParents(ctx context.Context, t *table) error {
	if t.err != nil || !t.scanned() {
		return nil
	}
	read, err := p.scanner.ReadNewParents(ctx, t.scan)
	if err != nil || !read {
		return err
	}
	return p.tables.layOut(ctx, t)
}

// planOne plans one table.
func (p *prover) planOne(ctx context.Context, t *table, full bool) error {
	if t.rewrite {
		return p.planRewrite(ctx, t)
	}
	withheld, err := p.planProven(ctx, t, func() (*merge.Plan, error) { return t.merge.Plan(ctx, full) })
	if err != nil {
		return err
	}
	t.settle(withheld)
	return nil
}

// settle decides what a plan writes, once its deletes are decided. If there is nothing to delete, nothing is withheld;
// an incomplete scan is reported in any case.
func (t *table) settle(withheld string) {
	t.plan.Incomplete = t.incomplete()
	if t.plan.Candidates() == 0 {
		withheld = ""
	}
	t.plan.Settle(t.merge, withheld)
}

// incomplete says what of the table the scan did not see; empty if it saw all.
func (t *table) incomplete() string {
	switch {
	case t.scan.Incomplete != "":
		return t.scan.Incomplete
	case t.scan.Partial != "":
		return t.scan.Partial
	case len(t.plan.Kept) > 0:
		return fmt.Sprintf("no record had %s, which rows had before; their values were kept", list(slices.Sorted(maps.Keys(t.plan.Kept))))
	}
	return ""
}

// list joins a few names, and counts the others.
func list(names []string) string {
	const few = 3
	text := ""
	for i, name := range names[:min(few, len(names))] {
		if i > 0 {
			text += ", "
		}
		text += name
	}
	if more := len(names) - few; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// open prepares a table's merge from the scan as it is now.
func (ts tables) open(ctx context.Context, t *table) (err error) {
	m := &merge.Table{Table: t.Table, Layout: t.layout, Added: t.added, New: t.stored == nil, Parts: t.parts(), Sizes: t.sizes,
		Nested: t.scan.Nested, Damaged: t.damaged, Rewrite: t.rewrite, Missing: t.missing(), Gone: t.gone, GoneParents: ts.leftOut(t)}
	if t.stored != nil {
		m.Stored = t.stored.Columns
	}
	m.Open, m.OpenDamaged = t.openPart, t.openDamaged
	if m.Log, err = t.sortedLog(ctx); err != nil {
		return err
	}
	if err := t.extract(ctx, m); err != nil {
		return err
	}
	if _, derived := t.Source.(*schema.Derived); derived && t.parent.Open != nil {
		if m.Definitions, err = ts.definitions(ctx, t.parent); err != nil {
			return err
		}
	}
	if m.Referred, err = ts.referred(ctx, t); err != nil {
		return err
	}
	m.Parents, m.ParentColumns, err = ts.parentsOf(ctx, t)
	t.merge = m
	return err
}

// extract copies rows out of their parent's log if they are not in the order of the parents.
func (t *table) extract(ctx context.Context, m *merge.Table) error {
	if !t.scan.Nested || t.FollowsParent() {
		return nil
	}
	own, err := t.data.Logs().Scratch(t.parent.scan.Log.Header, pagelog.ShapeOf(t.Table))
	if err != nil {
		return err
	}
	t.dropSorted()
	t.sorted.log = own
	if err := merge.Extract(ctx, own, m.Log, t.Table, m.GoneParents); err != nil {
		return err
	}
	if m.Log, err = t.data.Logs().Sorted(ctx, own); err != nil {
		return err
	}
	if m.Log != own {
		own.Close()
		t.sorted.log = m.Log
	}
	m.Nested = false
	return nil
}
