package merge

import (
	"context"
	"hash/maphash"
	"slices"

	"mailerlake/export/pagelog"
	"mailerlake/schema"
)

// InRows returns the Parents of table t, whose rows are nested in the parents' rows in a log. A parent that was met
// counts as Read if it had the array; absent is the array's bit in schema.Page.Absent, -1 if there is none. A parent
// that was not met counts as Read if this run deletes such parents, and so does one that was read for a row that is gone.
func InRows(log *pagelog.Log, t *schema.Table, absent int, deleted bool, gone GoneParents) Parents {
	in := inRows{log: log, there: Read, deleted: deleted, gone: gone}
	if absent >= 0 {
		in.array = 1 << absent
	}
	return in.parents(t.FollowsParent())
}

// WithList returns the Parents of rows that are listed for each row of a log, where their lists were not read. there is
// the standing of a parent that was met; one that was not counts as Read if this run deletes such parents. ordered says
// that parents are asked about in the order of their keys.
func WithList(log *pagelog.Log, there Standing, deleted, ordered bool) Parents {
	return (&inRows{log: log, there: there, deleted: deleted}).parents(ordered)
}

func (in *inRows) parents(ordered bool) Parents {
	if ordered {
		return &inRowsOrdered{inRows: *in}
	}
	return &inRowsUnordered{inRows: *in, seed: maphash.MakeSeed()}
}

type inRows struct {
	log     *pagelog.Log
	there   Standing // of a parent that was met with its array
	array   uint64   // bit in schema.Page.Absent; 0 if there is none
	deleted bool
	gone    GoneParents
	size    int64 // of the log when it was read
}

func (in *inRows) met(page *schema.Page, row int) Standing {
	switch {
	case len(in.gone.Keys) > 0 && in.gone.holds(page.Rows.Keys(in.gone.Columns), row):
		return in.unmet()
	case page.Absent != nil && page.Absent[row]&in.array != 0:
		return Unknown
	}
	return in.there
}

func (in *inRows) unmet() Standing {
	if in.deleted {
		return Read
	}
	return Unknown
}

// cursor reads the parents' keys from the first one on.
func (in *inRows) cursor(ctx context.Context) *pagelog.Cursor {
	in.size = in.log.Size()
	want := func(child int, c schema.Column) bool {
		return pagelog.KeysOnly(child, c) || child < 0 && in.gone.named(c)
	}
	c := pagelog.NewCursor(ctx, in.log, want, nil)
	c.Reuse()
	return c
}

// inRowsOrdered is asked in the order of the parents, and reads them side by side.
type inRowsOrdered struct {
	inRows
	parents *pagelog.Cursor
	last    schema.Key // that was asked for
	run     pagelog.Rows
	ended   bool
}

// Standing returns what the scan proved about the rows of a parent. A key that does not follow the last one makes it
// start over.
func (o *inRowsOrdered) Standing(ctx context.Context, parent schema.Key) (Standing, error) {
	if o.parents == nil || o.size != o.log.Size() || parent.Compare(o.last) <= 0 {
		o.parents, o.run, o.ended = o.cursor(ctx), pagelog.Rows{}, false
	}
	o.last = parent
	for !o.ended && (o.run.Page == nil || o.run.Keys.CompareKey(o.run.To-1, parent) < 0) {
		run, ok, err := o.parents.Next()
		if err != nil {
			o.parents = nil
			return Unknown, err
		}
		o.run, o.ended = run, !ok
	}
	if o.ended {
		return o.unmet(), nil
	}
	row := o.run.Keys.Search(o.run.From, parent)
	if row >= o.run.To || o.run.Keys.CompareKey(row, parent) != 0 {
		return o.unmet(), nil
	}
	return o.met(o.run.Page, row), nil
}

// inRowsUnordered is asked in any order. It remembers every parent by a hash, in 8 bytes.
type inRowsUnordered struct {
	inRows
	seed    maphash.Seed
	parents []uint64 // sorted: hashes whose lowest bit says that the row was met with its array
}

// Standing returns what the scan proved about the rows of a parent.
func (a *inRowsUnordered) Standing(ctx context.Context, parent schema.Key) (Standing, error) {
	if a.parents == nil || a.size != a.log.Size() {
		if err := a.read(ctx); err != nil {
			return Unknown, err
		}
	}
	var h maphash.Hash
	h.SetSeed(a.seed)
	for _, text := range parent {
		writeText(&h, []byte(text))
	}
	hash := h.Sum64() &^ 1
	switch i, _ := slices.BinarySearch(a.parents, hash); {
	case i == len(a.parents) || a.parents[i]&^1 != hash:
		return a.unmet(), nil
	case a.parents[i] == hash:
		return Unknown, nil
	}
	return a.there, nil
}

func (a *inRowsUnordered) read(ctx context.Context) error {
	parents := []uint64{}
	for c := a.cursor(ctx); ; {
		run, ok, err := c.Next()
		if err != nil {
			return err
		}
		if !ok {
			slices.Sort(parents)
			a.parents = parents
			return nil
		}
		for row := run.From; row < run.To; row++ {
			parents = append(parents, a.hash(&run, row))
		}
	}
}

func (a *inRowsUnordered) hash(run *pagelog.Rows, row int) uint64 {
	var h maphash.Hash
	h.SetSeed(a.seed)
	for _, v := range run.Keys {
		writeText(&h, v.Text(row))
	}
	hash := h.Sum64() &^ 1
	if a.met(run.Page, row) == a.there {
		hash |= 1
	}
	return hash
}

// writeText writes a text and its length, so that different keys differ.
func writeText(h *maphash.Hash, text []byte) {
	maphash.WriteComparable(h, len(text))
	h.Write(text)
}
