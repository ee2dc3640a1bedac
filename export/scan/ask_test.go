package scan

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"mailerlake/client"
	"mailerlake/schema"
)

// TestAsk asks for rows 4, which the list shows, 8 and 9, which it does not.
func TestAsk(t *testing.T) {
	record := func(id string) string { return `{"data":{"id":"` + id + `"}}` }
	for name, c := range map[string]struct {
		answer func(id string) (int, string) // to what is asked for by id
		there  []bool                        // of 4, 8, 9
		why    string
		stops  error
	}{
		"one is gone": {answer: func(id string) (int, string) {
			if id == "9" {
				return 404, missing
			}
			return 200, record(id)
		}, there: []bool{true, true, false}},
		"all but those that the list shows": {answer: func(id string) (int, string) {
			if id == "8" || id == "9" {
				return 404, missing
			}
			return 200, record(id)
		}, there: []bool{true, false, false}},
		"nothing is found": {answer: func(string) (int, string) { return 404, missing }, why: "rows that the list shows are not found by their ids either"},
		"only 8 is found":  {answer: func(id string) (int, string) { return map[bool]int{true: 200, false: 404}[id == "8"], record(id) }, why: "rows that the list shows are not found"},
		"a route is missing": {answer: func(id string) (int, string) {
			if id == "9" {
				return 404, `{"message":"The route api/things/9 could not be found."}`
			}
			return 200, record(id)
		}, why: "a row that may be gone could not be asked for: status 404"},
		"another status": {answer: func(id string) (int, string) {
			if id == "9" {
				return 410, missing
			}
			return 200, record(id)
		}, why: "a row that may be gone could not be asked for: status 410"},
		"another row":   {answer: func(id string) (int, string) { return 200, record("1") }, why: "the answer for a row's id is a different row"},
		"no row":        {answer: func(id string) (int, string) { return 200, `{"data":{"name":"x"}}` }, why: "the answer for a row's id is a different row"},
		"not an object": {answer: func(id string) (int, string) { return 200, `{"data":[]}` }, why: "the answer for a row's id is a different row"},
		"forbidden":     {answer: func(id string) (int, string) { return 403, missing }, why: "rows that may be gone could not be asked for: "},
		"broken":        {answer: func(id string) (int, string) { return 500, missing }, why: "rows that may be gone could not be asked for: "},
		"unauthorized":  {answer: func(id string) (int, string) { return 401, missing }, stops: client.ErrUnauthorized},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(path string, q url.Values) (int, string) {
				if id, ok := strings.CutPrefix(path, "/things/"); ok {
					return c.answer(id)
				}
				return page(q, ids(6, 5, 4, 3)...)
			}, thing(nil))
			r := w.mustScan("thing")
			if !r.CanAsk() {
				t.Error("its rows cannot be asked for")
			}
			records, err := w.scanner.Ask(t.Context(), r, []schema.Key{{"4"}, {"8"}, {"9"}})
			var unproven *UnprovenError
			switch {
			case c.stops != nil:
				if !errors.Is(err, c.stops) || errors.As(err, &unproven) {
					t.Errorf("error %v", err)
				}
			case c.why != "":
				if !errors.As(err, &unproven) || !strings.HasPrefix(err.Error(), c.why) && !strings.Contains(unproven.Why, c.why) {
					t.Errorf("error %v, want %s", err, c.why)
				}
			default:
				there := []bool{}
				for _, record := range records {
					there = append(there, record != nil)
				}
				if err != nil || !slices.Equal(there, c.there) {
					t.Errorf("%v: there %v", err, there)
				}
			}
		})
	}
}

// TestAskOfNoRows: without a row that the list shows, a 404 is believed.
func TestAskOfNoRows(t *testing.T) {
	w := newWorld(t, func(path string, q url.Values) (int, string) {
		if strings.HasPrefix(path, "/things/") {
			return 404, missing
		}
		return page(q)
	}, thing(nil))
	r := w.mustScan("thing")
	records, err := w.scanner.Ask(t.Context(), r, []schema.Key{{"8"}})
	if err != nil || len(records) != 1 || records[0] != nil {
		t.Errorf("%v %q", err, records)
	}
}

