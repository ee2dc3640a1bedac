package feed_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"

	"mailerlake/export/feed"
	"mailerlake/schema"
)

// read returns the rows of a batch by key, as a lake keeps them, and the keys in order.
func read(b *schema.Batch) (keys []string, rows map[string][]string) {
	rows = map[string][]string{}
	for i := range b.Rows {
		var row []string
		for _, v := range b.Vectors[2:] {
			row = append(row, valueText(v, i))
		}
		key := fmt.Sprintf("%s %s", b.Vectors[1].Text(i), b.Vectors[0].Text(i))
		keys, rows[key] = append(keys, key), row
	}
	return keys, rows
}

// TestChangesModel: at random, the changes since each snapshot are exactly what makes its rows the present ones.
func TestChangesModel(t *testing.T) {
	for seed := range uint64(8) {
		l := newLake(t, seed)
		l.history = func(int64) bool { return l.r.IntN(2) == 0 }
		defer feed.Bound(1+l.r.IntN(40), 8192, int64(l.r.IntN(200)))()
		for s := range int64(7) {
			l.next(s+1, 1+l.r.IntN(100))
		}
		for since := range int64(8) {
			l.checkChanges(since)
		}
	}
}

func (l *lake) checkChanges(since int64) {
	l.t.Helper()
	d, state := l.open()
	was, got := l.past[since], map[string]string{}
	rows, last := maps.Clone(was), ""
	if rows == nil {
		rows = map[string][]string{}
	}
	for c, err := range feed.Changes(context.Background(), d, state, since) {
		if err != nil {
			l.t.Fatal(err)
		}
		keys, values := read(c.Rows)
		for i, key := range keys {
			if last != "" && compareKeys(last, key) >= 0 {
				l.t.Fatalf("since %d: %s follows %s", since, key, last)
			}
			last, got[key] = key, c.Kinds[i].String()
			if delete(rows, key); c.Kinds[i] != feed.Delete {
				rows[key] = values[key]
			}
		}
	}
	if !maps.EqualFunc(rows, l.rows, slices.Equal) {
		l.t.Fatalf("since %d: the changes lead to %v, want %v", since, rows, l.rows)
	}
	for key, kind := range got {
		want := map[[2]bool]string{{true, true}: "update", {true, false}: "delete", {false, true}: "insert"}[[2]bool{was[key] != nil, l.rows[key] != nil}]
		if kind != want {
			l.t.Errorf("since %d: %s is %q, want %q", since, key, kind, want)
		}
	}
}

// TestRowsAtModel: at random, the rows of each snapshot are rebuilt, also before a column was added.
func TestRowsAtModel(t *testing.T) {
	for seed := range uint64(8) {
		l := newLake(t, seed)
		defer feed.Bound(65536, 1+l.r.IntN(40), int64(l.r.IntN(200)))()
		for s := range int64(7) {
			if was := maps.Clone(l.rows); s == 4 { // a column comes; the rows that have it changed
				l.columns = append(slices.Clone(l.columns), schema.Column{Name: "late", Kind: schema.String, Path: "late"})
				for key := range l.rows {
					was[key] = append(slices.Clone(was[key]), "-")
					l.rows[key] = append(slices.Clone(l.rows[key]), []string{"-", "x"}[l.r.IntN(2)])
				}
				l.write(s+1, was)
				continue
			}
			l.next(s+1, 1+l.r.IntN(100))
		}
		for snapshot := int64(1); snapshot <= 7; snapshot++ {
			l.checkPast(snapshot)
			l.checkWhole(snapshot)
		}
	}
}

func (l *lake) checkPast(snapshot int64) {
	l.t.Helper()
	d, state := l.open()
	got, last := map[string][]string{}, ""
	for b, err := range feed.RowsAt(context.Background(), d, state, snapshot) {
		if err != nil {
			l.t.Fatal(err)
		}
		keys, rows := read(b)
		for _, key := range keys {
			if last != "" && compareKeys(last, key) >= 0 {
				l.t.Fatalf("snapshot %d: %s follows %s", snapshot, key, last)
			}
			last, got[key] = key, rows[key]
		}
	}
	want := map[string][]string{}
	for key, row := range l.past[snapshot] {
		for len(row) < len(l.columns)-2 {
			row = append(slices.Clone(row), "-")
		}
		want[key] = row
	}
	if !maps.EqualFunc(got, want, slices.Equal) {
		l.t.Fatalf("snapshot %d is rebuilt as %v, want %v", snapshot, got, want)
	}
}

// checkWhole checks the rows before and after of what changed since a snapshot.
func (l *lake) checkWhole(since int64) {
	l.t.Helper()
	d, state := l.open()
	if !feed.HasWhole(state, since) || feed.HasWhole(state, 0) {
		l.t.Fatalf("since %d: the history is said to be unknown, or known since 0", since)
	}
	full := func(row []string) []string {
		for row != nil && len(row) < len(l.columns)-2 {
			row = append(slices.Clone(row), "-")
		}
		return row
	}
	seen := map[string]bool{}
	for r, err := range feed.WholeChanges(context.Background(), d, state, since) {
		if err != nil {
			l.t.Fatal(err)
		}
		for i, kind := range r.Kinds {
			side := r.After
			if kind == feed.Delete {
				side = r.Before
			}
			key := fmt.Sprintf("%s %s", side.Vectors[1].Text(i), side.Vectors[0].Text(i))
			seen[key] = true
			for _, half := range []struct {
				b    *schema.Batch
				want []string
			}{{r.Before, full(l.past[since][key])}, {r.After, full(l.rows[key])}} {
				var got []string
				if !half.b.Vectors[0].Null(i) {
					for _, v := range half.b.Vectors[2:] {
						got = append(got, valueText(v, i))
					}
				}
				if !slices.Equal(got, half.want) {
					l.t.Fatalf("since %d: %v of %s has %q, want %q", since, kind, key, got, half.want)
				}
			}
		}
	}
	for key := range l.rows {
		if !seen[key] && !slices.Equal(full(l.past[since][key]), l.rows[key]) {
			l.t.Fatalf("since %d: the change of %s is missing", since, key)
		}
	}
}
