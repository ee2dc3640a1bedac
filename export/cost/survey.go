package cost

import (
	"context"
	"errors"
	"iter"
	"path"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"mailerlake/client"
	"mailerlake/export/dataset"
	"mailerlake/schema"
)

// Survey asks an account how large its tables are. Its requests are sent side by side, so that they can travel in one batch.
type Survey struct {
	Client  *client.Client
	Catalog *schema.Catalog
	// Exports says which tables matter; those that they need do, too.
	Exports func(*schema.Table) bool
	// Thorough asks every list, reads more rows of those whose rows have lists, and looks into a few of these. Else only what
	// decides about the cost is asked for: counts, and one page of each list whose rows have lists.
	Thorough bool
	// Stored is the dataset that the rows will be compared with (Known.Compare), nil if there is none. Of lists by cursor whose rows
	// have lists that it has, more rows are read.
	Stored *dataset.Manifest

	room chan struct{} // holds an entry for each request under way
}

const (
	// mostPages bounds the pages read of one walk of a list whose rows have lists.
	mostPages = 4
	// mostSamples bounds the lists that are looked into, of those that a table has for each row of another.
	mostSamples = 10
)

// Ask asks. An error concerns the account as a whole; what is wrong with one table is in Known.Err.
func (s Survey) Ask(ctx context.Context) (*Known, error) {
	tables := s.Catalog.Needed(s.Exports)
	s.room = make(chan struct{}, max(1, s.Client.Calls()))
	k := &Known{tables: map[string]*facts{}}
	for _, t := range tables {
		k.tables[t.Name] = &facts{rows: unknown}
	}
	if err := s.each(ctx, tables, func(ctx context.Context, t *schema.Table) error { return s.size(ctx, k.of(t), t, tables) }, k); err != nil {
		return nil, err
	}
	if !s.Thorough {
		return k, nil
	}
	err := s.each(ctx, tables, func(ctx context.Context, t *schema.Table) error { return s.lookInto(ctx, k, t) }, k)
	return k, err
}

// each calls do for every table, side by side, and notes what is wrong with one.
func (s Survey) each(ctx context.Context, tables []*schema.Table, do func(context.Context, *schema.Table) error, k *Known) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, t := range tables {
		g.Go(func() error {
			err := do(ctx, t)
			switch {
			case err == nil:
			case ctx.Err() != nil || errors.Is(err, client.ErrUnauthorized) || errors.Is(err, client.ErrAccountChanged):
				return err
			case t.Optional && notOffered(err):
				k.of(t).unavailable = err.Error()
			default:
				k.of(t).err = err
			}
			return nil
		})
	}
	return g.Wait()
}

// notOffered reports whether the server says that it does not have a list for this account.
func notOffered(err error) bool {
	var status *client.Error
	return errors.As(err, &status) && (status.Status == 403 || status.Status == 404 || status.Status == 422)
}

// size finds out how large a list of the account is.
func (s Survey) size(ctx context.Context, f *facts, t *schema.Table, tables []*schema.Table) error {
	if _, single := t.Source.(*schema.Single); single {
		f.rows = 1
	}
	list, ok := t.Source.(*schema.List)
	if !ok || list.Per != nil {
		return nil
	}
	if list.Paging == schema.ByCursor && len(list.Counts) > 0 {
		return s.count(ctx, f, t, list, tables)
	}
	most, limits := 0, list.Limits
	switch {
	case hasLists(t, tables) && s.Thorough:
		most = mostPages
	case hasLists(t, tables):
		most = 1
	case s.Thorough && len(limits) > 0:
		most, limits = 1, limits[len(limits)-1:] // a few rows, for the total
	case s.Thorough:
		most = 1
	default:
		return nil
	}
	return s.readWalks(ctx, f, t, list, limits, most)
}

// asked returns the work of a survey of some tables that is not thorough.
func asked(tables []*schema.Table) (sum work) {
	for _, t := range tables {
		list, ok := t.Source.(*schema.List)
		switch {
		case !ok || list.Per != nil:
		case list.Paging == schema.ByCursor && len(list.Counts) > 0:
			sum = sum.beside(together(float64(len(list.Counts)), 0))
		case hasLists(t, tables):
			sum = sum.beside(together(float64(len(list.EachWalk())), 0))
		}
	}
	return sum
}

