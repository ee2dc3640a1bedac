package merge_test

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailerlake/export/merge"
	"mailerlake/export/part"
	"mailerlake/schema"
)

var small = part.Sizes{Group: 4, Part: 8}

// things returns a table of things in the lake and a log of records.
func (l *lake) things(t testing.TB, records ...any) *merge.Table {
	t.Helper()
	table := catalog.Lookup("thing")
	log := newLog(t, table)
	appendPage(t, log, table, records)
	return l.table(table, log, small)
}

// thing returns a record whose every part is there; more are further attributes, in pairs.
func thing(id string, more ...any) object {
	o := object{"id": id, "name": "a", "n": 1, "updated_at": "2024-01-01 00:00:00", "obj": object{"a": "b", "b": "odd"},
		"fields": object{}, "kids": []any{}, "loose": []any{}}
	for i := 0; i < len(more); i += 2 {
		if o[more[i].(string)] = more[i+1]; more[i+1] == nil {
			delete(o, more[i].(string))
		}
	}
	return o
}

func planned(t testing.TB, m *merge.Table) *merge.Plan {
	t.Helper()
	p, err := m.Plan(context.Background(), true)
	if err != nil {
		t.Fatal(err)
	}
	p.Settle(m, "")
	return p
}

// lakeOf returns a lake that has the things, written at 1.
func lakeOf(t testing.TB, records ...any) *lake {
	t.Helper()
	l := &lake{}
	m := l.things(t, records...)
	l.write(t, m, planned(t, m), 1)
	return l
}

// numbered returns things with the ids from 10 up to, and without, 10+n.
func numbered(n int) []any {
	var all []any
	for i := range n {
		all = append(all, thing(strconv.Itoa(10+i)))
	}
	return all
}

// TestAbsentObjectKeeps: a row without an object keeps its columns and its rescued values, the first of a row group too.
func TestAbsentObjectKeeps(t *testing.T) {
	l := lakeOf(t, numbered(9)...)
	for _, first := range []string{"10", "14", "18", "12"} {
		records := numbered(9)
		n, _ := strconv.Atoi(first)
		records[n-10] = thing(first, "obj", nil)
		m := l.things(t, records...)
		if p := planned(t, m); !p.Empty() || p.Unchanged != 9 || len(p.Kept) > 0 {
			t.Errorf("%s without object: %+v", first, p)
		}
		records[n-10] = thing(first, "obj", nil, "name", "other")
		m = l.things(t, records...)
		p := planned(t, m)
		if diff := cmp.Diff(map[string]int64{"name": 1}, p.Changed); diff != "" || p.Updated != 1 {
			t.Errorf("%s without object: %s", first, diff)
		}
		after := *l
		after.write(t, m, p, 2)
		row := after.rows(t, m.Table)["["+first+"]"]
		if row.values["obj.a"] != "b" || row.rescued["obj.b"] != `"odd"` || row.values["name"] != "other" || row.synced != 2 {
			t.Errorf("%s without object is now %+v", first, row)
		}
	}
}

// TestRescuedIsCompared: a row is changed if nothing but a rescued value is.
func TestRescuedIsCompared(t *testing.T) {
	l := lakeOf(t, numbered(5)...)
	records := numbered(5)
	records[2] = thing("12", "obj", object{"a": "b", "b": "odder"})
	records[4] = thing("14", "obj", object{"a": "b", "b": nil})
	m := l.things(t, records...)
	p := planned(t, m)
	if diff := cmp.Diff(map[string]int64{schema.Rescued: 2}, p.Changed); diff != "" || p.Updated != 2 || p.Rescued != 4 {
		t.Error(p, diff)
	}
	l.write(t, m, p, 2)
	rows := l.rows(t, m.Table)
	if rows["[12]"].rescued["obj.b"] != `"odder"` || rows["[12]"].synced != 2 || len(rows["[14]"].rescued) > 0 || rows["[10]"].synced != 1 {
		t.Errorf("%+v", rows)
	}
}

