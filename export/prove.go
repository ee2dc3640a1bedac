package export

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"mailerlake/export/merge"
	"mailerlake/export/scan"
	"mailerlake/schema"
)

const (
	// Deletes of more than one in massShare of a table's rows, and of more than massRows, are withheld unless confirmed.
	massShare = 5
	massRows  = 20
)

// prover looks for proof that rows which a scan did not meet are gone.
type prover struct {
	tables  tables
	scanner *scan.Scanner
	yes     bool // deletes are wanted even where they are many
}

// planProven plans a table, looks for proof of its deletes, and says why there is none.
func (p *prover) planProven(ctx context.Context, t *table, plan func() (*merge.Plan, error)) (withheld string, err error) {
	if err := p.planWith(ctx, t, plan); err != nil {
		return "", err
	}
	withheld, found, err := p.prove(ctx, t)
	var unproven *scan.UnprovenError
	if errors.As(err, &unproven) {
		return unproven.Why, nil
	}
	if err != nil || !found {
		return withheld, err
	}
	candidates := t.plan.Candidates() // rows that seemed gone are there: they are part of the scan now
	if err := p.planWith(ctx, t, plan); err != nil {
		return "", err
	}
	if t.plan.Candidates() > candidates {
		return "", errors.New("plan differs from the one before")
	}
	return withheld, nil
}

// planWith plans a table from its scan as it is now.
func (p *prover) planWith(ctx context.Context, t *table, plan func() (*merge.Plan, error)) (err error) {
	if err := p.tables.open(ctx, t); err != nil {
		return err
	}
	t.plan, err = plan()
	return err
}

// prove looks for proof that the delete candidates are gone, and says why there is none, in withheld or as an
// *scan.UnprovenError. With found, some of them answered and were added to the scan.
func (p *prover) prove(ctx context.Context, t *table) (withheld string, found bool, err error) {
	plan := t.plan
	_, nested := t.Source.(*schema.Nested)
	owner, _ := p.tables.owner(t)
	switch {
	case t.scan.Incomplete != "", len(plan.Kept) > 0:
		return t.incomplete(), false, nil
	case plan.Candidates() == 0:
		return "", false, nil
	case !p.yes && plan.Candidates() > massRows && plan.Candidates()*massShare > t.stored.Rows:
		return fmt.Sprintf("%d of %d rows would go; --yes deletes them", plan.Candidates(), t.stored.Rows), false, nil
	case t.scan.Nested && !t.scan.Resumed && !owner.auxiliary: // a fresh row of the parent is the proof
		return "", false, nil
	case nested: // listed otherwise, or with rows that may be outdated
		return p.proveByParents(ctx, t)
	case t.scan.Nested:
		return p.proveDerived(ctx, t, owner)
	case owner != nil:
		return p.proveByReading(ctx, t, owner)
	case !t.scan.CanAsk():
		return p.proveByList(ctx, t)
	}
	records, err := p.scanner.Ask(ctx, t.scan, plan.Sample())
	if err != nil {
		return "", false, err
	}
	return p.judge(ctx, t, records)
}

// judge decides by the answers to a sample of the candidates.
func (p *prover) judge(ctx context.Context, t *table, records []jsontext.Value) (withheld string, found bool, err error) {
	there := 0
	for _, record := range records {
		if record != nil {
			there++
		}
	}
	switch {
	case there == 0:
		return "", false, nil
	case t.plan.Candidates() > int64(len(records)):
		return fmt.Sprintf("%d of %d rows asked for by id are still there", there, len(records)), false, nil
	}
	newPaths, err := p.scanner.Add(t.scan, records)
	if err == nil && newPaths && t.Open != nil { // maybe a column that is newer than the definitions read
		err = p.defineAgain(ctx, p.tables.find(t.Open.DefinedBy))
	}
	return "", true, errors.Join(err, p.tables.layOut(ctx, t))
}

// defineAgain reads the table once more that defines other tables' columns.
func (p *prover) defineAgain(ctx context.Context, t *table) error {
	if _, err := p.scanner.ReadAgain(ctx, t.scan); err != nil {
		return err
	}
	return p.tables.layOut(ctx, t)
}

// proveByList reads a list anew whose rows cannot be asked for by id.
func (p *prover) proveByList(ctx context.Context, t *table) (withheld string, found bool, err error) {
	if _, list := t.Source.(*schema.List); !list {
		return "", false, nil // the one object has been read
	}
	incomplete, err := p.scanner.ReadAgain(ctx, t.scan)
	switch {
	case scan.StopsRun(err):
		return "", false, err
	case err != nil:
		return fmt.Sprintf("the list could not be read again: %v", err), true, nil
	}
	return incomplete, true, p.tables.layOut(ctx, t)
}

