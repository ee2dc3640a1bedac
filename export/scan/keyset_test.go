package scan

import (
	"context"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"mailerlake/client"
	"mailerlake/schema"
)

// keyset is an API of one list, in the order of its ids, by cursors of the recorded form. Each answer takes a while.
type keyset struct {
	size  int // rows of a page
	delay time.Duration

	mu      sync.Mutex
	ids     []uint64                          // ascending
	prefix  string                            // of cursors, which makes them others than the recorded ones
	handed  map[string]bool                   // cursors that a page named
	asked   []string                          // cursors of the requests for pages, as ids; "" for the first page
	busy    int                               // requests in flight
	most    int                               // greatest number of them
	before  func(n int)                       // a page is answered; it may change ids
	disturb func(n int, q url.Values) *answer // in place of the page; nil for none
}

// answer is what a request is answered with, after a while.
type answer struct {
	status int
	body   string
	delay  time.Duration
}

func (k *keyset) RoundTrip(r *http.Request) (*http.Response, error) {
	a := k.answer(r.URL.Query())
	t := time.NewTimer(a.delay)
	defer t.Stop()
	defer func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.busy--
	}()
	select {
	case <-t.C:
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	return &http.Response{StatusCode: a.status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(a.body)), Request: r}, nil
}

func (k *keyset) answer(q url.Values) answer {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.busy++
	k.most = max(k.most, k.busy)
	if q.Get("limit") == "0" {
		return answer{200, fmt.Sprintf(`{"total":%d}`, len(k.ids)), k.delay}
	}
	id, _ := client.Keyset(strings.TrimPrefix(q.Get("cursor"), k.prefix))
	k.asked = append(k.asked, id)
	n := len(k.asked)
	if k.before != nil {
		k.before(n)
	}
	if k.disturb != nil {
		if a := k.disturb(n, q); a != nil {
			a.delay += k.delay
			return *a
		}
	}
	return answer{200, k.page(q, q.Get("cursor")), k.delay}
}

// page is the page after a cursor; of one that is none, the first.
func (k *keyset) page(q url.Values, cursor string) string {
	end, size := len(k.ids), k.size
	if n, err := strconv.Atoi(q.Get("limit")); err == nil {
		size = n
	}
	if text, ok := client.Keyset(strings.TrimPrefix(cursor, k.prefix)); ok {
		id, _ := strconv.ParseUint(text, 10, 64)
		end, _ = slices.BinarySearch(k.ids, id)
	}
	begin := max(0, end-size)
	rows := slices.Clone(k.ids[begin:end])
	slices.Reverse(rows)
	next := ""
	if begin > 0 {
		next = k.prefix + client.KeysetCursor(number64(rows[len(rows)-1]))
	}
	if k.handed == nil {
		k.handed = map[string]bool{}
	}
	k.handed[next] = true
	return pageOf(rows, next)
}

// made reports whether a request's cursor is none that a page named.
func (k *keyset) made(q url.Values) bool { return q.Has("cursor") && !k.handed[q.Get("cursor")] }

// ok200 answers with a page.
func ok200(body string) *answer { return &answer{status: 200, body: body} }

func pageOf(rows []uint64, next string) string {
	var records []string
	for _, id := range rows {
		records = append(records, fmt.Sprintf(`{"id":"%d"}`, id))
	}
	cursor := "null"
	if next != "" {
		cursor = strconv.Quote(next)
	}
	return fmt.Sprintf(`{"data":[%s],"meta":{"next_cursor":%s}}`, strings.Join(records, ","), cursor)
}

// slowWorld is a world of one list whose pages take two seconds, in a bubble of synthetic time.
type slowWorld struct {
	*world
	*keyset
}

// newSlowWorld makes an account of some ids, of which a page has so many.
func newSlowWorld(t testing.TB, ids []uint64, size int, limits ...int) *slowWorld {
	t.Helper()
	k := &keyset{size: size, delay: 2 * time.Second, ids: slices.Sorted(slices.Values(ids))}
	w := newWorld(t, nil, thing(func(_ *schema.Table, l *schema.List) { l.Counts, l.Limits = []url.Values{{}}, limits }))
	w.options.Now = time.Now
	return &slowWorld{world: w, keyset: k}
}

// run makes a run as a process of its own would: its client has yet to find out how long a page takes.
func (w *slowWorld) run(ctx context.Context) *Result {
	w.t.Helper()
	w.close()
	w.useClient()
	w.scanner = New(w.options)
	w.t.Cleanup(w.close)
	if err := w.scanner.Scan(ctx, w.catalog.Tables()); err != nil && ctx.Err() == nil {
		w.t.Fatal(err)
	}
	return w.result("thing")
}

