package export

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"mailerlake/client"
	"mailerlake/export/pagelog"
	"mailerlake/schema"
)

// fix gives every table its layout, once, now that all scans are done and all custom fields are known.
func (r *Run) fix(ctx context.Context) error {
	kinds, kindsErr := r.fieldKinds()
	for _, t := range r.tables {
		if t.err == nil && t.table.Open != "" && kindsErr != nil {
			t.fail(fmt.Errorf("definitions of the custom fields are missing: %w", kindsErr), r)
		}
		if t.parent != nil && t.err == nil {
			t.err = t.parent.err
		}
		if t.err == nil {
			t.fix(kinds)
		}
	}
	for _, t := range r.tables {
		if t.err == nil && t.parent != nil && r.client != nil {
			if err := r.tolerate(t, r.findGone(ctx, t)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *tableRun) fix(kinds map[string]schema.Kind) {
	var stored []schema.Column
	if t.stored != nil && !t.rewrite {
		stored = t.stored.Columns
	}
	var seen []string
	if !t.inParentLog() && t.table.Parent == nil {
		seen = t.log.Paths
	}
	if t.table.Open == "" {
		kinds = nil
	}
	t.layout, t.added = schema.Fix(t.table, stored, seen, kinds)
	if stored == nil {
		t.added = nil // all columns are new
	}
}

// fieldKinds returns the types of the custom fields, from the account's definitions.
func (r *Run) fieldKinds() (map[string]schema.Kind, error) {
	t := r.table("field")
	if t == nil {
		return nil, nil
	}
	if t.err != nil {
		return nil, t.err
	}
	cursor := pagelog.NewCursor(t.log, nil, nil)
	kinds := map[string]schema.Kind{}
	for {
		s, ok, err := cursor.Next()
		if err != nil || !ok {
			return kinds, err
		}
		for key, kind := range schema.FieldKinds(s.Page.Rows) {
			kinds[key] = kind
		}
	}
}

// findGone looks for parents on the other side of the child rows, groups that memberships refer to and that their list
// did not show. One that is gone, by its id, takes its memberships along; one that answers is added to its table.
func (r *Run) findGone(ctx context.Context, t *tableRun) error {
	groups := r.table("group")
	if groups == nil || groups.err != nil || groups.scan.Incomplete != "" {
		return nil
	}
	unknown, err := unknownIDs(t, groups)
	if err != nil || len(unknown) == 0 || len(unknown) > maxAsked {
		return err
	}
	answers, err := r.ask(ctx, groups, unknown)
	var unproven *unprovenError
	if errors.As(err, &unproven) {
		return nil // the memberships stay; verify lists what dangles
	}
	if err != nil {
		return err
	}
	t.goneGroups = map[string]bool{}
	for i, a := range answers {
		if a.Data == nil {
			t.goneGroups[unknown[i]] = true
		}
	}
	return r.adopt(ctx, groups, answers)
}

// unknownIDs returns the ids that child rows refer to and that the other table's scan did not meet.
func unknownIDs(t, other *tableRun) ([]string, error) {
	known := map[string]bool{}
	for cursor := pagelog.NewCursor(other.log, keysOnly, nil); ; {
		s, ok, err := cursor.Next()
		if err != nil {
			return nil, err
		}
		if !ok {
			break
		}
		for i := s.From; i < s.To; i++ {
			known[string(s.Keys[0].Text(i))] = true
		}
	}
	var unknown []string
	for i := range t.log.Frames {
		page, err := t.log.Load(i, keysOnly)
		if err != nil {
			return nil, err
		}
		rows := page.Rows
		if t.inParentLog() {
			rows = page.Child
		}
		if rows == nil || rows.Rows == 0 || len(unknown) > maxAsked {
			continue
		}
		ids := rows.Vector(t.parent.table.Child.Column)
		for i := range rows.Rows {
			if id := ids.Text(i); !known[string(id)] {
				known[string(id)] = true
				unknown = append(unknown, string(id))
			}
		}
	}
	slices.SortFunc(unknown, func(a, b string) int { return schema.Key{a}.Compare(schema.Key{b}) })
	return unknown, nil
}

func keysOnly(_ bool, c schema.Column) bool { return c.Required }

// unprovenError says why asking by id proved nothing.
type unprovenError struct{ why string }

func (e *unprovenError) Error() string { return e.why }

// ask asks for rows by id. An answer without data says that the row is gone; what proves neither is an unprovenError.
func (r *Run) ask(ctx context.Context, t *tableRun, ids []string) ([]client.Answer, error) {
	canaries := t.canaries()
	var paths []string
	for _, id := range slices.Concat(ids, canaries) {
		paths = append(paths, strings.ReplaceAll(t.table.Source.Item, "{id}", url.PathEscape(id)))
	}
	answers, err := r.client.Lookup(ctx, paths)
	if stopsRun(err) {
		return nil, err
	}
	if err != nil {
		return nil, &unprovenError{fmt.Sprintf("rows that may be gone could not be asked for: %v", err)}
	}
	answered := func(a client.Answer) bool { return a.Data != nil }
	if len(canaries) > 0 && !slices.ContainsFunc(answers[len(ids):], answered) {
		return nil, &unprovenError{"rows that the list shows are not found by their ids either"}
	}
	answers = answers[:len(ids)]
	for i, a := range answers {
		if a.Data == nil && (a.Status != 404 || a.RouteMissing) {
			return nil, &unprovenError{fmt.Sprintf("a row that may be gone could not be asked for: status %d", a.Status)}
		}
		if a.Data != nil && !t.answers(a, ids[i], r) {
			return nil, &unprovenError{"the answer to a row's id is another row"}
		}
	}
	return answers, nil
}

// answers reports whether an answer is the row that was asked for.
func (t *tableRun) answers(a client.Answer, id string, r *Run) bool {
	page, err := r.decode(t, []client.Answer{a})
	return err == nil && page.Rows.Rows == 1 && page.Rows.Keys(t.table.Order).CompareKey(0, schema.Key{id}) == 0
}

// canaries returns ids of some rows that the scan has met: asked for with the others, they show that an id that exists
// is answered. There are several because any of them may have been deleted since.
func (t *tableRun) canaries() []string {
	var ids []string
	for i := len(t.log.Frames) - 1; i >= 0 && len(ids) < 6; i-- {
		if f := t.log.Frames[i]; f.Rows > 0 && f.Walk != walkAsked {
			ids = append(ids, f.First[0], f.Last[0])
		}
	}
	return ids
}

// decode decodes rows that were asked for by id; answers without data are passed over.
func (r *Run) decode(t *tableRun, answers []client.Answer) (*schema.Page, error) {
	records := []byte{'['}
	for _, a := range answers {
		if a.Data == nil {
			continue
		}
		if len(records) > 1 {
			records = append(records, ',')
		}
		records = append(records, a.Data...)
	}
	return schema.NewDecoder(t.table).Page(append(records, ']'))
}

// adopt adds rows that were found by id to the table's scan.
func (r *Run) adopt(ctx context.Context, t *tableRun, answers []client.Answer) error {
	page, err := r.decode(t, answers)
	if err != nil {
		return fmt.Errorf("decode %s: %w", t.table.Name, err)
	}
	if page.Rows.Rows == 0 {
		return nil
	}
	paths := len(t.log.Paths)
	if err := t.log.Append(page, pagelog.Mark{Walk: walkAsked}); err != nil {
		return err
	}
	if len(t.log.Paths) > paths && t.table.Open != "" { // maybe a custom field that is newer than the definitions read
		fields := r.table("field")
		if _, err := r.readAgain(ctx, fields); err != nil {
			return err
		}
		if err := r.refix(fields); err != nil {
			return err
		}
	}
	return errors.Join(r.refix(t), t.log.Sync())
}

// refix fixes a table's layout again, after rows were added to its scan.
func (r *Run) refix(t *tableRun) error {
	if t.table.Open == "" {
		t.fix(nil)
		return nil
	}
	kinds, err := r.fieldKinds()
	if err == nil {
		t.fix(kinds)
	}
	return err
}
