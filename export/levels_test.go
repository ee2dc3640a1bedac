package export_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
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
	"mailerlake/schema"
)

// levels declares tables three levels deep: a list for each row of a list that is itself read for each row of another,
// and rows that come inside its rows.
func levels(t testing.TB) *schema.Catalog {
	t.Helper()
	catalog, err := schema.NewCatalog(
		&schema.Table{
			Name: "shop", Key: []string{"id"}, Columns: slices.Concat(schema.KeyColumn("id"), schema.Texts("name")),
			Source: &schema.List{Path: "/shops", Paging: schema.ByCursor, Limits: []int{2}, Item: "/shops/{id}"},
		},
		&schema.Table{
			Name: "order", Key: []string{"shop_id", "id"}, Expected: []string{"gifts"},
			Columns: slices.Concat(schema.LinkedKey("shop_id"), schema.KeyColumn("id"), schema.Texts("name")),
			Source: &schema.List{Path: "/shops/{shop_id}/orders", Paging: schema.ByCursor, Limits: []int{2}, Item: "/shops/{shop_id}/orders/{id}",
				Per: &schema.Link{Table: "shop", Columns: []string{"shop_id"}}},
		},
		&schema.Table{ // nested in a list per parent
			Name: "gift", Key: []string{"shop_id", "order_id", "id"}, References: []schema.Reference{{Column: "shop_id", Table: "shop"}},
			Columns: slices.Concat(schema.LinkedKey("shop_id"), schema.LinkedKey("order_id"), schema.In("gifts", schema.KeyColumn("id"), schema.Texts("name"))),
			Source:  &schema.Nested{In: schema.Link{Table: "order", Columns: []string{"shop_id", "order_id"}}, Attribute: "gifts"},
		},
		&schema.Table{ // by page number, for each row of a table with a key of two columns
			Name: "line", Key: []string{"shop_id", "order_id", "id"},
			Columns:    slices.Concat(schema.LinkedKey("shop_id"), schema.LinkedKey("order_id"), schema.KeyColumn("id"), schema.Texts("name")),
			References: []schema.Reference{{Column: "shop_id", Table: "shop"}, {Column: "order_id", Table: "order"}},
			Source: &schema.List{Path: "/shops/{shop_id}/orders/{order_id}/lines", Paging: schema.ByPage, Limits: []int{2},
				Per: &schema.Link{Table: "order", Columns: []string{"shop_id", "order_id"}}},
		},
	)
	if err != nil {
		t.Fatal(err)
	}
	return catalog
}

// node is a record with the lists below it, and gifts inside it.
type node struct {
	id, name string
	gifts    []string
	below    []*node
	bare     bool   // comes without its gifts
	more     string // undeclared attribute
}

// shops is an account of shops, their orders, and the lines of these, served as JSON.
type shops struct {
	mu    sync.Mutex
	list  []*node
	asked []string
	// fault says the status of the answer in place of the right one; 0 for none. It may change the account.
	fault func(path string) int
	// hide leaves a record out of a list that is read.
	hide func(path, id string) bool
}

func newShops() *shops {
	s := &shops{}
	for i := range 5 {
		shop := &node{id: strconv.Itoa(11 + i), name: fmt.Sprint("shop ", i)}
		for j := range i {
			order := &node{id: strconv.Itoa(21 + j), name: fmt.Sprint("order ", j)} // the same ids in every shop
			for k := range j + 1 {
				order.below = append(order.below, &node{id: strconv.Itoa(31 + k), name: fmt.Sprint("line ", k)})
				order.gifts = append(order.gifts, strconv.Itoa(41+k))
			}
			shop.below = append(shop.below, order)
		}
		s.list = append(s.list, shop)
	}
	return s
}