// TestMissingAttributeKeeps: what no record has is kept, and the plan says so; what one record has is null in others.
func TestMissingAttributeKeeps(t *testing.T) {
	l := lakeOf(t, numbered(5)...)
	records := numbered(6)
	for _, r := range records {
		delete(r.(object), "name")
		delete(r.(object)["obj"].(object), "b")
	}
	m := l.things(t, records...)
	p := planned(t, m)
	if diff := cmp.Diff(map[string]int64{"name": 5, schema.Rescued: 5}, p.Kept); diff != "" || p.Inserted != 1 || p.Unchanged != 5 {
		t.Error(p, diff)
	}
	before := maps.Clone(l.rows(t, m.Table))
	l.write(t, m, p, 2)
	after := l.rows(t, m.Table)
	if _, ok := after["[15]"].values["name"]; ok || len(after["[15]"].rescued) > 0 {
		t.Errorf("the new row is %+v", after["[15]"])
	}
	delete(after, "[15]")
	if diff := cmp.Diff(before, after, cmp.AllowUnexported(row{})); diff != "" {
		t.Error(diff)
	}
	records[0].(object)["name"] = nil
	m = l.things(t, records...)
	if p := planned(t, m); p.Kept["name"] != 0 || p.Changed["name"] != 5 {
		t.Errorf("with one name: %+v", p)
	}
}

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
		paths, err := m.FindDamaged(context.Background())
		if diff := cmp.Diff([]string{test.bad}, paths); diff != "" || err != nil {
			t.Errorf("%s: damaged: %s, %v", test.name, diff, err)
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
	paths, err := m.FindDamaged(context.Background())
	if diff := cmp.Diff([]string{"thing/part-00001.parquet"}, paths); diff != "" || err != nil {
		t.Fatal(diff, err)
	}
	m.Damaged = map[string]bool{paths[0]: true}
	p := planned(t, m)
	if diff := cmp.Diff(paths, p.Rebuilt); diff != "" || p.Inserted != 8 || p.Unchanged != 12 || p.PartsWritten != 1 {
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
	for _, err := range []error{fs.ErrPermission, context.Canceled} {
		m.Open = func(context.Context, int) (*part.Reader, error) { return nil, err }
		_, got := m.Plan(context.Background(), true)
		if damaged := (*merge.PartError)(nil); !errors.Is(got, err) || errors.As(got, &damaged) {
			t.Errorf("got %v", got)
		}
		if paths, err := m.FindDamaged(context.Background()); len(paths) > 0 || err != nil {
			t.Errorf("damaged: %v, %v", paths, err)
		}
	}
	m.Open = func(context.Context, int) (*part.Reader, error) { return nil, fs.ErrNotExist }
	if paths, err := m.FindDamaged(context.Background()); len(paths) != 3 || err != nil {
		t.Errorf("damaged: %v, %v", paths, err)
	}
}

// TestCount: rows that were read twice count once, also where nothing but their number is read.
func TestCount(t *testing.T) {
	table := catalog.Lookup("thing")
	log := newLog(t, table)
	kids := []any{object{"id": "1"}, object{"id": "2"}}
	appendPage(t, log, table, []any{thing("1", "kids", kids), thing("2", "kids", kids)})
	appendPage(t, log, table, []any{thing("2", "kids", kids[:1]), thing("3", "kids", kids)})
	for name, want := range map[string]int64{"thing": 3, "kid": 5} {
		for _, full := range []bool{false, true} {
			m := (&lake{}).table(catalog.Lookup(name), log, small)
			p, err := m.Plan(context.Background(), full)
			if err != nil || p.Seen != want || p.Inserted != want || p.RowsAfter() != want {
				t.Errorf("%s: got %+v, %v, want %d rows", name, p, err, want)
			}
		}
	}
}

// TestRewrite writes everything anew.
func TestRewrite(t *testing.T) {
	l := lakeOf(t, numbered(20)...)
	m := l.things(t, append(numbered(19), thing("50"))...)
	m.Rewrite = true
	m.Layout, _ = schema.Fix(m.Table, nil, nil, nil)
	keys, err := m.PlanKeys(context.Background())
	if err != nil || keys.Inserted != 1 || keys.Unchanged != 19 || keys.Candidates() != 1 {
		t.Errorf("got %+v, %v", keys, err)
	}
	p := planned(t, m)
	if p.PartsWritten != 3 || p.RowsAfter() != 20 {
		t.Errorf("got %+v", p)
	}
	l.write(t, m, p, 2)
	for key, row := range l.rows(t, m.Table) {
		if row.synced != 2 || key == "[29]" {
			t.Errorf("%s: %+v", key, row)
		}
	}
}

// TestUpdatedAt is the greatest one of the rows read.
func TestUpdatedAt(t *testing.T) {
	m := (&lake{}).things(t, thing("1", "updated_at", "1970-01-01 00:00:02"), thing("2", "updated_at", "1970-01-01 00:00:05"), thing("3"))
	if got, want := planned(t, m).UpdatedAt(), int64(1704067200000000); got != want {
		t.Errorf("got %d, want %d", got, want)
	}
}

// TestWrongPlan: a plan is carried out on the scan that it was made of.
func TestWrongPlan(t *testing.T) {
	l := lakeOf(t, numbered(20)...)
	m := l.things(t, numbered(21)...)
	p := planned(t, m)
	appendPage(t, m.Log, m.Table, []any{thing("8")})
	if _, err := m.Write(context.Background(), p, nil, "", time0); err == nil {
		t.Error("the log has grown, and nothing is said")
	}
}

// TestCancelled: no loop goes on once the context is cancelled.
func TestCancelled(t *testing.T) {
	l := lakeOf(t, numbered(20)...)
	m := l.things(t, numbered(21)...)
	p := planned(t, m)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, plan := m.Plan(ctx, true)
	_, keys := m.PlanKeys(ctx)
	_, write := m.Write(ctx, p, func(string) (merge.File, error) { return &file{}, nil }, "", time0)
	_, find := m.FindDamaged(ctx)
	extract := merge.Extract(ctx, newLog(t, catalog.Lookup("loose")), m.Log, catalog.Lookup("loose"))
	_, count := (&lake{}).things(t, numbered(3)...).Plan(ctx, false)
	for what, err := range map[string]error{"plan": plan, "keys": keys, "write": write, "find": find, "extract": extract, "count": count} {
		if damaged := (*merge.PartError)(nil); !errors.Is(err, context.Canceled) || errors.As(err, &damaged) {
			t.Errorf("%s: got %v", what, err)
		}
	}
}

// TestInRowsAgain: parents are asked about anew from the beginning, and after the log has grown.
func TestInRowsAgain(t *testing.T) {
	table := catalog.Lookup("thing")
	for _, child := range []string{"kid", "loose"} {
		log := newLog(t, table)
		appendPage(t, log, table, []any{thing("1"), thing("3", child+"s", nil, "loose", nil, "kids", nil)})
		p := merge.InRows(log, catalog.Lookup(child), map[string]int{"kid": 2, "loose": 3}[child], false)
		ask := func(want ...merge.Standing) {
			t.Helper()
			for i, want := range want {
				if got, err := p.Standing(context.Background(), schema.Key{strconv.Itoa(i + 1)}); got != want || err != nil {
					t.Errorf("%s: parent %d: got %v, %v, want %v", child, i+1, got, err, want)
				}
			}
		}
		ask(merge.Read, merge.Unknown, merge.Unknown, merge.Unknown)
		ask(merge.Read)
		appendPage(t, log, table, []any{thing("2"), thing("3")})
		ask(merge.Read, merge.Read, merge.Read, merge.Unknown)
		appendPage(t, log, table, []any{thing("7")})
		if got, err := p.Standing(context.Background(), schema.Key{"7"}); got != merge.Read || err != nil {
			t.Errorf("%s: after another page: got %v, %v", child, got, err)
		}
	}
}
