package part

import (
	"errors"
	"fmt"

	"github.com/parquet-go/parquet-go"

	"mailerlake/export/disk"
	"mailerlake/schema"
)

// OpenDescribed opens a file that a Writer wrote and that no manifest describes column by column: its columns, row groups and
// the order of its rows are those that its own footer names. CheckFile must have compared its size and checksum. It has the
// given number of rows and at most so many columns. The reader closes f.
func OpenDescribed(f disk.File, bytes, rows int64, columns int) (r *Reader, err error) {
	defer func() {
		if err != nil {
			f.Close()
		}
	}()
	defer recovered(&err)
	if err := checkFooter(f, bytes, int(min(rows, maxGroups)), columns); err != nil {
		return nil, err
	}
	file, err := parquet.OpenFile(f, bytes, parquet.SkipBloomFilters(true), parquet.SkipPageIndex(true), parquet.ReadBufferSize(describedBuffer))
	if err != nil {
		return nil, err
	}
	r = &Reader{part: &Part{Rows: rows, Bytes: bytes}, file: file, closer: f}
	return r, r.describe(columns)
}

const (
	// maxGroups bounds the row groups of such a file.
	maxGroups = 1 << 16
	// describedBuffer is how much of such a file is read at once: its row groups are small.
	describedBuffer = 64 << 10
)

// describe takes over what the file says about itself.
func (r *Reader) describe(columns int) error {
	var note keys
	if err := errors.Join(readNote(r.file, columnsNote, &r.columns), readNote(r.file, keysNote, &note)); err != nil {
		return err
	}
	groups := r.file.RowGroups()
	if len(r.columns) > columns || len(groups) > maxGroups || len(groups) != len(note.First) {
		return fmt.Errorf("%d columns and %d row groups, %d of them described", len(r.columns), len(groups), len(note.First))
	}
	for _, c := range r.columns {
		if c.Kind < schema.String || c.Kind >= schema.Raw {
			return errors.New("its columns have types that are not known")
		}
	}
	if err := errors.Join(checkSchema(r.file.Schema(), r.columns), checkCodecs(r.file.Metadata())); err != nil {
		return err
	}
	r.order, r.part.LastKey = note.Order, note.Last
	left := r.part.Rows
	for g, group := range groups {
		n := group.NumRows()
		r.part.RowGroups = append(r.part.RowGroups, RowGroup{Rows: n, First: note.First[g]})
		left -= n
	}
	if left != 0 {
		return fmt.Errorf("%d rows, the manifest says %d", r.part.Rows-left, r.part.Rows)
	}
	return nil
}

// Columns returns the file's columns.
func (r *Reader) Columns() []schema.Column { return r.columns }

// Order returns the columns that the file's rows are sorted by.
func (r *Reader) Order() []string { return r.order }

// RowGroups returns the file's row groups.
func (r *Reader) RowGroups() []RowGroup { return r.part.RowGroups }
