package merge

import (
	"cmp"
	"context"
	"maps"
	"math/rand/v2"
	"slices"

	"mailerlake/schema"
)

// Plan is what a commit would change in one table, as data.
type Plan struct {
	Seen      int64 `json:"seen"` // distinct rows of the scan
	Inserted  int64 `json:"added"`
	Updated   int64 `json:"changed"`
	Deleted   int64 `json:"deleted"`
	Unchanged int64 `json:"unchanged"`
	Rescued   int64 `json:"rescued"` // values that did not fit their column
	// Changed counts, by column, the rows whose value changed.
	Changed map[string]int64 `json:"changed_columns"`
	// Kept counts, by column, the rows whose stored value was kept because no record of the scan had the attribute.
	Kept map[string]int64 `json:"kept_columns"`
	// NewColumns are the columns that the table gains.
	NewColumns []schema.Column `json:"new_columns"`
	// Widened are the stored columns that become text, because their type changed.
	Widened []schema.Column `json:"widened_columns"`
	// Unproven counts rows that the scan did not meet and that stay; Incomplete or Withheld says why.
	Unproven int64 `json:"unproven"`
	// Incomplete says why the scan proves nothing about the rows that it did not meet, such as "1,000 of 2,300 rows met".
	Incomplete string `json:"incomplete,omitempty"`
	// Withheld says why deletes are not applied.
	Withheld string `json:"withheld,omitempty"`
	// Rebuilt counts rows in damaged parts that are written from the scan alone: those whose old version cannot be read. Whether
	// they are as before, changed or new is not known.
	Rebuilt int64 `json:"rebuilt"`
	// RebuiltParts are the paths of the damaged parts. Their other rows count as those of any part.
	RebuiltParts []string `json:"rebuilt_parts"`
	// Lost are columns with values that no record of the scan had, where the whole table is written anew.
	Lost []string `json:"lost_columns"`
	// PartsWritten of PartsTotal parts are written.
	PartsWritten int `json:"parts_written"`
	PartsTotal   int `json:"parts_total"`

	Parts []PartPlan `json:"-"` // beside the stored parts
	Tail  int64      `json:"-"` // rows beyond the last stored key
	New   bool       `json:"-"` // the table is not in the dataset yet
	// Rewritten says that the whole table is rewritten; all rows that stay count as updated.
	Rewritten bool `json:"rewritten"`

	unknown    int64        // stored rows about which the scan proves nothing
	candidates int64        // stored rows that the scan did not meet and that might be gone
	sample     []schema.Key // of the candidates: all, or a random MaxSample of them
	parents    []schema.Key // beside sample: the keys of the parents; nil if there are none
	updated    int64        // greatest updated_at met, microseconds
	pages      int          // of the log, when it was read
}

// PartPlan is what changes in one stored part.
type PartPlan struct {
	Changed int64 // rows inserted, updated or rebuilt
	Added   int64 // rows inserted or rebuilt
	Unmet   int64 // delete candidates
	Rows    int64 // after the commit
	Dirty   bool  // is written

	updated    bits // by number of scanned row in the part: it differs from the stored row of its key
	candidates bits // by number of stored row: it might be gone
}

// MaxSample is the greatest number of keys that Sample returns.
const MaxSample = 1000

// Candidates returns the number of stored rows that the scan should have met and did not: they may be deleted.
func (p *Plan) Candidates() int64 { return p.candidates }

// Sample returns the keys of the candidates: all of them or, of more than MaxSample, a random choice of that many.
func (p *Plan) Sample() []schema.Key { return p.sample }

// Parents returns the keys of the parents of the rows in Sample, one for each, in the order of Table.ParentColumns; nil if
// the rows have no parents.
func (p *Plan) Parents() []schema.Key { return p.parents }

// UpdatedAt returns the greatest updated_at of the rows read, in microseconds; 0 if there is none.
func (p *Plan) UpdatedAt() int64 { return p.updated }

// Empty reports whether the commit would change nothing in the table.
func (p *Plan) Empty() bool {
	return !p.New && p.Inserted+p.Updated+p.Deleted+p.Rebuilt == 0 && len(p.NewColumns) == 0 && p.PartsWritten == 0
}

// RowsAfter returns the rows that the table has after the commit.
func (p *Plan) RowsAfter() int64 {
	rows := p.Tail
	for _, part := range p.Parts {
		rows += part.Rows
	}
	return rows
}

// After returns a plan that counts, beside its own changes, those of plans that were committed before it, and says what these
// left undone.
func (p *Plan) After(earlier []*Plan) *Plan {
	if len(earlier) == 0 {
		return p
	}
	sum := *p
	sum.Changed, sum.Kept = maps.Clone(p.Changed), maps.Clone(p.Kept)
	for _, e := range earlier {
		sum.Seen, sum.Inserted, sum.Updated, sum.Deleted = sum.Seen+e.Seen, sum.Inserted+e.Inserted, sum.Updated+e.Updated, sum.Deleted+e.Deleted
		sum.Unchanged, sum.Rescued, sum.PartsWritten = sum.Unchanged+e.Unchanged, sum.Rescued+e.Rescued, sum.PartsWritten+e.PartsWritten
		sum.NewColumns, sum.Widened = append(slices.Clone(e.NewColumns), sum.NewColumns...), append(slices.Clone(e.Widened), sum.Widened...)
		sum.New = sum.New || e.New
		sum.Rebuilt += e.Rebuilt
		sum.RebuiltParts = append(slices.Clone(e.RebuiltParts), sum.RebuiltParts...)
		sum.Changed, sum.Kept = added(sum.Changed, e.Changed), added(sum.Kept, e.Kept)
		sum.Unproven += e.Unproven
		sum.Incomplete, sum.Withheld = cmp.Or(sum.Incomplete, e.Incomplete), cmp.Or(sum.Withheld, e.Withheld)
	}
	return &sum
}

