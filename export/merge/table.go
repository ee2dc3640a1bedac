package merge

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"syscall"

	"mailerlake/export/pagelog"
	"mailerlake/export/part"
	"mailerlake/schema"
)

// Table is what is merged: the committed state of a table and what a scan met.
type Table struct {
	Table  *schema.Table
	Layout *schema.Layout
	// Added are the columns of the layout that are not stored yet.
	Added []schema.Column
	// Stored are the columns of the stored parts: the first ones of the layout, some maybe of a narrower type. It is nil,
	// with New, if the dataset does not have the table yet.
	Stored []schema.Column
	New    bool
	Parts  []part.Part // stored, in key order
	// Open opens stored part i.
	Open func(ctx context.Context, i int) (*part.Reader, error)
	// OpenDamaged opens stored part i to read what of it is sound, see part.OpenDamaged. It is nil if no part is damaged.
	OpenDamaged func(ctx context.Context, i int) (*part.Reader, error)

	// Log holds the scanned rows in key order. It is the table's own log or, with Nested, the log of the table that the
	// rows are nested in. Rows of a schema.Derived table are always derived from its parent's log.
	Log    *pagelog.Log
	Nested bool
	// Definitions are the rows of the table that defines open columns; schema.Derived rows are derived with them.
	Definitions []*schema.Batch
	// Missing has the paths of declared columns that no record of the scan had: matched rows keep what is stored.
	Missing map[string]bool
	// Gone has, by reference column, ids that no longer exist. Scanned rows that refer to them are left out.
	Gone map[string]map[string]bool
	// GoneParents are left out, with the rows of the log that were read for them.
	GoneParents GoneParents
	// Parents knows what the scan proved about stored rows that it did not meet; nil if it met all rows that there are.
	Parents Parents
	// ParentColumns name the columns that hold the key that Parents is asked about; nil for Table.ParentColumns.
	ParentColumns []string
	// Referred are rows of other tables that rows outside the scan may refer to.
	Referred []Referred

	Sizes   part.Sizes
	Damaged map[string]*Damage // by path: the parts that are written anew, from the scan and what of them is sound
	Rewrite bool               // all parts are written from the scan alone
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

// readError returns a PartError for an error that means damage, and wraps one that comes from outside the part.
func readError(path string, err error) error {
	switch damaged := (*PartError)(nil); {
	case err == nil, errors.As(err, &damaged):
		return err
	case outside(err):
		return fmt.Errorf("read part %s: %w", path, err)
	}
	return &PartError{Path: path, Err: err}
}

// outside reports whether an error is about the process or its rights: the part may be undamaged.
func outside(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) ||
		errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}

// FindDamaged reads the keys of every part and returns the damage of those that are damaged. Parts that cannot be opened
// for lack of rights or descriptors are not among them.
func (t *Table) FindDamaged(ctx context.Context) ([]*PartError, error) {
	var damaged []*PartError
	for i := range t.Parts {
		err := t.check(ctx, i)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if bad := (*PartError)(nil); errors.As(err, &bad) {
			damaged = append(damaged, bad)
		}
	}
	return damaged, nil
}

// check reads all keys of a part.
func (t *Table) check(ctx context.Context, i int) error {
	r, err := t.open(ctx, i)
	if err != nil {
		return err
	}
	defer r.Close()
	for g := range t.Parts[i].RowGroups {
		if _, err := t.keys(ctx, r, i, g); err != nil {
			return err
		}
	}
	return nil
}

func (t *Table) open(ctx context.Context, i int) (*part.Reader, error) {
	r, err := t.Open(ctx, i)
	if err != nil {
		return nil, readError(t.Parts[i].Path, err)
	}
	return r, nil
}

// keys reads the keys of a row group. The reader compares them with the manifest's row groups; here they are compared
// with the parts' ranges, so that no scanned key is inserted where another part holds it.
func (t *Table) keys(ctx context.Context, r *part.Reader, i, g int) (schema.Keys, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	read := r.Keys
	if t.Damaged[t.Parts[i].Path] != nil {
		read = r.SoundKeys
	}
	keys, err := read(g)
	if err == nil && !t.inRange(keys, i) {
		err = fmt.Errorf("row group %d has keys outside the part's range", g)
	}
	return keys, readError(t.Parts[i].Path, err)
}

// inRange reports whether keys lie in the range of a part.
func (t *Table) inRange(keys schema.Keys, i int) bool {
	from, end := t.Parts[i].From, t.partEnd(i)
	return (len(from) == 0 || keys.CompareKey(0, from) >= 0) && len(end) > 0 && keys.CompareKey(keys.Len()-1, end) < 0
}

// groupEnd returns the key that the range of a row group ends before.
func (t *Table) groupEnd(i, g int) schema.Key {
	if groups := t.Parts[i].RowGroups; g+1 < len(groups) {
		return groups[g+1].First
	}
	return t.partEnd(i)
}

// partEnd returns the key that the range of a part ends before. The range of the last part has no end, but keys beyond
// its last key are handled separately, so it counts as ending there; if the last part is empty, so is the key.
func (t *Table) partEnd(i int) schema.Key {
	if i+1 < len(t.Parts) {
		return t.Parts[i+1].From
	}
	if last := t.Parts[i].LastKey; len(last) > 0 {
		return last.Next()
	}
	return schema.Key{}
}

// read reads the layout's column c of a row group, in the layout's type; nil for one that is not stored yet. buf is
// reused if possible.
func (t *Table) read(r *part.Reader, i, g, c int, buf *schema.Vector) (*schema.Vector, error) {
	if c >= len(t.Stored) {
		return nil, nil
	}
	if err := t.readStored(r, i, g, c, buf); err != nil {
		return nil, readError(t.Parts[i].Path, err)
	}
	return schema.Widen(buf, t.Layout.Columns[c].Kind), nil
}

// newColumns reports whether the layout differs from the stored columns, so that every part has to be rewritten.
func (t *Table) newColumns() bool {
	return !t.New && (len(t.Layout.Columns) != len(t.Stored) || len(t.widened()) > 0)
}

// widened returns the columns that have another type in the layout than they are stored with. A rewrite takes no column
// over.
func (t *Table) widened() []schema.Column {
	if t.Rewrite {
		return nil
	}
	var widened []schema.Column
	for i, stored := range t.Stored {
		if now := t.Layout.Columns[i]; now.Kind != stored.Kind {
			widened = append(widened, now)
		}
	}
	return widened
}

// index returns the place of a declared column among those of a part, a layout or a page, -1 if it is not there.
// Columns are matched by path, since a name may differ.
func (t *Table) index(columns []schema.Column, name string) int {
	declared := schema.Column{Name: name}
	for _, c := range t.Table.Columns {
		if c.Name == name {
			declared = c
		}
	}
	return slices.IndexFunc(columns, func(c schema.Column) bool {
		return c.Path == declared.Path && (c.Path != "" || c.Name == name) && c.Kind != schema.Raw
	})
}

// parentColumns returns the columns that hold the key of a row's parent.
func (t *Table) parentColumns() []string {
	if t.ParentColumns != nil {
		return t.ParentColumns
	}
	return t.Table.ParentColumns()
}

// keysOf returns the key columns of a batch, in row order.
func (t *Table) keysOf(b *schema.Batch) schema.Keys { return b.Keys(t.Table.Order) }
