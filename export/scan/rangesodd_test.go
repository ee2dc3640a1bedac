package scan

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mailerlake/client"
)

// oddity is a way in which a server may fall short of what ranges need.
type oddity struct {
	name    string
	extra   int // requests beside those of a plain walk
	disturb func(k *keyset) func(n int, q url.Values) *answer
}

// whenMade disturbs the pages whose cursors were made.
func whenMade(answers func(k *keyset, q url.Values) *answer) func(*keyset) func(int, url.Values) *answer {
	return func(k *keyset) func(int, url.Values) *answer {
		return func(_ int, q url.Values) *answer {
			if !k.made(q) {
				return nil
			}
			return answers(k, q)
		}
	}
}

func status(code int) func(*keyset, url.Values) *answer {
	return func(*keyset, url.Values) *answer { return &answer{status: code, body: missing} }
}

// TestRangesOfOddLists: a list that is not in the order of ids, or does not follow made cursors, is read as a whole.
func TestRangesOfOddLists(t *testing.T) {
	for _, o := range []oddity{
		{"other cursors", 0, func(k *keyset) func(int, url.Values) *answer { k.prefix = "x"; return nil }},
		{"ascending", 0, func(k *keyset) func(int, url.Values) *answer {
			return func(_ int, q url.Values) *answer { return ok200(k.ascending(q.Get("cursor"))) }
		}},
		{"no order", 0, func(k *keyset) func(int, url.Values) *answer {
			return func(_ int, q url.Values) *answer { return ok200(k.unordered(q.Get("cursor"))) }
		}},
		{"made ignored", 2, whenMade(func(k *keyset, q url.Values) *answer { return ok200(k.page(q, "")) })},
		{"made answered with a page read before", 2, whenMade(func(k *keyset, q url.Values) *answer {
			return ok200(k.page(q, client.KeysetCursor(k.asked[len(k.asked)-2])))
		})},
		{"made answered with one row too many", 2, whenMade(func(k *keyset, q url.Values) *answer {
			id, _ := client.Keyset(q.Get("cursor"))
			at, _ := slices.BinarySearch(k.ids, mustID(id))
			return ok200(k.page(q, client.KeysetCursor(number64(k.ids[min(at+1, len(k.ids)-1)]))))
		})},
		{"made answered with no rows", 8, whenMade(func(*keyset, url.Values) *answer { return ok200(pageOf(nil, "")) })},
		{"made answered with an empty page and a cursor", 2, whenMade(func(_ *keyset, q url.Values) *answer { return ok200(pageOf(nil, q.Get("cursor"))) })},
		{"made answered with a row too few", 35, whenMade(func(k *keyset, q url.Values) *answer {
			id, _ := client.Keyset(q.Get("cursor"))
			at, _ := slices.BinarySearch(k.ids, mustID(id))
			return ok200(k.page(q, client.KeysetCursor(number64(k.ids[max(at-1, 0)]))))
		})},
		{"made refused", 2, whenMade(status(422))},
		{"made not found", 2, whenMade(status(404))},
		{"made forbidden", 2, whenMade(status(403))},
		{"made breaks the server", 4, whenMade(status(500))},
		{"made is not JSON", 4, whenMade(func(*keyset, url.Values) *answer { return ok200("<html>") })},
		{"made takes too long", 4, whenMade(func(*keyset, url.Values) *answer { return &answer{status: 200, delay: time.Hour} })},
	} {
		for _, stored := range []int{0, 300} {
			t.Run(fmt.Sprint(o.name, "/", stored), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := newSlowWorld(t, during(rand.New(rand.NewPCG(1, 3)), 3000, 0.5, 1), 100)
					if stored > 0 {
						w.options.Stored = stretches(w.ids, stored)
					}
					w.disturb = o.disturb(w.keyset)
					w.run(t.Context())
					w.complete(o.extra)
					if o.extra == 0 && w.most > 1 {
						t.Errorf("%d requests in flight", w.most)
					}
				})
			})
		}
	}
}

func mustID(text string) uint64 {
	id, ok := parseID(text)
	if !ok {
		panic("no id: " + text)
	}
	return id
}

// ascending is the page after a cursor of a list that begins with its oldest row.
func (k *keyset) ascending(cursor string) string {
	begin := 0
	if text, ok := client.Keyset(cursor); ok {
		begin, _ = slices.BinarySearch(k.ids, mustID(text)+1)
	}
	rows := k.ids[begin:min(begin+k.size, len(k.ids))]
	if begin+k.size >= len(k.ids) {
		return pageOf(rows, "")
	}
	return pageOf(rows, client.KeysetCursor(number64(rows[len(rows)-1])))
}

// unordered is the page after a cursor of a list that has no order of ids.
func (k *keyset) unordered(cursor string) string {
	rows := slices.Clone(k.ids)
	rand.New(rand.NewPCG(1, 1)).Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	if text, ok := client.Keyset(cursor); ok {
		rows = rows[slices.Index(rows, mustID(text))+1:]
	}
	if len(rows) <= k.size {
		return pageOf(rows, "")
	}
	return pageOf(rows[:k.size], client.KeysetCursor(number64(rows[k.size-1])))
}

// TestRangesThatTurnOdd: a page that does not fit, whenever it comes, is the end of all ranges: the list is read as a
// whole from where the main walk is. If a page says that the list has come to its end, it may be true or not; then either
// all rows are met or the scan says that some are missing.
func TestRangesThatTurnOdd(t *testing.T) {
	for name, page := range map[string]func(k *keyset, q url.Values) *answer{
		"first page again": func(k *keyset, q url.Values) *answer { return ok200(k.page(q, "")) },
		"a row above": func(k *keyset, q url.Values) *answer {
			return ok200(strings.Replace(k.page(q, q.Get("cursor")), `[`, fmt.Sprintf(`[{"id":"%d"},`, k.ids[len(k.ids)-1]), 1))
		},
		"other cursor": func(k *keyset, q url.Values) *answer {
			k.prefix = "x"
			return ok200(k.page(q, q.Get("cursor")))
		},
		"own cursor": func(k *keyset, q url.Values) *answer { return ok200(pageOf(nil, q.Get("cursor"))) },
		"end": func(k *keyset, q url.Values) *answer {
			body, _, _ := strings.Cut(k.page(q, q.Get("cursor")), `"meta"`)
			return ok200(body + `"meta":{"next_cursor":null}}`)
		},
		"refused":   status(422),
		"forbidden": status(403),
	} {
		for at := 4; at < 36; at += 3 {
			t.Run(fmt.Sprint(name, "/", at), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := newSlowWorld(t, during(rand.New(rand.NewPCG(1, 4)), 3000, 0.5, 1), 100)
					w.disturb = func(n int, q url.Values) *answer {
						if n == at && q.Has("cursor") {
							return page(w.keyset, q)
						}
						return nil
					}
					r := w.run(t.Context())
					if name == "end" && r.Incomplete != "" || strings.Contains(r.Incomplete, "points back") { // as of a plain walk
						return
					}
					w.complete(35)
				})
			})
		}
	}
}
