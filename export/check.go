package export

import (
	"context"
	"slices"

	"mailerlake/client"
	"mailerlake/export/cost"
	"mailerlake/export/dataset"
	"mailerlake/schema"
)

// Check is what an account holds, and what it costs to export it.
type Check struct {
	Account string `json:"account,omitempty"` // id; the API may not say
	Name    string `json:"account_name,omitempty"`
	Dataset string `json:"dataset"`
	// Exported says that the dataset exists; what the next export costs is then told by what has moved since.
	Exported bool `json:"exported"`
	// Limit is the number of units a minute that the server's headers state, and Rate what a run stays under; 0 if not known.
	Limit int `json:"rate_limit_per_minute,omitzero"`
	Rate  int `json:"rate_per_minute,omitzero"`
	// Tables are all tables, in order of declaration.
	Tables []TableCheck `json:"tables"`
	// Sets are the costs of sets of tables, and last of the tables chosen, which may be one of these.
	Sets []SetCheck `json:"sets"`
	// Requests are those that the check itself took; a batch counts as one.
	Requests int64 `json:"requests"`
}

// TableCheck is what the account has of one table, and what that costs.
type TableCheck struct {
	Name   string `json:"name"`
	Chosen bool   `json:"chosen"` // by --tables and --exclude
	// Unavailable says that the account does not have the table, as the API put it.
	Unavailable string `json:"unavailable,omitempty"`
	Error       string `json:"error,omitempty"` // why nothing is known
	Err         error  `json:"-"`
	// Rows are those that the API states, nil if it does not; Parts are the rows by status or kind.
	Rows  *int64      `json:"rows,omitempty"`
	Parts []cost.Part `json:"parts"`
	// First is what a first export costs, Next about what the one after it does. A table that comes with another costs nothing.
	First Cost `json:"first"`
	Next  Cost `json:"next"`
}

// SetCheck is what a set of tables costs.
type SetCheck struct {
	Name   string   `json:"name"`
	Tables []string `json:"tables"`
	First  Cost     `json:"first"`
	Next   Cost     `json:"next"`
}

// Cost is about what an export costs.
type Cost struct {
	// Requests are pages, counts and single objects; Units are what the rate limit counts, where a batch of requests is one.
	Requests int64 `json:"requests"`
	Units    int64 `json:"units"`
	// Seconds is how long these units take at the rate; 0 if that is not known.
	Seconds float64 `json:"duration_seconds"`
}

// CheckAccount asks an account what it holds, by a few cheap requests, and estimates what an export costs. It changes nothing. An
// error of a single table is in the report.
func CheckAccount(ctx context.Context, o Options) (*Check, error) {
	d, err := dataset.Open(o.FS, o.Dir)
	if err != nil {
		return nil, err
	}
	r := &run{Options: o, data: d}
	if r.account, err = o.Client.Account(ctx); err != nil {
		return nil, err
	}
	if err := r.checkAccount(); err != nil {
		return nil, err
	}
	every := func(*schema.Table) bool { return true }
	known, err := cost.Survey{Client: o.Client, Catalog: o.Catalog, Exports: every, Thorough: true, Stored: d.Manifest}.Ask(ctx)
	if err != nil {
		return nil, err
	}
	if d.Manifest != nil && !d.Pending() {
		if err := known.Compare(ctx, d, o.Catalog); err != nil {
			return nil, err
		}
	}
	c := &Check{Account: r.account.ID, Name: r.account.Name, Dataset: o.Dir, Exported: d.Manifest != nil}
	c.fill(known, r, o.Client.Budget())
	c.Requests = o.Client.Stats().Requests
	return c, nil
}

func (c *Check) fill(known *cost.Known, r *run, b client.Budget) {
	c.Limit, c.Rate = b.Limit, b.PerMinute()
	var all []string
	for _, t := range r.Catalog.Tables() {
		all = append(all, t.Name)
	}
	first := func(names []string) *cost.Estimate {
		return known.Estimate(cost.Run{Catalog: r.Catalog, Exports: among(names), Reads: cost.All, Asks: among(names)}, b)
	}
	next := func(names []string) *cost.Estimate {
		reads := cost.Moved
		if r.Full {
			reads = cost.All
		}
		return known.Estimate(cost.Run{Catalog: r.Catalog, Exports: among(names), Reads: reads}, b)
	}
	firstOfAll, nextOfAll := first(all), next(all)
	for _, t := range r.Catalog.Tables() {
		tc := TableCheck{Name: t.Name, Chosen: r.exports(t), Unavailable: known.Unavailable(t), Parts: known.Parts(t),
			First: costOf(firstOfAll.Table(t.Name)), Next: costOf(nextOfAll.Table(t.Name))}
		if tc.Err = known.Err(t); tc.Err != nil {
			tc.Error = tc.Err.Error()
		}
		if n, ok := known.Rows(t); ok && tc.Unavailable == "" {
			tc.Rows = &n
		}
		c.Tables = append(c.Tables, tc)
	}
	for _, name := range schema.Sets {
		names, _ := r.Catalog.Set(name)
		c.Sets = append(c.Sets, SetCheck{name, names, total(first(names)), total(next(names))})
	}
	chosen := r.Tables
	if chosen == nil {
		chosen = all
	}
	c.Sets = append(c.Sets, SetCheck{"chosen", chosen, total(first(chosen)), total(next(chosen))})
}

// among reports which tables are among those named.
func among(names []string) func(*schema.Table) bool {
	return func(t *schema.Table) bool { return slices.Contains(names, t.Name) }
}

func costOf(t cost.Table) Cost { return Cost{t.Requests, t.Units, t.Seconds} }

func total(e *cost.Estimate) Cost { return Cost{e.Requests, e.Units, e.Seconds} }
