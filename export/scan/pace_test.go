package scan

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mailerlake/schema"
)

// lists is an API of things with lists of parts by page number, which say how many parts there are in all, and of a kind.
func lists(parts map[string][]int, opened map[string][]int, order ...string) func(string, url.Values) (int, string) {
	a := newThings(nil, order...)
	return func(path string, q url.Values) (int, string) {
		if path == "/things" {
			return a.answer(path, q)
		}
		id := strings.Split(path, "/")[2]
		of := map[string][]int{"": parts[id], "opened": opened[id]}[q.Get("filter[type]")]
		status, body := numbered(q, len(of), ids(of...)...)
		counts := fmt.Sprintf(`"aggregations":{"all":%d,"opened":%d},"current_page"`, len(parts[id]), len(opened[id]))
		return status, strings.Replace(body, `"current_page"`, counts, 1)
	}
}

// openedParts is a table of such lists.
func openedParts() *schema.Table {
	return part(func(p *schema.Table, list *schema.List) {
		p.Columns = slices.Concat(p.Columns, schema.Marked("opened"))
		list.Paging = schema.ByPage
		list.Walks = []schema.Walk{{}, {Params: url.Values{"filter[type]": {"opened"}}, Marks: "opened", Counted: "opened"}}
	})
}

// progressOf returns the events of a table, and checks that they tell of amounts that can be.
func (w *world) progressOf(table string) (events []Event) {
	w.t.Helper()
	for _, e := range w.events {
		if e.Table != table || e.Message != "" {
			continue
		}
		if e.Share < 0 || e.Share > 1 || e.ListsRead > e.Lists || e.Of > 0 && e.Rows > e.Of {
			w.t.Errorf("%+v", e)
		}
		events = append(events, e)
	}
	return events
}

// TestProgressOfLists: lists that state their rows tell how many there are in all; walks that mark rows are a part of the work, but
// not of the rows.
func TestProgressOfLists(t *testing.T) {
	w := newWorld(t, lists(map[string][]int{"1": {9, 8, 7, 6}, "2": {5, 4}, "3": {}}, map[string][]int{"1": {9, 8, 7}, "2": {5}}, "3", "2", "1"),
		thing(nil), openedParts())
	w.mustScan("part")
	events := w.progressOf("part")
	for _, e := range events[1:] {
		if e.Lists != 3 {
			t.Errorf("of %d lists, want 3", e.Lists)
		}
	}
	want := Event{Table: "part", Rows: 6, Of: 6, Pages: 8, Lists: 3, ListsRead: 3, Share: 1, Done: true}
	got := events[len(events)-1]
	if got.Pages = want.Pages; got != want { // marks of walks that ended are counted as pages
		t.Errorf("at the end: got %+v, want %+v", got, want)
	}
}

// TestRoughTotal: lists that were not begun are taken to be as long as the others, and no estimate is below what was read.
func TestRoughTotal(t *testing.T) {
	for _, tt := range []struct{ rows, want int64 }{{0, 3}, {3, 3}, {4, 4}} {
		if of, rough := (tally{rows: tt.rows, stated: 2, begun: 2, walks: 1, lists: 3}).total(); of != tt.want || !rough {
			t.Errorf("%d rows read: got %d, %v, want %d, true", tt.rows, of, rough, tt.want)
		}
	}
}

// TestProgressOfAPart: a scan that goes on in another log goes on counting.
func TestProgressOfAPart(t *testing.T) {
	w := newWorld(t, lists(map[string][]int{"1": {2, 1}, "2": {2, 1}, "3": {2, 1}}, nil, "3", "2", "1"), thing(nil), openedParts())
	table := w.catalog.Lookup("part")
	chosen, asked, mu := Lists{Of: w.keyLog("1", "2", "3"), Until: day.Add(time.Second)}, -1, sync.Mutex{}
	w.options.Now = func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		if asked >= 0 {
			asked++
		}
		if asked > 2 { // for the log, and for the first list: then the time is up
			return day.Add(time.Minute)
		}
		return day
	}
	w.options.Lists = func(context.Context, *schema.Table, *Result) (Lists, error) {
		mu.Lock()
		defer mu.Unlock()
		asked = 0
		return chosen, nil
	}
	r := w.mustScan("part")
	first := w.progressOf("part")
	if last := first[len(first)-1]; last.Lists != 3 || last.ListsRead != 1 || last.Rows != 2 || last.Of != 6 || !last.Rough {
		t.Errorf("of a part: %+v", last)
	}
	chosen.Until, chosen.From = time.Time{}, r.Left
	w.scanner.Restart = true // as after a commit
	w.scanner.Forget(table)
	r.Log.Close()
	if err := w.scanner.Scan(t.Context(), []*schema.Table{table}); err != nil {
		t.Fatal(err)
	}
	all := w.progressOf("part")
	if last := all[len(all)-1]; last.Lists != 3 || last.ListsRead != 3 || last.Rows != 6 || last.Of != 6 || last.Share != 1 {
		t.Errorf("of all: %+v", last)
	}
}

// TestProgressOfAList: the API's own count is how many rows a list has in the end, and a scan that is resumed begins with what it
// has read.
func TestProgressOfAList(t *testing.T) {
	cut := true
	w := newWorld(t, func(_ string, q url.Values) (int, string) {
		if cut && q.Get("cursor") == "at4" {
			return 401, missing
		}
		return page(q, ids(6, 5, 4, 3, 2, 1)...)
	}, thing(func(_ *schema.Table, l *schema.List) { l.Counts = []url.Values{nil} }))
	if err := w.scan(); err == nil {
		t.Fatal("no error")
	}
	cut = false
	w.mustScan("thing")
	events := w.progressOf("thing")
	if first := events[0]; first.Rows != 4 || first.Pages != 0 || first.Done {
		t.Errorf("at first %+v", first)
	}
	if last := events[len(events)-1]; last.Rows != 6 || last.Of != 6 || last.Rough || last.Lists != 0 || !last.Done {
		t.Errorf("at the end %+v", last)
	}
}
