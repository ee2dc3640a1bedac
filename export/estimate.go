package export

import (
	"context"
	"slices"
	"time"

	"mailerlake/export/cost"
	"mailerlake/schema"
)

// estimateWithin bounds the time that an estimate may take.
const estimateWithin = 30 * time.Second

// expect says about how much there is to read, and what it costs. A dataset tells it without a request; of the tables that it lacks the account is asked for
// the counts, and for a page of each list whose rows have lists. An estimate that fails is left out: the run itself will say what
// is wrong.
func (r *run) expect(ctx context.Context) error {
	known := &cost.Known{}
	if r.Estimate {
		r.event(Event{Phase: Counting})
		var err error
		if known, err = r.estimate(ctx); err != nil {
			return err
		}
	}
	if r.OnExpect != nil {
		r.OnExpect(r.expected(known))
	}
	return nil
}

// estimate estimates what the run costs, and returns what is known about the tables.
func (r *run) estimate(ctx context.Context) (*cost.Known, error) {
	needed := r.catalog.Needed(r.exports)
	lacking := func(t *schema.Table) bool {
		list := t
		if per := t.PerRow(); per != nil {
			list = per
		}
		return r.data.Manifest.Table(list.Name) == nil && slices.Contains(needed, t)
	}
	bounded, cancel := context.WithTimeout(ctx, estimateWithin)
	defer cancel()
	known, err := r.sizes(bounded, lacking)
	unsure := func(t *schema.Table) bool { return known.Err(t) != nil }
	if err != nil || slices.ContainsFunc(needed, unsure) {
		return &cost.Known{}, ctx.Err()
	}
	reads := cost.Due
	if r.Full || r.rewrite {
		reads = cost.All
	}
	run := cost.Run{Catalog: r.catalog, Exports: r.exports, Reads: reads, Asks: lacking}
	r.estimated = known.Estimate(run, r.Client.Budget())
	r.event(Event{Message: r.estimated.Line()})
	return known, nil
}

// sizes returns what is known about the sizes of the tables: from the dataset and, for those that it lacks, from the account.
func (r *run) sizes(ctx context.Context, lacking func(*schema.Table) bool) (*cost.Known, error) {
	known, err := cost.Survey{Client: r.Client, Catalog: r.catalog, Exports: lacking}.Ask(ctx)
	if err != nil || r.data.Manifest == nil {
		return known, err
	}
	stored, err := cost.Stored(ctx, r.data, r.catalog)
	if err != nil {
		return nil, err
	}
	return stored.With(known), nil
}
