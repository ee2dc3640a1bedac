package export_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailerlake/client"
	"mailerlake/export"
	"mailerlake/export/disk"
	"mailerlake/schema"
)

// registry is an account of two lists and of pairs of their ids, as JSON by path. Each list is pages of records.
type registry struct {
	mu    sync.Mutex
	lists map[string][]string // pages, by path
	first map[string][]string // what lists of one page are before they are what they are, a page for each reading
	items map[string]bool     // paths of single records that are there although no list shows them
	asked []string
}

func (g *registry) RoundTrip(r *http.Request) (*http.Response, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	path := strings.TrimPrefix(r.URL.Path, "/api")
	status, body := 200, ""
	switch path {
	case "/account":
		body = `{"data":{"id":"1","name":"registry"}}`
	case "/batch":
		var ask struct{ Requests []struct{ Path string } }
		_ = json.NewDecoder(r.Body).Decode(&ask)
		var answers []string
		for _, q := range ask.Requests {
			code, one := g.one(strings.TrimPrefix(q.Path, "api"))
			answers = append(answers, fmt.Sprintf(`{"code":%d,"body":%s}`, code, one))
		}
		body = `{"responses":[` + strings.Join(answers, ",") + `]}`
	default:
		pages, ok := g.lists[path]
		if !ok {
			status, body = g.one(path)
			break
		}
		n, next := 0, "null"
		_, _ = fmt.Sscanf(r.URL.Query().Get("cursor"), "at%d", &n)
		if first := g.first[path]; len(first) > 0 {
			pages, g.first[path] = first[:1], first[1:]
		}
		if n+1 < len(pages) {
			next = fmt.Sprintf(`"at%d"`, n+1)
		}
		body = fmt.Sprintf(`{"data":[%s],"meta":{"next_cursor":%s}}`, pages[n], next)
	}
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader([]byte(body))), Request: r}, nil
}

func (g *registry) one(path string) (int, string) {
	g.asked = append(g.asked, path)
	list, id, _ := strings.Cut(path[1:], "/")
	for _, page := range g.lists["/"+list] {
		if strings.Contains(page, `{"id":"`+id+`"}`) {
			return 200, `{"data":{"id":"` + id + `"}}`
		}
	}
	if g.items[path] {
		return 200, `{"data":{"id":"` + id + `"}}`
	}
	return 404, `{"message":"No query results for model"}`
}

// pairs declares two lists, and one of pairs whose key refers to both, and to a table with a key of two columns.
func pairs(t testing.TB) *schema.Catalog {
	t.Helper()
	side := func(name string) *schema.Table {
		return &schema.Table{Name: name, Key: []string{"id"}, Columns: schema.KeyColumn("id"),
			Source: &schema.List{Path: "/" + name, Paging: schema.ByCursor, Item: "/" + name + "/{id}"}}
	}
	place := &schema.Table{Name: "place", Key: []string{"row", "id"}, Columns: slices.Concat(schema.KeyColumn("row"), schema.KeyColumn("id")),
		Source: &schema.List{Path: "/place", Paging: schema.ByCursor, Item: "/place/{id}"}}
	catalog, err := schema.NewCatalog(side("left"), side("right"), place, &schema.Table{
		Name: "pair", Key: []string{"left_id", "right_id", "place_id"}, Columns: slices.Concat(schema.KeyColumn("left_id"), schema.KeyColumn("right_id"), schema.KeyColumn("place_id")),
		References: []schema.Reference{{Column: "left_id", Table: "left"}, {Column: "right_id", Table: "right"}, {Column: "place_id", Table: "place"}},
		Source:     &schema.List{Path: "/pairs", Paging: schema.ByCursor},
	})
	if err != nil {
		t.Fatal(err)
	}
	return catalog
}

func pair(left, right int) string {
	return fmt.Sprintf(`{"left_id":"%d","right_id":"%d","place_id":"7"}`, left, right)
}

func (g *registry) export(t *testing.T, l *lake) *export.Report {
	t.Helper()
	c, err := client.New(client.Options{Key: "test", Transport: unpacked{g}, Rate: 1 << 30, Retries: -1})
	if err != nil {
		t.Fatal(err)
	}
	r, err := export.Export(context.Background(), export.Options{Client: c, FS: fastFS{disk.OS(false)}, Dir: l.dir, Program: "test 1", Catalog: pairs(t),
		ResumeWithin: time.Hour, Now: l.tick})
	if err != nil || r.Failed() {
		t.Fatalf("%v %+v", err, r)
	}
	return r
}

