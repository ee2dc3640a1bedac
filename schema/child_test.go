package schema

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestKeys(t *testing.T) {
	p := decode(t, "group", `[
		{"id":"10","name":"first"}, {"id":"9"}, {"id":165968862226941797}, {"name":"no id"}, {"id":null}, {"id":""},
		{"id":{}}, {"id":[]}, {"id":true}, 7, "text", null, ["id"], {"id":"100"}, {"id":"b"}, {"id":"a"},
		{"id":"10","name":"second"}, {"id":"1","id":"2"}, {"id":"3","id":""}, {"id":"\u0031\u0030","name":"third"}]`)
	var got []string
	for i := range p.Rows.Rows {
		got = append(got, string(p.Rows.Vector("id").Text(i)))
	}
	if want := []string{"2", "9", "a", "b", "10", "100", "165968862226941797"}; !cmp.Equal(got, want) {
		t.Errorf("keys: got %v, want %v", got, want)
	}
	if got := show(p.Rows.Vector("name"), 4); got != `"third"` {
		t.Errorf("of a key sent three times: got %s, want the third", got)
	}
	if p.Dropped != 11 {
		t.Errorf("dropped %d records, want 11", p.Dropped)
	}
}

func TestDroppedRecordLeavesNothing(t *testing.T) {
	with := decode(t, "subscriber", `[{"id":"2","fields":{"a":1},"groups":[{"id":"7"}]},
		{"email":"x","fields":{"a":2,"b":[1]},"new":1,"groups":[{"id":"8"}, 5],"sent":{}},
		{"id":"1","groups":[],"fields":{"c":1}}]`)
	without := decode(t, "subscriber", `[{"id":"2","fields":{"a":1},"groups":[{"id":"7"}]},{"id":"1","groups":[],"fields":{"c":1}}]`)
	if with.Dropped != 1 {
		t.Errorf("dropped %d, want 1", with.Dropped)
	}
	with.Dropped = 0
	if d := cmp.Diff(without, with, cmpopts.EquateEmpty()); d != "" {
		t.Error(d)
	}
}

func TestChildRows(t *testing.T) {
	tests := []struct {
		name, groups string
		want         string // the ids
		absent       uint64
		dropped      int
	}{
		{"two", `[{"id":"11","name":"x"},{"id":"9"}]`, "9 11", 0, 0},
		{"none", `[]`, "", 0, 0},
		{"null", `null`, "", 2, 0},
		{"object", `{"id":"9"}`, "", 2, 0},
		{"twice the same", `[{"id":"9"},{"id":9}]`, "9", 0, 0},
		{"number", `[{ "id" : 165968862226941797 }]`, "165968862226941797", 0, 0},
		{"not first", `[{"name":"id","id":"9"}]`, "9", 0, 0},
		{"twice in one, the later counts", `[{"id":"8","name":"\"id\"","id":"9"}]`, "9", 0, 0},
		{"escaped", `[{"id":"8","\u0069d":"9"},{"i\u0064":"7"},{"id":"1\u0030"}]`, "7 9 10", 0, 0},
		{"escapes elsewhere", `[{"id":"8","name":"caf\u00e9 \"id\": 9"}]`, "8", 0, 0},
		{"one without", `[{"id":"9"},{"name":"x"}]`, "9", 2, 1},
		{"unusable", `[{"id":""},{"id":null},{"id":true},{"id":[1]},{"id":{}},7,null,"id",[]]`, "", 2, 9},
		{"lost by a later null", `[{"id":"8","id":null}]`, "", 2, 1},
		{"later array counts", `[{"id":"8"},3],"groups":[{"id":"9"}]`, "9", 0, 0},
	}
	for _, test := range tests {
		p := decode(t, "subscriber", `[{"id":"2","fields":{"a":null},"groups":[{"id":"5"}]},{"id":"1","fields":{"a":null},"groups":`+test.groups+`}]`)
		Lookup("group_subscriber").Link(p)
		var ids []string
		for i := p.Children[0].Offsets[0]; i < p.Children[0].Offsets[1]; i++ {
			ids = append(ids, string(p.Children[0].Rows.Vector("group_id").Text(int(i))))
			if got := string(p.Children[0].Rows.Vector("subscriber_id").Text(int(i))); got != "1" {
				t.Errorf("%s: subscriber %s, want 1", test.name, got)
			}
		}
		if got := strings.Join(ids, " "); got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
		if got := string(p.Children[0].Rows.Vector("group_id").Text(int(p.Children[0].Offsets[1]))); got != "5" || len(p.Children[0].Offsets) != 3 || p.Children[0].Rows.Rows != len(ids)+1 {
			t.Errorf("%s: the next row has %s, offsets %v", test.name, got, p.Children[0].Offsets)
		}
		var absent uint64
		if p.Absent != nil {
			absent = p.Absent[0]
		}
		if absent != test.absent || p.Dropped != test.dropped {
			t.Errorf("%s: absent %d, dropped %d, want %d, %d", test.name, absent, p.Dropped, test.absent, test.dropped)
		}
	}
}

