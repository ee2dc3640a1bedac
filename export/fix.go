package export

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"mailerlake/export/pagelog"
	"mailerlake/export/scan"
	"mailerlake/schema"
)

// fix gives every table its layout, once, now that all scans are done and all definitions of columns are known.
func (r *run) fix(ctx context.Context) error {
	for _, t := range r.due() {
		if t.err != nil || !t.scanned() {
			continue
		}
		if err := r.tolerate(t, r.tables.layOut(ctx, t)); err != nil {
			return err
		}
	}
	r.tables.failTogether()
	if r.scanner == nil { // a plan is being committed: it decided what needs the network
		return nil
	}
	for _, t := range r.due() {
		if t.skipped() {
			continue
		}
		for _, ref := range t.References {
			if err := r.tolerate(t, r.findGone(ctx, t, ref)); err != nil {
				return err
			}
		}
	}
	return nil
}

// layOut settles the columns of a table.
func (ts tables) layOut(ctx context.Context, t *table) error {
	var stored []schema.Column
	if t.stored != nil && !t.rewrite {
		stored = t.stored.Columns
	}
	kinds, err := ts.definedKinds(ctx, t)
	if err != nil {
		return fmt.Errorf("definitions of the custom fields are missing: %w", err)
	}
	t.layout, t.added = schema.Fix(t.Table, stored, t.paths(), kinds)
	if stored == nil {
		t.added = nil // all columns are new
	}
	return nil
}

// paths returns the paths of the undeclared attributes that the scan met.
func (t *table) paths() []string {
	if !t.scan.Nested {
		return t.scan.Log.Paths()
	}
	if t.Child() < 0 {
		return nil // derived
	}
	return t.scan.Log.ChildPaths(t.Child())
}

// missing returns the paths of the declared columns whose attribute no record had.
func (t *table) missing() map[string]bool {
	if !t.scan.Nested {
		return t.scan.Log.Missing()
	}
	if t.Child() < 0 {
		return nil // derived
	}
	return t.scan.Log.ChildMissing(t.Child())
}

// definedKinds returns the types of the columns that the account defines for a table, by name.
func (ts tables) definedKinds(ctx context.Context, t *table) (map[string]schema.Kind, error) {
	if t.Open == nil {
		return nil, nil
	}
	definer := ts.find(t.Open.DefinedBy)
	batches, err := ts.definitions(ctx, t)
	if err != nil {
		return nil, err
	}
	return definer.Defined(batches...), nil
}

// definitions returns the rows that define the open columns of a table; there are few.
func (ts tables) definitions(ctx context.Context, t *table) ([]*schema.Batch, error) {
	definer := ts.find(t.Open.DefinedBy)
	if definer.err != nil {
		return nil, definer.err
	}
	var batches []*schema.Batch
	cursor := pagelog.NewCursor(ctx, definer.scan.Log, nil, nil)
	for {
		rows, ok, err := cursor.Next()
		if err != nil || !ok {
			return batches, err
		}
		batch := &schema.Batch{}
		batch.Append(rows.Page.Rows, rows.From, rows.To)
		batches = append(batches, batch)
	}
}

// maxKnown is the greatest number of rows whose keys are held in memory to find references to rows that were not met.
const maxKnown = 1 << 17

// findGone looks for rows of another table that a key column of this one refers to and that the other table's scan did
// not meet. It asks for them by id. Rows that refer to one that is gone are left out; one that still exists is added to
// its table.
func (r *run) findGone(ctx context.Context, t *table, ref schema.Reference) error {
	other := r.tables.find(ref.Table)
	derived := t.scan.Nested && t.Child() < 0 // the log has no keys of its rows
	if !slices.Contains(t.Key, ref.Column) || derived || other == nil || other == t.parent || other.err != nil || !other.scanned() ||
		len(other.Key) != 1 || other.Parent() != nil ||
		!other.scan.Complete() || !other.scan.CanAsk() || other.scan.Log.Stats().Rows > maxKnown {
		return nil
	}
	unknown, err := unknownIDs(ctx, t, ref.Column, other)
	if err != nil || len(unknown) == 0 || len(unknown) > scan.MaxAsked {
		return err
	}
	records, err := r.scanner.Ask(ctx, other.scan, unknown)
	var unproven *scan.UnprovenError
	if errors.As(err, &unproven) {
		return nil // the rows stay; verify lists what dangles
	}
	if err != nil {
		return err
	}
	gone := map[string]bool{}
	for i, record := range records {
		if record == nil {
			gone[unknown[i][0]] = true
		}
	}
	if t.gone == nil {
		t.gone = map[string]map[string]bool{}
	}
	t.gone[ref.Column] = gone
	if other.stage < r.stage { // its plan is made, or committed
		return nil
	}
	_, err = r.scanner.Add(other.scan, records)
	return errors.Join(err, r.tables.layOut(ctx, other))
}

// unknownIDs returns the ids in a key column of a table that the other table's scan did not meet.
func unknownIDs(ctx context.Context, t *table, column string, other *table) ([]schema.Key, error) {
	known := map[string]bool{}
	cursor := pagelog.NewCursor(ctx, other.scan.Log, pagelog.KeysOnly, nil)
	for {
		rows, ok, err := cursor.Next()
		if err != nil {
			return nil, err
		}
		if !ok {
			break
		}
		for i := rows.From; i < rows.To; i++ {
			known[string(rows.Keys[0].Text(i))] = true
		}
	}
	var unknown []schema.Key
	err := t.eachKeyBatch(ctx, func(b *schema.Batch, from, to int) {
		ids := b.Vector(column)
		for i := from; ids != nil && i < to && len(unknown) <= scan.MaxAsked; i++ {
			if id := string(ids.Text(i)); !known[id] {
				known[id] = true
				unknown = append(unknown, schema.Key{id})
			}
		}
	})
	slices.SortFunc(unknown, schema.Key.Compare)
	return unknown, err
}

// eachKeyBatch calls do with the keys of all scanned rows of a table, rows [from, to) of a batch that is used again, in no
// particular order. Batches of nested rows have only the columns that are their own.
func (t *table) eachKeyBatch(ctx context.Context, do func(b *schema.Batch, from, to int)) error {
	cursor := pagelog.NewCursor(ctx, t.scan.Log, t.keyColumns, nil)
	cursor.Reuse()
	for {
		rows, ok, err := cursor.Next()
		if err != nil || !ok {
			return err
		}
		if !t.scan.Nested {
			do(rows.Page.Rows, rows.From, rows.To)
			continue
		}
		c := rows.Page.Children[t.Child()]
		do(c.Rows, int(c.Offsets[rows.From]), int(c.Offsets[rows.To]))
	}
}

// keyColumns selects the keys of a log's rows and, if the table's rows are nested in these, their keys.
func (t *table) keyColumns(child int, c schema.Column) bool {
	return c.Required && (child < 0 || t.scan.Nested && child == t.Child())
}
