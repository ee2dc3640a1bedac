package export

import (
	"context"
	"fmt"
	"slices"

	"mailerlake/export/dataset"
	"mailerlake/export/part"
	"mailerlake/schema"
)

const (
	// maxExamples is the greatest number of missing ids that are shown.
	maxExamples = 10
	// maxIDs is the greatest number of ids of a referenced table in memory at a time.
	maxIDs = 1 << 18
)

// Reference says how many rows of a table refer, in one column, to a row that the dataset does not have. That is not
// damage: deletes may be withheld, or a table left out.
type Reference struct {
	Table    string `json:"table"`
	Column   string `json:"column"`
	To       string `json:"to"` // the table referred to
	Dangling int64  `json:"dangling"`
	// Examples are some of the ids that are missing.
	Examples []string `json:"examples,omitempty"`
	// Unchecked says why Dangling is not known, empty if it is.
	Unchecked string `json:"unchecked,omitempty"`
}

// references checks the columns that are declared to refer to other tables.
func (v *verifier) references(ctx context.Context) error {
	for i := range v.data.Manifest.Tables {
		t := &v.data.Manifest.Tables[i]
		declared := v.catalog.Lookup(t.Name)
		if declared == nil {
			continue
		}
		for _, ref := range declared.References {
			if !slices.ContainsFunc(t.Columns, func(c schema.Column) bool { return c.Name == ref.Column }) {
				continue // kept out of the dataset
			}
			r, err := v.reference(ctx, t, ref)
			if err != nil {
				return err
			}
			v.out.References = append(v.out.References, *r)
		}
	}
	return nil
}

// reference checks one column. Where the rows are sorted by it, rows and those they refer to are read side by side.
func (v *verifier) reference(ctx context.Context, t *dataset.TableState, ref schema.Reference) (*Reference, error) {
	r := &Reference{Table: t.Name, Column: ref.Column, To: ref.Table}
	to := v.data.Manifest.Table(r.To)
	if v.damaged(t.Name) || v.damaged(r.To) {
		r.Unchecked = "a table is damaged"
		return r, nil
	}
	if to == nil {
		to = &dataset.TableState{} // every reference to a table that was left out dangles
	}
	if t.RowOrder()[0] == ref.Column {
		return r, v.join(ctx, r, t, to)
	}
	return r, v.lookUp(ctx, r, t, to)
}

func (v *verifier) damaged(table string) bool {
	return slices.ContainsFunc(v.out.Problems, func(p Problem) bool { return p.Table == table })
}

// missing counts a row whose id is missing.
func (r *Reference) missing(id []byte) {
	r.Dangling++
	if len(r.Examples) < maxExamples && !slices.Contains(r.Examples, string(id)) {
		r.Examples = append(r.Examples, string(id))
	}
}

// join walks the rows and those they refer to side by side; both are in the order of the id.
func (v *verifier) join(ctx context.Context, r *Reference, t, to *dataset.TableState) error {
	ids, rows := v.stream(ctx, to, ""), v.stream(ctx, t, r.Column)
	defer ids.close()
	defer rows.close()
	if err := ids.next(); err != nil {
		return err
	}
	for {
		if err := rows.next(); err != nil || rows.done {
			return err
		}
		id := schema.Keys{rows.ids}
		for !ids.done && (schema.Keys{ids.ids}).Compare(ids.row, id, rows.row) < 0 {
			if err := ids.next(); err != nil {
				return err
			}
		}
		if ids.done || (schema.Keys{ids.ids}).Compare(ids.row, id, rows.row) != 0 {
			r.missing(rows.id())
		}
	}
}

// lookUp keeps the ids of the rows referred to in memory and looks each row's id up; if there are too many, a share of
// them at a time.
func (v *verifier) lookUp(ctx context.Context, r *Reference, t, to *dataset.TableState) error {
	ids := v.stream(ctx, to, "")
	defer ids.close()
	for {
		share, err := takeShare(ids)
		if err != nil {
			return err
		}
		if err := share.compare(r, v.stream(ctx, t, r.Column)); err != nil || ids.done {
			return err
		}
	}
}

// share holds all ids of a range.
type share struct {
	ids      map[string]bool
	from, to schema.Key // the range; nil where it has no bound
}

// takeShare reads the next ids of a stream.
func takeShare(ids *idStream) (*share, error) {
	s := &share{ids: map[string]bool{}}
	if ids.begun {
		s.from = schema.Key{string(ids.id())}
		s.ids[s.from[0]] = true
	}
	for {
		if err := ids.next(); err != nil || ids.done {
			return s, err
		}
		if len(s.ids) >= maxIDs {
			s.to = schema.Key{string(ids.id())}
			return s, nil
		}
		s.ids[string(ids.id())] = true
	}
}

// compare counts the rows whose id is in the range and missing.
func (s *share) compare(r *Reference, rows *idStream) error {
	defer rows.close()
	for {
		if err := rows.next(); err != nil || rows.done {
			return err
		}
		if id := rows.id(); s.covers(id) && !s.ids[string(id)] {
			r.missing(id)
		}
	}
}

func (s *share) covers(id []byte) bool {
	if s.from == nil && s.to == nil {
		return true
	}
	key := schema.Key{string(id)}
	return (s.from == nil || key.Compare(s.from) >= 0) && (s.to == nil || key.Compare(s.to) < 0)
}

// idStream reads one text column of a table's parts, a row group at a time.
type idStream struct {
	v           *verifier
	ctx         context.Context
	table       *dataset.TableState
	column      int
	part, group int // to read next
	reader      *part.Reader
	ids         *schema.Vector
	row         int // the current row
	begun, done bool
}

// stream returns a stream of the named column, or of the first of the key. Nothing is read before the first call of next.
func (v *verifier) stream(ctx context.Context, t *dataset.TableState, column string) *idStream {
	s := &idStream{v: v, ctx: ctx, table: t, ids: schema.NewVector(schema.String), row: -1}
	if column == "" && len(t.Key) > 0 {
		column = t.RowOrder()[0]
	}
	s.column = slices.IndexFunc(t.Columns, func(c schema.Column) bool { return c.Name == column })
	return s
}

// id returns the current id.
func (s *idStream) id() []byte { return s.ids.Text(s.row) }

// next moves to the next row, or sets done if there is none.
func (s *idStream) next() error {
	s.begun = true
	s.row++
	for s.row >= s.ids.Len() && !s.done {
		if err := s.load(); err != nil {
			return err
		}
	}
	return nil
}

// load reads the column of the next row group, if there is one. The check of the table has read it before: an error
// means that another run has replaced the part since.
func (s *idStream) load() (err error) {
	if err := s.ctx.Err(); err != nil {
		return err
	}
	s.row = 0
	s.ids.Reset()
	if s.part == len(s.table.Parts) {
		s.done = true
		return nil
	}
	if s.reader == nil {
		if s.reader, err = s.v.open(s.ctx, s.table, s.part); err != nil {
			return fmt.Errorf("%w: %w", errChanged, err)
		}
	}
	if s.group == len(s.table.Parts[s.part].RowGroups) {
		s.close()
		s.part, s.group = s.part+1, 0
		return nil
	}
	if err := s.reader.Read(s.group, s.column, s.ids); err != nil {
		return fmt.Errorf("%w: %w", errChanged, err)
	}
	s.group++
	return nil
}

// close closes the part being read.
func (s *idStream) close() {
	if s.reader != nil {
		s.reader.Close()
		s.reader = nil
	}
}
