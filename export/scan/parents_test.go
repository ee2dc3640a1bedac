package scan

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"mailerlake/client"
	"mailerlake/export/pagelog"
	"mailerlake/schema"
)

// things is an API of things with parts, by the ids of the things.
type things struct {
	parts map[string][]int
	order []string
	fault func(path string, q url.Values) int // status in place of the answer; 0 for none
	gone  map[string]bool                     // not found by their ids, nor are their parts
}

func newThings(parts map[string][]int, order ...string) *things {
	return &things{parts: parts, order: order, gone: map[string]bool{}}
}

func (a *things) answer(path string, q url.Values) (int, string) {
	if a.fault != nil {
		if status := a.fault(path, q); status != 0 {
			return status, missing
		}
	}
	names := strings.Split(path, "/")[1:]
	if len(names) > 1 && a.gone[names[1]] {
		return 404, missing
	}
	switch len(names) {
	case 1:
		var records []string
		for _, id := range a.order {
			records = append(records, `{"id":"`+id+`"}`)
		}
		if q.Get("page") != "" {
			return 200, fmt.Sprintf(`{"data":[%s],"links":{"next":null},"meta":{"total":%d}}`, strings.Join(records, ","), len(records))
		}
		return page(q, records...)
	case 2:
		return 200, `{"data":{"id":"` + names[1] + `"}}`
	}
	if q.Get("page") != "" {
		return numbered(q, len(a.parts[names[1]]), ids(a.parts[names[1]]...)...)
	}
	return page(q, ids(a.parts[names[1]]...)...)
}

// parentKeys writes keys of parents.
func parentKeys(keys []schema.Key) string {
	var texts []string
	for _, key := range keys {
		texts = append(texts, strings.Join(key, "."))
	}
	slices.Sort(texts)
	return strings.Join(texts, " ")
}

