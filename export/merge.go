package export

import (
	"fmt"
	"time"

	"mailerlake/export/dataset"
	"mailerlake/export/part"
	"mailerlake/schema"
)

// merger writes the dirty parts of one table anew, from the page log and from what of the old parts stays.
type merger struct {
	run     *tableRun
	commit  *dataset.Commit
	program string
	now     int64 // microseconds: _synced_at of rows that are new or changed
	compare *comparer
	present *presence

	parts   []part.Part // written and kept, in key order
	number  int         // of the next new part
	written int         // parts written
	target  int64       // rows at which the part being written is ended; 0 for a part that keeps all its rows
	open    *dataset.Staged
	w       *part.Writer
	part    part.Part // path and range of the part being written
}

// mergeTable writes a table's dirty parts and returns all its parts, in key order.
func mergeTable(t *tableRun, commit *dataset.Commit, program string, now time.Time) ([]part.Part, error) {
	present, err := newPresence(t)
	if err != nil {
		return nil, err
	}
	m := &merger{run: t, commit: commit, program: program, now: now.UnixMicro(), present: present,
		compare: &comparer{run: t, columns: map[string]int64{}}}
	for _, p := range t.parts() {
		m.number = max(m.number, p.Number()+1)
	}
	fill, err := newFiller(t)
	if err != nil {
		return nil, err
	}
	p := &pass{run: t, fill: fill, visit: m.write, enter: m.enter, leave: m.leave}
	if err := p.parts(); err != nil {
		return nil, err
	}
	m.target = t.sizes.Part
	if t.plan.Tail > 0 {
		if err := p.tail(); err != nil {
			return nil, err
		}
	}
	if len(m.parts) == 0 && m.w == nil {
		if err := m.begin(nil); err != nil {
			return nil, err
		}
	}
	t.plan.Rescued = max(t.plan.Rescued, fill.rescued)
	t.plan.updated = max(t.plan.updated, fill.updated)
	if err := m.finish(); err != nil {
		return nil, err
	}
	t.plan.PartsWritten, t.plan.PartsTotal = m.written, len(m.parts)
	return m.parts, nil
}

func (m *merger) enter(i int) (bool, error) {
	stored, plan := m.run.parts()[i], m.run.plan.Parts[i]
	if !plan.Dirty {
		m.parts = append(m.parts, stored)
		return false, nil
	}
	if m.target = 0; plan.Rows > m.run.sizes.Outgrown() {
		m.target = m.run.sizes.Part
	}
	return true, m.create(part.Part{Path: stored.Path, From: stored.From})
}

// leave ends a part; the last one stays open for the rows beyond it.
func (m *merger) leave(i int) error {
	if i+1 == len(m.run.parts()) {
		return nil
	}
	return m.finish()
}

// write writes what of a segment is in the new state.
func (m *merger) write(s *segment) error {
	changed, err := m.compare.compare(s)
	if err != nil {
		return err
	}
	if err := m.stampSynced(s, changed); err != nil {
		return err
	}
	runs, err := m.runs(s)
	if err != nil {
		return err
	}
	return m.writeRuns(runs)
}

// writeRuns writes rows, into new parts where the part being written has reached its target.
func (m *merger) writeRuns(runs []part.Rows) error {
	for len(runs) > 0 {
		chunk := runs
		if m.target > 0 {
			if m.w == nil || m.w.Rows() >= m.target {
				if err := m.roll(runs[0]); err != nil {
					return err
				}
			}
			chunk, runs = part.Cut(runs, int(m.target-m.w.Rows()))
		} else {
			runs = nil
		}
		if err := m.w.Write(chunk...); err != nil {
			return fmt.Errorf("write %s: %w", m.part.Path, err)
		}
	}
	return nil
}

// roll ends the part being written and opens a new one, whose range begins with the first row of r.
func (m *merger) roll(r part.Rows) error {
	if err := m.finish(); err != nil {
		return err
	}
	var from schema.Key
	if len(m.parts) > 0 {
		from = r.Batch.Keys(m.run.table.Order).At(r.From)
	}
	return m.begin(from)
}

// begin opens a new part.
func (m *merger) begin(from schema.Key) error {
	path := part.Path(m.run.table.Name, m.number)
	m.number++
	return m.create(part.Part{Path: path, From: from})
}

