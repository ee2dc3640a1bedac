package export_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
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
	"mailerlake/export/dataset"
	"mailerlake/export/disk"
	"mailerlake/export/pagelog"
	"mailerlake/schema"
)

// The tables in this file exist nowhere else: each is one declaration, of another kind than the account's own tables.

// kinds declares a list, a table nested in it that is not sorted like it, a list for each of its rows, rows derived from
// it, and a single object.
func kinds(t testing.TB) *schema.Catalog {
	t.Helper()
	catalog, err := schema.NewCatalog(
		&schema.Table{
			Name: "owner", Key: []string{"id"}, Columns: slices.Concat(schema.KeyColumn("id"), schema.Texts("name")),
			Source: &schema.Single{Path: "/owner"},
		},
		&schema.Table{
			Name: "box", Key: []string{"id"}, Columns: slices.Concat(schema.KeyColumn("id"), schema.Texts("label")),
			Expected: []string{"items"},
			Source:   &schema.List{Path: "/boxes", Paging: schema.ByPage, Limits: []int{2}, Item: "/boxes/{id}"},
		},
		&schema.Table{ // nested, with attributes of its own, sorted by its own id
			Name: "item", Key: []string{"id"}, References: []schema.Reference{{Column: "box_id", Table: "box"}},
			Columns: slices.Concat(schema.In("items", schema.KeyColumn("id"), schema.Texts("name"), schema.Counts("size"), schema.Rates("wear")),
				schema.Linked("box_id")),
			Never:  []string{"secret"},
			Source: &schema.Nested{In: schema.Link{Table: "box", Columns: []string{"box_id"}}, Attribute: "items"},
		},
		&schema.Table{ // a list per parent, optional, with a key of two columns
			Name: "visit", Key: []string{"box_id", "id"}, Optional: true,
			Columns: slices.Concat(schema.LinkedKey("box_id"), schema.KeyColumn("id"), schema.Times("at")),
			Source: &schema.List{Path: "/boxes/{box_id}/visits", Paging: schema.ByCursor, Limits: []int{2},
				Per: &schema.Link{Table: "box", Columns: []string{"box_id"}}},
		},
		&schema.Table{
			Name: "letter", Key: []string{"box_id", "place"},
			Columns: slices.Concat(schema.LinkedKey("box_id"), schema.KeyColumn("place"), schema.Texts("letter")),
			Source:  &schema.Derived{From: schema.Link{Table: "box", Columns: []string{"box_id"}}, Rows: letters},
		},
	)
	if err != nil {
		t.Fatal(err)
	}
	return catalog
}

// letters makes a row of each letter in a box's label.
func letters(from *schema.Batch, _ []*schema.Batch) schema.Children {
	columns := slices.Concat(schema.LinkedKey("box_id"), schema.KeyColumn("place"), schema.Texts("letter"))
	b := &schema.Batch{Columns: columns, Vectors: []*schema.Vector{nil, schema.NewVector(schema.String), schema.NewVector(schema.String)}}
	offsets := []uint32{0}
	labels := from.Vector("label")
	for i := range from.Rows {
		if labels != nil && !labels.Null(i) {
			for place, letter := range string(labels.Text(i)) {
				b.Vectors[1].AppendText([]byte(strconv.Itoa(place)))
				b.Vectors[2].AppendText([]byte(string(letter)))
				b.Rows++
			}
		}
		offsets = append(offsets, uint32(b.Rows))
	}
	return schema.Children{Rows: b, Offsets: offsets}
}

type item struct {
	id, name string
	size     int
	more     string // undeclared attribute
}

type box struct {
	id, label string
	items     []item
	visits    []int // ids
	noItems   bool  // comes without its items
	kind      string
	moves     int // goes up when visits change; comes with kind
	count     any // comes in place of moves, unless it is nil
}

