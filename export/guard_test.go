package export_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"mailerlake/client"
	"mailerlake/export"
	"mailerlake/export/dataset"
	"mailerlake/export/disk"
	"mailerlake/schema"
)

// TestMassGuard deletes a share of a table's rows: more than a fifth, and more than 20, need confirmation; so do all, of three or
// more.
func TestMassGuard(t *testing.T) {
	for _, c := range []struct {
		rows, gone int
		withheld   bool
	}{{1, 1, false}, {2, 2, false}, {3, 2, false}, {3, 3, true}, {20, 19, false}, {20, 20, true}, {99, 20, false}, {105, 21, false}, {104, 21, true}, {104, 104, true}, {600, 100, false}, {1500, 1100, true}} {
		m := newMall(t)
		m.tables, m.shops.list = []string{"shop"}, nil
		for i := range c.rows {
			m.shops.list = append(m.shops.list, &node{id: strconv.Itoa(1000 + i), name: "s"})
		}
		m.settle(t)
		m.shops.list = m.shops.list[c.gone:]
		r := m.run(t)
		if shop := tableOf(t, r, "shop"); (shop.Withheld != "") != c.withheld || shop.Deleted != int64(c.gone) && !c.withheld {
			t.Errorf("%d of %d: %d deleted, withheld %q", c.gone, c.rows, shop.Deleted, shop.Withheld)
		}
		m.yes = true
		m.settle(t)
	}
}

// TestOwnersThatCannotBeAsked: rows whose parent is not exported and cannot be asked for stay.
func TestOwnersThatCannotBeAsked(t *testing.T) {
	for _, table := range []string{"order", "line", "gift"} {
		m := newMall(t)
		m.tables, m.yes = []string{table}, true
		m.settle(t)
		before := m.shops.truth()
		m.shops.remove("15")
		m.shops.fault = func(path string) int {
			return map[bool]int{true: 403}[strings.HasPrefix(path, "/shops/15") && !strings.HasSuffix(path, "s")]
		}
		if r := m.run(t); tableOf(t, r, table).Withheld == "" {
			t.Errorf("%s: deletes are not withheld", table)
		}
		m.check(t, before)
		m.settle(t)
	}
	m := newMall(t)
	m.tables = []string{"gift"}
	m.catalog.Lookup("order").Source.(*schema.List).Item = ""
	m.settle(t)
	m.shops.at("15", "23").gifts = nil
	if gift := tableOf(t, m.run(t), "gift"); gift.Withheld != "the rows of order cannot be asked for" || gift.Deleted != 0 {
		t.Errorf("%d gifts deleted, withheld %q", gift.Deleted, gift.Withheld)
	}
	d := newDepot(t)
	o := d.options(t)
	o.Tables = []string{"letter", "item"}
	if _, err := export.Export(context.Background(), o); err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{"letter": d.boxes.truth()["letter"], "item": d.boxes.truth()["item"]}
	d.boxes.list = slices.Delete(d.boxes.list, 5, 6)
	d.boxes.fault = func(path string) int { return map[string]int{"/boxes/106": 403}[path] }
	r, err := export.Export(context.Background(), o)
	if err != nil || tableOf(t, r, "letter").Withheld == "" || tableOf(t, r, "item").Withheld == "" {
		t.Errorf("%v: %s", err, troubles(r))
	}
	d.check(t, want)
}

// TestRecordWithoutArray: a row that is found by its id but says nothing about the rows nested in it proves nothing
// about them.
func TestRecordWithoutArray(t *testing.T) {
	m := newMall(t)
	m.tables = []string{"gift"}
	m.settle(t)
	before := m.shops.truth()
	m.shops.at("15", "24").bare = true
	m.shops.hide = func(path, id string) bool { return path+" "+id == "/shops/15/orders 24" }
	if r := m.run(t); tableOf(t, r, "gift").Withheld == "" {
		t.Error("deletes are not withheld")
	}
	m.check(t, before)
}

