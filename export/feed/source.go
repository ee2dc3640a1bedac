package feed

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"mailerlake/export/dataset"
	"mailerlake/export/part"
	"mailerlake/schema"
)

// FileError says that a change file cannot be read: it was damaged, replaced or removed by someone.
type FileError struct {
	Path string // of the file, in the dataset
	Err  error
}

func (e *FileError) Error() string {
	return fmt.Sprintf("change file %s is damaged: %v; mailerlake export --repair drops it, and who follows the changes loads its table again, with --since 0", e.Path, e.Err)
}

func (e *FileError) Unwrap() error { return e.Err }

// source is a change file that is read.
type source struct {
	data  *dataset.Dataset
	table *dataset.TableState
	index int          // among the table's change files
	keep  bool         // it stays open between two uses
	open  *part.Reader // if it is
}

// use calls a function with the file open.
func (s *source) use(ctx context.Context, do func(*part.Reader) error) error {
	err := s.withReader(ctx, do)
	switch {
	case err == nil || outside(err) || errors.Is(err, errWrite):
		return err
	default:
		return &FileError{s.path(), err}
	}
}

func (s *source) withReader(ctx context.Context, do func(*part.Reader) error) error {
	r := s.open
	if r == nil {
		var err error
		if r, err = s.data.OpenChanges(ctx, s.table, s.index); err != nil {
			return err
		}
		if s.keep {
			s.open = r
		} else {
			defer r.Close()
		}
		if err := s.check(r.Columns()); err != nil {
			return err
		}
	}
	return do(r)
}

// check checks the columns that are read by their place.
func (s *source) check(columns []schema.Column) error {
	want := Table{Order: s.table.RowOrder(), Columns: s.table.Columns}
	fixed, _ := want.fileColumns(false)
	if len(columns) < len(fixed) {
		return errors.New("it lacks columns")
	}
	for i, c := range fixed {
		if got := columns[i]; got.Name != c.Name || got.Kind != c.Kind || got.Required != c.Required {
			return fmt.Errorf("its column %d is %q, not %q", i+1, got.Name, c.Name)
		}
	}
	return nil
}

func (s *source) path() string {
	return dataset.ChangesPath(s.table.Name, s.table.Changes[s.index].Snapshot)
}

// chunks returns about how many pieces the file's footer describes.
func (s *source) chunks() int64 {
	c, columns := s.table.Changes[s.index], ownColumns+len(s.table.Key)
	if c.History {
		columns = ownColumns + len(s.table.Columns)
	}
	return (c.Rows/groupRows + 1) * int64(columns)
}

func (s *source) close() {
	if s.open != nil {
		s.open.Close()
		s.open = nil
	}
}

// outside reports whether an error is about the process or its rights: the file may be undamaged.
func outside(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) ||
		errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}
