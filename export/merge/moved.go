package merge

import (
	"context"
	"slices"
	"time"

	"mailerlake/schema"
)

// Watch says which rows of a table have lists of other rows, and what shows that such a list may have changed.
type Watch struct {
	// Of is the condition that rows with a list meet; nil if all have one.
	Of *schema.Condition
	// Still are the columns that stand still while the list does.
	Still []string
	// Read returns when the list of the row with a key was last read: rows whose version was stored later have moved. It
	// is the zero time if the list was never read.
	Read func(keys schema.Keys, row int) time.Time
}

// Moved counts what EachMoved did not call its function with.
type Moved struct {
	// Still is the number of scanned rows whose lists stand still.
	Still int64
	// Unmet is the number of stored rows that the scan did not meet and that are newer than their lists. They may have none.
	Unmet int64
}

// EachMoved calls do with each scanned row whose list may have changed since it was read: the row is not stored, or it
// differs from the stored row in one of the columns, or the stored row is newer than the list. Rows come in key order.
func (t *Table) EachMoved(ctx context.Context, w Watch, do func(keys schema.Keys, row int) error) (Moved, error) {
	m := &movement{Watch: w, table: t, ctx: ctx, do: do}
	only := append([]string{schema.Rescued}, w.Still...)
	if w.Of != nil {
		only = append(only, w.Of.Column)
	}
	s := (&scanned{table: t, only: only}).begun(ctx)
	p := &pass{ctx: ctx, table: t, scanned: s, visit: m.visit}
	err := p.all()
	return m.count, err
}

// movement is a call of EachMoved.
type movement struct {
	Watch
	table *Table
	ctx   context.Context
	do    func(keys schema.Keys, row int) error
	moved []bool // per scanned row of the segment
	count Moved
	age   schema.Vector // reused
}

// visit finds the rows of a segment that have moved.
func (m *movement) visit(s *segment) error {
	m.moved = append(m.moved[:0], make([]bool, s.rows())...)
	for i, at := range s.match {
		m.moved[i] = at < 0
	}
	if s.matched {
		if err := m.compare(s); err != nil {
			return err
		}
	}
	if s.matched || len(s.unmet) > 0 {
		if err := m.compareAge(s); err != nil {
			return err
		}
	}
	for _, r := range s.runs {
		for row := r.from; row < r.to; row++ {
			if !m.hasList(r, row) {
				continue
			}
			if !m.moved[r.first+row-r.from] {
				m.count.Still++
				continue
			}
			if err := m.do(r.keys, row); err != nil {
				return err
			}
		}
	}
	return m.ctx.Err()
}

// compare marks the rows that differ in a watched column: all rows, if the table lacks one or no record has any.
func (m *movement) compare(s *segment) error {
	var buf schema.Vector
	shown := false
	for _, name := range m.Still {
		i := m.table.index(m.table.Layout.Columns, name)
		if i < 0 {
			m.markAll()
			return nil
		}
		shown = shown || !m.table.Missing[m.table.Layout.Columns[i].Path]
		stored, err := m.table.read(s.reader, s.part, s.group, i, &buf)
		if err != nil {
			return err
		}
		for _, r := range s.runs {
			m.markRescued(r, r.Vectors[i])
			for _, row := range appendDiffering(nil, s, r, r.Vectors[i], stored) {
				m.moved[row] = true
			}
		}
	}
	if !shown {
		m.markAll()
	}
	return nil
}

// markRescued marks the rows whose value may not have fitted into a watched column: nulls are equal whatever it was.
func (m *movement) markRescued(r *rowRange, watched *schema.Vector) {
	rescued := r.Vectors[m.table.ownColumn(schema.Rescued)]
	if rescued == nil {
		return
	}
	for row := r.from; row < r.to; row++ {
		if !rescued.Null(row) && (watched == nil || watched.Null(row)) {
			m.moved[r.first+row-r.from] = true
		}
	}
}

// compareAge marks the scanned rows that were stored after their list was read, and counts such rows among the others.
func (m *movement) compareAge(s *segment) error {
	stored, err := m.table.read(s.reader, s.part, s.group, m.table.ownColumn(schema.SyncedAt), &m.age)
	if err != nil {
		return err
	}
	newer := func(at int32) bool {
		read := m.Read(s.stored, int(at))
		return stored == nil || read.IsZero() || stored.Null(int(at)) || stored.Int(int(at)) > read.UnixMicro()
	}
	for i, at := range s.match {
		m.moved[i] = m.moved[i] || newer(at)
	}
	for _, at := range s.unmet {
		if newer(at) {
			m.count.Unmet++
		}
	}
	return nil
}

func (m *movement) markAll() {
	for i := range m.moved {
		m.moved[i] = true
	}
}

// hasList reports whether a scanned row has a list.
func (m *movement) hasList(r *rowRange, row int) bool {
	if m.Of == nil {
		return true
	}
	i := m.table.index(r.Columns, m.Of.Column)
	if i < 0 || r.Vectors[i] == nil || r.Vectors[i].Null(row) {
		return false
	}
	return slices.Contains(m.Of.Values, string(r.Vectors[i].Text(row)))
}
