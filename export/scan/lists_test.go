package scan

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"mailerlake/client"
	"mailerlake/export/pagelog"
	"mailerlake/schema"
)

// TestInObject reads lists that are an array inside one object for each parent. One that has no such array fails.
func TestInObject(t *testing.T) {
	for name, body := range map[string]string{
		"read":      `{"data":{"id":"%s","parts":[{"id":"1","name":"a"},{"id":"2"}],"more":{}}}`,
		"no array":  `{"data":{"id":"%s"}}`,
		"no object": `{"data":[%s]}`,
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(path string, q url.Values) (int, string) {
				if path == "/things" {
					return page(q, `{"id":"7"}`, `{"id":"8"}`)
				}
				return 200, fmt.Sprintf(body, strings.TrimPrefix(path, "/things/"))
			}, thing(nil), part(func(t *schema.Table, l *schema.List) {
				t.Columns = slices.Concat(schema.LinkedKey("thing_id"), schema.In("parts", schema.KeyColumn("id"), schema.Texts("name")))
				l.Path, l.Paging, l.Records = "/things/{thing_id}", schema.InObject, "parts"
			}))
			r := w.mustScan("part")
			want := []string{"7.1", "7.2", "8.1", "8.2"}
			if name != "read" {
				want = []string{}
			}
			if got := keysIn(t, r.Log); !slices.Equal(got, want) {
				t.Errorf("read %v, want %v", got, want)
			}
			if (r.Partial == "") != (name == "read") || len(r.Failed) != map[bool]int{true: 0, false: 2}[name == "read"] {
				t.Errorf("partial %q, failed %v", r.Partial, r.Failed)
			}
		})
	}
}

// keyLog returns a log that holds keys alone.
func (w *world) keyLog(keys ...string) *pagelog.Log {
	w.t.Helper()
	log, err := w.logs.Scratch(pagelog.Header{Table: "thing"}, pagelog.Shape{Order: []string{"id"}})
	if err != nil {
		w.t.Fatal(err)
	}
	ids := schema.NewVector(schema.String)
	for _, key := range keys {
		ids.AppendText([]byte(key))
	}
	batch := &schema.Batch{Columns: schema.KeyColumn("id"), Vectors: []*schema.Vector{ids}, Rows: len(keys)}
	if err := log.Append(&schema.Page{Rows: batch}, pagelog.Mark{}); err != nil {
		w.t.Fatal(err)
	}
	return log
}

// TestLists reads the lists that are chosen: those of some rows, from a key on, some of them first, until a time.
func TestLists(t *testing.T) {
	a := newThings(nil, "5", "4", "3", "2", "1")
	table := part(nil)
	w := newWorld(t, a.answer, thing(nil), table)
	one, err := client.New(client.Options{Key: "test", Transport: w.site, Rate: 1 << 30, Retries: -1})
	if err != nil {
		t.Fatal(err)
	}
	w.options.Client = one
	read := func(lists Lists) (order []string, r *Result) {
		w.options.Lists = func(context.Context, *schema.Table, *Result) (Lists, error) { return lists, nil }
		w.options.Restart = true
		r = w.mustScan("part")
		for _, asked := range w.asked {
			if id, ok := strings.CutSuffix(strings.TrimPrefix(asked, "/things/"), "/parts"); ok {
				order = append(order, id)
			}
		}
		return order, r
	}
	sorted := func(list []string) string { slices.Sort(list); return strings.Join(list, " ") }
	if got, _ := read(Lists{}); sorted(got) != "1 2 3 4 5" {
		t.Errorf("all: %v", got)
	}
	if got, _ := read(Lists{Of: w.keyLog("2", "4")}); sorted(got) != "2 4" {
		t.Errorf("two of them: %v", got)
	}
	if got, _ := read(Lists{From: schema.Key{"3"}}); sorted(got) != "3 4 5" {
		t.Errorf("from 3 on: %v", got)
	}
	if got, r := read(Lists{First: []schema.Key{{"2"}, {"9"}}, Of: w.keyLog("1", "2")}); sorted(got) != "1 2" || r.Left != nil {
		t.Errorf("2 first, and 9 is not there: %v, left %v", got, r.Left)
	}
	if got, _ := read(Lists{First: []schema.Key{{"0"}, {"2"}, {"3"}, {"4"}}}); sorted(got) != "1 2 3 4 5" {
		t.Errorf("three of four first: %v", got)
	}
	got, r := read(Lists{Until: day.Add(-time.Hour)})
	if len(got) > 0 || r.Left.Compare(schema.Key{"1"}) != 0 || r.Complete() {
		t.Errorf("no time left: read %v, left from %v, complete %t", got, r.Left, r.Complete())
	}
	if got, r := read(Lists{Until: day.Add(-time.Hour), First: []schema.Key{{"4"}}}); len(got) > 0 || r.Left.Compare(schema.Key{"1"}) >= 0 {
		t.Errorf("no time left for the first: read %v, left from %q", got, r.Left)
	}
}
