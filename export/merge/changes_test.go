package merge_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"mailerlake/export/merge"
	"mailerlake/export/part"
	"mailerlake/schema"
)

// changeLog applies the changes that Write makes to the old rows, and checks each against them.
type changeLog struct {
	testing.TB
	table                      *schema.Table
	whole                      bool
	old, after                 map[string]row
	last                       schema.Key
	inserted, updated, deleted int64
}

func newChangeLog(t testing.TB, table *schema.Table, whole bool, old map[string]row) *changeLog {
	after := map[string]row{}
	maps.Copy(after, old)
	return &changeLog{TB: t, table: table, whole: whole, old: old, after: after}
}

func (l *changeLog) Whole() bool { return l.whole }

// key returns the name of a key, which must be above the last one.
func (l *changeLog) key(b *schema.Batch, j int) string {
	l.Helper()
	key := b.Keys(l.table.Order).At(j)
	if l.last != nil && key.Compare(l.last) <= 0 {
		l.Fatalf("change of %v follows that of %v", key, l.last)
	}
	l.last = key
	return name(key)
}

func (l *changeLog) Inserted(rows part.Rows) error {
	for j := rows.From; j < rows.To; j++ {
		key := l.key(rows.Batch, j)
		if _, ok := l.old[key]; ok {
			l.Fatalf("%s is stored, and inserted", key)
		}
		l.after[key] = rowOf(rows.Batch, j, "")
		l.inserted++
	}
	return nil
}

func (l *changeLog) Updated(before, after part.Rows) error {
	if l.whole != (before.Batch != nil) || l.whole && before.To-before.From != after.To-after.From {
		l.Fatalf("rows %+v become %+v", before, after)
	}
	for j := after.From; j < after.To; j++ {
		key, now := l.key(after.Batch, j), rowOf(after.Batch, j, "")
		old, ok := l.old[key]
		if !ok || sameRow(old, now) {
			l.Fatalf("%s is updated from %v (stored: %t) to %v", key, old, ok, now)
		}
		if at := before.From + j - after.From; l.whole {
			l.same("before", key, rowOf(before.Batch, at, ""), name(before.Batch.Keys(l.table.Order).At(at)))
		}
		l.after[key] = now
		l.updated++
	}
	return nil
}

func (l *changeLog) Deleted(rows part.Rows) error {
	for j := rows.From; j < rows.To; j++ {
		key := l.key(rows.Batch, j)
		if _, ok := l.old[key]; !ok {
			l.Fatalf("%s is deleted, and not stored", key)
		}
		if l.whole {
			l.same("deleted", key, rowOf(rows.Batch, j, ""), key)
		}
		for c, v := range rows.Batch.Vectors {
			if isKey := slices.Contains(l.table.Key, rows.Batch.Columns[c].Name); !l.whole && isKey != (v != nil) {
				l.Fatalf("column %s of a deleted key is there: %t", rows.Batch.Columns[c].Name, v != nil)
			}
		}
		delete(l.after, key)
		l.deleted++
	}
	return nil
}

// same checks that a row is what was stored under a key.
func (l *changeLog) same(what, key string, got row, gotKey string) {
	l.Helper()
	if diff := diffRows(l.old[key], got); diff != "" || key != gotKey {
		l.Fatalf("%s, the row of %s has the key %s and differs from what was stored: %s", what, key, gotKey, diff)
	}
}

// diffRows compares rows, or maps of rows, but not where they are stored.
func diffRows(want, got any) string {
	return cmp.Diff(want, got, cmp.AllowUnexported(row{}), cmpopts.IgnoreFields(row{}, "part"), cmpopts.EquateEmpty())
}

// check checks that the changes lead from the old rows to the new ones, and are as many as the plan says.
func (l *changeLog) check(rows map[string]row, plan *merge.Plan) {
	l.Helper()
	if diff := diffRows(rows, l.after); diff != "" {
		l.Fatalf("%s: the changes lead to other rows: %s", l.table.Name, diff)
	}
	if l.inserted != plan.Inserted || l.updated != plan.Updated || l.deleted != plan.Deleted {
		l.Fatalf("%s: changes %d/%d/%d, the plan says %d/%d/%d", l.table.Name, l.inserted, l.updated, l.deleted, plan.Inserted, plan.Updated, plan.Deleted)
	}
}

// failing refuses changes.
type failing struct {
	*changeLog
	err error
}

func (f failing) Inserted(part.Rows) error { return f.err }

// TestChangesRefused: an error of who takes the changes ends Write, and where changes are not known none are made up.
func TestChangesRefused(t *testing.T) {
	thing, things := catalog.Lookup("thing"), newLog(t, catalog.Lookup("thing"))
	var l lake
	appendPage(t, things, thing, []any{object{"id": "1", "name": "a"}})
	sizes := part.Sizes{Group: 2, Part: 4}
	write := func(prepare func(m *merge.Table), changes merge.Changes) error {
		m := l.table(thing, things, sizes)
		if prepare != nil {
			prepare(m)
		}
		plan, err := m.Plan(context.Background(), true)
		if err != nil {
			t.Fatal(err)
		}
		plan.Settle(m, "")
		create := func(string) (merge.File, error) { return &file{}, nil }
		_, err = m.Write(context.Background(), plan, create, changes, "mailerlake test", time.UnixMicro(9))
		return err
	}
	m := l.table(thing, things, sizes)
	plan, err := m.Plan(context.Background(), true)
	if err != nil {
		t.Fatal(err)
	}
	plan.Settle(m, "")
	l.write(t, m, plan, 1)
	appendPage(t, things, thing, []any{object{"id": "2", "name": "b"}})
	taker := newChangeLog(t, thing, true, l.rows(t, thing))
	full := errors.New("disk is full")
	if err := write(nil, failing{taker, full}); !errors.Is(err, full) {
		t.Errorf("error = %v, want that of the changes", err)
	}
	if err := write(nil, taker); err != nil || taker.inserted != 1 {
		t.Errorf("%d rows inserted, %v", taker.inserted, err)
	}
	if err := write(func(m *merge.Table) { m.Damaged = map[string]*merge.Damage{l.parts[0].Path: {}} }, taker); err == nil {
		t.Error("the changes of a damaged part are told")
	}
	if err := write(func(m *merge.Table) { m.Rewrite = true }, taker); err == nil {
		t.Error("the changes of a rewritten table are told")
	}
}
