package export

import (
	"context"
	"slices"
	"strings"

	"mailerlake/export/dataset"
	"mailerlake/schema"
)

const (
	// maxExamples is the greatest number of missing keys that are kept.
	maxExamples = 10
	// maxKeys is the greatest number of keys of a referenced table in memory at a time.
	maxKeys = 1 << 18
)

// Reference says how many rows of a table refer, in one column, to a row that the dataset does not have. That is not
// damage: deletes may be withheld, or tables exported at different times. A null refers to nothing.
type Reference struct {
	Table    string `json:"table"`
	Column   string `json:"column"`
	To       string `json:"to"` // the table referred to
	Dangling int64  `json:"dangling"`
	// Loose references are declared to dangle now and then: MailerLite keeps rows about what it does not list any more.
	Loose bool `json:"loose"`
	// Examples are some of the keys that are missing, their columns joined by slashes.
	Examples []string `json:"examples"`
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
			if !hasAll(t, referring(ref)) {
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

// referring returns the columns that hold the key of the row that a reference leads to, in the order of that key.
func referring(ref schema.Reference) []string {
	return append(slices.Clone(ref.Within), ref.Column)
}

// hasAll reports whether a table has text columns of the names.
func hasAll(t *dataset.TableState, names []string) bool {
	return !slices.ContainsFunc(names, func(name string) bool {
		return !slices.ContainsFunc(t.Columns, func(c schema.Column) bool { return c.Name == name && c.Kind == schema.String })
	})
}

// reference checks one column. Where the rows are sorted by it, rows and those they refer to are read side by side.
func (v *verifier) reference(ctx context.Context, t *dataset.TableState, ref schema.Reference) (*Reference, error) {
	r := &Reference{Table: t.Name, Column: ref.Column, To: ref.Table, Loose: ref.Loose}
	to, columns := v.data.Manifest.Table(r.To), referring(ref)
	switch {
	case to == nil:
		r.Unchecked = "the dataset does not have the table"
	case v.damaged(t.Name) || v.damaged(r.To):
		r.Unchecked = "a table is damaged"
	case len(columns) != len(to.Key):
		r.Unchecked = "the key has other columns"
	}
	if r.Unchecked != "" {
		return r, nil
	}
	columns = (&schema.Link{Columns: columns}).InOrder(&schema.Table{Key: to.Key, Order: to.RowOrder()})
	keys, rows := to.RowOrder(), t.RowOrder()
	if len(columns) <= len(rows) && slices.Equal(columns, rows[:len(columns)]) {
		return r, r.join(v.stream(ctx, to, keys), v.stream(ctx, t, columns))
	}
	return r, r.lookUp(v.stream(ctx, to, keys), func() *keyStream { return v.stream(ctx, t, columns) })
}

func (v *verifier) damaged(table string) bool {
	return slices.ContainsFunc(v.out.Problems, func(p Problem) bool { return p.Table == table })
}

// missing counts a row that refers to a key which is not there.
func (r *Reference) missing(key schema.Key) {
	r.Dangling++
	if shown := strings.Join(key, "/"); len(r.Examples) < maxExamples && !slices.Contains(r.Examples, shown) {
		r.Examples = append(r.Examples, shown)
	}
}

// join walks the rows and those they refer to side by side; both are in the order of the key, and the columns of a key are
// never null.
func (r *Reference) join(keys, rows *keyStream) error {
	defer keys.close()
	defer rows.close()
	if err := keys.next(); err != nil {
		return err
	}
	for {
		if err := rows.next(); err != nil || rows.done {
			return err
		}
		for !keys.done && keys.keys.Compare(keys.row, rows.keys, rows.row) < 0 {
			if err := keys.next(); err != nil {
				return err
			}
		}
		if keys.done || keys.keys.Compare(keys.row, rows.keys, rows.row) != 0 {
			r.missing(rows.key())
		}
	}
}

// lookUp keeps the keys of the rows referred to in memory and looks up what each row refers to; if there are too many, a
// share of them at a time, with the rows from their beginning.
func (r *Reference) lookUp(keys *keyStream, rows func() *keyStream) error {
	defer keys.close()
	for {
		share, err := takeShare(keys)
		if err != nil {
			return err
		}
		if err := share.compare(r, rows()); err != nil || keys.done {
			return err
		}
	}
}

// share holds all keys of a range.
type share struct {
	keys     map[string]bool // as keyStream.text writes them
	from, to schema.Key      // the range; nil where it has no bound
}

// takeShare reads the next keys of a stream.
func takeShare(keys *keyStream) (*share, error) {
	s := &share{keys: map[string]bool{}}
	if keys.begun {
		s.from = keys.key()
		s.keys[string(keys.text())] = true
	}
	for {
		if err := keys.next(); err != nil || keys.done {
			return s, err
		}
		if len(s.keys) >= maxKeys {
			s.to = keys.key()
			return s, nil
		}
		s.keys[string(keys.text())] = true
	}
}

// compare counts the rows that refer to a key which is in the range and missing.
func (s *share) compare(r *Reference, rows *keyStream) error {
	defer rows.close()
	for {
		if err := rows.next(); err != nil || rows.done {
			return err
		}
		if !rows.null() && s.covers(rows) && !s.keys[string(rows.text())] {
			r.missing(rows.key())
		}
	}
}

func (s *share) covers(rows *keyStream) bool {
	return (s.from == nil || rows.keys.CompareKey(rows.row, s.from) >= 0) && (s.to == nil || rows.keys.CompareKey(rows.row, s.to) < 0)
}
