package feed

import (
	"context"
	"errors"
	"slices"

	"mailerlake/export/part"
	"mailerlake/schema"
)

// cursor goes through a change file, a key at a time.
type cursor struct {
	source *source
	number int // of the file in the window

	group   int         // the next row group
	first   int64       // the number of the present group's first row in the file
	keys    schema.Keys // of the present group
	changes []Kind      // beside keys; 0 for the second row of an update
	row     int         // in the present group
	last    schema.Key  // of the groups before
	half    bool        // the row before is the first one of an update, whose second follows
}

var (
	errSequence = errors.New("its rows are not in order")
	errChange   = errors.New("it has a change of no known kind")
)

// next goes to the next key. It reports false at the end.
func (c *cursor) next(ctx context.Context) (bool, error) {
	for c.row++; ; c.row++ {
		if c.row >= len(c.changes) {
			more, err := c.load(ctx)
			if !more || err != nil {
				return false, err
			}
		}
		if c.changes[c.row] != 0 {
			return true, nil
		}
	}
}

// load reads the next row group.
func (c *cursor) load(ctx context.Context) (more bool, err error) {
	err = c.source.use(ctx, func(r *part.Reader) error {
		if more = c.group < len(r.RowGroups()); !more {
			if c.half {
				return errSequence
			}
			return nil
		}
		return c.read(r)
	})
	return more, err
}

func (c *cursor) read(r *part.Reader) error {
	if n := len(c.changes); n > 0 {
		c.last = c.keys.At(n - 1)
	}
	if c.group > 0 {
		c.first += r.RowGroups()[c.group-1].Rows
	}
	what := &schema.Vector{}
	if err := r.Read(c.group, 0, what); err != nil {
		return err
	}
	if c.keys == nil {
		c.keys = make(schema.Keys, len(c.source.table.Key))
	}
	for i := range c.keys {
		if c.keys[i] == nil {
			c.keys[i] = &schema.Vector{}
		}
		if err := r.Read(c.group, ownColumns+i, c.keys[i]); err != nil {
			return err
		}
	}
	c.changes, c.row = slices.Grow(c.changes[:0], what.Len())[:what.Len()], 0
	c.group++
	return c.interpret(what)
}

// interpret checks the rows of a group and fills changes.
func (c *cursor) interpret(what *schema.Vector) error {
	for row := range c.changes {
		order := 1
		switch {
		case row > 0:
			order = c.keys.Compare(row, c.keys, row-1)
		case c.last != nil:
			order = c.keys.CompareKey(row, c.last)
		}
		text := string(what.Text(row))
		second := text == updateAfter
		if second != c.half || second && order != 0 || !second && order <= 0 {
			return errSequence
		}
		c.half = text == updateBefore
		switch text {
		case inserted:
			c.changes[row] = Insert
		case deleted:
			c.changes[row] = Delete
		case updated, updateBefore:
			c.changes[row] = Update
		case updateAfter:
			c.changes[row] = 0
		default:
			return errChange
		}
	}
	return nil
}

// place returns where the present row is.
func (c *cursor) place() place { return place{c.number, c.first + int64(c.row)} }

// place is a row of a window's files; file -1 is none.
type place struct {
	file int
	row  int64
}

var nowhere = place{file: -1}
