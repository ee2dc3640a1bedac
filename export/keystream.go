package export

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"

	"mailerlake/export/dataset"
	"mailerlake/export/part"
	"mailerlake/schema"
)

// keyStream reads some text columns of a table's parts, a row group at a time.
type keyStream struct {
	v           *verifier
	ctx         context.Context
	table       *dataset.TableState
	columns     []int
	part, group int // to read next
	reader      *part.Reader
	keys        schema.Keys
	row         int // the current row
	begun, done bool
	buf         []byte
}

// stream returns a stream of the named columns. Nothing is read before the first call of next.
func (v *verifier) stream(ctx context.Context, t *dataset.TableState, columns []string) *keyStream {
	s := &keyStream{v: v, ctx: ctx, table: t, row: -1}
	for _, name := range columns {
		s.columns = append(s.columns, slices.IndexFunc(t.Columns, func(c schema.Column) bool { return c.Name == name }))
		s.keys = append(s.keys, schema.NewVector(schema.String))
	}
	return s
}

// key returns the current row's values.
func (s *keyStream) key() schema.Key { return s.keys.At(s.row) }

// null reports whether one of the current row's values is null.
func (s *keyStream) null() bool {
	return slices.ContainsFunc(s.keys, func(v *schema.Vector) bool { return v.Null(s.row) })
}

// text returns the current row's values as one text, a different one for each key. It is overwritten by the next call.
func (s *keyStream) text() []byte {
	s.buf = s.buf[:0]
	for _, v := range s.keys {
		text := v.Text(s.row)
		s.buf = append(binary.AppendUvarint(s.buf, uint64(len(text))), text...)
	}
	return s.buf
}

// next moves to the next row, or sets done if there is none.
func (s *keyStream) next() error {
	s.begun = true
	s.row++
	for !s.done && s.row >= s.keys.Len() {
		if err := s.load(); err != nil {
			return err
		}
	}
	return nil
}

// load reads the columns of the next row group, if there is one. The check of the table has read them before: an error
// means that another run has replaced the part since.
func (s *keyStream) load() (err error) {
	if err := s.ctx.Err(); err != nil {
		return err
	}
	s.row = 0
	for _, v := range s.keys {
		v.Reset()
	}
	if s.part == len(s.table.Parts) {
		s.done = true
		return nil
	}
	if s.reader == nil {
		if s.reader, err = s.v.open(s.ctx, s.table, s.part); err != nil {
			return fmt.Errorf("%w: %w", ErrChanged, err)
		}
	}
	if s.group == len(s.table.Parts[s.part].RowGroups) {
		s.close()
		s.part, s.group = s.part+1, 0
		return nil
	}
	for i, v := range s.keys {
		if err := s.reader.Read(s.group, s.columns[i], v); err != nil {
			return fmt.Errorf("%w: %w", ErrChanged, err)
		}
	}
	s.group++
	return nil
}

// close closes the part being read.
func (s *keyStream) close() {
	if s.reader != nil {
		s.reader.Close()
		s.reader = nil
	}
}
