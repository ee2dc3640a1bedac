package cost

import (
	"context"
	"maps"
	"slices"
	"strings"

	"mailerlake/export/dataset"
	"mailerlake/schema"
)

// Stored finds out how large the tables are from a dataset, without a request: their rows, and what the rows that have lists
// tell about these.
func Stored(ctx context.Context, d *dataset.Dataset, catalog *schema.Catalog) (*Known, error) {
	k := &Known{tables: map[string]*facts{}, stored: d.Manifest}
	for _, t := range catalog.Tables() {
		f := &facts{rows: unknown}
		k.tables[t.Name] = f
		if state := d.Manifest.Table(t.Name); state != nil {
			f.rows = float64(state.Rows)
		}
	}
	for _, t := range catalog.Tables() {
		var columns []string
		for _, other := range catalog.Tables() {
			if other.PerRow() == t {
				columns = append(columns, told(other.Source.(*schema.List))...)
			}
		}
		state := d.Manifest.Table(t.Name)
		if len(columns) == 0 || state == nil {
			continue
		}
		rows, err := read(ctx, d, state, columns, nil)
		if err != nil {
			return nil, err
		}
		k.of(t).seen, k.of(t).whole = rows, true
	}
	return k, nil
}

// With returns what is known with what else is known about other tables, which counts more.
func (k *Known) With(more *Known) *Known {
	all := &Known{tables: maps.Clone(k.tables), stored: k.stored}
	maps.Copy(all.tables, more.tables)
	return all
}

// told returns the columns of the parent that tell whether a row has a list, and how long it is.
func told(list *schema.List) []string {
	columns := list.Sizes()
	if list.Of != nil {
		columns = append(columns, list.Of.Column)
	}
	return columns
}

// Compare notes which rows of the account, as far as they were seen, have moved since a dataset was exported, so that their lists
// are read again.
func (k *Known) Compare(ctx context.Context, d *dataset.Dataset, catalog *schema.Catalog) error {
	k.stored = d.Manifest
	for _, t := range catalog.Tables() {
		list, ok := t.Source.(*schema.List)
		if !ok || list.Per == nil || len(list.Still) == 0 {
			continue
		}
		parent, state, stored := k.of(t.Parent()), d.Manifest.Table(t.Name), d.Manifest.Table(t.Parent().Name)
		if parent.seen == nil || parent.seen.Rows == 0 || state == nil || stored == nil {
			continue
		}
		key := t.Parent().Order
		old, err := read(ctx, d, stored, slices.Concat(key, list.Still, []string{schema.SyncedAt}), least(parent.seen.Keys(key)))
		if err != nil {
			return err
		}
		k.of(t).moves = compare(parent.seen, old, key, list.Still, state)
	}
	return nil
}

// least returns the least of some keys, nil if there are none.
func least(keys schema.Keys) (least schema.Key) {
	for i := range keys.Len() {
		if least == nil || keys.CompareKey(i, least) < 0 {
			least = keys.At(i)
		}
	}
	return least
}

// compare says of each row whether it is not among the stored rows, or has moved: it differs from the stored one, or that is newer
// than the reading of its list.
func compare(rows, old *schema.Batch, key, columns []string, state *dataset.TableState) []move {
	places, keys := map[string]int{}, old.Keys(key)
	for i := range old.Rows {
		places[strings.Join(keys.At(i), "\x00")] = i
	}
	moves, now, synced := make([]move, rows.Rows), rows.Keys(key), old.Vector(schema.SyncedAt)
	for i := range moves {
		at, ok := places[strings.Join(now.At(i), "\x00")]
		read := state.ListRead(now, i)
		switch {
		case !ok:
			moves[i] = added
		case read.IsZero(), synced.Null(at), synced.Int(at) > read.UnixMicro(), differ(rows, i, old, at, columns):
			moves[i] = moved
		}
	}
	return moves
}

// differ reports whether two rows differ in one of some columns. A column that is not stored shows nothing.
func differ(a *schema.Batch, i int, b *schema.Batch, j int, columns []string) bool {
	for _, name := range columns {
		v, o := a.Vector(name), b.Vector(name)
		switch {
		case o == nil:
			return true
		case v == nil:
			if !o.Null(j) {
				return true
			}
		case v.Kind != o.Kind || !v.Equal(i, o, j):
			return true
		}
	}
	return false
}

// read reads columns of a stored table; those that it does not have are left out, and so are row groups below a key.
func read(ctx context.Context, d *dataset.Dataset, state *dataset.TableState, names []string, from schema.Key) (*schema.Batch, error) {
	rows := &schema.Batch{}
	for i, p := range state.Parts {
		if len(from) > 0 && len(p.LastKey) > 0 && p.LastKey.Compare(from) < 0 {
			continue
		}
		if err := readPart(ctx, d, state, i, names, from, rows); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// readPart appends the rows of a part.
func readPart(ctx context.Context, d *dataset.Dataset, state *dataset.TableState, i int, names []string, from schema.Key, rows *schema.Batch) error {
	r, err := d.OpenPart(ctx, state, i)
	if err != nil {
		return err
	}
	defer r.Close()
	groups := state.Parts[i].RowGroups
	for g := range groups {
		if len(from) > 0 && g+1 < len(groups) && groups[g+1].First.Compare(from) <= 0 {
			continue
		}
		b := &schema.Batch{Rows: int(groups[g].Rows)}
		for c, column := range state.Columns {
			if !slices.Contains(names, column.Name) {
				continue
			}
			v := &schema.Vector{}
			if err := r.Read(g, c, v); err != nil {
				return err
			}
			b.Columns, b.Vectors = append(b.Columns, column), append(b.Vectors, v)
		}
		rows.Append(b, 0, b.Rows)
	}
	return ctx.Err()
}