// boxes is an account of boxes, served as JSON.
type boxes struct {
	mu    sync.Mutex
	list  []*box
	name  string
	fault func(path string) int // status of the answer in place of the right one; 0 for none
	asked []string
	// banned guests are no longer listed, neither as guests nor in visits.
	banned map[int]bool

	hidden string   // id of a box that no page shows
	mute   bool     // boxes come without their moves
	guests []string // ids, of a list of their own

	hiddenGuest string // that the list does not show
}

func (b *boxes) RoundTrip(r *http.Request) (*http.Response, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := r.Context().Err(); err != nil { // of a run that was stopped: the account may have changed since
		return nil, err
	}
	path := strings.TrimPrefix(r.URL.Path, "/api")
	b.asked = append(b.asked, path)
	status, body := http.StatusOK, any(nil)
	switch parts := strings.Split(path, "/")[1:]; {
	case b.fault != nil && b.fault(path) != 0:
		status, body = b.fault(path), map[string]any{"message": "fault"}
	case path == "/account":
		body = map[string]any{"data": map[string]any{"id": "1", "name": "boxes"}}
	case path == "/owner":
		body = map[string]any{"data": map[string]any{"id": "1", "name": b.name}}
	case path == "/guests" && b.banned != nil:
		body = b.everyone()
	case path == "/batch":
		body = b.batch(r)
	case path == "/guests":
		body = b.guestList()
	case path == "/boxes":
		page, _ := strconv.Atoi(r.URL.Query().Get("page"))
		body = b.page(page)
	default:
		status, body = b.one(parts, r.URL.Query().Get("cursor"))
	}
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(text)), Request: r}, nil
}

func (b *boxes) find(id string) *box {
	if i := slices.IndexFunc(b.list, func(x *box) bool { return x.id == id }); i >= 0 {
		return b.list[i]
	}
	return nil
}

func (x *box) record() map[string]any {
	items := []any{}
	for _, it := range x.items {
		record := map[string]any{"id": it.id, "name": it.name, "size": it.size, "secret": "hush", "wear": map[string]any{"float": 0.5, "string": "50%"}}
		if it.more != "" {
			record["more"] = it.more
		}
		items = append(items, record)
	}
	record := map[string]any{"id": x.id, "label": x.label}
	if !x.noItems {
		record["items"] = items
	}
	if x.kind != "" {
		record["kind"], record["moves"] = x.kind, x.moves
		if x.count != nil {
			record["moves"] = x.count
		}
	}
	return record
}

func (b *boxes) page(n int) any {
	data, last := []any{}, (len(b.list)+1)/2
	for i := 2 * (n - 1); i < min(2*n, len(b.list)); i++ {
		record := b.list[i].record()
		if b.mute {
			delete(record, "moves")
		}
		if b.list[i].id != b.hidden {
			data = append(data, record)
		}
	}
	return map[string]any{"data": data, "meta": map[string]any{"current_page": n, "last_page": max(1, last), "per_page": 2, "total": len(b.list)},
		"links": map[string]any{"next": map[bool]any{true: "x?page=2", false: nil}[n < last]}}
}

func (b *boxes) guestList() any {
	data := []any{}
	for _, id := range b.guests {
		if id == b.hiddenGuest {
			continue
		}
		data = append(data, map[string]any{"id": id, "name": "guest"})
	}
	return map[string]any{"data": data, "meta": map[string]any{"current_page": 1, "last_page": 1, "per_page": 100, "total": len(data)}}
}