func TestParents(t *testing.T) {
	three := map[string][]int{"1": {5, 4, 3}, "2": {5}, "3": {}}
	at := func(suffix string, status int) func(string, url.Values) int {
		return func(path string, _ url.Values) int {
			return map[bool]int{true: status}[strings.HasSuffix(path, suffix)]
		}
	}
	for name, c := range map[string]struct {
		order       []string
		fault       func(string, url.Values) int
		gone        []string
		optional    bool
		keys        string
		failed      string
		goneKeys    string
		partial     string
		unavailable bool
		err         string
		read        string // parents whose rows are known
	}{
		"all": {order: []string{"3", "2", "1"}, keys: "1.3 1.4 1.5 2.5", read: "1 2 3"},
		"one fails": {order: []string{"3", "2", "1"}, fault: at("/2/parts", 500), keys: "1.3 1.4 1.5", failed: "2", read: "1 3",
			partial: "the lists of 1 row of thing could not be read: "},
		"one fails at its second page": {order: []string{"3", "2", "1"}, fault: func(path string, q url.Values) int {
			return map[string]int{"at2": 500}[q.Get("cursor")] + map[bool]int{true: -500}[path == "/things" && q.Get("cursor") == "at2"]
		},
			keys: "1.4 1.5 2.5", failed: "1", read: "2 3", partial: "the lists of 1 row of thing could not be read: "},
		"one is refused, and there": {order: []string{"3", "2", "1"}, fault: at("/2/parts", 404), optional: true, keys: "1.3 1.4 1.5", failed: "2", read: "1 3",
			partial: "the lists of 1 row of thing could not be read: "},
		"one is gone":            {order: []string{"3", "2", "1"}, gone: []string{"2"}, keys: "1.3 1.4 1.5", goneKeys: "2", read: "1 3"},
		"one is gone, one fails": {order: []string{"3", "2", "1"}, gone: []string{"2"}, fault: at("/1/parts", 500), goneKeys: "2", failed: "1", read: "3", partial: "the lists of 1 row of thing"},
		"all 404":                {order: []string{"3", "2", "1"}, fault: at("/parts", 404), failed: "1 2 3", err: "the list was refused for every row of thing: "},
		"all 404, optional":      {order: []string{"3", "2", "1"}, fault: at("/parts", 404), optional: true, unavailable: true},
		"all 403":                {order: []string{"3", "2", "1"}, fault: at("/parts", 403), failed: "1 2 3", err: "the list was refused for every row of thing: "},
		"all 403, optional":      {order: []string{"3", "2", "1"}, fault: at("/parts", 403), optional: true, unavailable: true},
		"all 422, optional":      {order: []string{"3", "2", "1"}, fault: at("/parts", 422), optional: true, unavailable: true},
		"all 500, optional":      {order: []string{"3", "2", "1"}, fault: at("/parts", 500), optional: true, failed: "1 2 3", partial: "the lists of 3 rows of thing could not be read"},
		"403 and 500, optional": {order: []string{"2", "1"}, optional: true, failed: "1 2", partial: "the lists of 2 rows of thing", fault: func(path string, _ url.Values) int {
			return map[string]int{"/things/1/parts": 403, "/things/2/parts": 500}[path]
		}},
		"two 403": {order: []string{"2", "1"}, fault: at("/parts", 403), failed: "1 2", err: "the list was refused for every row of thing: "},
		"one 404, asking fails": {order: []string{"3", "2", "1"}, optional: true, keys: "1.3 1.4 1.5", failed: "2", read: "1 3", partial: "the lists of 1 row of thing could not be read: ",
			fault: func(path string, _ url.Values) int {
				return map[string]int{"/things/2/parts": 404, "/things/2": 500}[path]
			}},
		"the only one 403":           {order: []string{"2"}, fault: at("/parts", 403), failed: "2", partial: "the lists of 1 row of thing"},
		"the only one 404":           {order: []string{"2"}, fault: at("/parts", 404), failed: "2", err: "the list was refused for every row of thing: "},
		"the only one 403, optional": {order: []string{"2"}, fault: at("/parts", 403), optional: true, unavailable: true},
		"no parents":                 {},
		"all gone":                   {order: []string{"3", "2", "1"}, gone: []string{"2", "1"}, read: "3", goneKeys: "1 2"},
	} {
		t.Run(name, func(t *testing.T) {
			a := newThings(three, c.order...)
			a.fault = c.fault
			for _, id := range c.gone {
				a.gone[id] = true
			}
			w := newWorld(t, a.answer, thing(nil), part(func(table *schema.Table, _ *schema.List) { table.Optional = c.optional }))
			r := w.mustScan("part")
			got := strings.Join(keysIn(t, r.Log), " ")
			if got != c.keys || parentKeys(r.Failed) != c.failed || parentKeys(r.Gone) != c.goneKeys {
				t.Errorf("keys %s, failed %s, gone %s", got, parentKeys(r.Failed), parentKeys(r.Gone))
			}
			if !strings.HasPrefix(r.Partial, c.partial) || (c.partial == "") != (r.Partial == "") || (r.Unavailable != "") != c.unavailable || r.Incomplete != "" || r.Stopped {
				t.Errorf("%+v", r.Outcome)
			}
			if (r.Err != nil) != (c.err != "") || r.Err != nil && !strings.HasPrefix(r.Err.Error(), c.err) {
				t.Errorf("error %v", r.Err)
			}
			for path, n := range w.paths {
				if strings.HasSuffix(path, "/2/parts") && n != 1 {
					t.Errorf("%s was asked for %d times", path, n)
				}
			}
			read, failed := "", ""
			for _, id := range []string{"1", "2", "3"} {
				if r.Read(schema.Key{id}) {
					read += " " + id
				}
				if r.FailedFor(schema.Key{id}) {
					failed += " " + id
				}
			}
			if strings.TrimSpace(read) != c.read || strings.TrimSpace(failed) != c.failed {
				t.Errorf("read %s, failed for %s", read, failed)
			}
		})
	}
}

// TestTooManyFail: after so many failures the rest of the parents is left alone. In a bubble an answer takes no time: were one
// slow, all parents would be under way before the first fails.
func TestTooManyFail(t *testing.T) { synctest.Test(t, testTooManyFail) }

func testTooManyFail(t *testing.T) {
	a := newThings(nil)
	for i := range 4 * maxFailed {
		a.order = append(a.order, fmt.Sprint(1000+i))
	}
	fails := 4 * maxFailed
	a.fault = func(path string, _ url.Values) int {
		if _, id, ok := strings.Cut(strings.TrimSuffix(path, "/parts"), "things/"); ok && id != "1000" && id <= fmt.Sprint(1000+fails) {
			return 500
		}
		return 0
	}
	w := newWorld(t, a.answer, thing(func(_ *schema.Table, l *schema.List) { l.Paging = schema.ByPage }), part(nil)) // all on one page
	r := w.mustScan("part")
	if asked := len(w.asked); asked > maxFailed+w.options.Client.Calls()+3 || !r.Stopped {
		t.Errorf("%d requests, stopped %t", asked, r.Stopped)
	}
	if !strings.Contains(r.Partial, "; the others were left to the next run") || len(r.Failed) < maxFailed {
		t.Errorf("%d failed: %q", len(r.Failed), r.Partial)
	}
	if !r.FailedFor(schema.Key{"1399"}) {
		t.Error("one that was left alone counts as read")
	}
	if r.FailedFor(schema.Key{"1000"}) {
		t.Error("one that was read counts as failed")
	}

	fails = maxFailed - 1
	w.options.Restart = true
	if r = w.mustScan("part"); r.Stopped || len(r.Failed) != fails || r.FailedFor(schema.Key{"1399"}) || strings.Contains(r.Partial, "others") {
		t.Errorf("stopped %t, %d failed: %q", r.Stopped, len(r.Failed), r.Partial)
	}
}