func TestAbsent(t *testing.T) {
	tests := []struct {
		record string
		want   uint64
	}{
		{`"fields":{"a":null},"groups":[]`, 0},
		{`"fields":{"b":1},"groups":[]`, 0},
		{`"fields":{},"groups":[]`, 1},
		{`"fields":{ },"groups":[]`, 1},
		{`"fields":{"a":1},"fields":{},"groups":[]`, 1},
		{`"fields":{},"fields":{"a":1},"groups":[]`, 0},
		{`"fields":[],"groups":[]`, 1},
		{`"groups":[]`, 1},
		{`"fields":null,"groups":[]`, 1},
		{`"fields":[1],"groups":[]`, 1},
		{`"fields":"x","groups":[]`, 1},
		{`"fields":{"a":1},"fields":null,"groups":[]`, 1},
		{`"fields":{"a":1}`, 2},
		{`"email":"x"`, 3},
		{`"fields":{"a":1},"groups":[],"groups":0`, 2},
	}
	for _, test := range tests {
		p := decode(t, "subscriber", `[{"id":"2","groups":[],"fields":{"a":1}},{"id":"1",`+test.record+`}]`)
		if test.want == 0 && p.Absent != nil || test.want != 0 && !cmp.Equal(p.Absent, []uint64{test.want, 0}) {
			t.Errorf("%s: got %v, want %d", test.record, p.Absent, test.want)
		}
	}
}

// A key that comes again brings its own child rows, and takes those of its first coming away.
func TestLaterRecordCounts(t *testing.T) {
	p := decode(t, "subscriber", `[{"id":"1","email":"old","sent":{},"groups":[{"id":"5"},{"id":"6"}]},{"id":"2"},{"id":"1","email":"new","fields":{"a":null},"groups":[{"id":"7"}]}]`)
	if got := fmt.Sprintln(p.Rows.Rows, show(p.Rows.Vector("email"), 0), show(p.Children[0].Rows.Vector("group_id"), 0), p.Children[0].Offsets, p.Absent, show(p.Rows.Vector(Rescued), 0)); strings.TrimSpace(got) != `2 "new" "7" [0 1 1] [0 3] null` {
		t.Errorf("got %s", got)
	}
}

// A closed table takes what it declares, also from records that hold more.
func TestClosed(t *testing.T) {
	member := Lookup("group_subscriber")
	d := NewDecoder(member) // of the members of a group, listed
	d.SetParent([]string{"group_id"}, []string{"7"})
	p, err := d.Page([]byte(`[{"id":"2","email":"x","fields":{"a":1},"groups":[{"id":"8"}]},{"email":"y","id":"1","more":null}]`))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range p.Rows.Columns {
		names = append(names, c.Name)
	}
	if want := []string{"group_id", "subscriber_id", Rescued}; !cmp.Equal(names, want) || p.Rows.Vector(Rescued) != nil {
		t.Errorf("columns %v, want %v", names, want)
	}
	if got := show(p.Rows.Vector("group_id"), 0) + show(p.Rows.Vector("subscriber_id"), 0) + show(p.Rows.Vector("group_id"), 1) + show(p.Rows.Vector("subscriber_id"), 1); got != `"7""1""7""2"` {
		t.Errorf("rows %s", got)
	}
}