func (b *boxes) one(parts []string, cursor string) (int, any) {
	x := (*box)(nil)
	if len(parts) > 1 {
		x = b.find(parts[1])
	}
	switch {
	case parts[0] == "guests" && len(parts) == 2 && slices.Contains(b.guests, parts[1]):
		return 200, map[string]any{"data": map[string]any{"id": parts[1], "name": "guest"}}
	case x == nil:
		return 404, map[string]any{"message": "No query results for model"}
	case len(parts) == 2:
		return 200, map[string]any{"data": x.record()}
	}
	from := 0
	if text, err := base64.RawStdEncoding.DecodeString(cursor); err == nil && cursor != "" {
		from, _ = strconv.Atoi(string(text))
	}
	data, next, visits := []any{}, any(nil), b.visits(x)
	for i := from; i < min(from+2, len(visits)); i++ {
		data = append(data, map[string]any{"id": fmt.Sprint(visits[i]), "at": "2026-01-02 03:04:05"})
	}
	if from+2 < len(visits) {
		next = base64.RawStdEncoding.EncodeToString([]byte(strconv.Itoa(from + 2)))
	}
	return 200, map[string]any{"data": data, "meta": map[string]any{"next_cursor": next}}
}

// visits returns the visits of a box, without those of banned guests.
func (b *boxes) visits(x *box) []int {
	return slices.DeleteFunc(slices.Clone(x.visits), func(id int) bool { return b.banned[id] })
}

// everyone lists everybody who may visit, on one page.
func (b *boxes) everyone() any {
	data := []any{}
	for id := range 1000 {
		if !b.banned[id] {
			data = append(data, map[string]any{"id": fmt.Sprint(id)})
		}
	}
	return map[string]any{"data": data, "meta": map[string]any{"total": len(data)}}
}

func (b *boxes) batch(r *http.Request) any {
	var ask struct{ Requests []struct{ Path string } }
	_ = json.NewDecoder(r.Body).Decode(&ask)
	var answers []any
	for _, q := range ask.Requests {
		status, body := b.one(strings.Split(strings.TrimPrefix(q.Path, "api/"), "/"), "")
		if path := strings.TrimPrefix(q.Path, "api"); b.fault != nil && b.fault(path) != 0 {
			status, body = b.fault(path), map[string]any{"message": "fault"}
		}
		answers = append(answers, map[string]any{"code": status, "body": body})
	}
	return map[string]any{"responses": answers}
}

// truth is what the tables must hold, by key.
func (b *boxes) truth() map[string][]string {
	all := map[string][]string{"owner": {"1 " + b.name}, "box": {}, "item": {}, "visit": {}, "letter": {}}
	for _, x := range b.list {
		all["box"] = append(all["box"], x.id+" "+x.label)
		for _, it := range x.items {
			all["item"] = append(all["item"], fmt.Sprintf("%s %s %s %d 0.5 %s", it.id, x.id, it.name, it.size, it.more))
		}
		for _, v := range b.visits(x) {
			all["visit"] = append(all["visit"], fmt.Sprintf("%s %d", x.id, v))
		}
		for place, letter := range x.label {
			all["letter"] = append(all["letter"], fmt.Sprintf("%s %d %c", x.id, place, letter))
		}
	}
	for _, rows := range all {
		slices.Sort(rows)
	}
	return all
}

func newBoxes() *boxes {
	b := &boxes{name: "me"}
	for i := range 7 {
		x := &box{id: strconv.Itoa(101 + i), label: strings.Repeat("a", i%3) + "b"}
		for j := range i % 4 {
			x.items = append(x.items, item{id: strconv.Itoa(900 - 10*i - j), name: fmt.Sprintf("item %d", j), size: i * j})
		}
		for v := range i {
			x.visits = append(x.visits, 50-v)
		}
		b.list = append(b.list, x)
	}
	return b
}

// depot is a dataset of boxes.
type depot struct {
	*lake
	boxes   *boxes
	catalog *schema.Catalog
}

func newDepot(t testing.TB) *depot {
	return &depot{&lake{dir: filepath.Join(t.TempDir(), "lake"), now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}, newBoxes(), kinds(t)}
}

func (d *depot) run(t testing.TB) (*export.Report, error) {
	t.Helper()
	return export.Export(context.Background(), d.options(t))
}