// TestEndsAt100: where just as many fail as may, and there are no others, nothing was left alone.
func TestEndsAt100(t *testing.T) {
	a := newThings(nil)
	for i := range maxFailed {
		a.order = append(a.order, fmt.Sprint(1000+i))
	}
	a.fault = func(path string, _ url.Values) int { return map[bool]int{true: 500}[strings.HasSuffix(path, "/parts")] }
	w := newWorld(t, a.answer, thing(func(_ *schema.Table, l *schema.List) { l.Paging = schema.ByPage }), part(nil))
	if r := w.mustScan("part"); r.Stopped || len(r.Failed) != maxFailed {
		t.Errorf("stopped %t, %d failed", r.Stopped, len(r.Failed))
	}
}

// TestParentResumes cuts the walk of a parent off between two of its pages.
func TestParentResumes(t *testing.T) {
	a := newThings(map[string][]int{"1": {9, 8, 7, 6, 5}, "2": {4}}, "2", "1")
	cut := func(path string, q url.Values) int {
		return map[bool]int{true: 401}[strings.HasSuffix(path, "/1/parts") && q.Get("cursor") == "at4"]
	}
	a.fault = cut
	w := newWorld(t, a.answer, thing(nil), part(nil))
	if err := w.scan(); !errors.Is(err, client.ErrUnauthorized) {
		t.Fatal(err)
	}
	a.fault = nil
	r := w.mustScan("part")
	if got := strings.Join(keysIn(t, r.Log), " "); got != "1.5 1.6 1.7 1.8 1.9 2.4" || !r.Resumed || !r.Complete() {
		t.Errorf("keys %s, %+v", got, r.Outcome)
	}
	if w.paths["/things/1/parts"] != 1 || !slices.Contains(w.asked, "/things/1/parts?cursor=at4") {
		t.Errorf("asked for %q", w.asked)
	}

	// Once more, and the API does not accept the cursor: that list is read from its beginning.
	for _, optional := range []bool{false, true} {
		a = newThings(map[string][]int{"1": {9, 8, 7, 6, 5}}, "1")
		a.fault = cut
		w = newWorld(t, a.answer, thing(nil), part(func(table *schema.Table, _ *schema.List) { table.Optional = optional }))
		if err := w.scan(); err == nil {
			t.Fatal("no error")
		}
		refuse := true
		a.fault = func(path string, q url.Values) int {
			if refuse && cut(path, q) != 0 {
				return 422
			}
			refuse = refuse && path != "/things/1/parts"
			return 0
		}
		r = w.mustScan("part")
		if got := strings.Join(keysIn(t, r.Log), " "); got != "1.5 1.6 1.7 1.8 1.9" || !r.Complete() {
			t.Errorf("a refused cursor: keys %s, %+v, %v", got, r.Outcome, r.Err)
		}
	}
}

// TestParentAnotherTime reads the lists of failed parents again in the next run, and those alone.
func TestParentAnotherTime(t *testing.T) {
	a := newThings(map[string][]int{"1": {9, 8, 7}, "2": {4}, "3": {2}}, "3", "2", "1")
	a.fault = func(path string, _ url.Values) int { return map[string]int{"/things/2/parts": 500}[path] }
	w := newWorld(t, a.answer, thing(nil), part(nil))
	if r := w.mustScan("part"); r.Partial == "" {
		t.Fatal("complete")
	}
	a.fault = nil
	r := w.mustScan("part")
	if got := strings.Join(keysIn(t, r.Log), " "); got != "1.7 1.8 1.9 2.4 3.2" || !r.Complete() || !r.Resumed || len(r.Failed) > 0 {
		t.Errorf("keys %s, %+v", got, r.Outcome)
	}
	if w.paths["/things/1/parts"]+w.paths["/things/3/parts"] != 0 || w.paths["/things/2/parts"] != 1 {
		t.Errorf("asked for %q", w.asked)
	}
}

