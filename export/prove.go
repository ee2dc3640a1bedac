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

// prover looks for proof that rows which a scan did not meet are gone.
type prover struct {
	tables  tables
	scanner *scan.Scanner
	yes     bool // apply deletes even if there are many
}

// planProven plans a table, looks for proof of its deletes, and says why they are withheld, if they are.
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
		return "", errors.New("the second plan deletes more rows than the first")
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
// *scan.UnprovenError. found says that rows may have been added to the scan, so that the table has to be planned again.
func (p *prover) prove(ctx context.Context, t *table) (withheld string, found bool, err error) {
	plan := t.plan
	owner, _ := p.tables.owner(t)
	switch {
	case t.scan.Incomplete != "", len(plan.Kept) > 0:
		return t.incomplete(), false, nil
	case plan.Candidates() == 0:
		return "", false, nil
	}
	if withheld, err = p.tooMany(ctx, t, owner); withheld != "" || err != nil {
		return withheld, false, err
	}
	return p.proveOf(ctx, t, owner)
}

// proveOf is prove for a table whose deletes are not too many.
func (p *prover) proveOf(ctx context.Context, t, owner *table) (withheld string, found bool, err error) {
	_, nested := t.Source.(*schema.Nested)
	switch {
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
	records, err := p.scanner.Ask(ctx, t.scan, t.plan.Sample())
	if err != nil {
		return "", false, err
	}
	return p.judge(ctx, t, records)
}

// judge draws the conclusion from the answers to a sample of the candidates.
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

// defineAgain reads again the table that defines other tables' columns.
func (p *prover) defineAgain(ctx context.Context, t *table) error {
	if _, err := p.scanner.ReadAgain(ctx, t.scan); err != nil {
		return err
	}
	return p.tables.layOut(ctx, t)
}

// proveByList reads again a list whose rows cannot be asked for by id.
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

// proveByReading reads again the lists that rows were missing from. The rows of a parent that is gone need no proof of
// their own.
func (p *prover) proveByReading(ctx context.Context, t, owner *table) (withheld string, found bool, err error) {
	list, ok := t.Source.(*schema.List)
	if !ok {
		return "the lists cannot be read again", false, nil
	}
	var parents, unmet []schema.Key
	gone := p.tables.goneParents(t).Keys
	for _, parent := range distinct(t.plan.Parents()) {
		switch {
		case t.scan.Read(parent):
			parents = append(parents, parent)
		case !parent.In(gone):
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
		withheld = fmt.Sprintf("%d more rows were in lists that were read again", after-before)
	}
	return withheld, true, errors.Join(err, p.tables.layOut(ctx, t))
}

// proveGone asks for rows of a table that its scan did not meet, and says why they are not proved gone. For a table
// that is exported, its own plan has done that.
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

// proveDerived looks for proof that the rows from which the candidates were derived are gone. One that was met is proof
// in itself.
func (p *prover) proveDerived(ctx context.Context, t, owner *table) (withheld string, found bool, err error) {
	log, err := owner.sortedLog(ctx)
	if err != nil {
		return "", false, err
	}
	var unmet []schema.Key
	met := merge.InRows(log, t.Table, -1, false, p.tables.goneParents(t))
	for _, parent := range distinct(t.plan.Parents()) {
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

// proveByParents asks for the rows in which the candidates were nested: each must be gone, or come without them.
func (p *prover) proveByParents(ctx context.Context, t *table) (withheld string, found bool, err error) {
	of, known := t.sampleAbove()
	if !known || !t.parent.scan.CanAsk() {
		return fmt.Sprintf("the rows of %s cannot be asked for", t.parent.Name), false, nil
	}
	parents := distinct(of)
	records, err := p.scanner.Ask(ctx, t.parent.scan, parents)
	if err != nil {
		return "", false, err
	}
	for i, key := range t.plan.Sample() {
		at, _ := slices.BinarySearchFunc(parents, of[i], schema.Key.Compare)
		there, err := t.holds(records[at], of[i], key)
		if err != nil {
			return "", false, err
		}
		if there {
			return "a row that was not listed is still there", false, nil
		}
	}
	return "", false, nil
}

// sampleAbove returns, beside the sample of the plan's candidates, the keys of the rows that they were nested in; false if
// their columns do not hold these keys.
func (t *table) sampleAbove() ([]schema.Key, bool) {
	if t.scan.Nested {
		return t.plan.Parents(), true
	}
	if !t.FollowsParent() { // listed otherwise, for the rows of another table
		return nil, false
	}
	var parents []schema.Key
	for _, key := range t.plan.Sample() {
		parents = append(parents, key[:len(t.parent.Key)])
	}
	return parents, true
}

// distinct returns keys sorted, each once.
func distinct(keys []schema.Key) []schema.Key {
	return slices.CompactFunc(slices.SortedFunc(slices.Values(keys), schema.Key.Compare), func(a, b schema.Key) bool { return a.Compare(b) == 0 })
}

// holds reports whether the record of a parent has the row with a key inside. A record that does not say gives a
// *scan.UnprovenError.
func (t *table) holds(record jsontext.Value, parent, key schema.Key) (bool, error) {
	if record == nil {
		return false, nil
	}
	page, err := scan.DecodeRow(t.parent.Table, record, parent)
	if err != nil {
		return false, err
	}
	if bit := t.absentBit(); bit >= 0 && page.Absent != nil && page.Absent[0]&(1<<bit) != 0 {
		return false, &scan.UnprovenError{Why: fmt.Sprintf("a record of %s has no %q", t.parent.Name, t.Source.(*schema.Nested).Attribute)}
	}
	t.Link(page)
	keys := page.Children[t.Child()].Rows.Keys(t.Order)
	at := keys.Search(0, key)
	return at < keys.Len() && keys.CompareKey(at, key) == 0, nil
}
