package merge

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"mailerlake/schema"
)

// keeping says which stored values a scanned row keeps because its record says nothing about them: those of objects
// that the row lacks, and of attributes that no record of the scan had. Their rescued values are kept with them.
type keeping struct {
	table   *Table
	objects []uint64 // beside the layout's columns: bits, as in schema.Page.Absent, of the objects that it is in
	missing []bool   // beside the layout's columns: no record had it
	rescued int      // the place of schema.Rescued
	paths   []string // of the missing columns
}

func (t *Table) keeping() *keeping {
	n := len(t.Layout.Columns)
	k := &keeping{table: t, objects: make([]uint64, n), missing: make([]bool, n), rescued: t.ownColumn(schema.Rescued)}
	for i, c := range t.Layout.Columns {
		for bit, object := range t.Table.Expected {
			if c.Path == object || strings.HasPrefix(c.Path, object+".") {
				k.objects[i] |= 1 << bit
			}
		}
		if t.Missing[c.Path] && !c.Required && !slices.Contains(t.parentColumns(), c.Name) {
			k.missing[i] = true
			k.paths = append(k.paths, c.Path)
		}
	}
	k.objects[k.rescued] = 1<<len(t.Table.Expected) - 1
	k.missing[k.rescued] = len(k.paths) > 0
	return k
}

// ownColumn returns the place of a column that mailerlake adds; every layout has it.
func (t *Table) ownColumn(name string) int {
	return slices.IndexFunc(t.Layout.Columns, func(c schema.Column) bool { return c.Path == "" && c.Name == name })
}

// concerns reports whether rows of the segment may keep values of the column.
func (k *keeping) concerns(column int, s *segment) bool {
	return s.matched && column < len(k.table.Stored) && slices.ContainsFunc(s.runs, func(r *rowRange) bool { return k.mayKeep(column, r) })
}

// mayKeep reports whether rows of a run may keep values of the column.
func (k *keeping) mayKeep(column int, r *rowRange) bool {
	return k.missing[column] || k.objects[column] != 0 && r.absent != nil
}

// column returns a run's column with the stored values that its rows keep, and the number of rows in which a missing
// column kept one.
func (k *keeping) column(s *segment, r *rowRange, column int, stored *schema.Vector) (*schema.Vector, int64) {
	in := r.Vectors[column]
	if stored == nil || !k.mayKeep(column, r) {
		return in, 0
	}
	out, kept := schema.NewVector(stored.Kind), int64(0)
	out.AppendNull(r.from)
	for row := r.from; row < r.to; row++ {
		at, lacks := int(s.match[r.first+row-r.from]), r.lacks(row)
		switch {
		case at < 0 || !k.missing[column] && k.objects[column]&lacks == 0 || stored.Null(at):
			out.AppendRows(in, row, row+1)
		case column == k.rescued:
			text, missing := k.rescues(in, row, stored.Text(at), lacks)
			kept += missing
			appendRescued(out, text)
		default:
			out.AppendRows(stored, at, at+1)
			if k.missing[column] {
				kept++
			}
		}
	}
	out.AppendNull(r.Rows - r.to)
	return out, kept
}

// rescues returns the text that a row has in the rescued column, and 1 if it kept values of missing columns, else 0.
func (k *keeping) rescues(in *schema.Vector, row int, stored []byte, lacks uint64) (text []byte, missing int64) {
	if in != nil {
		text = in.Text(row)
	}
	if kept := k.table.Table.KeepRescued(text, stored, k.paths); !bytes.Equal(kept, text) {
		text, missing = kept, 1
	}
	var paths []string
	for bit, object := range k.table.Table.Expected {
		if lacks&(1<<bit) != 0 {
			paths = append(paths, object)
		}
	}
	return k.table.Table.KeepRescued(text, stored, paths), missing
}

func appendRescued(v *schema.Vector, text []byte) {
	if len(text) == 0 {
		v.AppendNull(1)
	} else {
		v.AppendText(text)
	}
}

// lost returns the names of the missing columns whose values would go where all parts are written from the scan alone.
func (t *Table) lost(ctx context.Context, k *keeping) (names []string, err error) {
	if !t.Rewrite {
		return nil, nil
	}
	for c, column := range t.Layout.Columns {
		at := slices.IndexFunc(t.Stored, func(s schema.Column) bool { return s.Path == column.Path })
		if column.Path == "" || !k.missing[c] || at < 0 {
			continue
		}
		has := false
		for i := 0; i < len(t.Parts) && !has; i++ {
			if has, err = t.hasValues(ctx, i, at); err != nil {
				return nil, err
			}
		}
		if has {
			names = append(names, column.Name)
		}
	}
	return names, nil
}

// hasValues reports whether a stored column of a part has values. What cannot be read of a damaged part is lost
// already.
func (t *Table) hasValues(ctx context.Context, i, column int) (bool, error) {
	r, err := t.openStored(ctx, i)
	if r == nil || err != nil {
		return false, err
	}
	defer r.Close()
	var v schema.Vector
	for g := range t.Parts[i].RowGroups {
		if !t.group(i, g).keyed {
			continue
		}
		if err := t.readStored(r, i, g, column, &v); err != nil {
			return false, readError(t.Parts[i].Path, err)
		}
		if slices.Contains(v.Valid, true) {
			return true, nil
		}
	}
	return false, nil
}
