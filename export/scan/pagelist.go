package scan

import (
	"context"
	"encoding/binary"
	"hash/maphash"
	"slices"

	"mailerlake/client"
	"mailerlake/schema"
)

// walkPageList walks a list by page number. Rows shift between its pages when the list changes under the walk: a walk
// counts only if all its pages state the same total and that many rows were met; else the list is walked again.
func (s *Scanner) walkPageList(ctx context.Context, t *tableScan) (incomplete string, err error) {
	incomplete, err = t.walkPages(ctx, nil)
	if t.r.Table.Optional && notOffered(err) {
		t.r.Unavailable = err.Error()
		return "", nil
	}
	return incomplete, err
}

// changing says that a list did not stand still for a whole walk.
const changing = "the list changed while it was read"

// walkPages makes all walks of a list, several times if need be, until they agree with what the list says about itself. If
// they never do, it says why: the list stood still and rows are missing, or it changed. of is the parent whose list it is,
// nil for a list of the account.
func (t *tableScan) walkPages(ctx context.Context, of *parentRow) (incomplete string, err error) {
	var list pageList
	for attempt := range 3 {
		if attempt > 0 {
			t.pace.repeat(list.counted)
		}
		list = pageList{all: -1, whole: true, still: true}
		for _, walk := range t.list.EachWalk() {
			if list.lacks(walk.Counted) {
				continue
			}
			w := &pageWalk{list: &list, total: -1, all: list.all, stable: true}
			if err := t.walkNumbers(ctx, walk, w, of); endless(err) {
				return err.Error(), nil
			} else if err != nil {
				return "", err
			}
			list.add(w, walk.Marks != "")
		}
		if of == nil { // the only list of the table
			list.counted.rows = list.seen.count()
			t.pace.correct(list.counted.rows)
		}
		if incomplete = list.incomplete(); incomplete == "" {
			return "", nil
		}
	}
	return incomplete, nil
}

// pageList is what all walks of a page list met.
type pageList struct {
	seen   keySet
	stated int64            // rows of the walks, as their pages state them
	all    int64            // rows of all walks together; -1 if the list does not say
	whole  bool             // each walk met as many rows as its pages state
	still  bool             // no page contradicted the one before
	short  bool             // a walk met fewer rows than its pages state
	counts map[string]int64 // the list's own counts, as the last page states them

	counted tally // for people
}

// add adds what a walk met. The rows of a marked walk are counted in others.
func (l *pageList) add(w *pageWalk, marked bool) {
	l.whole = l.whole && w.whole()
	l.still = l.still && w.stable
	l.short = l.short || w.seen.count() < w.total
	l.seen = append(l.seen, w.seen...)
	if !marked {
		l.stated += max(0, w.total)
	}
	l.all, l.counts = w.all, w.counts
}

// lacks reports whether the list says that it has no rows of a kind.
func (l *pageList) lacks(kind string) bool {
	n, counted := l.counts[kind]
	return counted && n == 0
}

// incomplete says why the walks did not meet all rows; empty if they did.
func (l *pageList) incomplete() string {
	expected := l.stated
	if l.all >= 0 {
		expected = l.all
	}
	met := l.seen.count()
	switch {
	case l.whole && met >= expected:
		return ""
	case l.still && met < expected && (l.short || l.stated < expected):
		return tooFew(met, expected)
	}
	return changing
}

// pageWalk is what one walk of a page list met.
type pageWalk struct {
	list   *pageList
	seen   keySet
	total  int64            // stated by its pages; -1 if none did
	all    int64            // rows of all walks together; -1 if the list does not say
	stable bool             // no page contradicted the one before
	counts map[string]int64 // the list's own counts, as the last page states them
}

// walkNumbers walks a list by page number once.
func (t *tableScan) walkNumbers(ctx context.Context, walk schema.Walk, met *pageWalk, of *parentRow) error {
	w := t.newWalk(t.nameOf(walk))
	w.marks, w.again = walk.Marks, walk.Marks != ""
	list := client.List{Path: of.path(walk.Path), Params: walk.Params, Limits: t.list.Limits}
	of.begin(w)
	return w.each(ctx, t.Client.Pages(ctx, list, w.decode), func(p *client.Page, page *schema.Page) (bool, error) {
		if met.total < 0 && !w.again {
			t.claim(met.list, p)
		}
		met.list.counted.work += int64(page.Rows.Rows)
		if !w.again {
			met.list.counted.rows += int64(page.Rows.Rows)
		}
		met.note(p)
		met.meet(page.Rows.Keys(t.r.Table.Order))
		return true, nil
	})
}

// claim notes what the first page of a walk states about the rows that there are: those of all walks, or of this one.
func (t *tableScan) claim(l *pageList, p *client.Page) {
	walks, rows, marked := int64(1), p.Total, int64(0)
	if all, ok := p.Aggregations["all"]; ok {
		walks, rows = t.pace.walks, all
	}
	if l.counted.begun >= t.pace.walks || rows < 0 {
		return
	}
	for _, w := range t.list.Walks {
		if w.Marks != "" {
			marked += p.Aggregations[w.Counted]
		}
	}
	l.counted.begun += walks
	l.counted.stated += rows
	l.counted.statedWork += rows + marked
	t.pace.state(walks, rows, marked)
}

// meet notes the rows of a page.
func (w *pageWalk) meet(keys schema.Keys) {
	var text []byte
	for i := range keys.Len() {
		text = text[:0]
		for _, column := range keys {
			text = append(binary.AppendUvarint(text, uint64(len(column.Text(i)))), column.Text(i)...)
		}
		w.seen = append(w.seen, maphash.Bytes(keySeed, text))
	}
}

// keySet holds a hash of each key met, which takes 8 bytes for each. Keys with the same hash count as one: the walk is taken
// for one that missed a row, and is repeated.
type keySet []uint64

var keySeed = maphash.MakeSeed()

// count returns the number of distinct keys.
func (s *keySet) count() int64 {
	slices.Sort(*s)
	*s = slices.Compact(*s)
	return int64(len(*s))
}

// whole reports whether the walk met all rows of a list that stood still.
func (w *pageWalk) whole() bool {
	return w.stable && (w.total < 0 || w.seen.count() == w.total)
}

// note records what a page says about its list.
func (w *pageWalk) note(p *client.Page) {
	if w.total >= 0 && p.Total != w.total {
		w.stable = false
	}
	w.total, w.counts = p.Total, p.Aggregations
	all, ok := p.Aggregations["all"]
	if !ok {
		return
	}
	if w.all >= 0 && all != w.all { // a row that was deleted may hide one that was missed
		w.stable = false
	}
	w.all = all
}