// TestKeyRefusedBelow: a key that is refused for the list of an order that only answered by its id ends the run.
func TestKeyRefusedBelow(t *testing.T) {
	m := newMall(t)
	m.settle(t)
	before := m.shops.truth()
	m.shops.loseOnce("/shops/15/orders", "24")
	m.shops.fault = failing("/shops/15/orders/24/lines", 401)
	if _, err := export.Export(context.Background(), m.options(t)); !errors.Is(err, client.ErrUnauthorized) {
		t.Errorf("error %v", err)
	}
	m.check(t, before)
	m.settle(t)
}

// TestAttributesOfFoundRows: what a row that answers by its id, and the rows below it, have alone is exported.
func TestAttributesOfFoundRows(t *testing.T) {
	m := newMall(t)
	m.settle(t)
	order := m.shops.at("15", "24")
	order.more, order.below[0].more = "red", "dark"
	m.shops.loseOnce("/shops/15/orders", "24")
	if r := m.run(t); r.Failed() {
		t.Fatal(troubles(r))
	}
	for table, want := range map[string]string{"order": "red", "line": "dark"} {
		found := ""
		for _, row := range m.list(t, table) {
			if row["shop_id"] == "15" && row["more"] != nil {
				found += fmt.Sprint(row["more"])
			}
		}
		if found != want {
			t.Errorf("%s: found %q, want %q", table, found, want)
		}
	}
	m.settle(t)
}

// TestResumedGifts: of two orders that were read without a gift before a run was cut off, one has it when the run goes on.
func TestResumedGifts(t *testing.T) {
	m := newMall(t)
	m.settle(t)
	before := m.shops.truth()
	first, last := m.shops.at("15", "21"), m.shops.at("15", "24")
	whole := last.gifts
	first.gifts, last.gifts = nil, whole[1:]
	m.shops.fault = failing("/shops/15/orders/24/lines", 401)
	if _, err := export.Export(context.Background(), m.options(t)); !errors.Is(err, client.ErrUnauthorized) {
		t.Fatal(err)
	}
	last.gifts, m.shops.fault = whole, nil
	r := m.run(t)
	if gift := tableOf(t, r, "gift"); !gift.Resumed || gift.Withheld == "" || gift.Deleted != 0 {
		t.Errorf("resumed %t, %d deleted, withheld %q", gift.Resumed, gift.Deleted, gift.Withheld)
	}
	m.check(t, before)
	m.settle(t)
}

// TestLostBesideGone: one box is gone when its visits are read, and the list has lost another: the visits of that stay.
func TestLostBesideGone(t *testing.T) {
	d := newDepot(t)
	o := d.options(t)
	o.Tables = []string{"visit"}
	if _, err := export.Export(context.Background(), o); err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{"visit": d.boxes.truth()["visit"]}
	all, gone := slices.Clone(d.boxes.list), false
	d.boxes.fault = func(path string) int {
		gone = gone || path == "/boxes/104/visits"
		d.boxes.list = slices.DeleteFunc(slices.Clone(all), func(x *box) bool {
			return x.id == "104" && gone || x.id == "106" && path == "/boxes"
		})
		return 0
	}
	r, err := export.Export(context.Background(), o)
	if err != nil || tableOf(t, r, "visit").Withheld == "" {
		t.Errorf("%v: %s", err, troubles(r))
	}
	d.check(t, map[string][]string{"visit": want["visit"]})
}

// TestFallTogether: tables whose rows come out of one log are exported together or not at all.
func TestFallTogether(t *testing.T) {
	for _, damaged := range []string{"box", "item", "letter"} {
		for _, planned := range []bool{false, true} {
			d := newDepot(t)
			if _, err := d.run(t); err != nil {
				t.Fatal(err)
			}
			want := d.boxes.truth()
			d.boxes.list[3].label, d.boxes.list[3].items, d.boxes.name = "x", nil, "new"
			path, run := filepath.Join(d.dir, damaged, "part-00000.parquet"), export.Export
			whole, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if planned {
				if _, err := export.Plan(context.Background(), d.options(t)); err != nil {
					t.Fatal(err)
				}
				run = export.ExportPlanned
			}
			if err := os.WriteFile(path, whole[:100], 0o644); err != nil {
				t.Fatal(err)
			}
			r, err := run(context.Background(), d.options(t))
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"owner", "box", "item", "letter", "visit"} {
				var part *export.PartError
				fails := name != "owner" && name != "visit"
				if err := tableOf(t, r, name).Err; errors.As(err, &part) != fails {
					t.Errorf("%s is damaged, planned %t: %s: error %v", damaged, planned, name, err)
				}
			}
			if err := os.WriteFile(path, whole, 0o644); err != nil {
				t.Fatal(err)
			}
			want["owner"] = d.boxes.truth()["owner"]
			d.check(t, want)
			if r, err := d.run(t); err != nil || r.Failed() {
				t.Errorf("%v: %s", err, troubles(r))
			}
			d.check(t, d.boxes.truth())
		}
	}
}

