package feed

import (
	"context"
	"errors"
	"slices"

	"mailerlake/export/dataset"
	"mailerlake/export/part"
	"mailerlake/schema"
)

// Scan reads a change file of a table, the one at an index: visit gets some of its columns, by name, a row group at a time. The
// vector of a column that the file lacks is nil.
func Scan(ctx context.Context, d *dataset.Dataset, t *dataset.TableState, index int, names []string, visit func(*schema.Batch) error) error {
	s := &source{data: d, table: t, index: index}
	return s.use(ctx, func(r *part.Reader) error {
		for g := range r.RowGroups() {
			if err := ctx.Err(); err != nil {
				return err
			}
			b, err := readNamed(r, g, names)
			if err != nil {
				return err
			}
			if err := visit(b); err != nil {
				return err
			}
		}
		return nil
	})
}

// readNamed reads the columns of a row group that have some names.
func readNamed(r *part.Reader, group int, names []string) (*schema.Batch, error) {
	b := &schema.Batch{Rows: int(r.RowGroups()[group].Rows)}
	for _, name := range names {
		at := slices.IndexFunc(r.Columns(), func(c schema.Column) bool { return c.Name == name })
		if at < 0 {
			b.Columns, b.Vectors = append(b.Columns, schema.Column{Name: name}), append(b.Vectors, nil)
			continue
		}
		v := &schema.Vector{}
		if err := r.Read(group, at, v); err != nil {
			return nil, err
		}
		b.Columns, b.Vectors = append(b.Columns, r.Columns()[at]), append(b.Vectors, v)
	}
	return b, nil
}

// Blank writes a change file of a table anew, the one at an index, without the values of some rows: what is left of these is
// the key, the change, its snapshot and its time. blank gets the file's rows, a row group at a time, and says which. It
// returns what the manifest says of the new file, and how many rows lost values.
func Blank(ctx context.Context, d *dataset.Dataset, t *dataset.TableState, index int, program string,
	create func() (File, error), blank func(*schema.Batch) []bool) (file *dataset.ChangeFile, rows int64, err error) {
	s := &source{data: d, table: t, index: index}
	err = s.use(ctx, func(r *part.Reader) error {
		b := &blanking{ctx: ctx, reader: r, kept: ownColumns + len(t.Key), blank: blank}
		file, err = b.write(create, t.Name, program)
		rows = b.rows
		if err != nil && b.outside {
			err = errors.Join(errWrite, err)
		}
		return err
	})
	if err != nil {
		return nil, 0, err
	}
	was := t.Changes[index]
	file.Snapshot, file.At, file.Rows, file.History = was.Snapshot, was.At, was.Rows, was.History
	return file, rows, nil
}

// errWrite marks an error of the new file: the one that was read may be undamaged.
var errWrite = errors.New("write change file")

type blanking struct {
	ctx     context.Context
	reader  *part.Reader
	kept    int // columns that keep their values
	blank   func(*schema.Batch) []bool
	rows    int64
	outside bool // the error is not of the file that is read
}

func (b *blanking) write(create func() (File, error), table, program string) (*dataset.ChangeFile, error) {
	b.outside = true
	f, err := create()
	if err != nil {
		return nil, err
	}
	columns := b.reader.Columns()
	w := part.NewWriter(f, table, columns, b.reader.Order(), program, part.Sizes{Group: groupRows})
	for g := range b.reader.RowGroups() {
		b.outside = false
		rows, err := readRows(b.ctx, b.reader, g, columns)
		if err != nil {
			return nil, err
		}
		b.outside = true
		b.clear(rows)
		if err := errors.Join(b.ctx.Err(), w.Write(part.Rows{Batch: rows, To: rows.Rows})); err != nil {
			return nil, err
		}
	}
	if _, err := w.Close(); err != nil {
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	return &dataset.ChangeFile{Bytes: f.Bytes(), SHA256: f.Sum()}, nil
}

// clear makes the values of some rows null, and counts those that had any.
func (b *blanking) clear(rows *schema.Batch) {
	blank, had := b.blank(rows), make([]bool, rows.Rows)
	for c := b.kept; c < len(rows.Vectors); c++ {
		was, v := rows.Vectors[c], schema.NewVector(rows.Columns[c].Kind)
		for row, is := range blank {
			if is {
				had[row] = had[row] || !was.Null(row)
				v.AppendNull(1)
			} else {
				v.AppendRows(was, row, row+1)
			}
		}
		rows.Vectors[c] = v
	}
	for _, lost := range had {
		if lost {
			b.rows++
		}
	}
}
