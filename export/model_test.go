package export_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailerlake/client"
	"mailerlake/export"
	"mailerlake/export/disk"
	"mailerlake/export/part"
	"mailerlake/schema"
)

// record is a subscriber as the scripted account delivers it.
type record struct {
	id, email string
	sent      int
	extra     map[string]string // undeclared attributes
	groups    []string
}

func (r record) json() string {
	var b strings.Builder
	fmt.Fprintf(&b, `{"id":%q,"email":%q,"sent":%d,"fields":{"name":null}`, r.id, r.email, r.sent)
	for _, name := range slices.Sorted(maps.Keys(r.extra)) {
		fmt.Fprintf(&b, `,%q:%q`, name, r.extra[name])
	}
	b.WriteString(`,"groups":[`)
	for i, g := range r.groups {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"id":%q}`, g)
	}
	b.WriteString(`]}`)
	return b.String()
}

// script is an account whose subscriber list is a script: pages in any order, rows doubled, missing or outdated. What
// exists by id, and what the counts say, is the truth.
type script struct {
	mu     sync.Mutex
	pages  [][]record
	read   map[int]bool // pages that were read before
	truth  map[string]record
	groups []string
}

func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	code, body := 200, ""
	if id, ok := strings.CutPrefix(r.URL.Path, "/api/subscribers/"); ok {
		code, body = s.subscriber(id)
	} else {
		body = s.answer(r)
	}
	h := http.Header{"Content-Type": {"application/json"}, "X-Account_id": {"1"}}
	return &http.Response{StatusCode: code, Header: h, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

func (s *script) answer(r *http.Request) string {
	q := r.URL.Query()
	switch path := strings.TrimPrefix(r.URL.Path, "/api"); {
	case path == "/account":
		return `{"data":{"id":"1","name":"script"}}`
	case path == "/batch":
		return s.batch(r.Body)
	case path == "/subscribers" && q.Get("limit") == "0":
		if q.Get("filter[status]") != "active" {
			return `{"total":0}`
		}
		return fmt.Sprintf(`{"total":%d}`, len(s.truth))
	case path == "/subscribers":
		return s.page(q.Get("cursor"))
	case path == "/groups":
		var b strings.Builder
		for i, g := range s.groups {
			fmt.Fprintf(&b, `%s{"id":%q}`, strings.Repeat(",", min(i, 1)), g)
		}
		return fmt.Sprintf(`{"data":[%s],"meta":{"last_page":1,"total":%d}}`, &b, len(s.groups))
	}
	return `{"data":[],"meta":{"last_page":1,"total":0}}`
}

func (s *script) page(cursor string) string {
	n, _ := strconv.Atoi(cursor)
	var rows []string
	if n < len(s.pages) {
		for _, r := range s.pages[n] {
			if now, ok := s.truth[r.id]; ok && s.read[n] {
				r = now // what was outdated when it was read first is not when it is read again
			}
			rows = append(rows, r.json())
		}
		s.read[n] = true
	}
	next := "null"
	if n+1 < len(s.pages) {
		next = fmt.Sprintf(`"%d"`, n+1)
	}
	return fmt.Sprintf(`{"data":[%s],"meta":{"next_cursor":%s}}`, strings.Join(rows, ","), next)
}

func (s *script) batch(body io.Reader) string {
	var ask struct{ Requests []struct{ Path string } }
	if err := json.NewDecoder(body).Decode(&ask); err != nil {
		panic(err)
	}
	var b bytes.Buffer
	for i, part := range ask.Requests {
		if i > 0 {
			b.WriteByte(',')
		}
		code, body := s.subscriber(strings.TrimPrefix(part.Path, "api/subscribers/"))
		fmt.Fprintf(&b, `{"code":%d,"body":%s}`, code, body)
	}
	return fmt.Sprintf(`{"total":%d,"responses":[%s]}`, len(ask.Requests), &b)
}

// subscriber answers a request for one subscriber, which comes in a batch or, if no other comes with it, alone.
func (s *script) subscriber(id string) (code int, body string) {
	if r, ok := s.truth[id]; ok {
		return 200, fmt.Sprintf(`{"data":%s}`, r.json())
	}
	return 404, `{"message":"Resource does not exist."}`
}

func compareIDs(a, b string) int { return schema.Key{a}.Compare(schema.Key{b}) }

// model is the dataset as a map, merged naively.
type model map[string]record

// merge applies a scan of the script.
func (m model) merge(s *script) {
	seen, old := map[string]bool{}, maps.Clone(m)
	if len(s.pages) == 0 {
		s.pages = [][]record{nil}
	}
	for _, page := range s.pages {
		for _, r := range page {
			seen[r.id] = true
			m[r.id] = r
		}
	}
	for _, r := range s.pages[0] { // the list's top is read again, for rows newer than the walk's start
		if now, ok := s.truth[r.id]; ok {
			m[r.id] = now
		}
	}
	if len(seen) < len(s.truth) { // incomplete: nothing is deleted, memberships neither
		for id, r := range m {
			r.groups = slices.Concat(r.groups, old[id].groups)
			slices.SortFunc(r.groups, compareIDs)
			r.groups = slices.Compact(r.groups)
			m[id] = r
		}
		return
	}
	for id := range m {
		if seen[id] {
			continue
		}
		if r, ok := s.truth[id]; ok {
			m[id] = r
		} else {
			delete(m, id)
		}
	}
}

// evolve lets the account change and writes the next script.
func (s *script) evolve(rnd *rand.Rand, round int) {
	old := maps.Clone(s.truth)
	for _, id := range slices.Sorted(maps.Keys(old)) {
		switch rnd.IntN(12) {
		case 0:
			delete(s.truth, id)
		case 1, 2:
			s.truth[id] = randomRecord(rnd, s, id, round)
		}
	}
	for range rnd.IntN(60) {
		id := randomID(rnd)
		s.truth[id] = randomRecord(rnd, s, id, round)
	}
	s.write(rnd, old)
}

// write lists the account: newest first mostly, with rows doubled (an outdated one first), missing, or deleted while
// they were listed.
func (s *script) write(rnd *rand.Rand, old map[string]record) {
	ids := slices.SortedFunc(maps.Keys(s.truth), func(a, b string) int { return compareIDs(b, a) })
	if rnd.IntN(3) == 0 {
		rnd.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
	}
	var list []record
	for _, id := range ids {
		if before, ok := old[id]; ok && rnd.IntN(20) == 0 {
			list = append(list, before)
		}
	}
	missing := rnd.IntN(3) == 0
	for _, id := range ids {
		if missing && rnd.IntN(30) == 0 {
			continue
		}
		list = append(list, s.truth[id])
	}
	for _, id := range slices.Sorted(maps.Keys(old)) {
		if _, ok := s.truth[id]; !ok && rnd.IntN(15) == 0 {
			list = slices.Insert(list, rnd.IntN(len(list)+1), old[id])
		}
	}
	s.pages, s.read = nil, map[int]bool{}
	for page := range slices.Chunk(list, 1+rnd.IntN(40)) {
		s.pages = append(s.pages, page)
	}
}

func randomID(rnd *rand.Rand) string {
	digits := 15 + rnd.IntN(4)
	id := []byte{byte('1' + rnd.IntN(9))}
	for len(id) < digits {
		id = append(id, byte('0'+rnd.IntN(10)))
	}
	return string(id)
}

func randomRecord(rnd *rand.Rand, s *script, id string, round int) record {
	r := record{id: id, email: fmt.Sprintf("user%d@example.com", rnd.IntN(1000)), sent: rnd.IntN(3)}
	if rnd.IntN(4) == 0 {
		r.extra = map[string]string{fmt.Sprintf("extra_%d", rnd.IntN(round+1)): strconv.Itoa(rnd.IntN(2))}
	}
	for _, g := range s.groups {
		if rnd.IntN(4) == 0 {
			r.groups = append(r.groups, g)
		}
	}
	return r
}

func TestMergeEqualsModel(t *testing.T) {
	for seed := range uint64(20 / thinned) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			t.Parallel()
			rnd := rand.New(rand.NewPCG(seed, 1))
			s := &script{truth: map[string]record{}, groups: []string{"7", "31", "1005", "20000000000000001"}}
			l := &lake{dir: filepath.Join(t.TempDir(), "lake"), now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
			m := model{}
			var before map[string]map[string]any
			for round := range 8 {
				s.evolve(rnd, round)
				m.merge(s)
				report := l.exportFrom(t, s, part.Sizes{Group: 8, Part: 16})
				now := l.rows(t, "subscriber")
				m.check(t, l, now)
				checkSynced(t, before, now)
				if before = now; t.Failed() {
					t.Fatalf("round %d: %+v", round, report.Tables[0].TablePlan)
				}
			}
		})
	}
}

func (l *lake) exportFrom(t *testing.T, s *script, sizes part.Sizes) *export.Report {
	t.Helper()
	c, err := client.New(client.Options{Key: "test", Transport: unpacked{s}, Rate: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	r, err := export.Export(context.Background(), export.Options{Client: c, FS: fastFS{disk.OS(false)}, Dir: l.dir, Program: "mailerlake test",
		Catalog: core(), Yes: true, Sizes: sizes, Now: l.tick})
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range r.Tables {
		if table.Err != nil {
			t.Fatal(table.Err)
		}
	}
	return r
}

// check compares the dataset with the model.
func (m model) check(t *testing.T, l *lake, rows map[string]map[string]any) {
	t.Helper()
	got, want := map[string]string{}, map[string]string{}
	for id, r := range m {
		want[id] = r.json()
	}
	groups := map[string][]string{}
	for _, row := range l.rows(t, "group_subscriber") {
		id := row["subscriber_id"].(string)
		groups[id] = append(groups[id], row["group_id"].(string))
	}
	for id, row := range rows {
		r := record{id: id, email: row["email"].(string), sent: int(row["sent"].(float64)), groups: groups[id], extra: map[string]string{}}
		slices.SortFunc(r.groups, compareIDs)
		for name, value := range row {
			if text, ok := value.(string); ok && strings.HasPrefix(name, "extra_") {
				r.extra[name] = text
			}
		}
		got[id] = r.json()
		delete(groups, id)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("dataset differs (-model +dataset)\n%s", d)
	}
	if len(groups) > 0 {
		t.Errorf("memberships of subscribers that are not there: %v", groups)
	}
}

// checkSynced makes sure that _synced_at moves just for rows that change.
func checkSynced(t *testing.T, before, now map[string]map[string]any) {
	t.Helper()
	for id, row := range now {
		old := before[id]
		if old == nil {
			continue
		}
		a, b := maps.Clone(old), maps.Clone(row)
		for _, m := range []map[string]any{a, b} {
			maps.DeleteFunc(m, func(name string, v any) bool { return name == schema.SyncedAt || v == nil })
		}
		if unchanged, same := cmp.Equal(a, b), old[schema.SyncedAt] == row[schema.SyncedAt]; unchanged != same {
			t.Errorf("%s: row changed %v, _synced_at moved %v", id, !unchanged, !same)
		}
	}
}