// TestRefusedNow: a list that was read for one parent, by an earlier run, is available, whatever it answers for others now.
func TestRefusedNow(t *testing.T) {
	a := newThings(map[string][]int{"1": {9}, "2": {4}}, "2", "1")
	status := 500
	a.fault = func(path string, _ url.Values) int { return map[string]int{"/things/2/parts": status}[path] }
	w := newWorld(t, a.answer, thing(nil), part(func(table *schema.Table, _ *schema.List) { table.Optional = true }))
	w.mustScan("part")
	status = 403
	if r := w.mustScan("part"); r.Unavailable != "" || parentKeys(r.Failed) != "2" || w.paths["/things/1/parts"] != 0 {
		t.Errorf("%+v, asked for %q", r.Outcome, w.asked)
	}
}

// TestParentWalks reads several walks for each parent, and resumes each of them.
func TestParentWalks(t *testing.T) {
	cut := true
	w := newWorld(t, func(path string, q url.Values) (int, string) {
		switch {
		case path == "/things":
			return page(q, ids(2, 1)...)
		case cut && path == "/things/1/parts" && q.Get("s") == "b" && q.Get("cursor") != "":
			return 401, missing
		case q.Get("s") == "a":
			return page(q, ids(9, 7, 5)...)
		}
		return page(q, ids(8, 6, 4)...)
	}, thing(nil), part(func(_ *schema.Table, l *schema.List) {
		l.Walks = schema.Each(url.Values{"s": {"a"}}, url.Values{"s": {"b"}})
	}))
	if err := w.scan(); err == nil {
		t.Fatal("no error")
	}
	if r := w.result("part"); r.Read(schema.Key{"1"}) {
		t.Error("a parent is read of which a walk has not ended")
	}
	cut = false
	r := w.mustScan("part")
	if got := strings.Join(keysIn(t, r.Log), " "); got != "1.4 1.5 1.6 1.7 1.8 1.9 2.4 2.5 2.6 2.7 2.8 2.9" || !r.Complete() {
		t.Errorf("keys %s, %+v", got, r.Outcome)
	}
	if w.paths["/things/1/parts"] != 1 || !slices.Contains(w.asked, "/things/1/parts?cursor=at2&s=b") {
		t.Errorf("asked for %q", w.asked)
	}
}

// TestParentPages reads a list by page number for each parent.
func TestParentPages(t *testing.T) {
	a := newThings(map[string][]int{"1": {9, 8, 7}, "2": {4}}, "2", "1")
	w := newWorld(t, a.answer, thing(nil), part(func(_ *schema.Table, l *schema.List) { l.Paging = schema.ByPage }))
	r := w.mustScan("part")
	if got := strings.Join(keysIn(t, r.Log), " "); got != "1.7 1.8 1.9 2.4" || !r.Complete() || !r.Read(schema.Key{"1"}) {
		t.Errorf("keys %s, %+v", got, r.Outcome)
	}
	if r = w.mustScan("part"); !r.Complete() || w.paths["/things/1/parts"] != 0 {
		t.Errorf("parents that were read are read again: %q", w.asked)
	}
	n := 0
	changes := newWorld(t, func(path string, q url.Values) (int, string) {
		if path == "/things/1/parts" {
			n++
			return numbered(q, 2+n%2, ids(9, 8, 7)...)
		}
		return a.answer(path, q)
	}, thing(nil), part(func(_ *schema.Table, l *schema.List) { l.Paging = schema.ByPage }))
	r = changes.mustScan("part")
	if parentKeys(r.Failed) != "1" || !strings.Contains(r.Partial, changing) || r.Read(schema.Key{"1"}) || !r.Read(schema.Key{"2"}) {
		t.Errorf("%+v", r.Outcome)
	}
}