// proveByReading reads the lists again in which rows were missing. Those of parents that are gone themselves need no
// proof of their own.
func (p *prover) proveByReading(ctx context.Context, t, owner *table) (withheld string, found bool, err error) {
	list, ok := t.Source.(*schema.List)
	if !ok || !t.FollowsParent() {
		return "the lists cannot be read again", false, nil
	}
	var parents, unmet []schema.Key
	for _, parent := range t.sampleParents(owner) {
		switch gone := func(key schema.Key) bool { return key.Compare(parent) == 0 }; {
		case t.scan.Read(parent):
			parents = append(parents, parent)
		case !slices.ContainsFunc(t.scan.Gone, gone):
			unmet = append(unmet, parent)
		}
	}
	if withheld, err = p.proveGone(ctx, owner, unmet); withheld != "" || err != nil {
		return withheld, false, err
	}
	before, err := t.scan.Log.Count(ctx)
	if err != nil {
		return "", false, err
	}
	err = p.scanner.ReadParentsAgain(ctx, t.scan, list, parents)
	switch {
	case scan.StopsRun(err):
		return "", false, err
	case err != nil:
		return fmt.Sprintf("the lists could not be read again: %v", err), true, nil
	}
	after, err := t.scan.Log.Count(ctx)
	if after > before && t.plan.Candidates() > int64(len(t.plan.Sample())) {
		withheld = fmt.Sprintf("%d rows were in lists that were read again", after-before)
	}
	return withheld, true, errors.Join(err, p.tables.layOut(ctx, t))
}

// sampleParents returns the keys of the rows that the candidates belong to, sorted.
func (t *table) sampleParents(owner *table) []schema.Key {
	var parents []schema.Key
	for _, key := range t.plan.Sample() {
		parents = append(parents, key[:len(owner.Key)])
	}
	slices.SortFunc(parents, schema.Key.Compare)
	return slices.CompactFunc(parents, func(a, b schema.Key) bool { return a.Compare(b) == 0 })
}

// proveGone asks for rows of a table that its scan did not meet, and says why they are not proved gone. If the table is
// exported, that was done before.
func (p *prover) proveGone(ctx context.Context, t *table, unmet []schema.Key) (withheld string, err error) {
	switch {
	case !t.auxiliary || len(unmet) == 0:
		return "", nil
	case !t.scan.CanAsk():
		return fmt.Sprintf("the rows of %s cannot be asked for", t.Name), nil
	}
	records, err := p.scanner.Ask(ctx, t.scan, unmet)
	if slices.ContainsFunc(records, func(record jsontext.Value) bool { return record != nil }) {
		withheld = fmt.Sprintf("a row of %s that was not listed is still there", t.Name)
	}
	return withheld, err
}

// proveDerived looks for proof that rows are gone of which others were derived. A row that was met is proof itself.
func (p *prover) proveDerived(ctx context.Context, t, owner *table) (withheld string, found bool, err error) {
	if !t.FollowsParent() {
		return fmt.Sprintf("the rows of %s cannot be asked for", owner.Name), false, nil
	}
	log, err := owner.sortedLog(ctx)
	if err != nil {
		return "", false, err
	}
	var unmet []schema.Key
	met := merge.InRows(log, t.Table, -1, false)
	for _, parent := range t.sampleParents(owner) {
		standing, err := met.Standing(ctx, parent)
		if err != nil {
			return "", false, err
		}
		if standing != merge.Read {
			unmet = append(unmet, parent)
		}
	}
	withheld, err = p.proveGone(ctx, owner, unmet)
	return withheld, false, err
}

// proveByParents asks for the rows that the candidates came inside of: each must be gone, or come without them.
func (p *prover) proveByParents(ctx context.Context, t *table) (withheld string, found bool, err error) {
	if !t.FollowsParent() || !t.parent.scan.CanAsk() {
		return fmt.Sprintf("the rows of %s cannot be asked for", t.parent.Name), false, nil
	}
	var parents []schema.Key
	place := map[string]int{}
	for _, key := range t.plan.Sample() {
		parent := key[:len(t.parent.Key)]
		if _, ok := place[fmt.Sprint(parent)]; !ok {
			place[fmt.Sprint(parent)] = len(parents)
			parents = append(parents, parent)
		}
	}
	records, err := p.scanner.Ask(ctx, t.parent.scan, parents)
	if err != nil {
		return "", false, err
	}
	for _, key := range t.plan.Sample() {
		there, err := t.holds(records[place[fmt.Sprint(key[:len(t.parent.Key)])]], key)
		if err != nil {
			return "", false, err
		}
		if there {
			return "a row that was not listed is still there", false, nil
		}
	}
	return "", false, nil
}

// holds reports whether a record of the parent has the row of a key inside, or does not tell.
func (t *table) holds(record jsontext.Value, key schema.Key) (bool, error) {
	if record == nil {
		return false, nil
	}
	page, err := scan.DecodeRow(t.parent.Table, record, key[:len(t.parent.Key)])
	if err != nil {
		return false, err
	}
	t.Link(page)
	keys := page.Children[t.Child()].Rows.Keys(t.Order)
	at := keys.Search(0, key)
	return page.Absent != nil || at < keys.Len() && keys.CompareKey(at, key) == 0, nil
}
