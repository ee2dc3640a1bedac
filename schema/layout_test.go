package schema

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// small is a table of a few columns.
func small() *Table {
	return &Table{Name: "small", Key: []string{"id"}, Order: []string{"id"},
		Open: &Open{"fields", "definer"}, Source: &List{Path: "/small"},
		Columns: append(append(KeyColumn("id"), Counts("sent")...), Documents("list")...)}
}

// columnsText writes columns as tests state them.
func columnsText(columns []Column) []string {
	var text []string
	for _, c := range columns {
		text = append(text, fmt.Sprintf("%s %v %s", c.Name, c.Kind, c.Path))
	}
	return text
}

func TestFixFirstExport(t *testing.T) {
	fields := map[string]Kind{"age": Double, "born": Date, "unseen": String, "alone": Double}
	l, added := Fix(small(), nil, []string{"fields.born", "new", "fields.age", "fields.gone", "new"}, fields)
	want := []string{"id STRING id", "sent INT64 sent", "list STRING list", "_rescued STRING ", "_synced_at TIMESTAMP ",
		"fields_born DATE fields.born", "new STRING new", "fields_age DOUBLE fields.age", "fields_gone STRING fields.gone",
		"fields_alone DOUBLE fields.alone", "fields_unseen STRING fields.unseen"}
	if d := cmp.Diff(want, columnsText(l.Columns)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(l.Columns, added); d != "" {
		t.Error("added:", d)
	}
	if !l.Columns[0].Required || !l.Columns[2].JSON || !l.Columns[3].JSON {
		t.Errorf("flags lost: %+v", l.Columns[:4])
	}
}

func TestFixKeepsWhatIsStored(t *testing.T) {
	stored := []Column{
		{Name: "id", Kind: String, Path: "id", Required: true},
		{Name: "_rescued", Kind: String, JSON: true}, {Name: "_synced_at", Kind: Timestamp},
		{Name: "odd_name", Kind: Double, Path: "fields.a"},   // now text: widens
		{Name: "fields_b", Kind: String, Path: "fields.b"},   // now a number: stays wide
		{Name: "fields_c", Kind: Date, Path: "fields.c"},     // no longer defined: stays
		{Name: "Sent", Kind: String, Path: "x.sent"},         // has the name of a declared column
		{Name: "list", Kind: String, Path: "list"},           // was undeclared once
		{Name: "old", Kind: Int64, Path: "no.longer.listed"}, // was declared once
	}
	l, added := Fix(small(), stored, []string{"fields.a", "more"}, map[string]Kind{"a": String, "b": Double, "d": Date})
	want := []string{"id STRING id", "_rescued STRING ", "_synced_at TIMESTAMP ", "odd_name STRING fields.a", "fields_b STRING fields.b",
		"fields_c DATE fields.c", "Sent STRING x.sent", "list STRING list", "old INT64 no.longer.listed"}
	if d := cmp.Diff(want, columnsText(l.Columns[:len(stored)])); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(l.Columns[len(stored):], added); d != "" {
		t.Error(d)
	}
	if got := columnsText(added); len(got) != 3 || !strings.HasPrefix(got[0], "sent_") || got[1] != "more STRING more" || got[2] != "fields_d DATE fields.d" {
		t.Errorf("added %v", got)
	}
	if again, added := Fix(small(), l.Columns, []string{"more"}, nil); len(added) > 0 || !cmp.Equal(again.Columns, l.Columns) {
		t.Errorf("a second time: added %v", columnsText(added))
	}
}

func TestFixWidensDeclaredColumn(t *testing.T) {
	stored := []Column{{Name: "id", Kind: String, Path: "id"}, {Name: "sent", Kind: Double, Path: "sent"}}
	l, _ := Fix(small(), stored, nil, nil)
	if got := l.Columns[1]; got.Kind != String {
		t.Errorf("got %+v, want text", got)
	}
	b := &Batch{Columns: small().Columns[:2], Vectors: []*Vector{NewVector(String), NewVector(Int64)}, Rows: 2}
	b.Vectors[0].AppendText([]byte("1"))
	b.Vectors[0].AppendText([]byte("2"))
	b.Vectors[1].AppendInt(-12)
	b.Vectors[1].AppendNull(1)
	out, rescued := convert(l, b)
	if got := show(out.Vectors[1], 0) + show(out.Vectors[1], 1); got != `"-12"null` || rescued != 0 {
		t.Errorf("got %s, %d rescued", got, rescued)
	}
}

// A rewrite fixes the columns without the stored ones: types are those of today's definitions, and a name is plain again
// once its rival is gone.
func TestFixForRewrite(t *testing.T) {
	first, _ := Fix(small(), nil, []string{"fields.a b", "fields.a_b", "old"}, map[string]Kind{"a b": String, "a_b": String, "age": String})
	names := columnsText(first.Columns)
	hashed := suffixed("fields_a_b", "fields.a_b")
	if want := []string{"fields_a_b STRING fields.a b", hashed + " STRING fields.a_b", "old STRING old", "fields_age STRING fields.age"}; !cmp.Equal(names[5:], want) {
		t.Fatalf("first export: got %v, want %v", names[5:], want)
	}
	seen, fields := []string{"fields.age", "fields.a_b"}, map[string]Kind{"a_b": Date, "age": Double}
	kept, added := Fix(small(), first.Columns, seen, fields)
	if d := cmp.Diff(names, columnsText(kept.Columns)); d != "" || len(added) > 0 {
		t.Errorf("a later export, %d added: %s", len(added), d)
	}
	rewritten, _ := Fix(small(), nil, seen, fields)
	want := append(slices.Clone(names[:5]), "fields_age DOUBLE fields.age", "fields_a_b DATE fields.a_b")
	if d := cmp.Diff(want, columnsText(rewritten.Columns)); d != "" {
		t.Errorf("a rewrite: %s", d)
	}
}

// A declared column whose name an undeclared attribute had taken gets it back in a rewrite, and so does one that was
// stored as text.
func TestFixForRewriteDeclared(t *testing.T) {
	stored := []Column{{Name: "id", Kind: String, Path: "id"}, {Name: "SENT", Kind: String, Path: "sent!"}, {Name: "list", Kind: String, Path: "list"}}
	kept, _ := Fix(small(), stored, []string{"sent!"}, nil)
	if got := kept.Columns[3].Name; got != suffixed("sent", "sent") {
		t.Errorf("a later export: the column of sent is %s", got)
	}
	rewritten, _ := Fix(small(), nil, []string{"sent!", "SENT"}, nil)
	want := []string{"id STRING id", "sent INT64 sent", "list STRING list", "_rescued STRING ", "_synced_at TIMESTAMP ",
		"sent! STRING sent!", suffixed("SENT", "SENT") + " STRING SENT"}
	if d := cmp.Diff(want, columnsText(rewritten.Columns)); d != "" || !rewritten.Columns[2].JSON {
		t.Errorf("a rewrite: %s", d)
	}
}

func TestFixBoundsColumns(t *testing.T) {
	stored := []Column{{Name: "id", Kind: String, Path: "id", Required: true}, {Name: "_rescued", Kind: String, JSON: true}, {Name: "_synced_at", Kind: Timestamp}}
	for i := range MaxDynamic - 1 {
		stored = append(stored, Column{Name: fmt.Sprint("x", i), Kind: String, Path: fmt.Sprint("x", i)})
	}
	l, added := Fix(small(), stored, []string{"last", "too many"}, map[string]Kind{"a": Double})
	want := []string{"sent INT64 sent", "list STRING list", "last STRING last"}
	if d := cmp.Diff(want, columnsText(added)); d != "" || len(l.Columns) != len(stored)+len(added) {
		t.Error(d)
	}
}

func TestColumnNames(t *testing.T) {
	long := strings.Repeat("ž", 100)
	seen := []string{"a b", "a_b", "A_B", "a;b", "Straße", "_RESCUED", "_synced_at", `x\.y`, "x.y", "tab\tnew\nline", "日本", " ,;", `\e`,
		long, long + "1", "b\u202ed", "\ufffd", "K", "k", "\u212a", `q"'` + "`", "ID"}
	l, _ := Fix(small(), nil, seen, nil)
	got := map[string]string{}
	for _, c := range l.Columns[5:] {
		got[c.Path] = c.Name
	}
	for path, want := range map[string]string{"a b": "a_b", "Straße": "Straße", `x\.y`: "x_y", "tab\tnew\nline": "tab_new_line", "日本": "日本",
		"b\u202ed": "b_d", "K": "K", `q"'` + "`": "q___"} {
		if got[path] != want {
			t.Errorf("%q: got %q, want %q", path, got[path], want)
		}
	}
	for path, prefix := range map[string]string{"a_b": "a_b_", "A_B": "A_B_", "a;b": "a_b_", "_RESCUED": "_RESCUED_", "_synced_at": "_synced_at_",
		"x.y": "x_y_", " ,;": "____", `\e`: "_", long: "ž", "\ufffd": "\ufffd_", "k": "k_", "\u212a": "\u212a_", "ID": "ID_"} {
		if name := got[path]; !strings.HasPrefix(name, prefix) || len(name) < 9 || strings.Trim(name[len(name)-8:], "0123456789abcdef") != "" {
			t.Errorf("%q: got %q, want %q and a hash", path, name, prefix)
		}
	}
	checkNames(t, l.Columns)
}

// checkNames fails on names that readers trip over.
func checkNames(t *testing.T, columns []Column) {
	t.Helper()
	lower := map[string]string{}
	for _, c := range columns {
		if other, ok := lower[strings.ToLower(c.Name)]; ok {
			t.Errorf("names %q and %q differ in case only", c.Name, other)
		}
		lower[strings.ToLower(c.Name)] = c.Name
		bad := strings.ContainsAny(c.Name, " ,;{}()=\n\t\"'`\x00\x7f\u0085")
		if bad || c.Name == "" || len(c.Name) > maxColumnName || !utf8.ValidString(c.Name) {
			t.Errorf("bad name %q", c.Name)
		}
	}
}

func TestHashedNameCanBeTakenToo(t *testing.T) {
	first, _ := Fix(small(), nil, []string{"a", "A"}, nil)
	hashed := first.Columns[6].Name
	second, _ := Fix(small(), nil, []string{"a", hashed, "A"}, nil)
	checkNames(t, second.Columns)
	if got := second.Columns[6].Name; got != hashed {
		t.Errorf("the plain name is %q, want %q", got, hashed)
	}
}

func TestConvert(t *testing.T) {
	table := small()
	d := NewDecoder(table)
	p, err := d.Page([]byte(`[
		{"id":"1","sent":"x","fields":{"s":"a\nb","n":"12.50","d":"2024-02-29","z":1}},
		{"id":"2","sent":5,"fields":{"s":1.50,"n":9007199254740993,"d":"2024-02-30","z":{"a":[1, 2]}},"late":"\u00e9"},
		{"id":"3","fields":{"s":[1, {"b": "c"}],"n":-0.5,"d":20240101}},
		{"id":"4","fields":{"s":true,"n":"many","d":null}}]`))
	if err != nil {
		t.Fatal(err)
	}
	l, _ := Fix(table, nil, []string{"fields.s", "fields.n", "fields.d", "fields.unmet"}, map[string]Kind{"n": Double, "d": Date})
	out, rescued := convert(l, p.Rows)
	want := map[string][]string{
		"id":           {`"1"`, `"2"`, `"3"`, `"4"`},
		"sent":         {"null", "5", "null", "null"},
		"fields_s":     {`"a\nb"`, `"1.50"`, `"[1,{\"b\":\"c\"}]"`, `"true"`},
		"fields_n":     {"12.5", "null", "-0.5", "null"},
		"fields_d":     {"2024-02-29", "null", "null", "null"},
		"fields_unmet": {"null", "null", "null", "null"},
		"_synced_at":   {"null", "null", "null", "null"},
		"list":         {"null", "null", "null", "null"},
		"_rescued": {`"{\"sent\":\"x\",\"fields.z\":1}"`,
			`"{\"fields.d\":\"2024-02-30\",\"fields.n\":9007199254740993,\"fields.z\":{\"a\":[1,2]},\"late\":\"é\"}"`,
			`"{\"fields.d\":20240101}"`, `"{\"fields.n\":\"many\"}"`},
	}
	got := map[string][]string{}
	for i, c := range out.Columns {
		for row := range out.Rows {
			got[c.Name] = append(got[c.Name], show(out.Vectors[i], row))
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if rescued != 8 {
		t.Errorf("rescued %d, want 8", rescued)
	}
}

// A stored column that was declared to hold JSON once holds JSON still.
func TestConvertIntoFormerJSONColumn(t *testing.T) {
	stored := []Column{{Name: "old", Kind: String, Path: "old", JSON: true}}
	p := decodeAs(t, small(), `[{"id":"1","old":"text"},{"id":"2","old":[ 1 ]},{"id":"3","old":7}]`)
	l, _ := Fix(small(), stored, pathsOf(p), nil)
	out, rescued := convert(l, p.Rows)
	v := out.Vectors[0]
	if got := show(v, 0) + show(v, 1) + show(v, 2); got != `"\"text\"""[1]""7"` || rescued != 0 {
		t.Errorf("got %s, %d rescued", got, rescued)
	}
}

// An attribute that was null in every row needs no column.
func TestConvertNullWithoutColumn(t *testing.T) {
	p := decodeAs(t, small(), `[{"id":"1","late":null}]`)
	l, _ := Fix(small(), nil, nil, nil)
	if out, rescued := convert(l, p.Rows); rescued != 0 || out.Vector(Rescued) != nil || out.Rows != 1 {
		t.Errorf("%d rescued: %s", rescued, show(out.Vector(Rescued), 0))
	}
}

// A path that a page had no room for goes to its column all the same if the layout has one.
func TestConvertFindsRescuedColumn(t *testing.T) {
	var record strings.Builder
	record.WriteString(`{"id":"7","sent":{}`)
	for i := range MaxDynamic {
		fmt.Fprintf(&record, `,"x%d":%d`, i, i)
	}
	table := small()
	p, err := NewDecoder(table).Page([]byte(`[{"id":"6"},` + record.String() + `,"late":"value","later":2},{"id":"8"}]`))
	if err != nil {
		t.Fatal(err)
	}
	l, _ := Fix(table, nil, []string{"late", "x0"}, nil)
	out, rescued := convert(l, p.Rows)
	if got := show(out.Vector("late"), 0) + show(out.Vector("late"), 1) + show(out.Vector("late"), 2); got != `null"value"null` {
		t.Errorf("late: %s", got)
	}
	if text := string(out.Vector(Rescued).Text(1)); rescued != MaxDynamic+1 || !strings.HasPrefix(text, `{"sent":{},"later":2,"x1":1,"x10":10,`) {
		t.Errorf("%d rescued: %.80s", rescued, text)
	}
}

func TestConvertChild(t *testing.T) {
	p := decode(t, "subscriber", `[{"id":"1","groups":[{"id":"5"},{"id":"4"}]}]`)
	Lookup("group_subscriber").Link(p)
	l, _ := Fix(Lookup("group_subscriber"), nil, nil, map[string]Kind{"company": String})
	want := []string{"group_id", "subscriber_id", Rescued, SyncedAt}
	out, rescued := convert(l, p.Children[0].Rows)
	var got []string
	for _, c := range out.Columns {
		got = append(got, c.Name)
	}
	if !cmp.Equal(got, want) || rescued != 0 || out.Rows != 2 {
		t.Errorf("got %v, %d rescued, %d rows", got, rescued, out.Rows)
	}
	if got := show(out.Vectors[0], 0) + show(out.Vectors[1], 0) + show(out.Vectors[0], 1); got != `"4""1""5"` || out.Vectors[2] != nil || out.Vectors[3] != nil {
		t.Errorf("got %s", got)
	}
}

func TestWiden(t *testing.T) {
	tests := []struct {
		kind Kind
		json string
		want string
	}{
		{Int64, "-9223372036854775808", "-9223372036854775808"},
		{Double, "100000000000000000000", "100000000000000000000"},
		{Double, "1e21", "1e+21"},
		{Double, "0.1", "0.1"},
		{Double, "0.000001", "0.000001"},
		{Double, "-1.5e-7", "-1.5e-07"},
		{Double, "12.0", "12"},
		{Double, "0", "0"},
		{Bool, "1", "true"},
		{Bool, "false", "false"},
		{Timestamp, `"2025-09-19T11:10:41Z"`, "2025-09-19 11:10:41"},
		{Timestamp, `"1969-12-31 23:59:59.5"`, "1969-12-31 23:59:59.500000"},
		{Date, `"0001-01-01"`, "0001-01-01"},
		{Date, `"9999-12-31"`, "9999-12-31"},
	}
	for _, test := range tests {
		v := NewVector(test.kind)
		v.AppendNull(1)
		if !appendValue(v, []byte(test.json), scalar) {
			t.Fatal(test.json)
		}
		wide := Widen(v, String)
		if got := string(wide.Text(1)); got != test.want || !wide.Null(0) || wide.Len() != 2 {
			t.Errorf("%v %s: got %q, want %q", test.kind, test.json, got, test.want)
		}
		if Widen(v, test.kind) != v || Widen(nil, String) != nil {
			t.Error("what has the type is not left alone")
		}
	}
}

// convert converts rows, and counts the values rescued.
func convert(l *Layout, rows *Batch) (out *Batch, rescued int) {
	out = l.Convert(rows)
	texts := out.Vector(Rescued)
	for i := range out.Rows {
		if texts != nil && !texts.Null(i) {
			rescued += CountRescued(texts.Text(i))
		}
	}
	return out, rescued
}
