package scan

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailerlake/client"
	"mailerlake/export/disk"
	"mailerlake/export/pagelog"
	"mailerlake/schema"
	"mailerlake/schema/schematest"
)

func TestNumber(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 7: "7", 999: "999", 1000: "1,000", 12345: "12,345", 123456: "123,456", 1234567: "1,234,567"} {
		if got := number(n); got != want {
			t.Errorf("%d: got %s", n, got)
		}
	}
	if got := []string{count(0, "row"), count(1, "row"), count(2000, "page")}; !slices.Equal(got, []string{"0 rows", "1 row", "2,000 pages"}) {
		t.Errorf("got %q", got)
	}
}

// crate declares a list whose rows have an array of another table, an object, and nothing else that is expected.
func crates(t testing.TB) *schema.Catalog {
	t.Helper()
	c, err := schema.NewCatalog(
		&schema.Table{Name: "crate", Key: []string{"id"}, Columns: slices.Concat(schema.KeyColumn("id"), schema.Texts("size.x")),
			Expected: []string{"items", "size"}, Source: &schema.List{Path: "/crates", Paging: schema.ByPage}},
		&schema.Table{Name: "item", Key: []string{"crate_id", "id"}, Columns: slices.Concat(schema.LinkedKey("crate_id"), schema.In("items", schema.KeyColumn("id"))),
			Source: &schema.Nested{In: schema.Link{Table: "crate", Columns: []string{"crate_id"}}, Attribute: "items"}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestJudgeOutcome(t *testing.T) {
	crate := crates(t).Lookup("crate")
	for name, c := range map[string]struct {
		records    string
		before     Outcome
		incomplete string
		childless  []string
	}{
		"whole":                     {records: `{"id":"1","items":[],"size":{"x":"1"}}`},
		"no rows":                   {},
		"one row without an array":  {records: `{"id":"1","items":[],"size":{}},{"id":"2","size":{}}`, incomplete: `1 record without "items"`},
		"no row has the array":      {records: `{"id":"1","size":{}},{"id":"2","size":{}}`, childless: []string{"item"}},
		"no row has the object":     {records: `{"id":"1","items":[]},{"id":"2","items":[]}`, incomplete: `2 records without "size"`},
		"neither":                   {records: `{"id":"1"},{"id":"2"}`, incomplete: `2 records without "size"`, childless: []string{"item"}},
		"no id":                     {records: `{"items":[],"size":{}},{"id":"2","items":[],"size":{}}`, incomplete: "1 record without a usable id"},
		"what was said before":      {records: `{"size":{}},{"id":"2","items":[]}`, before: Outcome{Incomplete: "cut short"}, incomplete: "cut short"},
		"the object before the ids": {records: `{"size":{}},{"id":"2","items":[]}`, incomplete: `1 record without "size"`},
		"earlier children":          {records: `{"id":"1","items":[],"size":{}}`, before: Outcome{Childless: []string{"item"}}},
	} {
		log, err := pagelog.NewStore(disk.OS(false), t.TempDir(), t.TempDir()).Create(pagelog.Header{Table: "crate"}, pagelog.ShapeOf(crate))
		if err != nil {
			t.Fatal(err)
		}
		defer log.Close()
		page, err := schema.NewDecoder(crate).Page([]byte("[" + c.records + "]"))
		if err == nil {
			err = log.Append(page, pagelog.Mark{Walk: walkMain, End: true})
		}
		if err != nil {
			t.Fatal(err)
		}
		o := c.before
		o.judge(crate, log)
		if o.Incomplete != c.incomplete || !slices.Equal(o.Childless, c.childless) {
			t.Errorf("%s: incomplete %q, childless %q", name, o.Incomplete, o.Childless)
		}
	}
}

func TestComplete(t *testing.T) {
	for want, r := range map[*Result]bool{{}: true, {Err: errors.New("x")}: false, {Outcome: Outcome{Incomplete: "x"}}: false,
		{Outcome: Outcome{Partial: "x"}}: false, {Outcome: Outcome{Unavailable: "x"}}: false, {Outcome: Outcome{Resumed: true}}: true} {
		if want.Complete() != r {
			t.Errorf("%+v: got %t", want, !r)
		}
	}
}

// TestPageWalkMemory: a list by page number may be long as well. What a walk remembers of its rows stays small.
func TestPageWalkMemory(t *testing.T) {
	const pages, rows = 100, 1000
	w, before := &pageWalk{total: -1, all: -1, stable: true}, schematest.LiveHeap()
	ids := schema.NewVector(schema.String)
	for page := range pages {
		ids.Reset()
		for row := range rows {
			ids.AppendText(fmt.Appendf(nil, "%018d", page*rows+row))
		}
		w.meet(schema.Keys{ids})
	}
	if each := (schematest.LiveHeap() - before) / (pages * rows); each > 16 {
		t.Errorf("%d bytes held for each row", each)
	}
	if n := w.seen.count(); n != pages*rows {
		t.Errorf("%d rows met, want %d", n, pages*rows)
	}
}

func TestPageWalk(t *testing.T) {
	w := &pageWalk{total: -1, all: -1, stable: true}
	key := func(texts ...string) schema.Keys {
		var keys schema.Keys
		for _, text := range texts {
			v := schema.NewVector(schema.String)
			v.AppendText([]byte(text))
			keys = append(keys, v)
		}
		return keys
	}
	for _, keys := range []schema.Keys{key("1", "23"), key("12", "3"), key("1", "23"), key("", "123")} {
		w.meet(keys)
	}
	if n := w.seen.count(); n != 3 {
		t.Errorf("%d rows met, want 3", n)
	}
	if !w.whole() {
		t.Error("a list without a total is not whole")
	}
	w.note(&client.Page{Total: 3})
	if !w.whole() {
		t.Error("3 of 3 are not whole")
	}
	w.note(&client.Page{Total: 2})
	if w.whole() || w.stable {
		t.Error("a total that changes is not noticed")
	}
	w.total = 3
	if w.whole() {
		t.Error("a list whose total changed is whole")
	}
	w = &pageWalk{total: -1, all: -1, stable: true}
	w.note(&client.Page{Total: 0})
	if w.note(&client.Page{Total: 1}); w.stable {
		t.Error("a total that was none is not noticed")
	}
	few := &pageWalk{seen: keySet{1}, total: 2, stable: true}
	if few.whole() {
		t.Error("1 of 2 is whole")
	}
	few.total = 0
	if few.whole() {
		t.Error("1 of 0 is whole")
	}

	all := func(n int64) *client.Page { return &client.Page{Total: 1, Aggregations: map[string]int64{"all": n}} }
	w = &pageWalk{total: -1, all: -1, stable: true}
	w.note(&client.Page{Total: 1, Aggregations: map[string]int64{"other": 4}})
	if w.all != -1 {
		t.Errorf("all is %d", w.all)
	}
	w.note(all(0))
	w.note(all(0))
	if !w.stable || w.all != 0 {
		t.Errorf("stable %t, all %d", w.stable, w.all)
	}
	w.note(all(5))
	if w.stable || w.all != 5 {
		t.Errorf("stable %t, all %d", w.stable, w.all)
	}
}

// TestPageList reads lists by page number that change, that are shifted between walks, and that say too little.
func TestPageList(t *testing.T) {
	statuses := func(_ *schema.Table, list *schema.List) {
		list.Paging, list.Walks = schema.ByPage, schema.Each(url.Values{"s": {"a"}}, url.Values{"s": {"b"}})
	}
	plain := func(_ *schema.Table, list *schema.List) { list.Paging = schema.ByPage }
	for name, c := range map[string]struct {
		change     func(*schema.Table, *schema.List)
		answer     func(n int, q url.Values) (int, string)
		incomplete string
		keys       string
		requests   int
	}{
		"still":    {plain, func(_ int, q url.Values) (int, string) { return numbered(q, 3, ids(3, 2, 1)...) }, "", "1 2 3", 2},
		"no total": {plain, func(_ int, q url.Values) (int, string) { return numbered(q, -1, ids(3, 2, 1)...) }, "", "1 2 3", 2},
		"a row is lost for once": {plain, func(n int, q url.Values) (int, string) {
			if n <= 2 {
				return numbered(q, 4, ids(4, 3, 1)...)
			}
			return numbered(q, 4, ids(4, 3, 2, 1)...)
		}, "", "1 2 3 4", 4},
		"always too few":        {plain, func(_ int, q url.Values) (int, string) { return numbered(q, 4, ids(3, 2, 1)...) }, "3 of 4 rows met", "1 2 3", 6},
		"rows without ids":      {plain, func(_ int, q url.Values) (int, string) { return numbered(q, 2, `{"name":"a"}`, `{"name":"b"}`) }, "0 of 2 rows met", "", 3},
		"a total that changes":  {plain, func(n int, q url.Values) (int, string) { return numbered(q, 2+n%2, ids(3, 2, 1)...) }, changing, "1 2 3", 6},
		"one row in both walks": {statuses, func(_ int, q url.Values) (int, string) { return numbered(q, 2, ids(3, 2)...) }, changing, "2 3", 6},
		"two walks":             {statuses, func(_ int, q url.Values) (int, string) { return numbered(q, 1, ids(len(q.Get("s")+q.Get("page")))...) }, changing, "2", 6},
		"the first of two walks is not whole": {statuses, func(_ int, q url.Values) (int, string) {
			if q.Get("s") == "a" {
				return numbered(q, 2, ids(4, 3, 2)...)
			}
			return numbered(q, 1, ids(1)...)
		}, changing, "1 2 3 4", 9},
		"two walks, rows of each": {statuses, func(_ int, q url.Values) (int, string) { return numbered(q, 1, ids(int(q.Get("s")[0]))...) }, "", "97 98", 2},
		"the server leads in a circle": {plain, func(_ int, q url.Values) (int, string) {
			return 200, `{"data":[{"id":"1"}],"links":{"next":"x"},"meta":{"last_page":9,"total":9}}`
		}, "points back", "1", 10}, // it states no page, so that one of 8 pages read ahead is asked for again

	} {
		t.Run(name, func(t *testing.T) {
			n := 0
			w := newWorld(t, func(_ string, q url.Values) (int, string) { n++; return c.answer(n, q) }, thing(c.change))
			r := w.mustScan("thing")
			if r.Err != nil || !strings.Contains(r.Incomplete, c.incomplete) || (c.incomplete == "") != r.Complete() {
				t.Errorf("%v, incomplete %q", r.Err, r.Incomplete)
			}
			if got := strings.Join(keysIn(t, r.Log), " "); got != c.keys || n != c.requests {
				t.Errorf("keys %s, want %s; %d requests, want %d", got, c.keys, n, c.requests)
			}
		})
	}
}

// TestAggregations: a list that numbers the rows of all its walks together is whole when that many were met.
func TestAggregations(t *testing.T) {
	for all, incomplete := range map[string]string{"2": "", "3": "2 of 3 rows met"} {
		w := newWorld(t, func(_ string, q url.Values) (int, string) {
			status, body := numbered(q, 1, ids(int(q.Get("s")[0]))...)
			return status, strings.Replace(body, `"total":1`, `"total":1,"aggregations":{"all":`+all+`}`, 1)
		}, thing(func(_ *schema.Table, list *schema.List) {
			list.Paging, list.Walks = schema.ByPage, schema.Each(url.Values{"s": {"a"}}, url.Values{"s": {"b"}})
		}))
		if r := w.mustScan("thing"); r.Incomplete != incomplete {
			t.Errorf("all %s: incomplete %q", all, r.Incomplete)
		}
	}
}

// TestNotOffered: an optional table that the account does not have is no failure, whatever its source.
func TestNotOffered(t *testing.T) {
	single := &schema.Table{Name: "thing", Key: []string{"id"}, Columns: schema.KeyColumn("id"), Source: &schema.Single{Path: "/thing"}}
	for _, optional := range []bool{true, false} {
		for status, offered := range map[int]bool{403: false, 404: false, 422: false, 400: true, 500: true} {
			for name, table := range map[string]*schema.Table{"single": single, "cursor": thing(nil), "page": thing(func(_ *schema.Table, l *schema.List) { l.Paging = schema.ByPage })} {
				table.Optional = optional
				w := newWorld(t, func(string, url.Values) (int, string) { return status, missing }, table)
				r := w.mustScan("thing")
				if want := optional && !offered; (r.Unavailable != "") != want || (r.Err == nil) != want {
					t.Errorf("%s, %d, optional %t: unavailable %q, error %v", name, status, optional, r.Unavailable, r.Err)
				}
			}
		}
	}
}

func TestSingle(t *testing.T) {
	single := &schema.Table{Name: "thing", Key: []string{"id"}, Columns: schema.KeyColumn("id"), Source: &schema.Single{Path: "/thing"}}
	w := newWorld(t, func(string, url.Values) (int, string) { return 200, `{"data":{"id":"7"}}` }, single)
	r := w.mustScan("thing")
	if got := keysIn(t, r.Log); !r.Complete() || !cmp.Equal(got, []string{"7"}) {
		t.Errorf("%+v: keys %v", r.Outcome, got)
	}
	var conclusion, ok, err = concluded(r.Log)
	if !ok || err != nil || !conclusion.Ended.After(conclusion.Started) {
		t.Errorf("%v: concluded %+v", err, conclusion)
	}
	if r := w.mustScan("thing"); r.Resumed || len(w.asked) != 1 {
		t.Errorf("resumed %t, %d requests: a single object is read anew", r.Resumed, len(w.asked))
	}
}