// added adds counts to others.
func added(sum, more map[string]int64) map[string]int64 {
	if sum == nil && len(more) > 0 {
		sum = map[string]int64{}
	}
	for column, n := range more {
		sum[column] += n
	}
	return sum
}

// Plan compares the scanned rows with the stored ones. It decides nothing about deletes: Settle does that. With full,
// rows are read whole even if there is nothing to compare them with.
func (t *Table) Plan(ctx context.Context, full bool) (*Plan, error) {
	plan := t.newPlan()
	plan.NewColumns, plan.Widened, plan.New = t.Added, t.widened(), t.New
	for i := range t.Parts {
		if path := t.Parts[i].Path; t.Damaged[path] != nil {
			plan.RebuiltParts = append(plan.RebuiltParts, path)
		}
	}
	if plan.New && !full {
		rows, err := t.countScanned(ctx)
		plan.Seen, plan.Inserted, plan.Tail = rows, rows, rows
		return plan, err
	}
	c := t.comparer()
	m := &planning{plan, judge{table: t}}
	p := &pass{ctx: ctx, table: t, scanned: t.scanned(ctx, false)}
	p.visit = func(s *segment) error {
		changed, err := c.compare(ctx, s)
		if err != nil {
			return err
		}
		return m.note(ctx, s, changed)
	}
	if err := p.all(); err != nil {
		return nil, err
	}
	plan.Changed, plan.Kept = c.columns, c.kept
	plan.Rescued, plan.updated = p.scanned.rescued, p.scanned.updated
	var err error
	plan.Lost, err = t.lost(ctx, c.keep)
	return plan, err
}

// PlanKeys compares the scanned rows with the stored ones by key alone, for a table that is rewritten: rows that both
// have count as unchanged.
func (t *Table) PlanKeys(ctx context.Context) (*Plan, error) {
	plan := t.newPlan()
	m := &planning{plan, judge{table: t}}
	p := &pass{ctx: ctx, table: t, scanned: t.scanned(ctx, true), committed: true}
	p.visit = func(s *segment) error { return m.note(ctx, s, make([]bool, s.rows())) }
	return plan, p.all()
}

func (t *Table) newPlan() *Plan {
	return &Plan{Parts: make([]PartPlan, len(t.Parts)), pages: t.Log.Stats().Pages}
}

// countScanned returns the number of distinct scanned rows.
func (t *Table) countScanned(ctx context.Context) (int64, error) {
	if !t.Nested && t.derive() == nil && len(t.Gone) == 0 && len(t.GoneParents.Keys) == 0 {
		return t.Log.Count(ctx)
	}
	s := t.scanned(ctx, true)
	for rows := int64(0); ; {
		runs, more, err := s.Next(nil)
		for _, r := range runs {
			rows += int64(r.rows())
		}
		if err != nil || !more {
			return rows, err
		}
	}
}

// planning notes in a plan what a pass meets.
type planning struct {
	plan  *Plan
	judge judge
}

// note adds a segment to the plan.
func (m *planning) note(ctx context.Context, s *segment, changed []bool) error {
	p, part := m.plan, &PartPlan{}
	if s.part < len(p.Parts) {
		part = &p.Parts[s.part]
	} else {
		p.Tail += int64(s.rows())
	}
	p.Seen += int64(s.rows())
	for i, at := range s.match {
		switch {
		case at == unread:
			p.Rebuilt++
			part.Changed++
			part.Added++
		case at == absent:
			p.Inserted++
			part.Changed++
			part.Added++
		case changed[i]:
			p.Updated++
			part.Changed++
			part.updated.set(s.earlier + int64(i))
		default:
			p.Unchanged++
		}
	}
	return m.noteUnmet(ctx, s, part)
}

// noteUnmet notes which of the stored rows that the scan did not meet are candidates for deletion.
func (m *planning) noteUnmet(ctx context.Context, s *segment, part *PartPlan) error {
	if len(s.unmet) == 0 {
		return nil
	}
	parents, err := m.judge.table.parentKeys(s)
	if err != nil {
		return err
	}
	for _, at := range s.unmet {
		standing, err := m.judge.standingOf(ctx, s, parents, int(at))
		if err != nil {
			return err
		}
		switch standing {
		case Unknown:
			m.plan.unknown++
			m.plan.Unproven++
		case Read:
			part.Unmet++
			part.candidates.set(s.before + int64(at))
			m.plan.candidate(s.stored, parents, int(at))
		}
	}
	return nil
}

// candidate keeps a uniform sample of the delete candidates.
func (p *Plan) candidate(keys, parents schema.Keys, row int) {
	p.candidates++
	place := int64(len(p.sample))
	if place < MaxSample {
		p.sample = append(p.sample, nil)
	} else if place = rand.Int64N(p.candidates); place >= MaxSample {
		return
	}
	p.sample[place] = keys.At(row)
	if parents == nil {
		return
	}
	p.parents = append(p.parents, make([]schema.Key, len(p.sample)-len(p.parents))...)
	p.parents[place] = parents.At(row)
}
