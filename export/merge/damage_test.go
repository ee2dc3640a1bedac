package merge_test

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailerlake/export/merge"
	"mailerlake/export/part"
	"mailerlake/schema"
)

// TestManifestIsNotTrusted: a key that the manifest places wrongly is damage, and no row is inserted twice.
func TestManifestIsNotTrusted(t *testing.T) {
	for _, test := range []struct {
		name  string
		alter func(parts []part.Part)
		bad   string
	}{
		{"first key of a row group", func(p []part.Part) { p[0].RowGroups[1].First = schema.Key{"15"} }, "thing/part-00000.parquet"},
		{"lower first key", func(p []part.Part) { p[0].RowGroups[1].First = schema.Key{"13"} }, "thing/part-00000.parquet"},
		{"range of a part", func(p []part.Part) { p[1].From = schema.Key{"16"} }, "thing/part-00000.parquet"},
		{"higher range of a part", func(p []part.Part) { p[1].From = schema.Key{"19"} }, "thing/part-00001.parquet"},
		{"last key", func(p []part.Part) { p[2].LastKey = schema.Key{"26"} }, "thing/part-00002.parquet"},
	} {
		l := lakeOf(t, numbered(20)...)
		for i := range l.parts {
			l.parts[i] = l.parts[i].Clone()
		}
		test.alter(l.parts)
		m := l.things(t, numbered(20)...)
		_, err := m.Plan(context.Background(), true)
		var damaged *merge.PartError
		if !errors.As(err, &damaged) || damaged.Path != test.bad || !strings.Contains(err.Error(), "--repair") {
			t.Errorf("%s: got %v", test.name, err)
		}
		bad, err := m.FindDamaged(context.Background())
		if len(bad) != 1 || bad[0].Path != test.bad || err != nil {
			t.Errorf("%s: damaged: %v, %v", test.name, bad, err)
		}
	}
	l := lakeOf(t, numbered(20)...)
	l.parts[0].From = schema.Key{"10"}
	m := l.things(t, append(numbered(20), thing("09"))...)
	var damaged *merge.PartError
	if _, err := m.Plan(context.Background(), true); !errors.As(err, &damaged) {
		t.Errorf("a row before all ranges: got %v", err)
	}
}

// TestRepair: damaged parts are written from the scan, and what of the others is sound stays.
func TestRepair(t *testing.T) {
	l := lakeOf(t, numbered(20)...)
	l.files["thing/part-00001.parquet"].Truncate(100)
	m := l.things(t, numbered(20)...)
	const path = "thing/part-00001.parquet"
	if bad, err := m.FindDamaged(context.Background()); len(bad) != 1 || bad[0].Path != path || err != nil {
		t.Fatal(bad, err)
	}
	m.Damaged = map[string]*merge.Damage{path: {}}
	p := planned(t, m)
	if diff := cmp.Diff([]string{path}, p.RebuiltParts); diff != "" || p.Rebuilt != 8 || p.Inserted != 0 || p.Unchanged != 12 || p.PartsWritten != 1 {
		t.Errorf("%s %+v", diff, p)
	}
	l.write(t, m, p, 2)
	if rows := l.rows(t, m.Table); len(rows) != 20 || rows["[18]"].synced != 2 || rows["[26]"].synced != 1 {
		t.Errorf("%+v", rows)
	}
}

// TestOpenErrors: an error of the process does not make a part damaged.
func TestOpenErrors(t *testing.T) {
	m := lakeOf(t, numbered(20)...).things(t, numbered(20)...)
	for _, err := range []error{fs.ErrPermission, context.Canceled, context.DeadlineExceeded, syscall.EMFILE, syscall.ENFILE} {
		m.Open = func(context.Context, int) (*part.Reader, error) { return nil, err }
		_, got := m.Plan(context.Background(), true)
		if damaged := (*merge.PartError)(nil); !errors.Is(got, err) || errors.As(got, &damaged) {
			t.Errorf("got %v", got)
		}
		if bad, err := m.FindDamaged(context.Background()); len(bad) > 0 || err != nil {
			t.Errorf("damaged: %v, %v", bad, err)
		}
	}
	known := &merge.PartError{Path: "elsewhere", Err: fs.ErrInvalid}
	m.Open = func(context.Context, int) (*part.Reader, error) { return nil, known }
	if _, err := m.Plan(context.Background(), true); !errors.Is(err, error(known)) {
		t.Errorf("got %v, want %v", err, known)
	}
	m.Open = func(context.Context, int) (*part.Reader, error) { return nil, fs.ErrNotExist }
	if bad, err := m.FindDamaged(context.Background()); len(bad) != 3 || err != nil {
		t.Errorf("damaged: %v, %v", bad, err)
	}
}

// TestWrongPlan: a plan is carried out on the scan that it was made of.
func TestWrongPlan(t *testing.T) {
	l := lakeOf(t, numbered(20)...)
	m := l.things(t, numbered(21)...)
	p := planned(t, m)
	appendPage(t, m.Log, m.Table, []any{thing("8")})
	if _, err := m.Write(context.Background(), p, nil, nil, "", time0); err == nil {
		t.Error("the log has grown, and nothing is said")
	}
	m = l.things(t, numbered(21)...)
	p = planned(t, m)
	m.Parts = m.Parts[:2]
	if _, err := m.Write(context.Background(), p, nil, nil, "", time0); err == nil {
		t.Error("a part is missing, and nothing is said")
	}
}

// TestCancelled: every loop ends once the context is cancelled.
func TestCancelled(t *testing.T) {
	l := lakeOf(t, numbered(20)...)
	m := l.things(t, numbered(21)...)
	p := planned(t, m)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, plan := m.Plan(ctx, true)
	_, keys := m.PlanKeys(ctx)
	_, write := m.Write(ctx, p, func(string) (merge.File, error) { return &file{}, nil }, nil, "", time0)
	_, find := m.FindDamaged(ctx)
	extract := merge.Extract(ctx, newLog(t, catalog.Lookup("loose")), m.Log, catalog.Lookup("loose"), merge.GoneParents{})
	_, count := (&lake{}).things(t, numbered(3)...).Plan(ctx, false)
	_, ordered := merge.InRows(m.Log, catalog.Lookup("kid"), -1, false, merge.GoneParents{}).Standing(ctx, schema.Key{"10"})
	_, anyhow := merge.InRows(m.Log, catalog.Lookup("loose"), -1, false, merge.GoneParents{}).Standing(ctx, schema.Key{"10"})
	for what, err := range map[string]error{"ordered": ordered, "anyhow": anyhow, "plan": plan, "keys": keys, "write": write, "find": find, "extract": extract, "count": count} {
		if damaged := (*merge.PartError)(nil); !errors.Is(err, context.Canceled) || errors.As(err, &damaged) {
			t.Errorf("%s: got %v", what, err)
		}
	}
}
