package merge_test

import (
	"context"
	"fmt"
	"strconv"
	"testing"

	"mailerlake/export/merge"
	"mailerlake/export/part"
	"mailerlake/schema"
	"mailerlake/schema/schematest"
)

// TestManyPages merges logs of several pages in memory at a time: some that follow each other, and some whose rows take
// turns, of which those of one lack an object.
func TestManyPages(t *testing.T) {
	table := catalog.Lookup("thing")
	record := func(n, version int) object {
		r := thing(strconv.Itoa(n), "name", fmt.Sprintf("name %d of %d", version, n))
		r["obj"].(object)["a"] = strconv.Itoa(n)
		if version > 0 && n%2 == 1 {
			delete(r, "obj")
		}
		return r
	}
	scan := func(version int) *merge.Table {
		log := newLog(t, table)
		for top := 9000; top > 6000; top -= 1000 {
			var page []any
			for n := range 1000 {
				page = append(page, record(top-n, version))
			}
			appendPage(t, log, table, page)
		}
		for odd := range 2 {
			var page []any
			for n := range 1000 {
				page = append(page, record(10000+2*n+odd, version))
			}
			appendPage(t, log, table, page)
		}
		return (&lake{}).table(table, log, part.Sizes{Group: 700, Part: 1500})
	}
	l := &lake{}
	for version := range 2 {
		m := l.table(table, scan(version).Log, part.Sizes{Group: 700, Part: 1500})
		keys, err := m.PlanKeys(context.Background())
		if want := []int64{5000, 0}[version]; err != nil || keys.Inserted != want || keys.Unchanged != 5000-want {
			t.Fatalf("version %d by keys: %+v, %v", version, keys, err)
		}
		l.write(t, m, planned(t, m), int64(version+1))
		for key, row := range l.rows(t, table) {
			n := key[1 : len(key)-1]
			if row.values["name"] != fmt.Sprintf("name %d of %s", version, n) || row.values["obj.a"] != n || row.rescued["obj.b"] != `"odd"` {
				t.Fatalf("version %d: %s is %+v", version, key, row)
			}
		}
	}
}

// TestExtract sorts the rows of an array by a key of their own; of a key that two parents have, one row counts.
func TestExtract(t *testing.T) {
	table, loose := catalog.Lookup("thing"), catalog.Lookup("loose")
	log, own := newLog(t, table), newLog(t, loose)
	for p := range 3 {
		var list []any
		for n := range 1700 {
			list = append(list, object{"id": strconv.Itoa(n*7919%100_003 + p), "size": p})
		}
		appendPage(t, log, table, []any{thing(strconv.Itoa(p), "loose", append(list, object{"id": "twice", "size": p}, object{"id": "one"})[p:])})
	}
	if err := merge.Extract(context.Background(), own, log, loose, merge.GoneParents{}); err != nil {
		t.Fatal(err)
	}
	l := &lake{}
	m := l.table(loose, log, part.DefaultSizes)
	m.Log, m.Nested = own, false
	l.write(t, m, planned(t, m), 1)
	rows := l.rows(t, loose)
	if twice := rows["[twice]"].values; twice["loose.size"] != "2" || twice["{thing_id}"] != "2" {
		t.Errorf("of a key that came more often: %+v", twice)
	}
	distinct := map[string]bool{"twice": true, "one": true}
	for p := range 3 {
		for n := p; n < 1700; n++ {
			distinct[strconv.Itoa(n*7919%100_003+p)] = true
		}
	}
	if len(rows) != len(distinct) {
		t.Errorf("got %d rows, want %d", len(rows), len(distinct))
	}
}

// TestExtractSorts: a page of extracted rows is in key order, and of a key that comes twice in it the last row counts.
func TestExtractSorts(t *testing.T) {
	table, loose := catalog.Lookup("thing"), catalog.Lookup("loose")
	log, own := newLog(t, table), newLog(t, loose)
	appendPage(t, log, table, []any{thing("1", "loose", []any{object{"id": "7", "size": 1}, object{"id": "9"}}),
		thing("2", "loose", []any{object{"id": "3"}, object{"id": "7", "size": 2}, object{"id": "9", "size": 2}})})
	if err := merge.Extract(context.Background(), own, log, loose, merge.GoneParents{}); err != nil {
		t.Fatal(err)
	}
	l := &lake{}
	m := l.table(loose, log, small)
	m.Log, m.Nested = own, false
	l.write(t, m, planned(t, m), 1)
	rows := l.rows(t, loose)
	for _, key := range []string{"[7]", "[9]"} {
		if len(rows) != 3 || rows[key].values["loose.size"] != "2" || rows[key].values["{thing_id}"] != "2" {
			t.Errorf("%s: got %+v", key, rows)
		}
	}
}