// TestParentGoneBelow deletes an order when its lines are asked for: those of the shop's other orders stay.
func TestParentGoneBelow(t *testing.T) {
	m := newMall(t)
	m.settle(t)
	want := m.shops.truth()
	m.shops.fault = func(path string) int {
		if path == "/shops/15/orders/24/lines" && m.shops.at("15", "24") != nil {
			m.shops.remove("15", "24")
		}
		return 0
	}
	if r := m.run(t); r.Failed() {
		t.Error(troubles(r))
	}
	want["line"] = without(want["line"], "15 24")
	m.check(t, want)
	m.settle(t)
}

// TestGoneBesideWithheld: rows of a parent that is gone go, also where those of others are kept because the parents' deletes
// are withheld.
func TestGoneBesideWithheld(t *testing.T) {
	d := newDepot(t)
	if _, err := d.run(t); err != nil {
		t.Fatal(err)
	}
	want := d.boxes.truth()
	d.boxes.list = slices.Delete(d.boxes.list, 2, 3)
	d.boxes.fault = func(path string) int {
		switch path {
		case "/boxes/103":
			return 410
		case "/boxes/104/visits":
			d.boxes.list = slices.DeleteFunc(d.boxes.list, func(x *box) bool { return x.id == "104" })
		}
		return 0
	}
	r, err := d.run(t)
	if err != nil || tableOf(t, r, "box").Withheld == "" {
		t.Fatalf("%v: %s", err, troubles(r))
	}
	want["visit"] = without(want["visit"], "104")
	d.check(t, want)
}

