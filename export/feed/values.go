package feed

import (
	"context"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"mailerlake/export/part"
	"mailerlake/schema"
)

// Before returns the rows that the keys had before the window, in the given columns, beside the keys: all null where there
// was none. All files of the window must have history. A column that a file lacks is null; one that has become text since is
// made text.
func (w *Window) Before(ctx context.Context, n *Net, columns []schema.Column) (*schema.Batch, error) {
	places := n.before
	b := &schema.Batch{Columns: columns, Vectors: make([]*schema.Vector, len(columns)), Rows: len(places)}
	picks := make([]*picked, len(w.sources))
	for file, s := range w.sources {
		p := &picked{columns: columns, vectors: make([]*schema.Vector, len(columns))}
		for _, at := range places {
			if at.file == file {
				p.rows = append(p.rows, at.row)
			}
		}
		if picks[file] = p; len(p.rows) == 0 {
			continue
		}
		if err := s.use(ctx, func(r *part.Reader) error { return p.read(ctx, r) }); err != nil {
			return nil, err
		}
	}
	for c := range columns {
		b.Vectors[c] = arrange(places, picks, c, columns[c].Kind)
	}
	return b, nil
}

// arrange puts the rows of a column that were picked from files into the order of their places.
func arrange(places []place, picks []*picked, column int, kind schema.Kind) *schema.Vector {
	v, next := schema.NewVector(kind), make([]int, len(picks))
	for _, at := range places {
		if at.file < 0 {
			v.AppendNull(1)
			continue
		}
		i := next[at.file]
		next[at.file]++
		v.AppendRows(picks[at.file].vectors[column], i, i+1)
	}
	return v
}

// picked are rows of one file.
type picked struct {
	columns []schema.Column
	rows    []int64 // their numbers in the file, ascending
	vectors []*schema.Vector
}

func (p *picked) read(ctx context.Context, r *part.Reader) error {
	return eachColumn(ctx, len(p.columns), func(c int) error {
		at := slices.IndexFunc(r.Columns(), func(f schema.Column) bool { return f.Name == p.columns[c].Name })
		if at < 0 {
			return nil
		}
		v, rows := schema.NewVector(p.columns[c].Kind), p.rows
		buf, first := &schema.Vector{}, int64(0)
		for g, group := range r.RowGroups() {
			end := first + group.Rows
			n, _ := slices.BinarySearch(rows, end)
			if n > 0 {
				if err := r.Read(g, at, buf); err != nil {
					return err
				}
				appendPicked(v, typed(buf, v.Kind), rows[:n], first)
			}
			rows, first = rows[n:], end
		}
		if len(rows) > 0 {
			return errSequence
		}
		p.vectors[c] = v
		return nil
	})
}

// typed returns a column in another type, nil if it cannot be had in that.
func typed(v *schema.Vector, kind schema.Kind) *schema.Vector {
	if v.Kind != kind && kind != schema.String {
		return nil
	}
	return schema.Widen(v, kind)
}

// appendPicked appends rows of src, whose first is number first.
func appendPicked(v, src *schema.Vector, rows []int64, first int64) {
	for len(rows) > 0 {
		n := 1
		for n < len(rows) && rows[n] == rows[n-1]+1 {
			n++
		}
		from := int(rows[0] - first)
		v.AppendRows(src, from, from+n)
		rows = rows[n:]
	}
}

// eachColumn calls do for the columns from 0 to n, side by side on all processors.
func eachColumn(ctx context.Context, n int, do func(c int) error) error {
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for c := range n {
		g.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return do(c)
		})
	}
	return g.Wait()
}