// TestWidened: a column whose type widens is compared and written as text.
func TestWidened(t *testing.T) {
	l := &lake{}
	records := []any{thing("10", "fields", object{"f": 1.5}), thing("11", "fields", object{"f": nil}), thing("12", "fields", nil)}
	m := l.things(t, records...)
	m.Layout, _ = schema.Fix(m.Table, nil, []string{"fields.f"}, map[string]schema.Kind{"f": schema.Double})
	l.write(t, m, planned(t, m), 1)
	records[1] = thing("11", "fields", object{"f": "text"})
	m = l.things(t, records...)
	m.Layout, _ = schema.Fix(m.Table, l.columns, nil, map[string]schema.Kind{"f": schema.String})
	p := planned(t, m)
	if p.Updated != 1 || p.Unchanged != 2 || p.PartsWritten != 1 || len(p.Widened) != 1 || p.Widened[0].Path != "fields.f" {
		t.Errorf("got %+v", p)
	}
	l.write(t, m, p, 2)
	if rows := l.rows(t, m.Table); rows["[10]"].values["fields.f"] != "1.5" || rows["[11]"].values["fields.f"] != "text" {
		t.Errorf("got %+v", rows)
	}
}

// TestWidenedEverywhere: a column whose type widens is text in every part, also where no row has changed.
func TestWidenedEverywhere(t *testing.T) {
	l := &lake{}
	records := numbered(20)
	for i, kind := range []schema.Kind{schema.Double, schema.String} {
		m := l.things(t, records...)
		m.Layout, _ = schema.Fix(m.Table, l.columns, []string{"fields.f"}, map[string]schema.Kind{"f": kind})
		p := planned(t, m)
		if p.PartsWritten != 3 || p.PartsTotal != 3 || p.Empty() || i > 0 && p.Unchanged != 20 {
			t.Errorf("%v: got %+v", kind, p)
		}
		l.write(t, m, p, int64(i+1))
		l.rows(t, m.Table)
	}
}

// TestUnchangedParts: the rows of one parent lie in several parts, of which only one is written.
func TestUnchangedParts(t *testing.T) {
	table, l := catalog.Lookup("kid"), &lake{}
	kids := func(size int) []any {
		var list []any
		for n := range 30 {
			list = append(list, object{"id": strconv.Itoa(10 + n), "size": map[bool]int{true: size}[n == 20]})
		}
		return []any{thing("1", "kids", list)}
	}
	for size := range 2 {
		log := newLog(t, catalog.Lookup("thing"))
		appendPage(t, log, catalog.Lookup("thing"), kids(size))
		m := l.table(table, log, small)
		p := planned(t, m)
		if size > 0 && (p.Updated != 1 || p.PartsWritten != 1 || p.PartsTotal != 4) {
			t.Errorf("got %+v", p)
		}
		l.write(t, m, p, int64(size+1))
	}
	if rows := l.rows(t, table); len(rows) != 30 || rows["[1 30]"].values["kids.size"] != "1" {
		t.Errorf("%d rows, %+v", len(rows), rows["[1 30]"])
	}
}

// TestNoArray: a page in which no record has the arrays has none of their rows, and tells nothing of them.
func TestNoArray(t *testing.T) {
	things := catalog.Lookup("thing")
	for child, name := range []string{"kid", "loose"} {
		l, table := &lake{}, catalog.Lookup(name)
		rows := []any{object{"id": "5"}}
		for version, record := range []object{thing("1", "kids", rows, "loose", rows), thing("1", "kids", nil, "loose", nil)} {
			log := newLog(t, things)
			appendPage(t, log, things, []any{record})
			m := l.table(table, log, small)
			m.Parents = merge.InRows(log, table, 2+child, false, merge.GoneParents{})
			p := planned(t, m)
			if want := int64(1 - version); p.Seen != want || p.Inserted != want || p.Unproven != 1-want || p.RowsAfter() != 1 {
				t.Errorf("%s, version %d: got %+v", name, version, p)
			}
			l.write(t, m, p, 1)
		}
	}
}

// TestLinkedColumn: no record names its parent; that of a row is the one that it was read for.
func TestLinkedColumn(t *testing.T) {
	table := mustCatalog(catalog.Lookup("thing"), catalog.Lookup("field"), &schema.Table{Name: "note", Key: []string{"id"},
		Columns: []schema.Column{schematest.KeyColumn("id"), {Name: "thing_id", Kind: schema.String, Path: "{thing_id}"}},
		Source:  &schema.List{Path: "things/{thing_id}/notes", Per: &ofThing}}).Lookup("note")
	l := &lake{}
	for i, parent := range []string{"1", "2"} {
		log := newLog(t, table)
		appendPage(t, log, table, []any{object{"id": "7"}}, parent)
		m := l.table(table, log, small)
		p := planned(t, m)
		if len(p.Kept) > 0 || p.Updated != int64(i) {
			t.Errorf("got %+v", p)
		}
		l.write(t, m, p, int64(i+1))
		if got := l.rows(t, table)["[7]"].values["{thing_id}"]; got != parent {
			t.Errorf("the note is of thing %q, want %s", got, parent)
		}
	}
}

