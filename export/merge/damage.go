package merge

import (
	"context"
	"errors"

	"mailerlake/export/part"
	"mailerlake/schema"
)

// Damage says what can be read of a damaged part. The zero value says that nothing can.
//
// A row counts as sound if all of its values can be read, in pages whose checksums match, and all keys of its row group.
// Sound rows are merged like those of any part; the range of the others is filled from the scan alone. A row there that the
// scan does not meet is gone.
type Damage struct {
	groups []damagedGroup // beside the part's row groups
	sound  int64          // rows
}

type damagedGroup struct {
	keyed bool // its keys can be read
	lost  bits // rows that are not sound
}

// Rows returns how many rows of the part cannot be read.
func (d *Damage) Rows(p *part.Part) int64 { return p.Rows - d.sound }

// RowGroups returns how many row groups of the part have such rows.
func (d *Damage) RowGroups(p *part.Part) (n int) {
	if d.groups == nil {
		return len(p.RowGroups)
	}
	for _, g := range d.groups {
		if !g.keyed || g.lost.count() > 0 {
			n++
		}
	}
	return n
}

// Survey finds out what can be read of part i, which is damaged.
func (t *Table) Survey(ctx context.Context, i int) (*Damage, error) {
	d := &Damage{}
	if t.OpenDamaged == nil {
		return d, nil
	}
	r, err := t.OpenDamaged(ctx, i)
	if err != nil {
		if outside(err) {
			return nil, err
		}
		return d, nil
	}
	defer r.Close()
	for g := range t.Parts[i].RowGroups {
		group, err := t.surveyGroup(ctx, r, i, g)
		if err != nil {
			return nil, err
		}
		d.groups = append(d.groups, group)
		if group.keyed {
			d.sound += t.Parts[i].RowGroups[g].Rows - group.lost.count()
		}
	}
	return d, nil
}

// surveyGroup reads all columns of a row group of a damaged part.
func (t *Table) surveyGroup(ctx context.Context, r *part.Reader, i, g int) (d damagedGroup, err error) {
	keys, err := r.SoundKeys(g)
	if err != nil || !t.inRange(keys, i) {
		return d, ctx.Err()
	}
	d.keyed = true
	var buf schema.Vector
	for c := range t.Stored {
		if err := ctx.Err(); err != nil {
			return d, err
		}
		sound, err := r.ReadSound(g, c, &buf)
		if err != nil {
			sound = make([]bool, keys.Len())
		}
		for row, ok := range sound {
			if !ok {
				d.lost.set(int64(row))
			}
		}
	}
	return d, nil
}

// lostRows returns how many rows of a part cannot be read.
func (t *Table) lostRows(i int) int64 {
	if d := t.Damaged[t.Parts[i].Path]; d != nil {
		return d.Rows(&t.Parts[i])
	}
	return 0
}

// LostRows returns how many rows cannot be read. If there are any, it is not known what changes.
func (t *Table) LostRows() (n int64) {
	for i := range t.Parts {
		n += t.lostRows(i)
	}
	return n
}

// openStored opens a part to read what is sound of it: nil if nothing is.
func (t *Table) openStored(ctx context.Context, i int) (*part.Reader, error) {
	d := t.Damaged[t.Parts[i].Path]
	switch {
	case d == nil:
		return t.open(ctx, i)
	case d.groups == nil:
		return nil, nil
	}
	r, err := t.OpenDamaged(ctx, i)
	if err != nil {
		return nil, readError(t.Parts[i].Path, err)
	}
	return r, nil
}

// group returns what is known of a row group of a part: that of an undamaged one has its keys and has lost nothing.
func (t *Table) group(i, g int) damagedGroup {
	if d := t.Damaged[t.Parts[i].Path]; d != nil {
		return d.groups[g]
	}
	return damagedGroup{keyed: true}
}

// readSound reads a column of a row group of a damaged part: rows that are lost may be null.
func (t *Table) readSound(r *part.Reader, i, g, c int, buf *schema.Vector) error {
	lost, rows := t.group(i, g).lost, int(t.Parts[i].RowGroups[g].Rows)
	sound, err := r.ReadSound(g, c, buf)
	if err != nil {
		sound = make([]bool, rows)
		buf.Reset()
		buf.AppendNull(rows)
	}
	for row, ok := range sound {
		if !ok && !lost.has(int64(row)) {
			return errors.Join(errors.New("more of it is damaged than a moment ago"), err)
		}
	}
	return nil
}

// readStored reads a stored column of a row group.
func (t *Table) readStored(r *part.Reader, i, g, c int, buf *schema.Vector) error {
	if t.Damaged[t.Parts[i].Path] != nil {
		return t.readSound(r, i, g, c, buf)
	}
	return r.Read(g, c, buf)
}