// shopTables declares shops, their orders, whose rows are sorted the other way round, and lines of these.
func shopTables() []*schema.Table {
	shop := &schema.Table{Name: "shop", Key: []string{"id"}, Columns: schema.KeyColumn("id"), Source: &schema.List{Path: "/shops", Paging: schema.ByCursor, Item: "/shops/{id}"}}
	order := &schema.Table{Name: "order", Key: []string{"shop_id", "id"}, Order: []string{"id", "shop_id"}, Columns: slices.Concat(schema.LinkedKey("shop_id"), schema.KeyColumn("id")),
		Source: &schema.List{Path: "/shops/{shop_id}/orders", Paging: schema.ByCursor, Item: "/shops/{shop_id}/orders/{id}", Per: &schema.Link{Table: "shop", Columns: []string{"shop_id"}}}}
	line := &schema.Table{Name: "line", Key: []string{"shop_id", "order_id", "id"},
		Columns: slices.Concat(schema.LinkedKey("shop_id"), schema.LinkedKey("order_id"), schema.KeyColumn("id")),
		Source:  &schema.List{Path: "/shops/{shop_id}/orders/{order_id}/lines", Paging: schema.ByCursor, Per: &schema.Link{Table: "order", Columns: []string{"shop_id", "order_id"}}}}
	return []*schema.Table{line, order, shop}
}

// TestThreeLevels reads the lines of orders of shops; one order is gone when its lines are asked for, one cannot be read.
func TestThreeLevels(t *testing.T) {
	gone, broken, there := "", "", ""
	w := newWorld(t, func(path string, q url.Values) (int, string) {
		names := strings.Split(path, "/")[1:]
		switch {
		case gone != "" && strings.HasPrefix(path, gone), there != "" && path == there+"/lines":
			return 404, missing
		case broken != "" && path == broken+"/lines":
			return 500, missing
		}
		switch len(names) {
		case 1:
			return page(q, ids(2, 1)...)
		case 3:
			return page(q, ids(12, 11)...)
		case 4:
			return 200, `{"data":{"id":"` + names[3] + `"}}`
		}
		return page(q, ids(23, 22, 21)...)
	}, shopTables()...)
	r := w.mustScan("line")
	all := "1.11.21 1.11.22 1.11.23 1.12.21 1.12.22 1.12.23 2.11.21 2.11.22 2.11.23 2.12.21 2.12.22 2.12.23"
	if got := strings.Join(keysIn(t, r.Log), " "); got != all || !r.Complete() {
		t.Errorf("keys %s, %+v", got, r.Outcome)
	}
	if got := strings.Join(keysIn(t, w.result("order").Log), " "); got != "11.1 11.2 12.1 12.2" {
		t.Errorf("orders %s", got)
	}
	w.options.Restart = true
	gone, broken, there = "/shops/2/orders/11", "/shops/1/orders/11", "/shops/1/orders/12"
	r = w.mustScan("line")
	if got := strings.Join(keysIn(t, r.Log), " "); got != "2.12.21 2.12.22 2.12.23" || r.Err != nil {
		t.Errorf("%v: keys %s", r.Err, got)
	}
	if parentKeys(r.Gone) != "11.2" || parentKeys(r.Failed) != "11.1 12.1" || !strings.HasPrefix(r.Partial, "the lists of 2 rows of order could not be read") {
		t.Errorf("%+v", r.Outcome)
	}
}

// TestIncompleteParent: where not all parents are known, neither are all rows, at any depth.
func TestIncompleteParent(t *testing.T) {
	tables := shopTables()
	tables[2].Source.(*schema.List).Counts = []url.Values{nil}
	w := newWorld(t, func(path string, q url.Values) (int, string) {
		if q.Get("limit") == "0" {
			return 200, `{"total":3}`
		}
		return page(q, ids(2, 1)...)
	}, tables...)
	r := w.mustScan("line")
	for name, want := range map[string]string{"order": "shop is incomplete: 2 of 3 rows met", "line": "order is incomplete: shop is incomplete: 2 of 3 rows met"} {
		if r := w.result(name); r.Partial != want || r.Incomplete != "" || r.Complete() {
			t.Errorf("%s: %+v", name, r.Outcome)
		}
	}
	if !r.Read(schema.Key{"1", "2"}) {
		t.Error("the rows of those that are known were not read")
	}
}

// TestParentsOfParentsThatFail: a table whose parent fails, or is not available, is not read.
func TestParentsOfParentsThatFail(t *testing.T) {
	status := 500
	tables := shopTables()
	tables[2].Optional = true
	w := newWorld(t, func(path string, q url.Values) (int, string) { return status, missing }, tables...)
	if r := w.mustScan("line"); r.Err == nil || !strings.HasPrefix(r.Err.Error(), "read order: read shop: ") || r.Log != nil {
		t.Errorf("error %v", r.Err)
	}
	status = 404
	if r := w.mustScan("line"); r.Err != nil || r.Unavailable == "" || len(w.asked) != 1 {
		t.Errorf("error %v, %+v, asked for %q", r.Err, r.Outcome, w.asked)
	}
}

