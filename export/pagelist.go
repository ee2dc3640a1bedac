package export

import (
	"context"
	"maps"
	"net/url"

	"mailerlake/client"
	"mailerlake/schema"
)

// walkPages walks a page list. Rows shift between its pages when the list changes under the walk: a walk counts only if
// all its pages state the same total and that many rows were met; else the list is walked again.
func (s *scan) walkPages(ctx context.Context) (incomplete string, err error) {
	for range 3 {
		seen, stable := map[string]bool{}, true
		var expected int64
		all := int64(-1)
		for _, params := range walksOf(s.t.table.Source) {
			w := pageWalk{seen: map[string]bool{}, total: -1, all: all, stable: true}
			if err := s.walkPageList(ctx, params, &w); circle(err) {
				return err.Error(), nil
			} else if err != nil {
				return "", err
			}
			stable = stable && w.whole()
			maps.Copy(seen, w.seen)
			all = w.all
			expected += max(0, w.total)
		}
		if all >= 0 {
			expected = all
		}
		if stable && int64(len(seen)) >= expected {
			return "", nil
		}
	}
	return "the list changed while it was read", nil
}

// pageWalk is what one walk of a page list met.
type pageWalk struct {
	seen   map[string]bool
	total  int64 // stated by its pages; -1 if none did
	all    int64 // rows of all walks together; -1 if the list does not tell
	stable bool  // no page contradicted the one before
}

func (s *scan) walkPageList(ctx context.Context, params url.Values, w *pageWalk) error {
	src := s.t.table.Source
	list := client.List{Path: src.Path, Params: params, Limits: src.Limits}
	for page, err := range rawPages(ctx, s.client.Pages, list) {
		if err != nil {
			return err
		}
		w.note(page.Page)
		rows, err := s.append(page, params.Encode())
		if err != nil {
			return err
		}
		w.meet(rows.Rows.Keys(s.t.table.Order))
	}
	return nil
}

// meet notes the rows of a page.
func (w *pageWalk) meet(ids schema.Keys) {
	for i := range ids.Len() {
		w.seen[string(ids[0].Text(i))] = true
	}
}

// whole reports whether the walk met all rows of a list that stood still.
func (w *pageWalk) whole() bool {
	return w.stable && (w.total < 0 || int64(len(w.seen)) == w.total)
}

// note takes over what a page says of its list.
func (w *pageWalk) note(page *client.Page) {
	if w.total >= 0 && page.Total != w.total {
		w.stable = false
	}
	w.total = page.Total
	all, ok := page.Aggregations["all"]
	if !ok {
		return
	}
	if w.all >= 0 && all != w.all { // a row that went may stand for one that was missed
		w.stable = false
	}
	w.all = all
}
