package cost

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"mailerlake/client"
	"mailerlake/schema"
)

// Estimate is about what a run costs.
type Estimate struct {
	// Requests are pages, counts and single objects; Units are what the rate limit counts, where a batch of requests is one.
	Requests int64 `json:"requests"`
	Units    int64 `json:"units"`
	// Seconds is how long these units take at PerMinute, which is the budget; both are 0 if that is not known.
	Seconds   float64 `json:"duration_seconds"`
	PerMinute int     `json:"units_per_minute,omitzero"`
	// Tables are those that take requests, also those that are read for the sake of others and not written.
	Tables []Table `json:"tables"`

	batched bool
}

// Table is about what one table costs.
type Table struct {
	Name     string `json:"name"`
	Requests int64  `json:"requests"`
	// Units are rounded up: tables share batches, so that the run's are fewer than the sum.
	Units   int64   `json:"units"`
	Seconds float64 `json:"duration_seconds"`
	// Share is the table's share of the run's units: a request that travels in a batch is a part of one.
	Share float64 `json:"-"`
}

// Reads says which lists a run reads, of those that may stand still.
type Reads int

const (
	// All lists are read, as on a first export.
	All Reads = iota
	// Moved lists alone are read, as on the export after a first one.
	Moved
	// Due lists are read: those that moved, and all of a table that the dataset does not have.
	Due
)

// Run is what is estimated.
type Run struct {
	Catalog *schema.Catalog
	Exports func(*schema.Table) bool // which tables are written
	Reads   Reads
	// Asks are the tables that the run itself asks about before it begins, for an estimate (Survey); nil if it asks about none.
	Asks func(*schema.Table) bool
}

// Estimate estimates a run within a budget. The request that asks which account it is comes on top of the tables', and so do those
// for an estimate.
func (k *Known) Estimate(r Run, b client.Budget) *Estimate {
	e, first := &Estimate{PerMinute: b.PerMinute(), Tables: []Table{}, batched: b.Batched}, alone(1)
	if r.Asks != nil {
		first = first.then(asked(r.Catalog.Needed(r.Asks)))
	}
	var stages [2]work // as a run has them: tables side by side, then the others
	for _, t := range r.Catalog.Needed(r.Exports) {
		w, stage := (&estimator{k, r}).table(t), 0
		if t.FansOut() {
			stage = 1
		}
		stages[stage] = stages[stage].beside(w)
		if w.requests > 0 {
			one := Table{Name: t.Name}
			one.Requests, one.Units, one.Seconds = e.total(w)
			one.Share = w.share(e.batched)
			e.Tables = append(e.Tables, one)
		}
	}
	e.Requests, e.Units, e.Seconds = e.total(first.then(stages[0]).then(stages[1]))
	return e
}

func (e *Estimate) total(w work) (requests, units int64, seconds float64) {
	requests, units = int64(math.Ceil(w.requests-roundings)), int64(w.units(e.batched))
	if e.PerMinute > 0 {
		seconds = float64(units) * 60 / float64(e.PerMinute)
	}
	return requests, units, seconds
}

// Table returns what one table costs; zero if it takes no request.
func (e *Estimate) Table(name string) Table {
	if i := slices.IndexFunc(e.Tables, func(t Table) bool { return t.Name == name }); i >= 0 {
		return e.Tables[i]
	}
	return Table{Name: name}
}

// Line says in one line what a run costs, and which tables cost most: "about 420 requests, which the rate limit counts as 31,
// 18 seconds at 108 a minute: subscriber 201, campaign_activity 150, and others 69".
func (e *Estimate) Line() string {
	const few = 4
	tables := slices.Clone(e.Tables)
	slices.SortStableFunc(tables, func(a, b Table) int { return int(b.Requests - a.Requests) })
	text, others := "about "+counted(e.Requests, "request"), e.Requests
	if e.batched && e.Units != e.Requests {
		text += ", which the rate limit counts as " + strconv.FormatInt(e.Units, 10)
	}
	if e.PerMinute > 0 {
		text += fmt.Sprintf(", %s at %d a minute", span(e.Seconds/60), e.PerMinute)
	}
	var parts []string
	for _, t := range tables[:min(few, len(tables))] {
		parts = append(parts, fmt.Sprintf("%s %d", t.Name, t.Requests))
		others -= t.Requests
	}
	if others > 0 {
		parts = append(parts, fmt.Sprintf("others %d", others))
	}
	return text + ": " + strings.Join(parts, ", ")
}

func counted(n int64, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}

// span writes how long something takes: "18 seconds", "25 minutes", "3.5 hours".
func span(minutes float64) string {
	switch {
	case minutes < 2:
		return counted(int64(math.Ceil(minutes*60)), "second")
	case minutes < 120:
		return fmt.Sprintf("%.0f minutes", minutes)
	}
	return fmt.Sprintf("%.1f hours", minutes/60)
}

// estimator estimates the tables of one run.
type estimator struct {
	*Known
	run Run
}

// table returns the work of one table.
func (e *estimator) table(t *schema.Table) work {
	switch parent := t.Parent(); {
	case parent != nil && e.Unavailable(parent) != "":
		return work{}
	case e.Unavailable(t) != "":
		return e.refused(t)
	}
	switch source := t.Source.(type) {
	case *schema.Single:
		return together(1, 1)
	case *schema.List:
		if source.Per != nil && !t.FansOut() { // read in one go with the rows
			w := e.perRow(t, source)
			w.chain += e.table(t.Parent()).chain
			return w
		}
		if source.Per != nil {
			return e.perRow(t, source)
		}
		return e.list(t, source)
	}
	return work{}
}

// refused returns the work of finding out that the account does not have a table: a request or, where it has a list for each row of
// another, one for each of the first hundred.
func (e *estimator) refused(t *schema.Table) work {
	list, ok := t.Source.(*schema.List)
	if !ok || list.Per == nil {
		return together(1, 0)
	}
	l := &lists{estimator: e, table: t, list: list, parent: e.of(t.Parent())}
	l.measure()
	return together(min(l.count, mostRefused), 0)
}

// mostRefused is how many lists of a table are asked for before a scan gives up.
const mostRefused = 100

// list returns the work of a list of the account. Rows that nobody counted by walk are taken to be spread evenly.
func (e *estimator) list(t *schema.Table, list *schema.List) (sum work) {
	f, walks := e.of(t), list.EachWalk()
	for i := range walks {
		rows := max(0, f.rows) / float64(len(walks))
		if f.walks != nil && f.walks[i] >= 0 {
			rows = f.walks[i]
		}
		if list.Paging == schema.ByCursor {
			sum = sum.then(alone(pages(list, rows) + 1)) // one of newer rows
			continue
		}
		sum = sum.then(walk(list, rows))
	}
	if list.Paging == schema.ByCursor && list.Item != "" && !e.first(t) {
		sum = sum.then(alone(1)) // a batch that asks for the rows that are gone
	}
	return sum.then(together(float64(len(list.Counts)), 0))
}