// TestAskBesideOneRow: the only row that the list shows is asked for along, and nothing is believed if it is not found.
func TestAskBesideOneRow(t *testing.T) {
	w := newWorld(t, func(path string, q url.Values) (int, string) {
		if strings.HasPrefix(path, "/things/") {
			return 404, missing
		}
		return page(q, ids(6)...)
	}, thing(nil))
	r := w.mustScan("thing")
	var unproven *UnprovenError
	if _, err := w.scanner.Ask(t.Context(), r, []schema.Key{{"8"}}); !errors.As(err, &unproven) {
		t.Errorf("error %v", err)
	}
}

// TestRowsAskedForAreNoCanaries: what was found by its id alone says nothing about ids that the list shows.
func TestRowsAskedForAreNoCanaries(t *testing.T) {
	found := true
	w := newWorld(t, func(path string, q url.Values) (int, string) {
		switch path {
		case "/things":
			return page(q, ids(6, 5)...)
		case "/things/9":
			return 200, `{"data":{"id":"9","more":"x"}}`
		}
		return map[bool]int{true: 200, false: 404}[found], `{"data":{"id":"` + strings.TrimPrefix(path, "/things/") + `"}}`
	}, thing(nil))
	r := w.mustScan("thing")
	records, err := w.scanner.Ask(t.Context(), r, []schema.Key{{"9"}})
	if err != nil {
		t.Fatal(err)
	}
	pages := r.Log.Stats().Pages
	if newPaths, err := w.scanner.Add(r, append(records, nil)); err != nil || !newPaths || r.Log.Stats().Pages != pages+1 {
		t.Errorf("%v: new paths %t", err, newPaths)
	}
	if newPaths, err := w.scanner.Add(r, records); err != nil || newPaths {
		t.Errorf("%v: new paths %t for the second time", err, newPaths)
	}
	if _, err := w.scanner.Add(r, []jsontext.Value{[]byte(`{"id":"20"}`), nil, []byte(`{"id":"21"}`)}); err != nil {
		t.Fatal(err)
	}
	pages = r.Log.Stats().Pages
	if newPaths, err := w.scanner.Add(r, nil); err != nil || newPaths || r.Log.Stats().Pages != pages {
		t.Errorf("%v: nothing was added as a page", err)
	}
	if got := strings.Join(keysIn(t, r.Log), " "); got != "5 6 9 20 21" {
		t.Errorf("keys %s", got)
	}
	found = false
	var unproven *UnprovenError
	if _, err := w.scanner.Ask(t.Context(), r, []schema.Key{{"8"}}); !errors.As(err, &unproven) {
		t.Errorf("error %v", err)
	}
	r.Log.Close()
	if _, err := w.scanner.Add(r, records); err == nil {
		t.Error("rows are added to a log that takes none")
	}
}

// TestCanAsk: rows can be asked for only where a list says how.
func TestCanAsk(t *testing.T) {
	for want, table := range map[bool]*schema.Table{true: thing(nil), false: thing(func(_ *schema.Table, l *schema.List) { l.Item = "" })} {
		if got := (&Result{Table: table}).CanAsk(); got != want {
			t.Errorf("got %t", got)
		}
	}
	if (&Result{Table: &schema.Table{Source: &schema.Single{}}}).CanAsk() {
		t.Error("a single object can be asked for")
	}
}

// TestItemPaths: the values go to the columns that the path names, whatever the order of rows.
func TestItemPaths(t *testing.T) {
	w := newWorld(t, nil, thing(nil), part(func(table *schema.Table, l *schema.List) {
		table.Order = []string{"id", "thing_id"}
		l.Item = "/things/{thing_id}/parts/{id}"
	}))
	table := w.catalog.Lookup("part")
	if got := itemPaths(table, []schema.Key{{"1", "2"}, {"a/b", "4"}}); !slices.Equal(got, []string{"/things/2/parts/1", "/things/4/parts/a%2Fb"}) {
		t.Errorf("got %q", got)
	}
	for key, want := range map[string]bool{"1": true, "3": false} {
		if isRow(table, []byte(`{"id":"1"}`), schema.Key{key, "2"}) != want {
			t.Errorf("the record of 1 is that of %s: %t", key, !want)
		}
	}
	row, err := DecodeRow(table, []byte(`{"id":"1"}`), schema.Key{"1", "2"})
	if err != nil || row.Rows.Keys(table.Order).CompareKey(0, schema.Key{"1", "2"}) != 0 {
		t.Errorf("%v: key %v", err, row.Rows.Keys(table.Order).At(0))
	}
	if _, err := DecodeRow(table, []byte(`{"id":`), schema.Key{"1", "2"}); err == nil || isRow(table, []byte(`{"id":`), schema.Key{"1", "2"}) {
		t.Error("half a record is decoded")
	}
}