func (s *shops) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	path := strings.TrimPrefix(r.URL.Path, "/api")
	status, body := 200, any(nil)
	switch path {
	case "/account":
		body = map[string]any{"data": map[string]any{"id": "1", "name": "shops"}}
	case "/batch":
		var ask struct{ Requests []struct{ Path string } }
		_ = json.NewDecoder(r.Body).Decode(&ask)
		var answers []any
		for _, q := range ask.Requests {
			code, one := s.answer(strings.TrimPrefix(q.Path, "api"), "", 0)
			answers = append(answers, map[string]any{"code": code, "body": one})
		}
		body = map[string]any{"responses": answers}
	default:
		page, _ := strconv.Atoi(r.URL.Query().Get("page"))
		status, body = s.answer(path, r.URL.Query().Get("cursor"), page)
	}
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(text)), Request: r}, nil
}

// answer answers a path below the address: names of lists and ids in turn.
func (s *shops) answer(path, cursor string, page int) (int, any) {
	s.asked = append(s.asked, path)
	if s.fault != nil {
		if status := s.fault(path); status != 0 {
			return status, map[string]any{"message": "fault"}
		}
	}
	names := strings.Split(path, "/")[1:]
	at := &node{below: s.list}
	if names[0] == "orders" { // of all shops
		at.below = nil
		for _, shop := range s.list {
			at.below = append(at.below, shop.below...)
		}
	}
	for i := 1; i < len(names); i += 2 {
		if at = at.find(names[i]); at == nil {
			return 404, map[string]any{"message": "No query results for model"}
		}
	}
	if len(names)%2 == 0 {
		return 200, map[string]any{"data": at.record()}
	}
	var shown []*node
	for _, n := range at.below {
		if s.hide == nil || !s.hide(path, n.id) {
			shown = append(shown, n)
		}
	}
	return 200, pageOf(shown, cursor, page)
}

// pageOf returns a page of two records, by number or by cursor.
func pageOf(list []*node, cursor string, page int) any {
	from, numbered := 2*(page-1), page > 0
	if text, err := base64.RawStdEncoding.DecodeString(cursor); !numbered && err == nil {
		from, _ = strconv.Atoi(string(text))
	}
	data := []any{}
	for _, n := range list[min(from, len(list)):min(from+2, len(list))] {
		data = append(data, n.record())
	}
	if numbered {
		last := max(1, (len(list)+1)/2)
		return map[string]any{"data": data, "meta": map[string]any{"current_page": page, "last_page": last, "per_page": 2, "total": len(list)},
			"links": map[string]any{"next": map[bool]any{true: "x?page=2", false: nil}[page < last]}}
	}
	next := any(nil)
	if from+2 < len(list) {
		next = base64.RawStdEncoding.EncodeToString([]byte(strconv.Itoa(from + 2)))
	}
	return map[string]any{"data": data, "meta": map[string]any{"next_cursor": next}}
}

func (n *node) find(id string) *node {
	if i := slices.IndexFunc(n.below, func(b *node) bool { return b.id == id }); i >= 0 {
		return n.below[i]
	}
	return nil
}

func (n *node) record() map[string]any {
	gifts := []any{}
	for _, id := range n.gifts {
		gifts = append(gifts, map[string]any{"id": id, "name": "gift " + id})
	}
	record := map[string]any{"id": n.id, "name": n.name}
	if !n.bare {
		record["gifts"] = gifts
	}
	if n.more != "" {
		record["more"] = n.more
	}
	return record
}

// at returns the record of some ids, one a level.
func (s *shops) at(ids ...string) *node {
	n := &node{below: s.list}
	for _, id := range ids {
		n = n.find(id)
	}
	return n
}

// remove removes the record of some ids.
func (s *shops) remove(ids ...string) {
	last := ids[len(ids)-1]
	same := func(n *node) bool { return n.id == last }
	if len(ids) == 1 {
		s.list = slices.DeleteFunc(s.list, same)
		return
	}
	above := s.at(ids[:len(ids)-1]...)
	above.below = slices.DeleteFunc(above.below, same)
}

// loseOnce leaves a record out of a list, of two pages without it, when it is read for the first time.
func (s *shops) loseOnce(path, id string) {
	pages := 0
	s.hide = func(p, i string) bool {
		if p == path && i == id {
			pages++
		}
		return p == path && i == id && pages <= 2
	}
}

