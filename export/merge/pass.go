package merge

import (
	"context"
	"errors"

	"mailerlake/schema"
)

// pass walks a table's stored parts and its scanned rows side by side, in key order, a segment at a time. Planning and
// writing see the same segments.
type pass struct {
	ctx     context.Context
	table   *Table
	scanned *scanned
	// visit is called with every segment of the parts that enter admits, in key order.
	visit func(*segment) error
	// enter says whether to walk part i; a part that is not walked is skipped with its scanned rows. If enter is nil,
	// all are walked.
	enter func(i int) (bool, error)
	// leave is called after the last segment of part i, unless it is nil.
	leave func(i int) error
	// committed says that the stored keys are read even if the table is rewritten.
	committed bool
}

// parts walks the stored parts. What is left afterwards are scanned rows beyond the last stored key.
func (p *pass) parts() error {
	for i := range p.table.Parts {
		if err := p.part(i); err != nil {
			return err
		}
		if p.leave != nil {
			if err := p.leave(i); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *pass) part(i int) error {
	end := p.table.partEnd(i)
	if p.enter != nil {
		if ok, err := p.enter(i); err != nil {
			return err
		} else if !ok {
			return p.skip(end)
		}
	}
	if p.table.Rewrite && !p.committed { // its stored rows do not count
		return p.segments(&segment{part: i, group: -1}, end)
	}
	r, err := p.table.openStored(p.ctx, i)
	if err != nil {
		return err
	}
	if r == nil {
		return p.segments(&segment{part: i, group: -1, lost: p.table.lostRows(i) > 0}, end)
	}
	defer r.Close()
	s := &segment{part: i, reader: r}
	for g, group := range p.table.Parts[i].RowGroups {
		if err := p.enterGroup(s, g); err != nil {
			return err
		}
		if err := p.segments(s, p.table.groupEnd(i, g)); err != nil {
			return err
		}
		s.before += group.Rows
	}
	if len(p.table.Parts[i].RowGroups) == 0 {
		return p.segments(s, end)
	}
	return nil
}

// enterGroup makes a segment that of a row group, with its keys if they can be read.
func (p *pass) enterGroup(s *segment, g int) (err error) {
	known := p.table.group(s.part, g)
	s.group, s.from, s.to, s.stored, s.lost, s.lostRows = g, 0, 0, nil, !known.keyed, known.lost
	if !known.keyed {
		return nil
	}
	s.stored, err = p.table.keys(p.ctx, s.reader, s.part, g)
	return err
}

func (p *pass) skip(end schema.Key) error {
	if len(end) == 0 {
		return nil
	}
	return p.scanned.Skip(end)
}

// segments visits the segments of one row group, whose range ends before the key end. An empty end means an empty
// range.
func (p *pass) segments(s *segment, end schema.Key) error {
	for more := true; more; {
		var runs []*rowRange
		var err error
		more = false
		if len(end) > 0 {
			if runs, more, err = p.scanned.Next(end); err != nil {
				return err
			}
		}
		if err := p.checkFirst(s.part, runs); err != nil {
			return err
		}
		if err := p.segment(s, runs, more); err != nil {
			return err
		}
	}
	return nil
}

func (p *pass) segment(s *segment, runs []*rowRange, more bool) error {
	s.place(runs, more)
	err := p.visit(s)
	s.earlier += int64(s.rows())
	return err
}

// checkFirst makes sure that scanned rows lie in the range of the part that they would go into.
func (p *pass) checkFirst(i int, runs []*rowRange) error {
	from := p.table.Parts[i].From
	if len(from) == 0 || len(runs) == 0 || runs[0].keys.CompareKey(runs[0].from, from) >= 0 {
		return nil
	}
	return &PartError{Path: p.table.Parts[i].Path, Err: errors.New("scanned rows lie before its range, and in no other")}
}

// tail visits what lies beyond the last stored key.
func (p *pass) tail() error {
	s := &segment{part: len(p.table.Parts), group: -1}
	for more := true; more; {
		var runs []*rowRange
		var err error
		if runs, more, err = p.scanned.Next(nil); err != nil || len(runs) == 0 {
			return err
		}
		if err := p.segment(s, runs, more); err != nil {
			return err
		}
	}
	return nil
}

// all walks the parts and what lies beyond them.
func (p *pass) all() error {
	if err := p.parts(); err != nil {
		return err
	}
	return p.tail()
}
