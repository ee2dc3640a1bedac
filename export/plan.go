package export

import (
	"math/rand/v2"

	"mailerlake/export/pagelog"
	"mailerlake/schema"
)

// TablePlan is what a commit would change in one table, as data.
type TablePlan struct {
	Seen      int64            `json:"seen"` // distinct rows of the scan
	Inserted  int64            `json:"inserted"`
	Updated   int64            `json:"updated"`
	Deleted   int64            `json:"deleted"`
	Unchanged int64            `json:"unchanged"`
	Rescued   int64            `json:"rescued"` // values that did not fit their column
	Changed   map[string]int64 `json:"changed_columns,omitempty"`
	// NewColumns are the columns that the table gains.
	NewColumns []schema.Column `json:"new_columns,omitempty"`
	// Unproven counts rows that the scan did not meet and that stay; Incomplete or Withheld says why.
	Unproven int64 `json:"unproven,omitempty"`
	// Incomplete says why the scan proves nothing about the rows that it did not meet, such as "1,000 of 2,300 rows met".
	Incomplete string `json:"incomplete,omitempty"`
	// Withheld says why deletes that there would be were not applied.
	Withheld string `json:"withheld,omitempty"`
	// Rebuilt are the paths of damaged parts that are written anew from the scan; their rows count as inserted.
	Rebuilt []string `json:"rebuilt,omitempty"`
	// PartsWritten of PartsTotal parts are written.
	PartsWritten int `json:"parts_written"`
	PartsTotal   int `json:"parts_total"`

	Parts []PartPlan `json:"-"`             // beside the committed parts
	Tail  int64      `json:"-"`             // rows beyond the last committed key
	New   bool       `json:"new,omitempty"` // the table is not in the dataset yet
	// Rewritten says that the whole table is written anew; all rows that stay count as updated.
	Rewritten bool `json:"rewritten,omitempty"`

	candidates int64        // committed rows that the scan did not meet and that might be gone
	sample     []schema.Key // of the candidates: all, or a random maxAsked of them
	updated    int64        // greatest updated_at met, microseconds
}

// PartPlan is what changes in one committed part.
type PartPlan struct {
	Changed int64 `json:"changed,omitempty"` // rows inserted or updated
	Added   int64 `json:"added,omitempty"`   // rows inserted
	Unmet   int64 `json:"unmet,omitempty"`   // delete candidates
	Rows    int64 `json:"rows"`              // after the commit
	Dirty   bool  `json:"dirty,omitempty"`   // is written
}

// Empty reports whether the commit would change nothing in the table.
func (p *TablePlan) Empty() bool {
	return !p.New && p.Inserted+p.Updated+p.Deleted == 0 && len(p.NewColumns) == 0 && p.PartsWritten == 0
}

// planTable compares a table's scanned rows with the committed ones. Nothing is decided about deletes yet: decide does.
// With full set, rows are read whole even where there is nothing to compare them with.
func planTable(t *tableRun, full bool) (*TablePlan, error) {
	plan := &TablePlan{Rebuilt: t.rebuilt, NewColumns: t.added, New: t.stored == nil, Parts: make([]PartPlan, len(t.parts()))}
	if plan.New && !full {
		rows, err := countRows(t)
		plan.Seen, plan.Inserted, plan.Tail = rows, rows, rows
		return plan, err
	}
	present, err := newPresence(t)
	if err != nil {
		return nil, err
	}
	c := &comparer{run: t, columns: map[string]int64{}}
	fill, err := newFiller(t)
	if err != nil {
		return nil, err
	}
	p := &pass{run: t, fill: fill, enter: func(int) (bool, error) { return true, nil }, leave: func(int) error { return nil }}
	p.visit = func(s *segment) error {
		changed, err := c.compare(s)
		if err != nil {
			return err
		}
		return plan.count(s, changed, present)
	}
	if err := p.parts(); err != nil {
		return nil, err
	}
	if err := p.tail(); err != nil {
		return nil, err
	}
	plan.Changed, plan.Rescued, plan.updated = c.columns, fill.rescued, fill.updated
	return plan, nil
}

