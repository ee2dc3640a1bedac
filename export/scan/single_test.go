package scan

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailerlake/export/pagelog"
	"mailerlake/schema"
)

// bits is a table of rows inside the object of each thing.
func bits() *schema.Table {
	return part(func(t *schema.Table, list *schema.List) {
		t.Name, t.Key = "bit", []string{"id"}
		t.Columns = slices.Concat(schema.In("inner.bits", schema.KeyColumn("id"), schema.Texts("name")), schema.Linked("thing_id"))
		list.Path, list.Paging, list.Records = "/things/{thing_id}", schema.InObject, "inner.bits"
	})
}

// walkObjects reads the bits of some things.
func walkObjects(t *testing.T, objects map[string]string, things ...string) (*world, *pagelog.Log, error) {
	t.Helper()
	w := newWorld(t, func(path string, _ url.Values) (int, string) {
		if object, ok := objects[strings.TrimPrefix(path, "/things/")]; ok {
			return 200, `{"data":` + object + `}`
		}
		return 404, missing
	}, thing(nil), bits())
	table := w.catalog.Lookup("bit")
	log, err := w.logs.Create(pagelog.Header{Account: "1", Table: "bit", Started: day}, pagelog.ShapeOf(table))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	scan := &tableScan{Scanner: New(w.options), r: &Result{Table: table, Log: log}, list: table.Source.(*schema.List)}
	scan.pace.begin(log, nil, tally{})
	for _, id := range things {
		if err := scan.walkObject(t.Context(), &parentRow{schema.Key{id}, []string{"thing_id"}, []string{id}}); err != nil {
			return w, log, err
		}
	}
	return w, log, nil
}

// TestRowsInAnObject: the rows of a parent that are in an array of its object are read with one request, and name the parent.
func TestRowsInAnObject(t *testing.T) {
	w, log, err := walkObjects(t, map[string]string{
		"1": `{"id":"1","inner":{"bits":[]},"inner":{"x":0,"bits":[{"id":"12","name":"b"},{"id":"11","name":"a"}]}}`, "2": `{"inner":{"bits":[]}}`,
		"3": `{"inner":{"bits":[{"id":"31","name":null}]}}`}, "1", "2", "3")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for c := pagelog.NewCursor(t.Context(), log, nil, nil); ; {
		run, ok, err := c.Next()
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			break
		}
		rows := run.Page.Rows
		for i := run.From; i < run.To; i++ {
			name := ""
			if v := rows.Vector("name"); v != nil {
				name = string(v.Text(i))
			}
			got = append(got, fmt.Sprintf("%s %s %s", rows.Vector("id").Text(i), rows.Vector("thing_id").Text(i), name))
		}
	}
	if want := []string{"11 1 a", "12 1 b", "31 3 "}; !cmp.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if want := []string{"/things/1", "/things/2", "/things/3"}; !cmp.Equal(w.asked, want) {
		t.Errorf("asked for %q, want %q", w.asked, want)
	}
	if unfinished := log.Unfinished(); len(unfinished) != 0 {
		t.Errorf("unfinished walks %q", unfinished)
	}
}

// TestNoRowsInAnObject: an answer that does not have the array proves nothing.
func TestNoRowsInAnObject(t *testing.T) {
	for _, object := range []string{`{"id":"1"}`, `{"inner":null}`, `{"inner":[]}`, `{"inner":{"bits":null}}`, `{"inner":{"bits":{"id":"1"}}}`, `7`} {
		if _, log, err := walkObjects(t, map[string]string{"1": object}, "1"); err == nil || log.Stats().Pages > 0 {
			t.Errorf("%s: error %v, %d pages logged", object, err, log.Stats().Pages)
		}
	}
	if _, _, err := walkObjects(t, nil, "1"); !notOffered(err) {
		t.Errorf("an object that is gone: error %v", err)
	}
}