// TestListPerParentWithKeyOfItsOwn: rows go also where their key does not name their parent, whose list is read again.
func TestListPerParentWithKeyOfItsOwn(t *testing.T) {
	catalog, err := schema.NewCatalog(
		&schema.Table{Name: "left", Key: []string{"id"}, Columns: schema.KeyColumn("id"), Source: &schema.List{Path: "/left", Paging: schema.ByCursor, Item: "/left/{id}"}},
		&schema.Table{Name: "note", Key: []string{"id"}, Columns: slices.Concat(schema.KeyColumn("id"), schema.Linked("left_id")),
			Source: &schema.List{Path: "/left/{left_id}/notes", Paging: schema.ByCursor, Per: &schema.Link{Table: "left", Columns: []string{"left_id"}}}})
	if err != nil {
		t.Fatal(err)
	}
	g := &registry{lists: map[string][]string{"/left": {`{"id":"2"},{"id":"1"}`}, "/left/1/notes": {`{"id":"11"},{"id":"12"}`}, "/left/2/notes": {`{"id":"13"}`}}}
	l := &lake{dir: filepath.Join(t.TempDir(), "lake"), now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
	c, err := client.New(client.Options{Key: "test", Transport: unpacked{g}, Rate: 1 << 30, Retries: -1})
	if err != nil {
		t.Fatal(err)
	}
	o := export.Options{Client: c, FS: fastFS{disk.OS(false)}, Dir: l.dir, Program: "test 1", Catalog: catalog, ResumeWithin: time.Hour, Now: l.tick}
	if r, err := export.Export(context.Background(), o); err != nil || r.Failed() {
		t.Fatal(err, troubles(r))
	}
	g.lists["/left/1/notes"] = []string{`{"id":"11"}`}
	r, err := export.Export(context.Background(), o)
	if err != nil || r.Failed() {
		t.Errorf("%v: %s", err, troubles(r))
	}
	if rows := l.list(t, "note"); len(rows) != 2 || rows[0]["left_id"] != "1" || rows[1]["left_id"] != "2" {
		t.Errorf("notes %v", rows)
	}
}

// TestNoFileLeftOpen: no run leaves a file open, however it ends.
func TestNoFileLeftOpen(t *testing.T) {
	if _, err := os.ReadDir("/proc/self/fd"); err != nil {
		t.Skip("open files are not listed here")
	}
	d := newDepot(t)
	ctx := context.Background()
	check := func(what string, err error) {
		t.Helper()
		for _, name := range openBelow(t, d.dir) {
			t.Errorf("%s (%v): %s is open", what, err, name)
		}
	}
	_, err := export.Export(ctx, d.options(t))
	check("a first export", err)
	d.boxes.list = slices.Delete(d.boxes.list, 5, 6)
	d.boxes.list[3].items = nil
	_, err = export.Plan(ctx, d.options(t))
	check("a plan", err)
	if err := os.Remove(filepath.Join(d.dir, dataset.ScanDir, "visit.pages")); err != nil { // after that of owner was opened
		t.Fatal(err)
	}
	o := d.options(t)
	o.Tables = []string{"letter"}
	var noPlan *export.NoPlanError
	if _, err = export.ExportPlanned(ctx, o); !errors.As(err, &noPlan) {
		t.Errorf("error %v", err)
	}
	check("a plan that does not fit", err)
	for n := range 30 {
		asked := 0
		d.boxes.mu.Lock() // requests of a run that was stopped may be on their way
		d.boxes.fault = func(string) int {
			if asked++; asked > n {
				return map[int]int{0: 401, 1: 500, 2: 404}[n%3]
			}
			return 0
		}
		d.boxes.mu.Unlock()
		_, err = export.Export(ctx, d.options(t))
		check(fmt.Sprintf("a fault after %d requests", n), err)
	}
}

// openBelow returns the files below a directory that this process has open.
func openBelow(t testing.TB, dir string) (open []string) {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if name, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil && strings.HasPrefix(name, dir) {
			open = append(open, name)
		}
	}
	return open
}

// TestNothingLeft: rows that all go are withheld where what they belong to stays, and go where it is gone.
func TestNothingLeft(t *testing.T) {
	for name, test := range map[string]struct {
		change   func(s *shops)
		withheld map[string]string
	}{
		"a shop":      {func(s *shops) { s.list = nil }, nil},
		"its orders":  {func(s *shops) { s.list[0].below = nil }, map[string]string{"order": "all 3 rows would go; --yes deletes them"}},
		"their gifts": {func(s *shops) { s.emptyOrders(func(o *node) { o.gifts = nil }) }, map[string]string{"gift": "all 6 rows would go; --yes deletes them"}},
		"their lines": {func(s *shops) { s.emptyOrders(func(o *node) { o.below = nil }) }, map[string]string{"line": "all 6 rows would go; --yes deletes them"}},
		"but one line": {func(s *shops) {
			s.emptyOrders(func(o *node) { o.below = o.below[:0:0] })
			s.list[0].below[0].below = []*node{{id: "31"}}
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMall(t)
			m.shops.list = m.shops.list[3:4]
			m.settle(t)
			before := m.shops.truth()
			test.change(m.shops)
			r := m.run(t)
			for _, table := range r.Tables {
				if why := test.withheld[table.Name]; table.Withheld != why {
					t.Errorf("%s: withheld %q, want %q", table.Name, table.Withheld, why)
				}
			}
			if test.withheld["order"] != "" {
				m.check(t, before) // what belongs to orders that stay is not known to be gone
			}
			m.yes = true
			m.settle(t)
		})
	}
}

// emptyOrders changes all orders.
func (s *shops) emptyOrders(change func(order *node)) {
	for _, shop := range s.list {
		for _, order := range shop.below {
			change(order)
		}
	}
}