// count adds a segment to the plan.
func (p *TablePlan) count(s *segment, changed []bool, present *presence) error {
	part := &PartPlan{}
	if s.part < len(p.Parts) {
		part = &p.Parts[s.part]
	} else {
		p.Tail += int64(s.in.Rows)
	}
	p.Seen += int64(s.in.Rows)
	for j, i := range s.match {
		switch {
		case i < 0:
			p.Inserted++
			part.Changed++
			part.Added++
		case changed[j]:
			p.Updated++
			part.Changed++
		default:
			p.Unchanged++
		}
	}
	for _, i := range s.unmet {
		key := s.stored.At(int(i))
		gone, err := present.mayBeGone(key)
		if err != nil {
			return err
		}
		if !gone {
			p.Unproven++
			continue
		}
		part.Unmet++
		p.candidate(key)
	}
	return nil
}

// maxAsked is how many delete candidates of a table are asked for by id; of more, a random sample of that size.
const maxAsked = 1000

// candidate keeps a uniform sample of the delete candidates.
func (p *TablePlan) candidate(key schema.Key) {
	p.candidates++
	if len(p.sample) < maxAsked {
		p.sample = append(p.sample, key)
	} else if i := rand.Int64N(p.candidates); i < maxAsked {
		p.sample[i] = key
	}
}

// settle fixes which parts are written, now that it is decided whether the candidates are deleted.
func (p *TablePlan) settle(t *tableRun, deletes bool) {
	if deletes {
		p.Deleted = p.candidates
	} else {
		p.Unproven += p.candidates
	}
	stored := t.parts()
	for i := range p.Parts {
		part := &p.Parts[i]
		part.Rows = stored[i].Rows + part.Added
		part.Dirty = part.Changed > 0 || t.newColumns()
		if t.rebuilds(&stored[i]) {
			part.Rows, part.Dirty = part.Added, true
		}
		if deletes && part.Unmet > 0 {
			part.Rows -= part.Unmet
			part.Dirty = true
		}
	}
	if last := len(p.Parts) - 1; last >= 0 && p.Tail > 0 && p.Parts[last].Rows < t.sizes.Part {
		p.Parts[last].Dirty = true
	}
	opened := p.newParts(t.sizes.Part)
	p.PartsWritten, p.PartsTotal = opened, opened
	for _, part := range p.Parts {
		p.PartsTotal++
		if part.Dirty {
			p.PartsWritten++
		}
	}
}

// newParts returns how many parts of part rows the commit opens; cuts of outgrown parts come on top.
func (p *TablePlan) newParts(part int64) int {
	rows := p.Tail
	if n := len(p.Parts); n > 0 {
		rows -= max(0, part-p.Parts[n-1].Rows)
	} else if rows == 0 {
		return 1 // a table has at least one part
	}
	return int((max(0, rows) + part - 1) / part)
}

// countRows returns the number of distinct rows of a table's scan, from the keys alone.
func countRows(t *tableRun) (int64, error) {
	child := t.inParentLog()
	want := func(inChild bool, c schema.Column) bool {
		return c.Required && inChild == (child && len(t.goneGroups) > 0) || c.Required && !inChild
	}
	var prepare func(*schema.Page) error
	if child && len(t.goneGroups) > 0 {
		prepare = func(page *schema.Page) error {
			dropGone(page, t.parent.table.Child.Column, t.goneGroups)
			return nil
		}
	}
	cursor := pagelog.NewCursor(t.log, want, prepare)
	var rows int64
	for {
		s, ok, err := cursor.Next()
		if err != nil || !ok {
			return rows, err
		}
		if child {
			rows += int64(s.Page.Offsets[s.To]) - int64(s.Page.Offsets[s.From])
		} else {
			rows += int64(s.To - s.From)
		}
	}
}
