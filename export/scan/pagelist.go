package scan

import (
	"context"
	"maps"
	"net/url"

	"mailerlake/client"
	"mailerlake/schema"
)

// walkPageList walks a list by page number. Rows shift between its pages when the list changes under the walk: a walk
// counts only if all its pages state the same total and that many rows were met; else the list is walked again.
func (s *Scanner) walkPageList(ctx context.Context, t *tableScan) (incomplete string, err error) {
	incomplete, err = t.walkPages(ctx, t.list.Path, nil)
	if t.r.Table.Optional && notOffered(err) {
		t.r.Unavailable = err.Error()
		return "", nil
	}
	return incomplete, err
}

// changing says that a list did not stand still for a whole walk.
const changing = "the list changed while it was read"

// walkPages walks all walks of a list until they agree with what the list says of itself, and says why they do not: the
// list stood still and rows are missing, or it changed. begin, unless nil, prepares each walk.
func (t *tableScan) walkPages(ctx context.Context, path string, begin func(*walk)) (incomplete string, err error) {
	for range 3 {
		seen, stable, still, short := map[string]bool{}, true, true, false
		var expected int64
		all := int64(-1)
		for _, params := range t.list.EachWalk() {
			w := &pageWalk{seen: map[string]bool{}, total: -1, all: all, stable: true}
			if err := t.walkNumbers(ctx, path, params, w, begin); endless(err) {
				return err.Error(), nil
			} else if err != nil {
				return "", err
			}
			stable, still, short = stable && w.whole(), still && w.stable, short || int64(len(w.seen)) < w.total
			maps.Copy(seen, w.seen)
			all = w.all
			expected += max(0, w.total)
		}
		if all >= 0 {
			short = short || expected < all
			expected = all
		}
		met := int64(len(seen))
		if begin == nil { // the only list of the table
			t.pace.correct(met)
		}
		if stable && met >= expected {
			return "", nil
		}
		incomplete = changing
		if still && short && met < expected {
			incomplete = tooFew(met, expected)
		}
	}
	return incomplete, nil
}

// pageWalk is what one walk of a page list met.
type pageWalk struct {
	seen   map[string]bool
	total  int64 // stated by its pages; -1 if none did
	all    int64 // rows of all walks together; -1 if the list does not tell
	stable bool  // no page contradicted the one before
}

// walkNumbers walks a list by page number once.
func (t *tableScan) walkNumbers(ctx context.Context, path string, params url.Values, met *pageWalk, begin func(*walk)) error {
	w := t.newWalk(params.Encode())
	if begin != nil {
		begin(w)
	}
	list := client.List{Path: path, Params: params, Limits: t.list.Limits}
	return w.each(ctx, t.Client.Pages(ctx, list, w.decode), func(p *client.Page, page *schema.Page) (bool, error) {
		met.note(p)
		met.meet(page.Rows.Keys(t.r.Table.Order))
		return true, nil
	})
}

// meet notes the rows of a page.
func (w *pageWalk) meet(keys schema.Keys) {
	for i := range keys.Len() {
		id := ""
		for _, column := range keys {
			id += string(column.Text(i)) + "\x00"
		}
		w.seen[id] = true
	}
}

// whole reports whether the walk met all rows of a list that stood still.
func (w *pageWalk) whole() bool {
	return w.stable && (w.total < 0 || int64(len(w.seen)) == w.total)
}

// note takes over what a page says of its list.
func (w *pageWalk) note(p *client.Page) {
	if w.total >= 0 && p.Total != w.total {
		w.stable = false
	}
	w.total = p.Total
	all, ok := p.Aggregations["all"]
	if !ok {
		return
	}
	if w.all >= 0 && all != w.all { // a row that went may stand for one that was missed
		w.stable = false
	}
	w.all = all
}
