package cost

import (
	"context"
	"errors"
	"sync"

	"golang.org/x/sync/errgroup"

	"mailerlake/client"
	"mailerlake/schema"
)

// lookInto looks into a few of the lists that a table has for each row of another: into those walks whose size no column tells,
// or into one list to see whether there is any.
func (s Survey) lookInto(ctx context.Context, k *Known, t *schema.Table) error {
	list, ok := t.Source.(*schema.List)
	if !ok || list.Per == nil || list.Paging == schema.InObject || k.Unavailable(t) != "" || k.Err(t) != nil {
		return nil
	}
	l := &lists{estimator: &estimator{k, Run{Catalog: s.Catalog}}, table: t, list: list, parent: k.of(t.Parent())}
	walks := list.EachWalk()
	f, group := k.of(t), sampling{survey: s, lists: l}
	g, ctx := errgroup.WithContext(ctx)
	looked := 0
	for row := range l.known() {
		if !l.hasList(row) {
			continue
		}
		untold, most := l.untold(row, walks), mostSamples
		if untold == nil {
			untold, most = []int{0}, 1
		}
		if looked++; looked > most {
			break
		}
		sizes := make([]float64, len(walks))
		for i := range sizes {
			sizes[i] = unknown
		}
		f.samples = append(f.samples, sample{row, sizes})
		for _, i := range untold {
			g.Go(func() error { return group.look(ctx, row, walks[i], &sizes[i]) })
		}
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return group.verdict()
}

// untold returns the walks of which nothing tells how many rows they have.
func (l *lists) untold(row int, walks []schema.Walk) (untold []int) {
	for i, n := range l.sizes(row, walks) {
		if n < 0 && walks[i].Counted == "" {
			untold = append(untold, i)
		}
	}
	return untold
}

// sampling is a look into several lists of one table.
type sampling struct {
	survey Survey
	lists  *lists

	mu       sync.Mutex
	answered bool
	refused  error
}

// look asks how many rows a walk has in the list of one row. A list by cursor does not say, so that size stays unknown.
func (g *sampling) look(ctx context.Context, row int, w schema.Walk, size *float64) error {
	list, parent := g.lists.list, g.lists.table.Parent()
	values := make([]string, len(parent.Key))
	for i, name := range parent.Key {
		values[i] = string(g.lists.parent.seen.Vector(name).Text(row))
	}
	p := &peek{survey: g.survey, table: g.lists.table, list: list, most: 1}
	if n := len(list.Limits); n > 0 {
		p.limits = list.Limits[n-1:]
	}
	err := p.read(ctx, w, schema.Fill(w.Path, list.Per.Columns, values))
	g.mu.Lock()
	defer g.mu.Unlock()
	if errors.Is(err, client.ErrNotFound) || notOffered(err) {
		g.refused = err
		return nil
	}
	if err != nil {
		return err
	}
	g.answered = true
	if list.Paging == schema.ByPage || p.ended {
		*size = p.total
	}
	return nil
}

// verdict returns the refusal if every list was refused.
func (g *sampling) verdict() error {
	if g.answered {
		return nil
	}
	return g.refused
}