// TestReadParentsAgain reads the lists of some parents once more, from their beginning.
func TestReadParentsAgain(t *testing.T) {
	for _, paging := range []schema.Paging{schema.ByCursor, schema.ByPage} {
		a := newThings(map[string][]int{"1": {9, 8, 7}, "2": {4}}, "2", "1")
		w := newWorld(t, a.answer, thing(nil), part(func(_ *schema.Table, l *schema.List) { l.Paging = paging }))
		r := w.mustScan("part")
		a.parts = map[string][]int{"1": {9, 8, 7, 6}, "2": {4, 3}}
		w.forget()
		if err := w.scanner.ReadParentsAgain(t.Context(), r, r.Table.Source.(*schema.List), []schema.Key{{"1"}}); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(keysIn(t, r.Log), " "); got != "1.6 1.7 1.8 1.9 2.4" || len(w.asked) != 2 {
			t.Errorf("keys %s, asked for %q", got, w.asked)
		}
		a.fault = func(string, url.Values) int { return 403 }
		if err := w.scanner.ReadParentsAgain(t.Context(), r, r.Table.Source.(*schema.List), []schema.Key{{"1"}}); !errors.Is(err, client.ErrForbidden) {
			t.Errorf("error %v", err)
		}
	}
}

// TestReadNewParents reads the lists of parents that were found after the others were read.
func TestReadNewParents(t *testing.T) {
	a := newThings(map[string][]int{"1": {9, 8, 7}, "2": {4}, "3": {5}}, "2", "1")
	w := newWorld(t, a.answer, thing(nil), part(nil))
	r := w.mustScan("part")
	w.forget()
	read, err := w.scanner.ReadNewParents(t.Context(), r)
	if err != nil || read || len(w.asked) > 0 {
		t.Errorf("%v: read %t, asked for %q", err, read, w.asked)
	}
	if read, err := w.scanner.ReadNewParents(t.Context(), w.result("thing")); err != nil || read {
		t.Errorf("%v: a list of the account has new parents", err)
	}
	add := func() {
		t.Helper()
		if _, err := w.scanner.Add(w.result("thing"), []jsontext.Value{[]byte(`{"id":"3"}`)}); err != nil {
			t.Fatal(err)
		}
	}
	add()
	a.fault = func(path string, _ url.Values) int { return map[string]int{"/things/3/parts": 500}[path] }
	if read, err := w.scanner.ReadNewParents(t.Context(), r); err != nil || !read || parentKeys(r.Failed) != "3" || r.Partial == "" {
		t.Errorf("%v: read %t, %+v", err, read, r.Outcome)
	}
	a.fault = func(string, url.Values) int { return 401 }
	add()
	if _, err := w.scanner.ReadNewParents(t.Context(), r); !errors.Is(err, client.ErrUnauthorized) {
		t.Errorf("error %v", err)
	}
	a.fault = nil
	add()
	w.forget()
	if read, err = w.scanner.ReadNewParents(t.Context(), r); err != nil || !read || len(w.asked) != 1 || w.asked[0] != "/things/3/parts" {
		t.Errorf("%v: read %t, asked for %q", err, read, w.asked)
	}
	if got := strings.Join(keysIn(t, r.Log), " "); got != "1.7 1.8 1.9 2.4 3.5" || !r.Complete() || len(r.Failed) > 0 {
		t.Errorf("keys %s, %+v", got, r.Outcome)
	}
	if last := w.events[len(w.events)-1]; last.Rows < 5 || !last.Done {
		t.Errorf("at the end %+v", last)
	}
	o, ok, err := concluded(r.Log)
	if err != nil || !ok || o.Partial != "" {
		t.Errorf("%v: concluded %t, %+v", err, ok, o)
	}
	add()
	r.Unavailable = "x"
	w.forget()
	if read, err := w.scanner.ReadNewParents(t.Context(), r); err != nil || read || len(w.asked) > 0 {
		t.Errorf("%v: a list that is not available was read", err)
	}
}