func (d *depot) options(t testing.TB) export.Options {
	t.Helper()
	c, err := client.New(client.Options{Key: "test", Transport: unpacked{d.boxes}, Rate: 1 << 30, Retries: -1})
	if err != nil {
		t.Fatal(err)
	}
	return export.Options{Client: c, FS: fastFS{disk.OS(false)}, Dir: d.dir, Program: "test 1",
		Catalog: d.catalog, ResumeWithin: time.Hour, Now: d.tick}
}

// check compares tables with what they must hold.
func (d *depot) check(t testing.TB, want map[string][]string) {
	t.Helper()
	got := map[string][]string{}
	for table := range want {
		got[table] = []string{}
		for _, row := range d.list(t, table) {
			var text string
			switch table {
			case "owner", "box":
				text = fmt.Sprint(row["id"], " ", row["name"], row["label"])
				text = strings.ReplaceAll(text, "<nil>", "")
			case "item":
				more := row["more"]
				if more == nil {
					more = ""
				}
				text = fmt.Sprint(row["id"], " ", row["box_id"], " ", row["name"], " ", row["size"], " ", row["wear_float"], " ", more)
			case "visit":
				text = fmt.Sprint(row["box_id"], " ", row["id"])
			case "letter":
				text = fmt.Sprint(row["box_id"], " ", row["place"], " ", row["letter"])
			}
			got[table] = append(got[table], text)
		}
		slices.Sort(got[table])
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("tables (-want +got):\n%s", diff)
	}
}

// TestKinds takes tables of every kind through a first export, changes and deletes.
func TestKinds(t *testing.T) {
	d := newDepot(t)
	export := func() *export.Report {
		t.Helper()
		r, err := d.run(t)
		if err != nil || r.Failed() {
			t.Fatalf("%v; %+v", err, r)
		}
		return r
	}
	export()
	d.check(t, d.boxes.truth())
	if r := export(); !r.Empty() || !r.Matches {
		t.Errorf("a second export: empty %t, matches %t", r.Empty(), r.Matches)
	}
	d.boxes.name = "someone else"
	d.boxes.list[1].label = "changed"
	d.boxes.list[3].items[0].name = "renamed"
	d.boxes.list[3].items[1].more = "new attribute"
	d.boxes.list[2].items = nil
	d.boxes.list[6].visits = []int{60, 50, 48}
	d.boxes.list[4].visits = nil
	d.boxes.list = slices.Delete(d.boxes.list, 5, 6) // with its items, visits and letters
	d.boxes.list = append(d.boxes.list, &box{id: "200", label: "new", items: []item{{id: "1", name: "first"}}, visits: []int{1, 2, 3, 4, 5}})
	export()
	d.check(t, d.boxes.truth())
	if r := export(); !r.Empty() {
		t.Errorf("an export without changes changes %+v", r.Tables)
	}
}

// TestParentFails lets the list of one parent fail: its rows stay, the others change, and the run says so.
func TestParentFails(t *testing.T) {
	d := newDepot(t)
	if _, err := d.run(t); err != nil {
		t.Fatal(err)
	}
	before := d.boxes.truth()["visit"]
	d.boxes.fault = func(path string) int { return map[string]int{"/boxes/104/visits": 500}[path] }
	for _, x := range d.boxes.list {
		x.visits = []int{70}
	}
	r, err := d.run(t)
	if err != nil {
		t.Fatal(err)
	}
	want := d.boxes.truth()
	want["visit"] = slices.DeleteFunc(want["visit"], func(row string) bool { return strings.HasPrefix(row, "104 ") })
	for _, row := range before {
		if strings.HasPrefix(row, "104 ") {
			want["visit"] = append(want["visit"], row)
		}
	}
	slices.Sort(want["visit"])
	d.check(t, want)
	for _, table := range r.Tables {
		if incomplete := table.Name == "visit"; table.Err != nil || (table.Incomplete != "") != incomplete {
			t.Errorf("%s: %v, incomplete %q", table.Name, table.Err, table.Incomplete)
		}
	}
	if r.Matches {
		t.Error("it is said to match")
	}
	d.boxes.fault = nil
	if _, err := d.run(t); err != nil {
		t.Fatal(err)
	}
	d.check(t, d.boxes.truth())
}

