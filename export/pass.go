package export

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"syscall"

	"mailerlake/export/part"
	"mailerlake/schema"
)

// A pass walks a table's stored parts and its scanned rows side by side, in key order, a segment at a time. The plan
// pass counts what a commit would change, the merge pass writes it: both look at the same segments with the same eyes.
type pass struct {
	run  *tableRun
	fill *filler
	// visit is called with every segment of the parts that enter admits, in key order.
	visit func(*segment) error
	// enter says whether part i is to be walked; a part that is not is skipped with its scanned rows.
	enter func(i int) (bool, error)
	// leave is called after the last segment of part i.
	leave func(i int) error
	// committed says that the stored keys count also in a rewrite.
	committed bool
}

// segment is a run of stored rows of one row group beside all scanned rows of the same key range.
type segment struct {
	part, group int
	reader      *part.Reader // nil where nothing is stored
	stored      schema.Keys  // of the whole row group
	lo, hi      int          // the segment's rows of the row group
	in          *incoming
	match       []int32 // per scanned row: the stored row of the same key, or -1
	unmet       []int32 // stored rows that no scanned row matches
}

// parts walks the stored parts. What is left to the filler afterwards are rows beyond the last stored key.
func (p *pass) parts() error {
	stored := p.run.parts()
	for i := range stored {
		limit := stored[i].LastKey
		if i+1 < len(stored) {
			limit = stored[i+1].From
		} else if limit != nil {
			limit = limit.Next()
		}
		if limit == nil { // the last part is empty: all rows are beyond it
			limit = schema.Key{}
		}
		if err := p.part(i, &stored[i], limit); err != nil {
			return err
		}
	}
	return nil
}

func (p *pass) part(i int, part *part.Part, limit schema.Key) error {
	ok, err := p.enter(i)
	if err != nil {
		return err
	}
	if !ok {
		return p.skip(limit)
	}
	if p.rebuilds(part) { // whatever of its range the scan met is all there is
		if err := p.group(segment{part: i, group: -1}, false, limit); err != nil {
			return err
		}
		return p.leave(i)
	}
	r, err := p.run.open(i)
	if outside(err) {
		return fmt.Errorf("read part %s: %w", part.Path, err)
	}
	if err != nil {
		return &PartError{Path: part.Path, Err: err}
	}
	defer r.Close()
	for g := range max(1, len(part.RowGroups)) {
		end := limit
		if g+1 < len(part.RowGroups) {
			end = part.RowGroups[g+1].First
		}
		if err := p.group(segment{part: i, group: g, reader: r}, len(part.RowGroups) > 0, end); err != nil {
			return err
		}
	}
	return p.leave(i)
}

func (p *pass) skip(limit schema.Key) error {
	if len(limit) == 0 {
		return nil
	}
	return p.fill.Skip(limit)
}

func (p *pass) rebuilds(part *part.Part) bool {
	if p.committed {
		return p.run.damaged(part)
	}
	return p.run.rebuilds(part)
}

// rebuilds reports whether a part is to be written from the scan alone.
func (t *tableRun) rebuilds(part *part.Part) bool { return t.rewrite || t.damaged(part) }

// damaged reports whether a part is one of those that repair found damaged.
func (t *tableRun) damaged(part *part.Part) bool { return slices.Contains(t.rebuilt, part.Path) }

// findDamaged reads every part and notes those that are damaged, to be rebuilt.
func (t *tableRun) findDamaged() {
	for i := range t.parts() {
		part := &t.parts()[i]
		r, err := t.open(i)
		if outside(err) {
			continue // the plan meets with it as well
		}
		if err != nil {
			t.rebuilt = append(t.rebuilt, part.Path)
			continue
		}
		r.Close()
	}
}

// outside reports whether an error tells of the process or its rights: the part may be whole.
func outside(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}

// group visits the segments of one row group, whose range ends before the key end.
func (p *pass) group(s segment, stored bool, end schema.Key) error {
	if stored {
		keys, err := s.reader.Keys(s.group)
		if err != nil {
			return &PartError{Path: p.run.parts()[s.part].Path, Err: err}
		}
		s.stored = keys
	}
	for more := true; more; {
		var err error
		s.in, more = &incoming{Batch: &schema.Batch{}}, false
		if len(end) > 0 {
			if s.in, more, err = p.fill.Fill(end); err != nil {
				return err
			}
		}
		s.lo, s.hi = s.hi, s.storedEnd(more)
		s.align()
		if err := p.visit(&s); err != nil {
			return err
		}
	}
	return nil
}

// storedEnd returns the end of the stored rows that lie beside the scanned rows; all that are left if no more follow.
func (s *segment) storedEnd(more bool) int {
	switch {
	case s.stored == nil:
		return 0
	case !more:
		return s.stored.Len()
	}
	return s.stored.Search(s.hi, s.in.keys.At(s.in.Rows-1).Next())
}

// align finds, by key, which stored row each scanned row stands beside.
func (s *segment) align() {
	s.match, s.unmet = s.match[:0], s.unmet[:0]
	i := s.lo
	for j := range s.in.Rows {
		match := int32(-1)
		for i < s.hi {
			d := s.stored.Compare(i, s.in.keys, j)
			if d > 0 {
				break
			}
			if d == 0 {
				match = int32(i)
				i++
				break
			}
			s.unmet = append(s.unmet, int32(i))
			i++
		}
		s.match = append(s.match, match)
	}
	for ; i < s.hi; i++ {
		s.unmet = append(s.unmet, int32(i))
	}
}

// tail visits what lies beyond the last stored key, a segment at a time.
func (p *pass) tail() error {
	for more := true; more; {
		s := segment{part: len(p.run.parts()), group: -1}
		var err error
		if s.in, more, err = p.fill.Fill(nil); err != nil {
			return err
		}
		if s.in.Rows == 0 {
			return nil
		}
		s.align()
		if err := p.visit(&s); err != nil {
			return err
		}
	}
	return nil
}

// PartError says that a stored part cannot be read: it was damaged, replaced or removed by someone.
type PartError struct {
	Path string // of the part, in the dataset
	Err  error
}

func (e *PartError) Error() string {
	return fmt.Sprintf("part %s is damaged: %v; mailerlake export --repair rebuilds it from a fresh scan", e.Path, e.Err)
}

func (e *PartError) Unwrap() error { return e.Err }