// truth is what the tables must hold.
func (s *shops) truth() map[string][]string {
	all := map[string][]string{"shop": {}, "order": {}, "gift": {}, "line": {}}
	for _, shop := range s.list {
		all["shop"] = append(all["shop"], shop.id+" "+shop.name)
		for _, order := range shop.below {
			all["order"] = append(all["order"], shop.id+" "+order.id+" "+order.name)
			for _, gift := range order.gifts {
				all["gift"] = append(all["gift"], shop.id+" "+order.id+" "+gift+" gift "+gift)
			}
			for _, line := range order.below {
				all["line"] = append(all["line"], shop.id+" "+order.id+" "+line.id+" "+line.name)
			}
		}
	}
	for _, rows := range all {
		slices.Sort(rows)
	}
	return all
}

// mall is a dataset of shops.
type mall struct {
	*lake
	shops   *shops
	catalog *schema.Catalog
	tables  []string // exported; nil is all
	yes     bool
}

func newMall(t testing.TB) *mall {
	return &mall{lake: &lake{dir: filepath.Join(t.TempDir(), "lake"), now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)},
		shops: newShops(), catalog: levels(t)}
}

func (m *mall) options(t testing.TB) export.Options {
	t.Helper()
	c, err := client.New(client.Options{Key: "test", Transport: unpacked{m.shops}, Rate: 1 << 30, Retries: -1})
	if err != nil {
		t.Fatal(err)
	}
	return export.Options{Client: c, FS: fastFS{disk.OS(false)}, Dir: m.dir, Program: "test 1", Catalog: m.catalog, Tables: m.tables,
		ResumeWithin: time.Hour, Now: m.tick, Yes: m.yes}
}