// useClient takes a new client, which nothing has been asked of yet.
func (w *slowWorld) useClient() {
	w.t.Helper()
	api, err := client.New(client.Options{Key: "test", Transport: w.keyset, Rate: -1, Retries: 2})
	if err != nil {
		w.t.Fatal(err)
	}
	w.events, w.options.Client = nil, api
	w.keyset.asked, w.most = nil, 0
}

// requests returns the number of pages that the last run asked for, and how many a plain walk of the ids takes: the walk
// itself, and a page of newer rows.
func (w *slowWorld) requests() (asked, plain int) {
	return len(w.keyset.asked), max(1, (len(w.ids)+w.size-1)/w.size) + 1
}

// met returns the ids in the log of the last scan.
func (w *slowWorld) met() (ids []uint64) {
	w.t.Helper()
	for _, key := range keysIn(w.t, w.result("thing").Log) {
		id, ok := parseID(key)
		if !ok {
			w.t.Fatalf("key %q", key)
		}
		ids = append(ids, id)
	}
	return ids
}

// complete requires that the last scan met exactly the ids, and knows it, with no more requests than some extra ones.
func (w *slowWorld) complete(extra int) {
	w.t.Helper()
	r := w.result("thing")
	if r.Err != nil || r.Incomplete != "" {
		w.t.Errorf("error %v, incomplete %q", r.Err, r.Incomplete)
		return
	}
	if met := w.met(); !slices.Equal(met, w.ids) {
		w.t.Errorf("met %d rows of %d", len(met), len(w.ids))
	}
	if asked, plain := w.requests(); asked > plain+extra {
		w.t.Errorf("asked for %d pages, a plain walk for %d", asked, plain)
	}
	if w.most > 8 {
		w.t.Errorf("%d requests in flight", w.most)
	}
}

// newestID is about as great as ids are in 2026.
const newestID = 190_000_000_000_000_000

// shape makes the ids of an account.
type shape struct {
	name string
	ids  func(rnd *rand.Rand, n int) []uint64
}

// during makes n ids from one share of all time to another.
func during(rnd *rand.Rand, n int, from, to float64) []uint64 {
	ids := map[uint64]bool{}
	for len(ids) < n {
		ids[uint64(newestID*(from+(to-from)*rnd.Float64()))+1] = true
	}
	return slices.Sorted(maps.Keys(ids))
}

var shapes = []shape{
	{"even", func(r *rand.Rand, n int) []uint64 { return during(r, n, 0, 1) }},
	{"young", func(r *rand.Rand, n int) []uint64 { return during(r, n, 0.95, 1) }},
	{"very young", func(r *rand.Rand, n int) []uint64 { return during(r, n, 0.9999, 1) }},
	{"dense recent, sparse old", func(r *rand.Rand, n int) []uint64 {
		return append(during(r, n/10, 0.3, 0.9), during(r, n-n/10, 0.99, 1)...)
	}},
	{"imported yesterday", func(r *rand.Rand, n int) []uint64 {
		return append(during(r, 5, 0.3, 0.9), during(r, n-5, 0.999999, 1)...)
	}},
	{"imported at first", func(r *rand.Rand, n int) []uint64 {
		return append(during(r, n-n/5, 0.5, 0.5001), during(r, n/5, 0.5002, 1)...)
	}},
	{"two imports", func(r *rand.Rand, n int) []uint64 {
		return slices.Concat(during(r, n/2, 0.2, 0.2001), during(r, 20, 0.3, 0.6), during(r, n/2-70, 0.7, 0.7001), during(r, 50, 0.8, 1))
	}},
	{"ever faster", func(r *rand.Rand, n int) (ids []uint64) {
		for i := range 10 {
			ids = append(ids, during(r, n>>(i+1)+1, 1-0.09*float64(i+1), 1-0.09*float64(i))...)
		}
		return ids
	}},
	{"one by one", func(_ *rand.Rand, n int) (ids []uint64) {
		for i := range n {
			ids = append(ids, uint64(i+1))
		}
		return ids
	}},
}

// stretches returns what a dataset of the ids holds, in row groups of some rows.
func stretches(ids []uint64, rows int) func(*schema.Table) []Stretch {
	ids = slices.Sorted(slices.Values(ids))
	return func(*schema.Table) (all []Stretch) {
		for group := range slices.Chunk(ids, rows) {
			all = append(all, Stretch{keyOf(group[0]), int64(len(group))})
		}
		return append(all, Stretch{keyOf(ids[len(ids)-1] + 1), 0})
	}
}
