package scan

import (
	"fmt"
	"net/url"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailerlake/export/pagelog"
	"mailerlake/schema"
)

// TestMarkedWalks: each walk of a list marks its rows, and the marks of several walks add up; lists by page number and by cursor.
func TestMarkedWalks(t *testing.T) {
	for _, paging := range []schema.Paging{schema.ByPage, schema.ByCursor} {
		w := newWorld(t, func(path string, q url.Values) (int, string) {
			of := map[string][]int{"": {5, 4, 3, 2, 1}, "opened": {4, 1}, "clicked": {4, 2, 3}, "junk": {}}[q.Get("filter[type]")]
			if path == "/things" {
				return page(q, ids(2, 1)...)
			}
			if paging == schema.ByCursor {
				return page(q, ids(of...)...)
			}
			return numbered(q, len(of), ids(of...)...)
		}, thing(nil), part(func(p *schema.Table, list *schema.List) {
			list.Paging, list.Walks = paging, []schema.Walk{{}}
			for _, mark := range []string{"opened", "clicked", "junk"} {
				p.Columns = slices.Concat(p.Columns, schema.Marked(mark))
				list.Walks = append(list.Walks, schema.Walk{Params: url.Values{"filter[type]": {mark}}, Marks: mark})
			}
		}))
		r := w.mustScan("part")
		if r.Err != nil || r.Incomplete+r.Partial != "" {
			t.Fatalf("%v, incomplete: %s", r.Err, r.Incomplete+r.Partial)
		}
		want := []string{"1.1 opened", "1.2 clicked", "1.3 clicked", "1.4 opened clicked", "1.5", "2.1 opened", "2.2 clicked", "2.3 clicked", "2.4 opened clicked", "2.5"}
		if got := marksIn(t, r.Log, "opened", "clicked", "junk"); !cmp.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// marksIn returns the keys in a log, each with the marks that its row has.
func marksIn(t *testing.T, log *pagelog.Log, marks ...string) (rows []string) {
	t.Helper()
	eachRow(t, log, nil, func(row string, page *schema.Batch, i int) {
		for _, mark := range marks {
			if page.Vector(mark).Int(i) == 1 {
				row += fmt.Sprint(" ", mark)
			}
		}
		rows = append(rows, row)
	})
	return rows
}