func (m *merger) create(p part.Part) error {
	f, err := m.commit.Create(p.Path)
	if err != nil {
		return fmt.Errorf("write %s: %w", p.Path, err)
	}
	m.open, m.part = f, p
	m.w = part.NewWriter(f, m.run.table.Name, m.run.layout.Columns, m.run.table.Order, m.program, m.run.sizes)
	return nil
}

// finish ends the part being written, if there is one.
func (m *merger) finish() error {
	if m.w == nil {
		return nil
	}
	p, err := m.w.Close()
	if err == nil {
		err = m.open.Close()
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", m.part.Path, err)
	}
	p.Path, p.From = m.part.Path, m.part.From
	p.Bytes, p.SHA256 = m.open.Bytes(), m.open.Sum()
	m.parts = append(m.parts, p)
	m.written++
	m.w, m.open = nil, nil
	return nil
}

// stampSynced gives every scanned row its _synced_at: the stored one where the row has not changed.
func (m *merger) stampSynced(s *segment, changed []bool) error {
	if s.in.Rows == 0 {
		return nil
	}
	c := m.syncedColumn()
	var stored *schema.Vector
	if s.matches() {
		var err error
		if stored, err = m.run.storedColumn(s.reader, s.group, c, &schema.Vector{}); err != nil {
			return err
		}
	}
	v := s.in.Vectors[c]
	v.Reset()
	for j, i := range s.match {
		if i >= 0 && !changed[j] && stored != nil {
			v.AppendRows(stored, int(i), int(i)+1)
		} else {
			v.AppendInt(m.now)
		}
	}
	return nil
}

func (m *merger) syncedColumn() int {
	for i, c := range m.run.layout.Columns {
		if c.Name == schema.SyncedAt {
			return i
		}
	}
	panic("layout without " + schema.SyncedAt) // every layout has it
}

// runs returns the rows of the segment's new state in key order: the scanned rows and the stored rows that stay.
func (m *merger) runs(s *segment) ([]part.Rows, error) {
	kept, err := m.kept(s)
	if err != nil {
		return nil, err
	}
	if len(kept) == 0 {
		return nonEmpty(part.Rows{Batch: s.in.Batch, From: 0, To: s.in.Rows}), nil
	}
	old, err := m.gather(s, kept)
	if err != nil {
		return nil, err
	}
	var runs []part.Rows
	j := 0
	for k, i := range kept {
		at := j
		for at < s.in.Rows && s.in.keys.Compare(at, s.stored, int(i)) < 0 {
			at++
		}
		if at > j {
			runs = append(runs, part.Rows{Batch: s.in.Batch, From: j, To: at})
			j = at
		}
		if last := len(runs) - 1; last >= 0 && runs[last].Batch == old {
			runs[last].To = k + 1
		} else {
			runs = append(runs, part.Rows{Batch: old, From: k, To: k + 1})
		}
	}
	if j < s.in.Rows {
		runs = append(runs, part.Rows{Batch: s.in.Batch, From: j, To: s.in.Rows})
	}
	return runs, nil
}

func nonEmpty(r part.Rows) []part.Rows {
	if r.From == r.To {
		return nil
	}
	return []part.Rows{r}
}

// kept returns the stored rows that the scan did not meet and that stay.
func (m *merger) kept(s *segment) ([]int32, error) {
	if m.run.plan.Withheld != "" {
		return s.unmet, nil
	}
	var kept []int32
	for _, i := range s.unmet {
		gone, err := m.present.mayBeGone(s.stored.At(int(i)))
		if err != nil {
			return nil, err
		}
		if !gone {
			kept = append(kept, i)
		}
	}
	return kept, nil
}

// gather reads stored rows, in the layout's columns.
func (m *merger) gather(s *segment, rows []int32) (*schema.Batch, error) {
	columns := m.run.layout.Columns
	b := &schema.Batch{Columns: columns, Vectors: make([]*schema.Vector, len(columns)), Rows: len(rows)}
	var buf schema.Vector
	for c := range columns {
		stored, err := m.run.storedColumn(s.reader, s.group, c, &buf)
		if err != nil {
			return nil, err
		}
		if stored == nil {
			continue
		}
		b.Vectors[c] = schema.NewVector(columns[c].Kind)
		for _, i := range rows {
			b.Vectors[c].AppendRows(stored, int(i), int(i)+1)
		}
	}
	return b, nil
}
