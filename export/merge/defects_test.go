package merge_test

import (
	"context"
	"maps"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailerlake/export/merge"
	"mailerlake/export/part"
	"mailerlake/schema"
	"mailerlake/schema/schematest"
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
		"fields": object{"f": nil}, "kids": []any{}, "loose": []any{}}
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

// TestRescuedIsCountedOnce: a row that was read twice has its values that do not fit once.
func TestRescuedIsCountedOnce(t *testing.T) {
	l := lakeOf(t, numbered(9)...)
	for _, stored := range []*lake{{}, l} {
		m := stored.things(t, numbered(1000)...) // pages so large are read one by one
		appendPage(t, m.Log, m.Table, numbered(1100)[100:])
		p := planned(t, m)
		if p.Seen != 1100 || p.Rescued != 1100 {
			t.Errorf("%d rows have %d values that do not fit, want one each of 1,100", p.Seen, p.Rescued)
		}
		after := *stored
		if after.write(t, m, p, 2); p.Rescued != 1100 {
			t.Errorf("%d values that do not fit after writing, want 1,100", p.Rescued)
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
	if diff := cmp.Diff(map[string]int64{"name": 5, schema.Rescued: 5}, p.Kept); diff != "" || p.Inserted != 1 || p.Unchanged != 5 || len(p.Changed) > 0 {
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

// TestRewrite rewrites everything.
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

// TestUpdatedAtAlone: other times do not count.
func TestUpdatedAtAlone(t *testing.T) {
	at := func(name string) schema.Column { return schema.Column{Name: name, Kind: schema.Timestamp, Path: name} }
	table := mustCatalog(&schema.Table{Name: "event", Key: []string{"id"}, Source: &schema.List{Path: "events"},
		Columns: []schema.Column{schematest.KeyColumn("id"), at("created_at"), at("updated_at"), at("sent_at")}}).Lookup("event")
	log := newLog(t, table)
	appendPage(t, log, table, []any{object{"id": "1", "created_at": "1970-01-01 00:00:09", "updated_at": "1970-01-01 00:00:02", "sent_at": "1970-01-01 00:00:07"}})
	if got := planned(t, (&lake{}).table(table, log, small)).UpdatedAt(); got != 2000000 {
		t.Errorf("got %d", got)
	}
}

// TestCounted: what a plan that only counted the rows of a new table could not tell is told once they are written.
func TestCounted(t *testing.T) {
	l := &lake{}
	m := l.things(t, numbered(9)...)
	p, err := m.Plan(context.Background(), false)
	if err != nil {
		t.Fatal(err)
	}
	p.Settle(m, "")
	l.write(t, m, p, 1)
	if p.Rescued != 9 || p.UpdatedAt() != 1704067200000000 {
		t.Errorf("%d values rescued, updated at %d", p.Rescued, p.UpdatedAt())
	}
}

// TestFullPart: rows beyond a last part that is full go into one of their own, which takes the next number.
func TestFullPart(t *testing.T) {
	l := lakeOf(t, numbered(16)...)
	m := l.things(t, numbered(17)...)
	p := planned(t, m)
	if p.PartsWritten != 1 || p.PartsTotal != 3 {
		t.Errorf("got %+v", p)
	}
	l.write(t, m, p, 2)
	if row := l.rows(t, m.Table)["[26]"]; row.part != part.Path("thing", 2) {
		t.Errorf("the new row is in %s", row.part)
	}
}

// TestSample: of many delete candidates as many as can be asked for are chosen, all over the table.
func TestSample(t *testing.T) {
	var records []any
	for n := range 3 * merge.MaxSample {
		records = append(records, object{"id": strconv.Itoa(10_000 + n)})
	}
	l := &lake{}
	m := l.things(t, records...)
	m.Sizes = part.DefaultSizes
	l.write(t, m, planned(t, m), 1)
	p := planned(t, l.things(t, object{"id": "1"}))
	chosen, late := map[string]bool{}, 0
	for _, key := range p.Sample() {
		if n, err := strconv.Atoi(key[0]); err != nil || n < 10_000 || n >= 13_000 {
			t.Errorf("%v is no candidate", key)
		} else if chosen[key[0]] = true; n >= 12_000 {
			late++
		}
	}
	if p.Candidates() != 3*merge.MaxSample || len(chosen) != merge.MaxSample || late < 100 || late > 900 {
		t.Errorf("%d of %d candidates, %d of the last thousand", len(chosen), p.Candidates(), late)
	}
}

// TestInRowsAgain: parents are asked about again from the beginning, and after the log has grown.
func TestInRowsAgain(t *testing.T) {
	table := catalog.Lookup("thing")
	for _, child := range []string{"kid", "loose"} {
		log := newLog(t, table)
		appendPage(t, log, table, []any{thing("1"), thing("3", child+"s", nil, "loose", nil, "kids", nil)})
		p := merge.InRows(log, catalog.Lookup(child), map[string]int{"kid": 2, "loose": 3}[child], false, merge.GoneParents{})
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
