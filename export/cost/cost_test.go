package cost

import (
	"net/url"
	"slices"
	"testing"

	"mailerlake/client"
	"mailerlake/schema"
)

// TestPages: what a walk takes follows from its rows and the page size.
func TestPages(t *testing.T) {
	paged, endless := &schema.List{Paging: schema.ByPage, Limits: []int{100, 25}}, &schema.List{Paging: schema.ByCursor, Limits: []int{1000}, EndsEmpty: true}
	for _, test := range []struct {
		list       *schema.List
		rows, want float64
	}{
		{paged, 0, 1}, {paged, 1, 1}, {paged, 100, 1}, {paged, 101, 2}, {paged, 12_345, 124},
		{endless, 0, 1}, {endless, 1, 2}, {endless, 1000, 2}, {endless, 1001, 3},
		{&schema.List{Paging: schema.ByPage}, 402, 1}, {&schema.List{Paging: schema.InObject, Limits: []int{1}}, 3, 1},
	} {
		if got := pages(test.list, test.rows); got != test.want {
			t.Errorf("%+v with %v rows: got %v pages, want %v", test.list, test.rows, got, test.want)
		}
	}
}

// TestUnits: requests alone are a unit each; the others share batches, which large pages fill sooner.
func TestUnits(t *testing.T) {
	for _, test := range []struct {
		w             work
		batched, each float64
	}{
		{alone(3), 3, 3}, {together(1, 0), 1, 1}, {together(perBatch, 43), 1, 43}, {together(perBatch+1, 44), 2, 44},
		{together(20, 20_000), 3, 20}, {alone(2).then(together(2*perBatch, 0)), 4, 88}, {together(1, 10).times(430), 10, 430},
		{together(1, 0).then(together(1, 0)).then(together(1, 0)), 3, 3}, {together(1, 0).beside(together(1, 0)).beside(together(1, 0)), 1, 3},
		{walk(&schema.List{Paging: schema.ByPage, Limits: []int{10}}, 100), 2, 10}, {walk(&schema.List{Paging: schema.ByCursor, Limits: []int{10}}, 100), 10, 10},
		{together(1, 0).times(1.0 / 3).times(3), 1, 1},
	} {
		if got := test.w.units(true); got != test.batched {
			t.Errorf("%+v: got %v units in batches, want %v", test.w, got, test.batched)
		}
		if got := test.w.units(false); got != test.each {
			t.Errorf("%+v: got %v units alone, want %v", test.w, got, test.each)
		}
	}
}