// TestDecodeRowOfLinkedKey: a record whose parent is no part of its key is decoded all the same.
func TestDecodeRowOfLinkedKey(t *testing.T) {
	w := newWorld(t, nil, thing(nil), part(func(table *schema.Table, l *schema.List) {
		table.Key, table.Columns = []string{"id"}, slices.Concat(schema.KeyColumn("id"), schema.Linked("thing_id"))
		l.Item = "/parts/{id}"
	}))
	if !isRow(w.catalog.Lookup("part"), []byte(`{"id":"1"}`), schema.Key{"1"}) {
		t.Error("a row is not known by its id")
	}
	w = newWorld(t, nil, thing(nil), part(func(_ *schema.Table, l *schema.List) { l.Item = "/things/{thing_id}/parts/{id}" }))
	if !isRow(w.catalog.Lookup("part"), []byte(`{"id":"1"}`), schema.Key{"2", "1"}) {
		t.Error("a row is not known by its key, which begins with its parent's")
	}
}

// TestReadAgain reads lists once more that rows were missing in.
func TestReadAgain(t *testing.T) {
	for name, change := range map[string]func(*schema.Table, *schema.List){
		"cursor": nil,
		"cursor walks": func(_ *schema.Table, l *schema.List) {
			l.Walks = schema.Each(url.Values{"s": {"a"}}, url.Values{"s": {"b"}})
		},
		"page": func(_ *schema.Table, l *schema.List) { l.Paging = schema.ByPage },
	} {
		t.Run(name, func(t *testing.T) {
			status, all := 200, false
			w := newWorld(t, func(_ string, q url.Values) (int, string) {
				records := ids(5, 4, 2, 1)
				if all {
					records = ids(5, 4, 3, 2, 1)
				}
				if q.Get("s") == "b" {
					records = append(ids(9), records...)
				}
				if status != 200 && q.Get("s") != "b" {
					return status, missing
				}
				if q.Get("page") != "" {
					return numbered(q, len(records), records...)
				}
				return page(q, records...)
			}, thing(change))
			r := w.mustScan("thing")
			all = true
			if incomplete, err := w.scanner.ReadAgain(t.Context(), r); incomplete != "" || err != nil {
				t.Errorf("%v, incomplete %q", err, incomplete)
			}
			want := "1 2 3 4 5"
			if name == "cursor walks" {
				want += " 9"
			}
			if got := strings.Join(keysIn(t, r.Log), " "); got != want {
				t.Errorf("keys %s, want %s", got, want)
			}
			if rows := w.events[len(w.events)-1].Rows; name == "cursor" && rows < 4 {
				t.Errorf("progress goes back to %d", rows)
			}
			status = 403
			if _, err := w.scanner.ReadAgain(t.Context(), r); !errors.Is(err, client.ErrForbidden) {
				t.Errorf("error %v", err)
			}
		})
	}
	odd := 0
	w := newWorld(t, func(_ string, q url.Values) (int, string) { odd++; return numbered(q, 2+odd%2*(odd/4), ids(2, 1)...) },
		thing(func(_ *schema.Table, l *schema.List) { l.Paging = schema.ByPage }))
	w.mustScan("thing")
	odd = 3
	if incomplete, err := w.scanner.ReadAgain(t.Context(), w.result("thing")); err != nil || incomplete != "" && incomplete != changing {
		t.Errorf("%v, %q", err, incomplete)
	}
}

// TestSample: of many rows a few are asked for along.
func TestSample(t *testing.T) {
	var all []int
	for i := range 40 {
		all = append(all, 100-i)
	}
	asked := 0
	w := newWorld(t, func(path string, q url.Values) (int, string) {
		if id, ok := strings.CutPrefix(path, "/things/"); ok {
			asked++
			return 200, fmt.Sprintf(`{"data":{"id":"%s"}}`, id)
		}
		return page(q, ids(all...)...)
	}, thing(nil))
	r := w.mustScan("thing")
	if _, err := w.scanner.Ask(t.Context(), r, []schema.Key{{"4"}}); err != nil || asked != 7 {
		t.Errorf("%v: %d rows asked for, want 7", err, asked)
	}
}