// TestParentGone deletes a parent after it was listed and before its own list is read.
func TestParentGone(t *testing.T) {
	d := newDepot(t)
	if _, err := d.run(t); err != nil {
		t.Fatal(err)
	}
	want := d.boxes.truth()
	d.boxes.fault = func(path string) int {
		if path == "/boxes/104/visits" {
			d.boxes.list = slices.DeleteFunc(d.boxes.list, func(x *box) bool { return x.id == "104" })
		}
		return 0
	}
	if r, err := d.run(t); err != nil || r.Failed() {
		t.Fatalf("%v %+v", err, r)
	}
	want["visit"] = slices.DeleteFunc(want["visit"], func(row string) bool { return strings.HasPrefix(row, "104 ") })
	d.check(t, want) // the parent itself was there when it was listed
	if r, err := d.run(t); err != nil || r.Failed() {
		t.Fatalf("%v %+v", err, r)
	}
	d.check(t, d.boxes.truth())
}

// TestNotAvailable: an optional list that the account does not have is no failure, and keeps what is stored.
func TestNotAvailable(t *testing.T) {
	for _, status := range []int{403, 404, 422} {
		d := newDepot(t)
		d.boxes.fault = func(path string) int {
			if strings.HasSuffix(path, "/visits") {
				return status
			}
			return 0
		}
		r, err := d.run(t)
		if err != nil || r.Failed() {
			t.Fatalf("%d: %v %+v", status, err, r)
		}
		unavailable := func() (why string) {
			for _, table := range r.Tables {
				if table.Unavailable != "" {
					why += table.Name + ": " + table.Unavailable
				}
			}
			return why
		}
		if why := unavailable(); !strings.HasPrefix(why, "visit: ") || !strings.Contains(why, strconv.Itoa(status)) {
			t.Errorf("%d: not available: %q", status, why)
		}
		want := d.boxes.truth()
		delete(want, "visit")
		d.check(t, want)
		d.boxes.fault = nil
		if r, err = d.run(t); err != nil || unavailable() != "" {
			t.Fatal(err, unavailable())
		}
		d.check(t, d.boxes.truth())
		visits := d.boxes.truth()["visit"]
		d.boxes.list[6].visits = nil
		d.boxes.fault = func(path string) int { return map[bool]int{true: status}[strings.HasSuffix(path, "/visits")] }
		if r, err = d.run(t); err != nil || unavailable() == "" {
			t.Fatal(err)
		}
		d.check(t, map[string][]string{"visit": visits})
	}
}

// TestRequiredListMissing: a list that is not optional and is refused for every parent fails its table; the others
// continue.
func TestRequiredListMissing(t *testing.T) {
	d := newDepot(t)
	for _, table := range d.catalog.Tables() {
		if table.Name == "visit" {
			table.Optional = false
		}
	}
	if _, err := d.run(t); err != nil {
		t.Fatal(err)
	}
	want := d.boxes.truth()
	d.boxes.list[0].label = "changed"
	want["box"], want["letter"] = d.boxes.truth()["box"], d.boxes.truth()["letter"]
	for _, x := range d.boxes.list {
		x.visits = nil
	}
	d.boxes.fault = func(path string) int { return map[bool]int{true: 404}[strings.HasSuffix(path, "/visits")] }
	r, err := d.run(t)
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range r.Tables {
		if (table.Err != nil) != (table.Name == "visit") {
			t.Errorf("%s: %v", table.Name, table.Err)
		}
	}
	d.check(t, want)
}