// TestIncompleteAround: what a table lacks is reported as the table's own, also for the rows nested in its rows.
func TestIncompleteAround(t *testing.T) {
	w := newWorld(t, func(_ string, q url.Values) (int, string) {
		return numbered(q, 3, `{"id":"1","size":{},"items":[{"id":"2"},{"id":"3"}]}`)
	}, crates(t).Tables()...)
	r := w.mustScan("item")
	if around := w.result("crate"); around.Incomplete != "1 of 3 rows met" || r.Incomplete != "crate is incomplete: 1 of 3 rows met" || r.Inside().Incomplete != r.Incomplete {
		t.Errorf("crate %q, item %q", around.Incomplete, r.Incomplete)
	}
}

// memberTables declares members nested in things, which are listed for each group if no thing has them.
func memberTables(otherwise bool) []*schema.Table {
	nested := &schema.Nested{In: schema.Link{Table: "thing", Columns: []string{"thing_id"}}, Attribute: "groups"}
	if otherwise {
		nested.Otherwise = &schema.List{Path: "/groups/{group_id}/things", Paging: schema.ByCursor, Per: &schema.Link{Table: "group", Columns: []string{"group_id"}}}
	}
	return []*schema.Table{
		thing(func(table *schema.Table, l *schema.List) { table.Expected = []string{"groups"} }),
		{Name: "member", Key: []string{"group_id", "thing_id"}, Order: []string{"thing_id", "group_id"}, Closed: true, Source: nested,
			Columns: []schema.Column{{Name: "group_id", Kind: schema.String, Path: "groups.id", Required: true}, {Name: "thing_id", Kind: schema.String, Path: "id", Required: true}}},
		{Name: "group", Key: []string{"id"}, Columns: schema.KeyColumn("id"), Source: &schema.List{Path: "/groups", Paging: schema.ByPage}},
	}
}

// TestOtherwise lists rows for each group if no row that they are nested in has them.
func TestOtherwise(t *testing.T) {
	status := 200
	w := newWorld(t, func(path string, q url.Values) (int, string) {
		switch path {
		case "/things":
			return page(q, ids(3, 2, 1)...)
		case "/groups":
			return numbered(q, 2, ids(8, 7)...)
		}
		if status != 200 {
			return status, missing
		}
		return page(q, ids(3, 1)...)
	}, memberTables(true)...)
	r := w.mustScan("member")
	if got := strings.Join(keysIn(t, r.Log), " "); got != "1.7 1.8 3.7 3.8" || r.Nested || !r.Complete() {
		t.Errorf("keys %s, %+v", got, r.Outcome)
	}
	thing := w.result("thing")
	if r.Log == thing.Log || !slices.Equal(thing.Childless, []string{"member"}) {
		t.Errorf("childless: %q", thing.Childless)
	}
	if read, err := w.scanner.ReadNewParents(t.Context(), r); read || err != nil {
		t.Errorf("%v: new groups %t", err, read)
	}

	// A list that fails has a log of its own all the same, which is closed like all others, and takes nothing along.
	status = 404
	w.options.Restart = true
	r = w.mustScan("member")
	if r.Err == nil || r.Nested || r.Log == w.result("thing").Log || w.result("thing").Err != nil {
		t.Errorf("error %v, nested %t", r.Err, r.Nested)
	}
	w.close()
	if open := openFiles(t, w.dir); len(open) > 0 {
		t.Errorf("files left open: %q", open)
	}

	tables := memberTables(true) // beside rows that come as they should
	tables[0].Expected = append(tables[0].Expected, "tags")
	tables = append(tables, &schema.Table{Name: "tag", Key: []string{"thing_id", "id"}, Columns: slices.Concat(schema.LinkedKey("thing_id"), schema.In("tags", schema.KeyColumn("id"))),
		Source: &schema.Nested{In: schema.Link{Table: "thing", Columns: []string{"thing_id"}}, Attribute: "tags"}})
	beside := newWorld(t, func(path string, q url.Values) (int, string) {
		if path == "/things" {
			return page(q, `{"id":"1","tags":[{"id":"5"}]}`)
		}
		return numbered(q, 0)
	}, tables...)
	if r := beside.mustScan("tag"); r.Err != nil || !r.Nested || !r.Complete() || beside.result("member").Nested {
		t.Errorf("%v, %+v", r.Err, r.Outcome)
	}

	alone := newWorld(t, w.answer, memberTables(false)...)
	if r := alone.mustScan("member"); r.Incomplete != `no record of thing has "groups"` || r.Err != nil || !r.Nested {
		t.Errorf("%v, %+v", r.Err, r.Outcome)
	}
}

// openFiles returns the files below a directory that this process has open, where that can be told.
func openFiles(t testing.TB, dir string) (open []string) {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return nil
	}
	for _, e := range entries {
		if name, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil && strings.HasPrefix(name, dir) {
			open = append(open, name)
		}
	}
	return open
}