// compares reports whether the dataset has lists of the rows of t that may stand still.
func (s Survey) compares(t *schema.Table, tables []*schema.Table) bool {
	return slices.ContainsFunc(tables, func(other *schema.Table) bool {
		return other.PerRow() == t && len(other.Source.(*schema.List).Still) > 0 && s.Stored.Table(other.Name) != nil
	})
}

// hasLists reports whether one of the tables has a list for each row of t.
func hasLists(t *schema.Table, tables []*schema.Table) bool {
	for _, other := range tables {
		if other.PerRow() == t {
			return true
		}
	}
	return false
}

// count asks for a list's own counts and, if its rows have lists, for some rows.
func (s Survey) count(ctx context.Context, f *facts, t *schema.Table, list *schema.List, tables []*schema.Table) error {
	g, ctx := errgroup.WithContext(ctx)
	f.counts = make([]int64, len(list.Counts))
	for i, params := range list.Counts {
		g.Go(func() (err error) {
			s.room <- struct{}{}
			defer func() { <-s.room }()
			f.counts[i], err = s.Client.Count(ctx, list.Path, params)
			return err
		})
	}
	if s.Thorough && hasLists(t, tables) && len(list.Limits) > 0 {
		g.Go(func() error {
			p := &peek{survey: s, table: t, list: list, limits: list.Limits[len(list.Limits)-1:], most: 1}
			if s.compares(t, tables) {
				p.limits, p.most = list.Limits, mostPages
			}
			err := p.read(ctx, list.EachWalk()[0], list.EachWalk()[0].Path)
			f.seen, f.whole = p.rows, p.ended
			return err
		})
	}
	if err := g.Wait(); err != nil {
		f.counts = nil
		return err
	}
	f.rows = 0
	for _, n := range f.counts {
		f.rows += float64(n)
	}
	return nil
}

// readWalks reads the first pages of each walk of a list.
func (s Survey) readWalks(ctx context.Context, f *facts, t *schema.Table, list *schema.List, limits []int, most int) error {
	g, ctx := errgroup.WithContext(ctx)
	walks := list.EachWalk()
	peeks := make([]*peek, len(walks))
	for i, w := range walks {
		peeks[i] = &peek{survey: s, table: t, list: list, limits: limits, most: most}
		g.Go(func() error { return peeks[i].read(ctx, w, w.Path) })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	f.rows, f.seen, f.whole = 0, &schema.Batch{}, true
	for _, p := range peeks {
		f.walks = append(f.walks, p.total)
		f.rows += max(0, p.total)
		f.whole = f.whole && p.ended
		f.seen.Append(p.rows, 0, p.rows.Rows)
	}
	return nil
}

// peek reads the first pages of a walk.
type peek struct {
	survey Survey
	table  *schema.Table
	list   *schema.List
	limits []int
	most   int // pages

	rows  *schema.Batch
	total float64 // rows of the walk, as the pages state them or as they were met
	ended bool    // the walk came to its end
}

func (p *peek) read(ctx context.Context, w schema.Walk, path string) error {
	d := schema.NewDecoder(p.table)
	var page *schema.Page
	decode := func(body []byte, at int) (records, end int, err error) {
		if records, end, err = d.ReadRecords(body, at); err == nil {
			page = d.Decoded()
		}
		return records, end, err
	}
	p.survey.room <- struct{}{}
	defer func() { <-p.survey.room }()
	p.rows, p.total = &schema.Batch{}, unknown
	list, pages := client.List{Path: path, Params: w.Params, Limits: p.limits}, 0
	for answer, err := range p.pages(ctx, list, decode) {
		if err != nil {
			return err
		}
		pages++
		p.rows.Append(page.Rows, 0, page.Rows.Rows)
		p.total = max(p.total, float64(answer.Total))
		p.ended = p.list.Paging == schema.ByPage && answer.LastPage <= pages || p.list.Paging == schema.ByCursor && answer.Cursor == ""
		if pages == p.most || p.ended {
			break
		}
	}
	p.total = max(p.total, float64(p.rows.Rows))
	return nil
}

func (p *peek) pages(ctx context.Context, l client.List, read client.ReadRecords) iter.Seq2[*client.Page, error] {
	if p.list.Paging == schema.ByCursor {
		return p.survey.Client.Cursor(ctx, l, read)
	}
	return p.survey.Client.Pages(ctx, l, read)
}

// nameOf names a walk among those of a list: by the value of its filter, or the end of its path.
func nameOf(w schema.Walk) string {
	for _, values := range w.Params {
		return strings.Join(values, " ")
	}
	return path.Base(w.Path)
}