// TestGoneOfPages: of two pages whose rows take turns, only the row that refers to what is gone is left out.
func TestGoneOfPages(t *testing.T) {
	table, l := catalog.Lookup("visit"), &lake{}
	log := newLog(t, table)
	for odd := range 2 {
		var page []any
		for n := range 1000 {
			page = append(page, object{"id": strconv.Itoa(10_000 + 2*n + odd), "ref": map[bool]string{true: "9", false: "8"}[n == 500*odd]})
		}
		appendPage(t, log, table, page, "1")
	}
	m := l.table(table, log, small)
	m.Gone = map[string]map[string]bool{"ref": {"9": true}}
	if p, err := m.Plan(context.Background(), false); err != nil || p.Seen != 1998 || p.RowsAfter() != 1998 {
		t.Errorf("counted: %+v, %v", p, err)
	}
	l.write(t, m, planned(t, m), 1)
	rows := l.rows(t, table)
	for n := range 2000 {
		id := strconv.Itoa(10_000 + n)
		if _, ok := rows["[1 "+id+"]"]; ok != (n != 0 && n != 1001) {
			t.Errorf("%s is there: %t", id, ok)
		}
	}
}

// TestStanding asks about parents on several pages, some of which lack an object.
func TestStanding(t *testing.T) {
	things := catalog.Lookup("thing")
	log := newLog(t, things)
	for top := 6000; top > 0; top -= 2000 {
		var page []any
		for n := range 2000 {
			record := thing(strconv.Itoa(10_000 + top - n))
			if id := top - n; id == 5 || id == 2500 || id == 6000 {
				delete(record, "obj")
			}
			page = append(page, record)
		}
		appendPage(t, log, things, page)
	}
	for _, name := range []string{"kid", "loose"} {
		for absent := -1; absent < 2; absent++ { // nothing, obj, fields
			p := merge.InRows(log, catalog.Lookup(name), absent, false, merge.GoneParents{})
			for _, id := range []int{0, 1, 4, 5, 6, 1999, 2000, 2001, 2500, 3999, 4001, 5999, 6000, 6001} {
				want := merge.Read
				if id == 0 || id == 6001 || absent == 0 && (id == 5 || id == 2500 || id == 6000) {
					want = merge.Unknown
				}
				if got, err := p.Standing(context.Background(), schema.Key{strconv.Itoa(10_000 + id)}); got != want || err != nil {
					t.Errorf("%s, absent %d: parent %d: got %v, %v, want %v", name, absent, id, got, err, want)
				}
			}
		}
	}
}

// asked counts how often is asked about each parent.
type asked map[string]int

func (a asked) Standing(_ context.Context, parent schema.Key) (merge.Standing, error) {
	a[parent[0]]++
	return merge.Unknown, nil
}

// TestEachParentOnce: a plan asks about a parent once, however many of its rows were not met.
func TestEachParentOnce(t *testing.T) {
	l, table, parents := &lake{}, catalog.Lookup("kid"), asked{}
	kids := []any{object{"id": "1"}, object{"id": "2"}, object{"id": "3"}, object{"id": "4"}, object{"id": "5"}}
	for _, kids := range [][]any{kids, nil} {
		log := newLog(t, catalog.Lookup("thing"))
		appendPage(t, log, catalog.Lookup("thing"), []any{thing("1", "kids", kids), thing("2", "kids", kids)})
		m := l.table(table, log, part.DefaultSizes)
		m.Parents = parents
		l.write(t, m, planned(t, m), 1)
	}
	if len(parents) != 2 || parents["1"] != 1 || parents["2"] != 1 {
		t.Errorf("asked about %v", parents)
	}
}

// TestParentColumns: another column than a link's may name the parent; of a row that names none nothing is known.
func TestParentColumns(t *testing.T) {
	l := lakeOf(t, thing("10", "name", "1"), thing("11", "name", "2"), thing("12", "name", "3"), thing("13", "name", nil), thing("14"))
	m := l.things(t, thing("14"))
	m.ParentColumns, m.Parents = []string{"name"}, walks{"1": merge.Read, "2": merge.Outside, "3": merge.Unknown, "": merge.Read}
	if p := planned(t, m); p.Deleted != 1 || p.Unproven != 2 || p.RowsAfter() != 4 || p.Sample()[0][0] != "10" {
		t.Errorf("got %+v", p)
	}
}