// TestNothingLeft: neither a run that is done nor one that is cut off leaves a goroutine or an open file behind.
func TestNothingLeft(t *testing.T) {
	before := runtime.NumGoroutine()
	for cut := range 12 {
		n := 0
		a := newThings(map[string][]int{"1": {9, 8, 7}, "2": {4}}, "2", "1")
		w := newWorld(t, a.answer, thing(nil), part(nil))
		ctx, cancel := context.WithCancel(t.Context())
		a.fault = func(string, url.Values) int {
			if n++; n == cut {
				cancel()
			}
			return 0
		}
		w.scanner = New(w.options)
		if err := w.scanner.Scan(ctx, w.catalog.Tables()); err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("cut at %d: %v", cut, err)
		}
		cancel()
		w.close()
		if open := openFiles(t, w.dir); len(open) > 0 {
			t.Errorf("cut at %d: files left open: %q", cut, open)
		}
	}
	for range 10_000 { // a batch that was given up ends a little later, on a busy machine later still
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Errorf("%d goroutines became %d", before, runtime.NumGoroutine())
}

// TestStoppedIsNoInterrupt: a key that is refused for the list of a parent, while others are read, ends the run as that.
func TestStoppedIsNoInterrupt(t *testing.T) {
	a := newThings(nil)
	for i := range 60 {
		a.order = append(a.order, fmt.Sprint(99-i))
	}
	a.fault = func(path string, _ url.Values) int { return map[bool]int{true: 401}[strings.HasSuffix(path, "/parts")] }
	w := newWorld(t, a.answer, thing(nil), part(nil))
	if err := w.scan(); !errors.Is(err, client.ErrUnauthorized) || errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// TestKeyRefused: a key that is refused when the scan asks whether a parent is gone ends the run: nothing is said about the
// parent.
func TestKeyRefused(t *testing.T) {
	a := newThings(map[string][]int{"1": {4}}, "2", "1")
	a.fault = func(path string, _ url.Values) int {
		return map[string]int{"/things/2/parts": 404, "/things/2": 401}[path]
	}
	w := newWorld(t, a.answer, thing(nil), part(nil))
	if err := w.scan(); !errors.Is(err, client.ErrUnauthorized) {
		t.Errorf("error %v", err)
	}
}

// TestKeyRefusedWhileGivingUp: so it does when the scan gives up after many failures. Answers take a second, so that all lists
// are under way before the first fails.
func TestKeyRefusedWhileGivingUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newThings(nil)
		for i := range 2 * maxFailed {
			a.order = append(a.order, fmt.Sprint(1000+i))
		}
		asked := 0
		a.fault = func(path string, _ url.Values) int {
			if !strings.HasSuffix(path, "/parts") {
				return 0
			}
			if asked++; asked > maxFailed {
				return 401
			}
			return 500
		}
		w := newWorld(t, a.answer, thing(func(_ *schema.Table, l *schema.List) { l.Paging = schema.ByPage }), part(nil))
		api, err := client.New(client.Options{Key: "test", Transport: slow{w.site}, Rate: 1 << 30, Retries: -1})
		if err != nil {
			t.Fatal(err)
		}
		w.options.Client = api
		if err := w.scan(); !errors.Is(err, client.ErrUnauthorized) || asked <= maxFailed {
			t.Errorf("error %v after %d lists", err, asked)
		}
	})
}

// slow is a way to an API on which each request takes a second.
type slow struct{ http.RoundTripper }

func (s slow) RoundTrip(r *http.Request) (*http.Response, error) {
	select {
	case <-time.After(time.Second):
		return s.RoundTripper.RoundTrip(r)
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

// TestLogThatTakesNoPages: a log that takes no more pages fails its table, not the run.
func TestLogThatTakesNoPages(t *testing.T) {
	a := newThings(nil, "9", "8", "7")
	w := newWorld(t, a.answer, thing(nil), part(nil))
	var log *pagelog.Log
	a.fault = func(path string, _ url.Values) int {
		if log == nil && strings.HasSuffix(path, "/parts") {
			log = w.result("part").Log
			log.Close()
		}
		return 0
	}
	if err := w.scan(); err != nil {
		t.Fatalf("the run ends with %v", err)
	}
	if r := w.result("part"); r.Err == nil || errors.Is(r.Err, context.Canceled) {
		t.Errorf("error %v", r.Err)
	}
}