// world declares boxes, listed by page, each with a list of items by kind, and people, whose statuses the items refer to.
func world(t *testing.T, items *schema.List) *schema.Catalog {
	t.Helper()
	items.Path, items.Per = "/boxes/{box_id}/items", &schema.Link{Table: "box", Columns: []string{"box_id"}}
	c, err := schema.NewCatalog(
		&schema.Table{Name: "person", Key: []string{"id"}, Columns: schema.KeyColumn("id"),
			Source: &schema.List{Path: "/people", Paging: schema.ByCursor, Limits: []int{10}, Counts: schema.EachStatus("here", "gone"), Item: "/people/{id}"}},
		&schema.Table{Name: "box", Key: []string{"id"}, Columns: slices.Concat(schema.KeyColumn("id"), schema.Texts("state"), schema.Counts("size", "open")),
			Source: &schema.List{Path: "/boxes", Paging: schema.ByPage, Limits: []int{10}}},
		&schema.Table{Name: "item", Key: []string{"box_id", "id"}, Columns: slices.Concat(schema.LinkedKey("box_id"), schema.KeyColumn("id"), schema.Marked("opened")),
			References: []schema.Reference{{Column: "id", Table: "person"}}, Source: items},
	)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// boxes are rows of boxes: state, size, open; a negative number is null.
func boxes(rows ...[3]any) *schema.Batch {
	b := &schema.Batch{Columns: slices.Concat(schema.KeyColumn("id"), schema.Texts("state"), schema.Counts("size", "open")), Rows: len(rows)}
	for _, c := range b.Columns {
		b.Vectors = append(b.Vectors, schema.NewVector(c.Kind))
	}
	for i, row := range rows {
		b.Vectors[0].AppendText([]byte{byte('a' + i)})
		b.Vectors[1].AppendText([]byte(row[0].(string)))
		for c, n := range row[1:] {
			if n.(int) < 0 {
				b.Vectors[2+c].AppendNull(1)
				continue
			}
			b.Vectors[2+c].AppendInt(int64(n.(int)))
		}
	}
	return b
}

// TestListsOfRows: the lists that a table has for each row of another, by what the declaration says of their size.
func TestListsOfRows(t *testing.T) {
	statuses := schema.Each(schema.EachStatus("here", "gone")...)
	sized := slices.Clone(statuses)
	sized[0].Size = "size"
	seen := boxes([3]any{"sent", 95, 0}, [3]any{"draft", 10, 10}, [3]any{"sent", 5, 5}, [3]any{"sent", -1, -1})
	opened := []schema.Walk{{Size: "size"}, {Params: url.Values{"type": {"opened"}}, Marks: "opened", Counted: "opened", Size: "open"}}
	for name, test := range map[string]struct {
		list schema.List
		rows float64 // of boxes
		want int64
	}{
		"a page each":                  {schema.List{Paging: schema.ByPage, Limits: []int{10}}, 4, 4},
		"size of the list":             {schema.List{Paging: schema.ByPage, Limits: []int{10}, Size: "size"}, 4, 10 + 1 + 1 + 1},
		"some rows":                    {schema.List{Paging: schema.ByPage, Limits: []int{10}, Size: "size", Of: &schema.Condition{Column: "state", Values: []string{"sent"}}}, 4, 12},
		"more rows than were seen":     {schema.List{Paging: schema.ByPage, Limits: []int{10}, Size: "size", Of: &schema.Condition{Column: "state", Values: []string{"sent"}}}, 40, 120},
		"nothing to mark":              {schema.List{Paging: schema.ByPage, Limits: []int{10}, Walks: opened}, 4, 10 + 0 + 1 + 1 + 1 + 1 + 1 + 1},
		"all shared out by status":     {schema.List{Paging: schema.ByPage, Limits: []int{10}, Walks: statuses, Size: "size"}, 4, 8 + 2 + 1 + 1 + 1 + 1 + 1 + 1},
		"one walk tells of the others": {schema.List{Paging: schema.ByPage, Limits: []int{10}, Walks: sized}, 4, 10 + 3 + 1 + 1 + 1 + 1 + 1 + 1},
		"an empty page at the end":     {schema.List{Paging: schema.ByCursor, Limits: []int{10}, Size: "size", EndsEmpty: true}, 4, 11 + 2 + 2 + 1},
	} {
		c := world(t, &test.list)
		k := &Known{tables: map[string]*facts{"box": {rows: test.rows, seen: seen, whole: test.rows == 4}, "person": {rows: 40, counts: []int64{32, 8}}}}
		e := k.Estimate(Run{Catalog: c, Exports: func(t *schema.Table) bool { return t.Name == "item" }}, client.Budget{Limit: 100})
		if got := e.Table("item").Requests; got != test.want {
			t.Errorf("%s: got %d requests, want %d", name, got, test.want)
		}
		if e.Requests != 1+e.Table("box").Requests+e.Table("item").Requests || e.PerMinute != 100 || e.Seconds != float64(e.Units)*60/100 {
			t.Errorf("%s: the sum is %+v", name, e)
		}
	}
}

// TestListsThatStandStill: the next run reads those that moved, as far as anybody knows.
func TestListsThatStandStill(t *testing.T) {
	seen := boxes([3]any{"sent", 95, 0}, [3]any{"sent", 5, 5}, [3]any{"sent", 25, 5}, [3]any{"sent", 25, 5})
	exported := func(*schema.Table) bool { return true }
	for name, test := range map[string]struct {
		rows    float64
		moves   []move
		exports func(*schema.Table) bool
		reads   Reads
		want    int64
	}{
		"a first export":            {4, nil, exported, All, 17},
		"nobody knows":              {400, nil, exported, Moved, 85},
		"at least one":              {4, nil, exported, Moved, 5},
		"compared":                  {4, []move{moved, still, still, added}, exported, Moved, 13},
		"none moved":                {4, []move{still, still, still, still}, exported, Moved, 0},
		"half of those seen":        {8, []move{moved, still, still, moved}, exported, Moved, 22},
		"the boxes are not written": {4, []move{still, still, still, still}, func(t *schema.Table) bool { return t.Name == "item" }, Moved, 17},
		"not in the dataset":        {4, nil, exported, Due, 17},
	} {
		c := world(t, &schema.List{Paging: schema.ByPage, Limits: []int{10}, Size: "size", Still: []string{"size"}})
		k := &Known{tables: map[string]*facts{"box": {rows: test.rows, seen: seen}, "item": {moves: test.moves}}}
		e := k.Estimate(Run{Catalog: c, Exports: test.exports, Reads: test.reads}, client.Budget{})
		if got := e.Table("item").Requests; got != test.want {
			t.Errorf("%s: got %d requests, want %d", name, got, test.want)
		}
	}
}

// TestLine: the line names the sum, the time and the dearest tables.
func TestLine(t *testing.T) {
	e := &Estimate{Requests: 420, Units: 31, Seconds: 31.0 * 60 / 108, PerMinute: 108, batched: true,
		Tables: []Table{{Name: "a", Requests: 1}, {Name: "b", Requests: 201}, {Name: "c", Requests: 9}, {Name: "d", Requests: 150}, {Name: "e", Requests: 8}, {Name: "f", Requests: 50}}}
	if got, want := e.Line(), "about 420 requests, which the rate limit counts as 31, 18 seconds at 108 a minute: b 201, d 150, f 50, c 9, others 10"; got != want {
		t.Errorf("got %s", got)
	}
	e = &Estimate{Requests: 1, Units: 1, batched: true, Tables: []Table{{Name: "a", Requests: 1}}}
	if got, want := e.Line(), "about 1 request: a 1"; got != want {
		t.Errorf("got %s", got)
	}
}