// run exports; it is for runs that may find something wrong.
func (m *mall) run(t testing.TB) *export.Report {
	t.Helper()
	r, err := export.Export(context.Background(), m.options(t))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// settle exports, and requires that nothing is wrong and the tables hold the account.
func (m *mall) settle(t testing.TB) *export.Report {
	t.Helper()
	m.shops.fault, m.shops.hide = nil, nil
	r := m.run(t)
	if r.Failed() {
		t.Errorf("a healthy run fails: %s", troubles(r))
	}
	m.check(t, m.shops.truth())
	return r
}

// check compares the exported tables with what they must hold.
func (m *mall) check(t testing.TB, want map[string][]string) {
	t.Helper()
	for table, rows := range want {
		if m.tables != nil && !slices.Contains(m.tables, table) {
			continue
		}
		got := []string{}
		for _, row := range m.list(t, table) {
			text := ""
			for _, column := range []string{"shop_id", "order_id", "id", "name"} {
				if row[column] != nil {
					text += " " + fmt.Sprint(row[column])
				}
			}
			got = append(got, text[1:])
		}
		slices.Sort(got)
		if diff := cmp.Diff(rows, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", table, diff)
		}
	}
}

// troubles says what a report says is not as it should be.
func troubles(r *export.Report) string {
	text := ""
	for _, table := range r.Tables {
		if table.Err != nil {
			text += table.Name + ": " + table.Err.Error() + "\n"
		}
		if table.TablePlan != nil && table.Incomplete+table.Withheld != "" {
			text += fmt.Sprintf("%s: incomplete %q, withheld %q\n", table.Name, table.Incomplete, table.Withheld)
		}
	}
	return text
}

// without returns the rows that do not begin with a key.
func without(rows []string, key string) []string {
	return slices.DeleteFunc(slices.Clone(rows), func(row string) bool { return strings.HasPrefix(row, key+" ") })
}

// TestLevels takes tables three levels deep through a first export, changes and deletes.
func TestLevels(t *testing.T) {
	m := newMall(t)
	if r := m.settle(t); !r.Matches {
		t.Error("a first export does not match")
	}
	if r := m.settle(t); !r.Empty() || !r.Matches {
		t.Errorf("a second export: empty %t, matches %t", r.Empty(), r.Matches)
	}
	s := m.shops
	s.at("15", "22").name = "changed"
	s.at("15", "22").gifts = []string{"41", "99"}
	s.at("15", "23").below[1].name = "changed"
	s.remove("15", "23", "33")
	s.remove("14", "21") // with its lines and gifts
	s.remove("13")       // with all below
	s.list = append(s.list, &node{id: "100", name: "new", below: []*node{{id: "5", name: "first", gifts: []string{"1"}, below: []*node{{id: "1", name: "one"}}}}})
	if r := m.settle(t); !r.Matches {
		t.Error("it does not match")
	}
}

// TestLevelsInAnotherOrder: the rows of a table with a key of two columns are in the order of the second, and those below
// it follow them. Those of one that could not be read stay.
func TestLevelsInAnotherOrder(t *testing.T) {
	for _, tables := range [][]string{nil, {"gift", "line"}} {
		m := newMall(t)
		m.catalog.Lookup("order").Order = []string{"id", "shop_id"}
		for _, name := range []string{"gift", "line"} {
			m.catalog.Lookup(name).Order = []string{"order_id", "shop_id", "id"}
		}
		m.tables, m.yes = tables, true
		m.settle(t)
		lines := m.shops.truth()["line"]
		m.shops.remove("15", "23", "33")
		m.shops.remove("14", "22", "31")
		m.shops.at("15", "22").gifts = []string{"41", "99"}
		m.shops.fault = failing("/shops/15/orders/23/lines", 500)
		m.run(t)
		m.check(t, map[string][]string{"gift": m.shops.truth()["gift"], "line": without(lines, "14 22 31")})
		m.settle(t)
	}
}

// TestLevelsLeftOut leaves tables out that others are read through. What is gone goes from the others, with proof.
func TestLevelsLeftOut(t *testing.T) {
	for _, tables := range [][]string{{"line"}, {"gift"}, {"gift", "line"}, {"shop", "line"}, {"shop", "gift", "line"}, {"order", "line", "gift"}} {
		t.Run(strings.Join(tables, ","), func(t *testing.T) {
			m := newMall(t)
			m.tables = tables
			m.settle(t)
			m.settle(t)
			m.shops.remove("15", "24")
			m.shops.remove("13")
			m.shops.remove("15", "23", "31")
			m.shops.at("15", "23").gifts = []string{"42"}
			m.settle(t)
			m.settle(t)
		})
	}
}

// TestLostParent: a list loses a row once, and nothing shows it. Rows that belong to it stay, whether it is exported or
// only read for their sake.
func TestLostParent(t *testing.T) {
	for _, tables := range [][]string{nil, {"line", "gift"}, {"order", "gift", "line"}, {"shop", "line", "gift"}} {
		for _, lost := range []string{"/shops 15", "/shops/15/orders 24"} {
			t.Run(fmt.Sprint(tables, lost), func(t *testing.T) {
				m := newMall(t)
				m.tables, m.yes = tables, true
				m.settle(t)
				if m.shops.hide = func(path, id string) bool { return path+" "+id == lost }; lost == "/shops/15/orders 24" {
					m.shops.loseOnce("/shops/15/orders", "24")
				}
				m.run(t)
				m.check(t, m.shops.truth())
				m.settle(t)
			})
		}
	}
}

// TestWithheldAbove: where deletes are withheld or not proved in one table, the rows below the rows that stay are kept as
// well, however deep.
func TestWithheldAbove(t *testing.T) {
	m := newMall(t)
	for i := range 30 {
		m.shops.list = append(m.shops.list, &node{id: strconv.Itoa(200 + i), name: "more", below: []*node{
			{id: "7", name: "order", gifts: []string{"8"}, below: []*node{{id: "9", name: "line"}}}}})
	}
	many := m.shops.at("15", "21") // so that what would go below is a small share
	for i := range 200 {
		many.gifts = append(many.gifts, strconv.Itoa(500+i))
		many.below = append(many.below, &node{id: strconv.Itoa(500 + i), name: "line"})
	}
	m.settle(t)
	before := m.shops.truth()
	m.shops.list = m.shops.list[:5]
	r := m.run(t)
	if shop := tableOf(t, r, "shop"); shop.Withheld == "" {
		t.Fatal("the deletes of shops are not withheld")
	}
	m.check(t, before)
	m.yes = true
	m.settle(t)
}

// TestUnprovenAbove: shops that cannot be asked for stay, and so does what is below them.
func TestUnprovenAbove(t *testing.T) {
	m := newMall(t)
	m.settle(t)
	before := m.shops.truth()
	m.shops.remove("15")
	m.shops.fault = func(path string) int { return map[bool]int{true: 403}[path == "/shops/15"] }
	if r := m.run(t); tableOf(t, r, "shop").Withheld == "" {
		t.Fatal("the deletes of shops are not withheld")
	}
	m.check(t, before)
	m.settle(t)
}

// TestParentThere: the list of a parent answers 404, and the parent is there: its rows stay, also of a parent that was
// itself read for a parent.
func TestParentThere(t *testing.T) {
	m := newMall(t)
	m.settle(t)
	before := m.shops.truth()
	m.shops.remove("15", "23", "31")
	m.shops.fault = func(path string) int { return map[bool]int{true: 404}[path == "/shops/15/orders/23/lines"] }
	r := m.run(t)
	if line := tableOf(t, r, "line"); line.Err != nil || line.Incomplete == "" || r.Matches {
		t.Errorf("%v, incomplete %q, matches %t", line.Err, line.Incomplete, r.Matches)
	}
	m.check(t, before)
	m.settle(t)
}

// TestGoneAfterItsFirstPage deletes a parent between two pages of its list: the rows of the first are not exported.
func TestGoneAfterItsFirstPage(t *testing.T) {
	for _, exported := range []bool{false, true} {
		d := newDepot(t)
		if exported {
			if _, err := d.run(t); err != nil {
				t.Fatal(err)
			}
		}
		want := d.boxes.truth()
		n := 0
		d.boxes.fault = func(path string) int {
			if path == "/boxes/107/visits" {
				if n++; n == 2 {
					d.boxes.list = slices.DeleteFunc(d.boxes.list, func(x *box) bool { return x.id == "107" })
				}
			}
			return 0
		}
		if r, err := d.run(t); err != nil || r.Failed() {
			t.Fatalf("%v %+v", err, r)
		}
		want["visit"] = without(want["visit"], "107")
		d.check(t, want)
		if r, err := d.run(t); err != nil || r.Failed() {
			t.Fatalf("%v %+v", err, r)
		}
		d.check(t, d.boxes.truth())
	}
}

// TestReadTwice: rows of a parent go only if a second reading of its list does not have them either.
func TestReadTwice(t *testing.T) {
	d := newDepot(t)
	if _, err := d.run(t); err != nil {
		t.Fatal(err)
	}
	whole, other := slices.Clone(d.boxes.list[6].visits), slices.Clone(d.boxes.list[4].visits)
	others := 0
	gone := d.boxes.list[5].visits[1]
	d.boxes.list[5].visits = slices.Delete(d.boxes.list[5].visits, 1, 2)
	reads := 0
	d.boxes.fault = func(path string) int {
		if path == "/boxes/107/visits" {
			if reads++; reads == 1 { // for once, and those of another box as well
				d.boxes.list[6].visits = whole[:1]
			} else {
				d.boxes.list[6].visits = whole
			}
		}
		if path == "/boxes/105/visits" {
			if others++; others == 1 {
				d.boxes.list[4].visits = nil
			} else {
				d.boxes.list[4].visits = other
			}
		}
		return 0
	}
	r, err := d.run(t)
	if err != nil || r.Failed() {
		t.Fatalf("%v %+v", err, r)
	}
	if deleted := tableOf(t, r, "visit").Deleted; deleted != 1 || reads < 2 {
		t.Errorf("%d visits deleted, want 1 (%d); %d readings", deleted, gone, reads)
	}
	d.check(t, d.boxes.truth())
}

// TestSecondReadingFails: without a second reading nothing goes.
func TestSecondReadingFails(t *testing.T) {
	d := newDepot(t)
	if _, err := d.run(t); err != nil {
		t.Fatal(err)
	}
	before := d.boxes.truth()
	d.boxes.list[6].visits = nil
	reads := 0
	d.boxes.fault = func(path string) int {
		if path == "/boxes/107/visits" {
			if reads++; reads > 1 {
				return 500
			}
		}
		return 0
	}
	r, err := d.run(t)
	if err != nil {
		t.Fatal(err)
	}
	if visit := tableOf(t, r, "visit"); !strings.Contains(visit.Withheld, "could not be read again") || visit.Deleted != 0 {
		t.Errorf("withheld %q, %d deleted", visit.Withheld, visit.Deleted)
	}
	d.check(t, before)
}

// TestManyReadTwice: of more rows than are asked for, a few that are found again withhold all.
func TestManyReadTwice(t *testing.T) {
	m := newMall(t)
	m.yes = true
	for i := range 1100 {
		m.shops.list = append(m.shops.list, &node{id: strconv.Itoa(1000 + i), name: "s", below: []*node{{id: "7", name: "order"}}})
	}
	m.tables = []string{"shop", "order"}
	m.settle(t)
	before := m.shops.truth()
	read := map[string]bool{}
	m.shops.hide = func(path, id string) bool {
		first := !read[path]
		read[path] = true
		return first && strings.HasSuffix(path, "/orders")
	}
	if r := m.run(t); tableOf(t, r, "order").Withheld == "" {
		t.Error("deletes are not withheld")
	}
	m.check(t, before)
	for _, shop := range m.shops.list[5:] {
		shop.below = nil
	}
	m.settle(t)
}

func (m *mall) plan(t testing.TB) *export.Report {
	t.Helper()
	r, err := export.Plan(context.Background(), m.options(t))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (m *mall) commitPlan(t testing.TB) *export.Report {
	t.Helper()
	r, err := export.ExportPlanned(context.Background(), m.options(t))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// counted is what a report says would change, or did.
func counted(r *export.Report) map[string]string {
	counts := map[string]string{}
	for _, table := range r.Tables {
		if table.TablePlan != nil {
			counts[table.Name] = fmt.Sprintf("+%d ~%d -%d, %d unproven, incomplete %q, withheld %q", table.Inserted, table.Updated, table.Deleted,
				table.Unproven, table.Incomplete, table.Withheld)
		} else if table.Unavailable == "" {
			counts[table.Name] = fmt.Sprint("error ", table.Err)
		}
	}
	return counts
}

// TestPlannedLevels commits plans of tables that belong to others: what was planned is done, and the rows are those of
// the plan's scan, also where some of it could not be read.
func TestPlannedLevels(t *testing.T) {
	faults := map[string]func(m *mall){
		"healthy":      func(*mall) {},
		"parent fails": func(m *mall) { m.shops.fault = failing("/shops/15/orders", 500) },
		"lower parent fails": func(m *mall) {
			m.shops.fault = failing("/shops/15/orders/22/lines", 500)
		},
		"parent lost":      func(m *mall) { m.shops.hide = func(path, id string) bool { return path+" "+id == "/shops 15" } },
		"deletes withheld": func(m *mall) { m.shops.fault = failing("/shops/12", 403) },
		"left out":         func(m *mall) { m.tables = []string{"gift", "line"} },
	}
	for name, disturb := range faults {
		t.Run(name, func(t *testing.T) {
			m, direct := newMall(t), newMall(t)
			var planned map[string]string
			for _, x := range []*mall{m, direct} {
				x.settle(t)
				x.shops.at("15", "22").name = "changed"
				x.shops.remove("15", "22", "31")
				x.shops.remove("14", "21")
				x.shops.remove("12")
				disturb(x)
			}
			planned = counted(m.plan(t))
			done := counted(m.commitPlan(t))
			if diff := cmp.Diff(planned, done); diff != "" {
				t.Errorf("planned and done (-planned +done):\n%s", diff)
			}
			if diff := cmp.Diff(counted(direct.run(t)), done); diff != "" {
				t.Errorf("without and with a plan (-without +with):\n%s", diff)
			}
			for _, table := range []string{"shop", "order", "gift", "line"} {
				if m.tables != nil && !slices.Contains(m.tables, table) {
					continue
				}
				a, b := m.list(t, table), direct.list(t, table)
				for _, row := range append(a, b...) {
					delete(row, "_synced_at")
				}
				if diff := cmp.Diff(b, a); diff != "" {
					t.Errorf("%s (-without +with):\n%s", table, diff)
				}
			}
			m.settle(t)
		})
	}
}

// TestPlannedChoice commits a plan of all tables where another choice of tables is asked for: the plan counts. What belongs
// to a shop whose orders could not be read stays.
func TestPlannedChoice(t *testing.T) {
	for _, tables := range [][]string{{"shop"}, {"line"}, {"gift", "shop"}} {
		m := newMall(t)
		m.settle(t)
		m.shops.at("15", "22").name = "changed"
		m.shops.remove("15", "23", "31")
		m.shops.fault = failing("/shops/13/orders", 500)
		planned := counted(m.plan(t))
		m.tables = tables
		if diff := cmp.Diff(planned, counted(m.commitPlan(t))); diff != "" {
			t.Errorf("%v: planned and done (-planned +done):\n%s", tables, diff)
		}
		m.tables = nil
		m.check(t, m.shops.truth())
	}
}

func failing(path string, status int) func(string) int {
	return func(p string) int { return map[bool]int{true: status}[p == path] }
}

// TestPlannedNotAvailable: a plan that found a table not available is committed without it.
func TestPlannedNotAvailable(t *testing.T) {
	d := newDepot(t)
	if _, err := d.run(t); err != nil {
		t.Fatal(err)
	}
	before := d.boxes.truth()
	d.boxes.list[0].label = "changed"
	d.boxes.list[6].visits = nil
	d.boxes.fault = func(path string) int { return map[bool]int{true: 403}[strings.HasSuffix(path, "/visits")] }
	o := d.options(t)
	if r, err := export.Plan(context.Background(), o); err != nil || tableOf(t, r, "visit").Unavailable == "" {
		t.Fatal(err)
	}
	if r, err := export.ExportPlanned(context.Background(), o); err != nil || r.Failed() || r.Matches {
		t.Fatal(err, r)
	}
	want := d.boxes.truth()
	want["visit"] = before["visit"]
	d.check(t, want)
}

// TestBoxesLeftOut leaves out the table that all others hang on: what belonged to a box that is gone goes, with proof,
// and stays where the list has only lost the box.
func TestBoxesLeftOut(t *testing.T) {
	for _, tables := range [][]string{{"visit"}, {"letter"}, {"visit", "letter"}} {
		d := newDepot(t)
		run := func() *export.Report {
			t.Helper()
			o := d.options(t)
			o.Tables = tables
			r, err := export.Export(context.Background(), o)
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		check := func(want map[string][]string) {
			t.Helper()
			some := map[string][]string{}
			for _, table := range tables {
				some[table] = want[table]
			}
			d.check(t, some)
		}
		run()
		check(d.boxes.truth())
		before, all := d.boxes.truth(), d.boxes.list
		d.boxes.fault = func(path string) int { // the list has lost box 106, which answers
			d.boxes.list = all
			if path == "/boxes" {
				d.boxes.list = slices.Concat(all[:5], all[6:])
			}
			return 0
		}
		run()
		check(before)
		d.boxes.fault = nil
		d.boxes.list = slices.Concat(all[:5], all[6:])
		if r := run(); r.Failed() {
			t.Errorf("%v: %s", tables, troubles(r))
		}
		check(d.boxes.truth())
	}
}

// TestLostBox: the list of boxes loses one for once, and states so many. Nothing of it goes.
func TestLostBox(t *testing.T) {
	d := newDepot(t)
	if _, err := d.run(t); err != nil {
		t.Fatal(err)
	}
	before, all := d.boxes.truth(), d.boxes.list
	d.boxes.fault = func(path string) int {
		d.boxes.list = all
		if path == "/boxes" {
			d.boxes.list = slices.Concat(all[:5], all[6:])
		}
		return 0
	}
	if r, err := d.run(t); err != nil || r.Failed() {
		t.Fatalf("%v %s", err, troubles(r))
	}
	d.check(t, before)
}