// TestWalksResume cuts a run off after each number of requests: the next one reads no parent again that was read.
func TestWalksResume(t *testing.T) {
	for cut := 1; ; cut++ {
		d := newDepot(t)
		if _, err := d.run(t); err != nil {
			t.Fatal(err)
		}
		for _, x := range d.boxes.list {
			x.visits = append([]int{80}, x.visits...)
		}
		d.boxes.asked = nil
		n := 0
		d.boxes.fault = func(string) int {
			if n++; n > cut {
				return 401
			}
			return 0
		}
		_, err := d.run(t)
		if err == nil {
			return
		}
		read := map[string]int{}
		for _, path := range d.boxes.asked {
			read[path]++
		}
		d.boxes.fault, d.boxes.asked = nil, nil
		r, err := d.run(t)
		if err != nil || r.Failed() {
			t.Fatalf("cut after %d: %v %+v", cut, err, r)
		}
		d.check(t, d.boxes.truth())
		again := maps.Clone(read)
		clear(again)
		for _, path := range d.boxes.asked {
			again[path]++
		}
		for _, x := range d.boxes.list {
			path, pages := "/boxes/"+x.id+"/visits", (len(x.visits)+1)/2
			if total := read[path] + again[path]; total > max(1, pages)+1 { // the request that was refused may come again
				t.Errorf("cut after %d: %s was asked for %d times, for %d pages", cut, path, total, pages)
			}
		}
	}
}

// TestNestedWithoutArray: rows that come without their array keep the rows that it held.
func TestNestedWithoutArray(t *testing.T) {
	d := newDepot(t)
	if _, err := d.run(t); err != nil {
		t.Fatal(err)
	}
	want := d.boxes.truth()
	d.boxes.list[3].noItems = true
	r, err := d.run(t)
	if err != nil {
		t.Fatal(err)
	}
	if !r.Failed() || r.Matches {
		t.Error("a row without its array is taken for complete")
	}
	d.check(t, want)
}

// TestNeverWritten: what a declaration says is never written is in no file, not even in the page logs.
func TestNeverWritten(t *testing.T) {
	d := newDepot(t)
	d.boxes.fault = func(path string) int { return map[string]int{"/boxes/107/visits": 401}[path] }
	if _, err := d.run(t); err == nil {
		t.Fatal("no error")
	}
	if rows := d.rowsOfLogs(t); strings.Contains(rows, "hush") || !strings.Contains(rows, "item 1") {
		t.Errorf("a page log holds %s", rows)
	}
	d.boxes.fault = nil
	if _, err := d.run(t); err != nil {
		t.Fatal(err)
	}
	for _, row := range d.list(t, "item") {
		for column, value := range row {
			if column == "secret" || value == "hush" {
				t.Fatalf("column %s holds %v", column, value)
			}
		}
	}
}

// rowsOfLogs returns the text of everything in the page logs.
func (d *depot) rowsOfLogs(t testing.TB) (text string) {
	t.Helper()
	for _, table := range d.catalog.Tables() {
		text += logText(t, filepath.Join(d.dir, dataset.ScanDir), table)
	}
	return text
}

// logText returns the text of a table's page log in a directory, empty if there is none that can be read.
func logText(t testing.TB, dir string, table *schema.Table) string {
	t.Helper()
	log, err := pagelog.NewStore(fastFS{disk.OS(false)}, dir, filepath.Join(t.TempDir(), "scratch")).Open(t.Context(), table.Name, pagelog.ShapeOf(table))
	if err != nil {
		return ""
	}
	defer log.Close()
	var text strings.Builder
	for c := pagelog.NewCursor(t.Context(), log, nil, nil); ; {
		run, ok, err := c.Next()
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			return text.String()
		}
		batches := []*schema.Batch{run.Page.Rows}
		for _, children := range run.Page.Children {
			batches = append(batches, children.Rows)
		}
		for _, b := range batches {
			for _, v := range b.Vectors {
				if v != nil {
					text.Write(v.Bytes)
				}
			}
		}
	}
}
