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
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailerlake/client"
	"mailerlake/export"
	"mailerlake/export/disk"
	"mailerlake/schema/tables"
)

// jsonRow is a record of the API.
type jsonRow = map[string]any

// shelf is an account whose lists are a page each. Lists are by path; below them are their records, by id.
type shelf map[string][]jsonRow

func (s shelf) RoundTrip(r *http.Request) (*http.Response, error) {
	path := strings.TrimPrefix(r.URL.Path, "/api")
	if filter := r.URL.Query().Get("filter[status]"); filter != "" && filter != "sent" { // of campaigns: all are sent
		s = shelf{path: {}}
	}
	status, body := s.answer(path)
	if path == "/batch" {
		var ask struct{ Requests []struct{ Path string } }
		_ = json.NewDecoder(r.Body).Decode(&ask)
		answers := []any{}
		for _, q := range ask.Requests {
			code, one := s.answer(strings.TrimPrefix(q.Path, "api"))
			answers = append(answers, jsonRow{"code": code, "body": one})
		}
		status, body = 200, jsonRow{"responses": answers}
	}
	text, err := json.Marshal(body)
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(text)), Request: r}, err
}

func (s shelf) answer(path string) (int, any) {
	if path == "/account" {
		return 200, jsonRow{"data": jsonRow{"id": "1", "name": "shelf"}}
	}
	if list, ok := s[path]; ok {
		return 200, jsonRow{"data": list, "links": jsonRow{"next": nil}, "meta": jsonRow{"current_page": 1, "last_page": 1, "per_page": 100, "total": len(list)}}
	}
	at := strings.LastIndexByte(path, '/')
	for _, one := range s[path[:at]] {
		if one["id"] == path[at+1:] {
			return 200, jsonRow{"data": one}
		}
	}
	return 404, jsonRow{"message": "No query results for model"}
}

// nestedTables are tables with rows inside: two kinds in one, deeper in an object, and such that are a column as well.
var nestedTables = []string{"automation", "automation_step", "automation_trigger", "shop", "product", "category_product", "order", "order_item", "cart", "cart_item",
	"campaign", "campaign_email"}

func (s shelf) export(t *testing.T, l *lake) *export.Report {
	t.Helper()
	c, err := client.New(client.Options{Key: "test", Transport: s, Rate: 1 << 30, Retries: -1})
	if err != nil {
		t.Fatal(err)
	}
	r, err := export.Export(context.Background(), export.Options{Client: c, FS: fastFS{disk.OS(false)}, Dir: l.dir, Program: "test 1", Catalog: tables.All(),
		Tables: nestedTables, Yes: true, ResumeWithin: time.Hour, Now: l.tick})
	if err != nil || r.Failed() {
		t.Errorf("%v", err)
		for _, table := range r.Tables {
			t.Errorf("%s: %v, %+v", table.Name, table.Err, table.TablePlan)
		}
		t.FailNow()
	}
	return r
}

// truth is what the nested tables must hold: for each row the ids down to its own, and a value.
func (s shelf) truth() map[string][]string {
	all := map[string][]string{"automation_step": {}, "automation_trigger": {}, "category_product": {}, "order_item": {}, "cart_item": {}, "campaign_email": {}}
	add := func(table string, rows any, row func(jsonRow) string) {
		for _, r := range rows.([]jsonRow) {
			all[table] = append(all[table], row(r))
		}
	}
	for _, a := range s["/automations"] {
		add("automation_step", a["steps"], func(r jsonRow) string { return fmt.Sprint(r["id"], " ", a["id"], " ", r["description"]) })
		add("automation_trigger", a["triggers"], func(r jsonRow) string { return fmt.Sprint(r["id"], " ", a["id"], " ", r["type"]) })
	}
	for _, c := range s["/campaigns"] {
		add("campaign_email", c["emails"], func(r jsonRow) string { return fmt.Sprint(r["id"], " ", c["id"], " ", r["subject"]) })
	}
	for _, shop := range s["/ecommerce/shops"] {
		below := fmt.Sprint("/ecommerce/shops/", shop["id"], "/")
		for _, p := range s[below+"products"] {
			add("category_product", p["categories"], func(r jsonRow) string { return fmt.Sprint(shop["id"], " ", r["id"], " ", p["id"]) })
		}
		item := func(of jsonRow) func(jsonRow) string {
			return func(r jsonRow) string {
				return fmt.Sprint(shop["id"], " ", of["id"], " ", r["id"], " ", r["product"].(jsonRow)["id"], " ", r["price"])
			}
		}
		for _, o := range s[below+"orders"] {
			add("order_item", o["cart"].(jsonRow)["items"], item(o))
		}
		for _, c := range s[below+"carts"] {
			add("cart_item", c["items"], item(c))
		}
	}
	for _, rows := range all {
		slices.Sort(rows)
	}
	return all
}