// TestReferencesToWhatIsGone: rows about what is gone are left out, by each of their references; what a list has lost and
// that answers is added to its table.
func TestReferencesToWhatIsGone(t *testing.T) {
	g := &registry{items: map[string]bool{"/left/3": true, "/left/5": true}, lists: map[string][]string{
		"/left": {`{"id":"2"},{"id":"1"}`}, "/right": {`{"id":"12"},{"id":"11"}`}, "/place": {`{"row":"1","id":"7"}`},
		// 4 and 13 are gone. The least row of the second page comes again on the third: the rest of the page counts still.
		"/pairs": {pair(5, 11), strings.Join([]string{pair(4, 11), pair(3, 12), pair(3, 13), pair(2, 12)}, ","), strings.Join([]string{pair(2, 12), pair(1, 12), pair(1, 11)}, ",")},
	}}
	l := &lake{dir: filepath.Join(t.TempDir(), "lake"), now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
	g.export(t, l)
	var got []string
	for _, row := range l.list(t, "pair") {
		got = append(got, fmt.Sprint(row["left_id"], " ", row["right_id"]))
	}
	if diff := cmp.Diff([]string{"1 11", "1 12", "2 12", "3 12", "5 11"}, got); diff != "" {
		t.Errorf("pairs (-want +got):\n%s", diff)
	}
	if rows := l.list(t, "left"); len(rows) != 4 {
		t.Errorf("%d rows of left, want 4", len(rows))
	}
	for _, path := range g.asked {
		if strings.HasPrefix(path, "/place") {
			t.Errorf("%s was asked for: part of a key names no row", path)
		}
	}
	if r := g.export(t, l); !r.Empty() {
		t.Errorf("a second export changes %+v", r.Tables)
	}
}

// TestListReadAgain: rows that cannot be asked for go only if a second reading of their list does not have them either.
func TestListReadAgain(t *testing.T) {
	g := &registry{lists: map[string][]string{"/left": {`{"id":"1"}`}, "/right": {`{"id":"12"},{"id":"11"}`}, "/place": {`{"row":"1","id":"7"}`},
		"/pairs": {pair(1, 12) + "," + pair(1, 11)}}}
	l := &lake{dir: filepath.Join(t.TempDir(), "lake"), now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
	g.export(t, l)
	g.first = map[string][]string{"/pairs": {pair(1, 11), pair(1, 11)}} // in the scan, and when it looks for newer rows
	if deleted := tableOf(t, g.export(t, l), "pair").Deleted; deleted != 0 || len(l.list(t, "pair")) != 2 || len(g.first["/pairs"]) > 0 {
		t.Errorf("lost for once: %d deleted", deleted)
	}
	g.lists["/pairs"] = []string{pair(1, 11)}
	if deleted := tableOf(t, g.export(t, l), "pair").Deleted; deleted != 1 || len(l.list(t, "pair")) != 1 {
		t.Errorf("lost for good: %d deleted", deleted)
	}
}

// TestNamesOfVanished: a few of the attributes that no record has any more are named, the others counted.
func TestNamesOfVanished(t *testing.T) {
	for n, want := range map[int]string{1: "a", 2: "a, b", 3: "a, b, c", 4: "a, b, c and 1 more", 6: "a, b, c and 3 more"} {
		var names, values []string
		for i := range n {
			names = append(names, string(rune('a'+i)))
			values = append(values, fmt.Sprintf(`"%c":"x"`, 'a'+i))
		}
		catalog, err := schema.NewCatalog(&schema.Table{Name: "left", Key: []string{"id"}, Columns: slices.Concat(schema.KeyColumn("id"), schema.Texts(names...)),
			Source: &schema.List{Path: "/left", Paging: schema.ByCursor, Item: "/left/{id}"}})
		if err != nil {
			t.Fatal(err)
		}
		g := &registry{lists: map[string][]string{"/left": {`{"id":"1",` + strings.Join(values, ",") + `}`}}}
		c, err := client.New(client.Options{Key: "test", Transport: unpacked{g}, Rate: 1 << 30, Retries: -1})
		if err != nil {
			t.Fatal(err)
		}
		l := &lake{dir: filepath.Join(t.TempDir(), "lake"), now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
		o := export.Options{Client: c, FS: fastFS{disk.OS(false)}, Dir: l.dir, Program: "test 1", Catalog: catalog, ResumeWithin: time.Hour, Now: l.tick}
		if r, err := export.Export(context.Background(), o); err != nil || r.Failed() {
			t.Fatal(err, troubles(r))
		}
		g.lists["/left"] = []string{`{"id":"1"}`}
		r, err := export.Export(context.Background(), o)
		if got := tableOf(t, r, "left").Incomplete; err != nil || got != "no record had "+want+", which rows had before; their values were kept" {
			t.Errorf("%d attributes: %v, incomplete %q", n, err, got)
		}
	}
}

// TestReferencesOfPages: of a page whose least row came again on a later page, all other rows count.
func TestReferencesOfPages(t *testing.T) {
	g := &registry{lists: map[string][]string{"/left": {}, "/right": {`{"id":"11"}`}, "/place": {`{"row":"1","id":"7"}`}}}
	const size = 3000
	for n := range 3 {
		var left, pairs []string
		for i := range size {
			id := 1 + size*(3-n) - i
			left = append(left, fmt.Sprintf(`{"id":"%d"}`, id))
			pairs = append(pairs, pair(id, 11))
		}
		g.lists["/left"] = append(g.lists["/left"], strings.Join(left, ","))
		g.lists["/pairs"] = append(g.lists["/pairs"], strings.Join(pairs, ","))
	}
	gone := pair(size+size/2, 13) // on the second page
	g.lists["/pairs"][1] = gone + "," + g.lists["/pairs"][1]
	g.lists["/pairs"][2] = pair(size+2, 11) + "," + g.lists["/pairs"][2] // the least of the second page
	l := &lake{dir: filepath.Join(t.TempDir(), "lake"), now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
	g.export(t, l)
	if rows := l.list(t, "pair"); len(rows) != 3*size {
		t.Errorf("%d pairs, want %d", len(rows), 3*size)
	}
	for _, row := range l.list(t, "pair") {
		if row["right_id"] == "13" {
			t.Errorf("%v is left, and 13 is gone", row)
		}
	}
}
