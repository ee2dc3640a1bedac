package scan

import (
	"math"
	"net/url"
	"slices"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"mailerlake/client"
	"mailerlake/export/pagelog"
	"mailerlake/schema"
)

func TestParseID(t *testing.T) {
	for text, want := range map[string]bool{"1": true, "190000000000000000": true, "18446744073709551614": true, "18446744073709551615": false,
		"0": false, "": false, "01": false, "+1": false, "-1": false, "1.0": false, "1e3": false, "a": false, " 1": false, "18446744073709551616": false} {
		if id, ok := parseID(text); ok != want || ok && number64(id) != text {
			t.Errorf("%q: got %d, %t", text, id, ok)
		}
	}
}

// records makes records as the API sends them.
func records(numbers []int) (all []jsontext.Value) {
	for _, text := range ids(numbers...) {
		all = append(all, jsontext.Value(text))
	}
	return all
}

// logged makes a log of walks: each a mark, and the ids of a page.
func logged(t *testing.T, pages ...any) *pagelog.Log {
	t.Helper()
	w := newWorld(t, func(string, url.Values) (int, string) { return 200, "" }, thing(nil))
	log, err := w.logs.Create(pagelog.Header{Table: "thing"}, pagelog.Shape{Order: []string{"id"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	for i := 0; i < len(pages); i += 2 {
		page, err := Decode(w.catalog.Lookup("thing"), records(pages[i+1].([]int)))
		if err == nil {
			err = log.Append(page, pages[i].(pagelog.Mark))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return log
}

// TestLoggedRanges: what is left to read follows from the walks of a log; what it does not say is not taken for read.
func TestLoggedRanges(t *testing.T) {
	at := func(walk, id string) pagelog.Mark { return pagelog.Mark{Walk: walk, Cursor: client.KeysetCursor(id)} }
	type left struct{ start, pos uint64 }
	const all = math.MaxUint64
	for name, c := range map[string]struct {
		pages []any
		want  []left
	}{
		"nothing":               {nil, nil},
		"main walk":             {[]any{at("main", "8"), []int{9, 8}}, []left{{all, 8}}},
		"no cursor of the form": {[]any{pagelog.Mark{Walk: "main", Cursor: "at8"}, []int{9, 8}}, nil},
		"ranges": {[]any{at("main", "80"), []int{90, 80}, at("main:50", "40"), []int{49, 40}, at("main:20", "18"), []int{19, 18}, at("main:50", "30"), []int{39, 30}},
			[]left{{all, 80}, {50, 30}, {20, 18}}},
		"a range at the list's end": {[]any{at("main", "80"), []int{90, 80}, pagelog.Mark{Walk: "main:50", End: true}, []int{49, 40}}, []left{{all, 80}, {50, 0}}},
		"other walks": {[]any{at("main", "80"), []int{90, 80}, at("newer", "70"), []int{90, 70}, at("main:x", "4"), []int{5, 4}, at("main:07", "4"), []int{5, 4},
			at("main:whole", "4"), []int{5, 4}}, []left{{all, 80}}},
		"a range without the form":  {[]any{at("main", "80"), []int{90, 80}, pagelog.Mark{Walk: "main:50", Cursor: "x"}, []int{49, 40}}, []left{{all, 80}}},
		"a range that begins above": {[]any{at("main", "80"), []int{90, 80}, at("main:50", "40"), []int{60, 40}}, []left{{all, 80}}},
		"a range that others have read as well": {[]any{at("main", "80"), []int{90, 80}, at("main:50", "10"), []int{49, 10}, at("main:20", "18"), []int{19, 18}, at("main:9", "8"), []int{8}},
			[]left{{all, 80}, {50, 10}, {9, 8}}},
		"only a range": {[]any{at("main:50", "40"), []int{49, 40}}, nil},
	} {
		var got []left
		for _, r := range loggedRanges(logged(t, c.pages...), "main") {
			got = append(got, left{r.start, r.pos})
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}

// TestJoins compares the last page of a range with the range below it.
func TestJoins(t *testing.T) {
	next := &keyRange{start: 50, pos: 30, top: 48}
	table := newWorld(t, nil, thing(nil)).catalog.Lookup("thing")
	for name, c := range map[string]struct {
		ids  []int
		end  bool
		want bool
	}{
		"above it":            {[]int{70, 60}, false, true},
		"into it":             {[]int{70, 48, 45}, false, true},
		"its first row gone":  {[]int{70, 47, 45}, false, true},
		"a row that it lacks": {[]int{70, 49, 48}, false, false},
		"its bound":           {[]int{70, 50}, false, true},
		"end above it":        {[]int{70, 60}, true, false},
		"empty end":           {nil, true, false},
		"end beyond it":       {[]int{70, 48, 20}, true, true},
	} {
		page, err := Decode(table, records(c.ids))
		if err != nil {
			t.Fatal(err)
		}
		p := &client.Page{Rows: len(c.ids)}
		if !c.end {
			p.Cursor = client.KeysetCursor(number64(uint64(c.ids[len(c.ids)-1])))
		}
		s := see(p, page, []string{"id"})
		if !s.fits || s.joins(next) != c.want {
			t.Errorf("%s: fits %t, joins %t", name, s.fits, s.joins(next))
		}
	}
}

func TestScale(t *testing.T) {
	runs := func(v ...int) (all []Stretch) {
		for i := 0; i < len(v); i += 2 {
			all = append(all, Stretch{keyOf(uint64(v[i])), int64(v[i+1])})
		}
		return all
	}
	s := newScale(runs(100, 50, 200, 50, 1000, 0))
	for id, rows := range map[uint64]float64{1: 0, 100: 0, 150: 25, 200: 50, 600: 75, 1000: 100, 5000: 100} {
		if got := s.at(id); got != rows {
			t.Errorf("at %d: %v rows, want %v", id, got, rows)
		}
		if id >= 100 && id <= 1000 {
			if got := s.id(rows); got != id {
				t.Errorf("%v rows: id %d, want %d", rows, got, id)
			}
		}
	}
	for _, c := range []struct {
		from, to uint64
		want     int
	}{{0, 99, 0}, {0, 100, 1}, {100, 1000, 2}, {150, 160, 0}, {0, 5000, 3}} {
		if got := s.marks(c.from, c.to); got != c.want {
			t.Errorf("%d marks from %d to %d, want %d", got, c.from, c.to, c.want)
		}
	}
	for _, bad := range [][]Stretch{nil, runs(5, 1, 5, 1), runs(5, 1, 4, 1), {{schema.Key{"x"}, 1}}, {{schema.Key{"1", "2"}, 1}}} {
		if s := newScale(bad); len(s) != 0 || s.at(7) != 0 || s.marks(0, 7) != 0 {
			t.Errorf("%v: %v", bad, s)
		}
	}
}