func (s shelf) check(t *testing.T, l *lake) {
	t.Helper()
	columns := map[string]string{"automation_step": "id automation_id description", "automation_trigger": "id automation_id type",
		"category_product": "shop_id category_id product_id", "order_item": "shop_id order_id id product_id price", "cart_item": "shop_id cart_id id product_id price",
		"campaign_email": "id campaign_id subject"}
	got := map[string][]string{}
	for table := range columns {
		got[table] = []string{}
		for _, row := range l.list(t, table) {
			var values []string
			for _, column := range strings.Fields(columns[table]) {
				values = append(values, fmt.Sprint(row[column]))
			}
			got[table] = append(got[table], strings.Join(values, " "))
		}
		slices.Sort(got[table])
	}
	if d := cmp.Diff(s.truth(), got); d != "" {
		t.Errorf("tables (-account +dataset):\n%s", d)
	}
}

func newShelf() shelf {
	item := func(id, product string, price any) jsonRow {
		return jsonRow{"id": id, "product": jsonRow{"id": product, "name": "p", "categories": []any{}}, "price": price, "quantity": 1}
	}
	step := func(id, text string) jsonRow {
		return jsonRow{"id": id, "type": "delay", "description": text, "secret": "hush"}
	}
	s := shelf{
		"/automations": {
			{"id": "1", "name": "a", "steps": []jsonRow{step("12", "x"), step("11", "y")}, "triggers": []jsonRow{{"id": "90", "type": "joins"}}},
			{"id": "2", "name": "b", "steps": []jsonRow{step("5", "z")}, "triggers": []jsonRow{{"id": "80", "type": "cart"}, {"id": "7", "type": "joins"}}},
			{"id": "3", "name": "c", "steps": []jsonRow{step("30", "last")}, "triggers": []jsonRow{}},
		},
		"/campaigns": {
			{"id": "1", "status": "sent", "emails": []jsonRow{{"id": "9", "subject": "nine"}, {"id": "10", "subject": "ten"}}},
			{"id": "2", "status": "sent", "emails": []jsonRow{{"id": "4", "subject": "four"}}},
		},
		"/ecommerce/shops": {{"id": "1"}, {"id": "2"}},
	}
	for _, shop := range []string{"1", "2"} {
		below := "/ecommerce/shops/" + shop + "/"
		s[below+"products"] = []jsonRow{{"id": "1", "categories": []jsonRow{{"id": "3"}, {"id": "2"}}}, {"id": "2", "categories": []jsonRow{{"id": "3"}}}}
		s[below+"orders"] = []jsonRow{{"id": "1", "cart": jsonRow{"id": "7", "items": []jsonRow{item("1", "2", 1.5), item("2", "1", "2.5")}}}, {"id": "2", "cart": jsonRow{"items": []jsonRow{}}}}
		s[below+"carts"] = []jsonRow{{"id": "7", "items": []jsonRow{item("1", "2", 4.25)}}, {"id": "8", "items": []jsonRow{item("1", "1", "7"), item("3", "1", 9)}}}
	}
	return s
}

// TestRowsInside takes rows that come inside others, of several kinds and depths, through changes and deletes: of one row, of
// all rows of a parent, of the parent; a row that moves to another parent; a new parent.
func TestRowsInside(t *testing.T) {
	s, l := newShelf(), &lake{dir: filepath.Join(t.TempDir(), "lake"), now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
	s.export(t, l)
	s.check(t, l)
	if r := s.export(t, l); !r.Empty() {
		t.Errorf("a second export changes %+v", r.Tables)
	}
	automations := s["/automations"]
	automations[0]["steps"] = []jsonRow{{"id": "11", "description": "changed", "new": "attribute"}, {"id": "5", "description": "moved"}}
	automations[1]["steps"], automations[1]["triggers"] = []jsonRow{}, []jsonRow{{"id": "7", "type": "changed"}}
	s["/automations"] = append(automations[:2], jsonRow{"id": "4", "steps": []jsonRow{{"id": "1", "description": "new"}}, "triggers": []jsonRow{{"id": "91", "type": "new"}}})
	s["/campaigns"][0]["emails"] = []jsonRow{{"id": "10", "subject": "ten again"}}
	s["/campaigns"] = append(s["/campaigns"], jsonRow{"id": "5", "status": "sent", "emails": []jsonRow{{"id": "1", "subject": "one"}}})
	s["/ecommerce/shops/2/products"][0]["categories"] = []jsonRow{{"id": "5"}}
	s["/ecommerce/shops/1/orders"] = s["/ecommerce/shops/1/orders"][1:]
	s["/ecommerce/shops/2/carts"][1]["items"] = []jsonRow{}
	s.export(t, l)
	s.check(t, l)
	if r := s.export(t, l); !r.Empty() {
		t.Errorf("an export without changes changes %+v", r.Tables)
	}
	for _, row := range l.list(t, "automation_step") {
		if row["id"] == "11" && (row["new"] != "attribute" || row["type"] != nil) { // which attributes a step has depends on what it does
			t.Errorf("attributes of a step: %v", row)
		}
	}
	for _, row := range l.list(t, "campaign") {
		if row["id"] == "1" && row["emails"] != `[{"id":"10","subject":"ten again"}]` {
			t.Errorf("e-mails as JSON: %v", row["emails"])
		}
	}
}
