package part

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/parquet-go/parquet-go"

	"mailerlake/export/disk"
	"mailerlake/schema"
)

// Reader reads one part, a column of a row group at a time. It is safe for concurrent use, by its columns side by side.
type Reader struct {
	part    *Part
	columns []schema.Column
	order   []string
	file    *parquet.File
	closer  io.Closer
	witness *witness // of a damaged part
}

// Open opens a part of a table whose rows are sorted by the columns named in order. The reader closes f. The whole file
// is read once to compare its checksum, before any of it is interpreted. If the file does not match the manifest (part,
// columns and order), the error says how it differs.
func Open(ctx context.Context, f disk.File, part *Part, columns []schema.Column, order []string) (*Reader, error) {
	if err := CheckFile(ctx, f, part); err != nil {
		f.Close()
		return nil, err
	}
	return OpenChecked(f, part, columns, order)
}

// OpenChecked is Open for a file that CheckFile has already checked.
func OpenChecked(f disk.File, part *Part, columns []schema.Column, order []string) (r *Reader, err error) {
	defer func() {
		if err != nil {
			f.Close()
		}
	}()
	defer recovered(&err)
	if err := checkFooter(f, part.Bytes, len(part.RowGroups), len(columns)); err != nil {
		return nil, err
	}
	file, err := parquet.OpenFile(f, part.Bytes, openOptions...)
	if err != nil {
		return nil, err
	}
	r = &Reader{part: part, columns: columns, order: order, file: file, closer: f}
	return r, r.check()
}

// openOptions leave out what is not read.
var openOptions = []parquet.FileOption{parquet.SkipBloomFilters(true), parquet.SkipPageIndex(true), parquet.ReadBufferSize(256 << 10)}

// ColumnsError says that a file has other columns than the manifest says. If its checksum is the manifest's, the file is as
// it was written, and the manifest is not.
type ColumnsError struct{ Err error }

func (e *ColumnsError) Error() string { return e.Err.Error() }

func (e *ColumnsError) Unwrap() error { return e.Err }

func (r *Reader) check() error {
	if err := checkSchema(r.file.Schema(), r.columns); err != nil {
		return &ColumnsError{err}
	}
	if err := checkCodecs(r.file.Metadata()); err != nil {
		return err
	}
	groups := r.file.RowGroups()
	if len(groups) != len(r.part.RowGroups) {
		return fmt.Errorf("%d row groups, the manifest says %d", len(groups), len(r.part.RowGroups))
	}
	for g, want := range r.part.RowGroups {
		if got := groups[g].NumRows(); got != want.Rows {
			return fmt.Errorf("row group %d has %d rows, the manifest says %d", g, got, want.Rows)
		}
	}
	return checkNotes(r.file, r.part, r.columns, r.order)
}

// Close closes the file.
func (r *Reader) Close() error { return r.closer.Close() }

// Keys reads the keys of row group g, in row order. They ascend, begin with the row group's first key in the manifest,
// and end before the first key of the next row group, or with the part's last key; anything else is an error. So a key
// in their range that is not among them is not in the part.
func (r *Reader) Keys(g int) (schema.Keys, error) {
	keys := make(schema.Keys, len(r.order))
	for i, name := range r.order {
		c := slices.IndexFunc(r.columns, func(c schema.Column) bool { return c.Name == name })
		if c < 0 || r.columns[c].Kind != schema.String || !r.columns[c].Required {
			return nil, fmt.Errorf("key column %s is not text", name)
		}
		keys[i] = schema.NewVector(schema.String)
		if err := r.Read(g, c, keys[i]); err != nil {
			return nil, err
		}
	}
	if err := r.checkKeys(g, keys); err != nil {
		return nil, fmt.Errorf("keys of row group %d: %w", g, err)
	}
	return keys, nil
}

func (r *Reader) checkKeys(g int, keys schema.Keys) error {
	groups, last := r.part.RowGroups, keys.Len()-1
	if keys.CompareKey(0, groups[g].First) != 0 {
		return errors.New("the first one is not the manifest's")
	}
	for i := range last {
		if keys.Compare(i, keys, i+1) >= 0 {
			return fmt.Errorf("the key of row %d does not follow the one before it", i+1)
		}
	}
	if g+1 < len(groups) {
		if keys.CompareKey(last, groups[g+1].First) >= 0 {
			return errors.New("the last one belongs to the next row group")
		}
	} else if keys.CompareKey(last, r.part.LastKey) != 0 {
		return errors.New("the last one is not the manifest's")
	}
	return nil
}

// Read reads column c of row group g into v, which is emptied first and takes the column's kind.
func (r *Reader) Read(g, c int, v *schema.Vector) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("read column %s of row group %d: %w", r.columns[c].Name, g, err)
		}
	}()
	defer recovered(&err)
	group := r.file.RowGroups()[g]
	chunk := &r.file.Metadata().RowGroups[g].Columns[c].MetaData
	if err := checkPages(r.file, r.file.Size(), chunk, group.NumRows()); err != nil {
		return err
	}
	v.Reset()
	v.Kind = r.columns[c].Kind
	pages := group.ColumnChunks()[c].Pages()
	defer pages.Close()
	for {
		page, err := pages.ReadPage()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		err = appendPage(v, page)
		parquet.Release(page)
		if err != nil {
			return err
		}
	}
	if int64(v.Len()) != group.NumRows() {
		return fmt.Errorf("%d values for %d rows", v.Len(), group.NumRows())
	}
	return nil
}

// recovered turns a panic of the library on a damaged file into an error.
func recovered(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("file is damaged: %v", p)
	}
}
