package schema

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var testKey = []byte("0123456789abcdef")

// protect returns tables with columns dropped and hashed.
func protect(tables []*Table, by map[string]Protection) ([]*Table, error) {
	c, err := NewCatalog(tables...)
	if err != nil {
		return nil, err
	}
	if c, err = c.Protect(by); err != nil {
		return nil, err
	}
	return c.tables, nil
}

// definer is the table that defines the open columns of small tables.
func definer() *Table {
	return &Table{Name: "definer", Key: []string{"id"}, Columns: KeyColumn("id"), Source: &List{Path: "/definer"}, Defines: &Definitions{}}
}

// protected returns a table with columns dropped and hashed.
func protected(t testing.TB, table string, drop, hash []string) *Table {
	t.Helper()
	tables, err := protect(Declared().Tables(), map[string]Protection{table: {Drop: drop, Hash: hash, Key: testKey}})
	if err != nil {
		t.Fatal(err)
	}
	return tableOf(tables, table)
}

func tableOf(tables []*Table, name string) *Table {
	return tables[slices.IndexFunc(tables, func(t *Table) bool { return t.Name == name })]
}

func decodeAs(t testing.TB, table *Table, data string) *Page {
	t.Helper()
	p, err := NewDecoder(table).Page([]byte(data))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// The token is what other tools make of the same text: printf jane@example.com | openssl dgst -sha256 -hmac 0123456789abcdef
func TestToken(t *testing.T) {
	const want = "a7a54661c75bce906717ca553fdff1b9e2c578d8c764c8e7d23ff39b7b5096b1"
	if got := Token(testKey, []byte("jane@example.com")); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// Values that a column takes for the same have the same token, however they are written.
func TestTokenOfValues(t *testing.T) {
	tests := []struct{ table, column, value, text string }{
		{"subscriber", "email", `"jane@example.com"`, "jane@example.com"},
		{"subscriber", "email", `"jane\u0040example.com"`, "jane@example.com"},
		{"subscriber", "email", `""`, ""},
		{"subscriber", "email", "\"\xff\"", "\ufffd"},
		{"subscriber", "email", `"\ud800"`, "\ufffd"},
		{"subscriber", "email", `12`, "12"},
		{"subscriber", "email", `true`, "true"},
		{"subscriber", "email", `{ "a" : [ 1 , "\u0041" ] }`, `{"a":[1,"A"]}`},
		{"subscriber", "created_at", `"2025-09-19 11:10:41"`, "2025-09-19 11:10:41"},
		{"subscriber", "created_at", `"2025-09-19T13:10:41.000000+02:00"`, "2025-09-19 11:10:41"},
		{"subscriber", "created_at", `"yesterday"`, "yesterday"},
		{"subscriber", "sent", `3.0`, "3"},
		{"subscriber", "sent", `"3"`, "3"},
		{"subscriber", "sent", `" +03 "`, "3"},
		{"subscriber", "sent", `"many"`, "many"},
		{"subscriber", "created_at", `"2025-09-19 13:10:41+0200"`, "2025-09-19 11:10:41"},
		{"subscriber", "sent", `[3]`, "[3]"},
		{"subscriber", "open_rate", `"0.50"`, "0.5"},
		{"subscriber", "fields.company", `12`, "12"},
		{"subscriber", "fields.company", `"12"`, "12"},
		{"group", "processing", `"1"`, "true"},
		{"campaign", "emails", `[{"id":1,"content":"long"}]`, `[{"id":1}]`},
	}
	for _, test := range tests {
		table := protected(t, test.table, nil, []string{test.column})
		names := splitPath(test.column)
		record := fmt.Sprintf("%s{%q:%s", strings.Repeat(`{"fields":`, len(names)-1), names[len(names)-1], test.value) + strings.Repeat("}", len(names)-1)
		p := decodeAs(t, table, `[{"id":"1",`+record[1:]+`}]`)
		if p.Rows.Vector(Rescued) != nil {
			t.Errorf("%s: %s: rescued %s", test.column, test.value, p.Rows.Vector(Rescued).Text(0))
		}
		got, want := show(p.Rows.Vector(test.column), 0), fmt.Sprintf("%q", Token(testKey, []byte(test.text)))
		if strings.Contains(test.column, ".") {
			want = fmt.Sprintf("%q", want) // raw still
		}
		if got != want {
			t.Errorf("%s: %s\n got %s\nwant %s, of %q", test.column, test.value, got, want, test.text)
		}
	}
	p := decodeAs(t, protected(t, "subscriber", nil, []string{"email", "sent"}), `[{"id":"1","email":null,"sent":" "},{"id":"2","sent":""}]`)
	for _, name := range []string{"email", "sent", Rescued} {
		if v := p.Rows.Vector(name); v != nil && show(v, 0)+show(v, 1) != "nullnull" {
			t.Errorf("%s: null has a token: %s, %s", name, show(v, 0), show(v, 1))
		}
	}
}

func TestProtectedColumns(t *testing.T) {
	table := protected(t, "subscriber", []string{"IP_address", "optin_ip"}, []string{"email", "created_at", "fields.Company"})
	for _, name := range []string{"ip_address", "optin_ip"} {
		if slices.ContainsFunc(table.Columns, func(c Column) bool { return c.Name == name }) {
			t.Errorf("%s is still there", name)
		}
	}
	at := func(t *Table, name string) int {
		return slices.IndexFunc(t.Columns, func(c Column) bool { return c.Name == name })
	}
	if got, want := at(table, "email"), at(Lookup("subscriber"), "email"); got != want || table.Columns[at(table, "created_at")].Kind != String {
		t.Errorf("email is column %d, want %d; created_at is %v", got, want, table.Columns[at(table, "created_at")].Kind)
	}
	if len(Lookup("subscriber").Columns) != 16 || Lookup("subscriber").protected != nil {
		t.Error("the declaration has changed")
	}
	drop, hash, _ := table.Protected()
	if d := cmp.Diff([][]string{{"ip_address", "optin_ip"}, {"created_at", "email", "fields_company"}}, [][]string{drop, hash}); d != "" {
		t.Errorf("protected (-want +got):\n%s", d)
	}
	if child := table.children[0]; child.parent != table || child == Lookup("group_subscriber") {
		t.Error("parent and child do not point to each other")
	}
}

func TestProtectRefuses(t *testing.T) {
	tests := []struct {
		table string
		p     Protection
		want  string
	}{
		{"subscribers", Protection{Drop: []string{"email"}}, "protect subscribers: there is no such table; did you mean subscriber?"},
		{"subscriber", Protection{Drop: []string{"emial"}}, "protect subscriber.emial: there is no such column; did you mean subscriber.email?"},
		{"subscriber", Protection{Drop: []string{""}}, "no such column"},
		{"subscriber", Protection{Drop: []string{"field_company"}}, "no such column"},
		{"subscriber", Protection{Drop: []string{"groups"}}, "no such column"},
		{"subscriber", Protection{Drop: []string{"id"}}, "part of the key"},
		{"subscriber", Protection{Drop: []string{"_rescued"}}, "makes this column itself"},
		{"subscriber", Protection{Drop: []string{"_SYNCED_AT"}}, "makes this column itself"},
		{"group_subscriber", Protection{Hash: []string{"subscriber_id"}, Key: testKey}, "part of the key"},
		{"field", Protection{Hash: []string{"key"}, Key: testKey}, "types of the custom fields"},
		{"group", Protection{Drop: []string{"fields_a"}}, "no such column"},
		{"group", Protection{Drop: []string{"_a"}}, "no such column"},
		{"group", Protection{Drop: []string{""}}, "no such column"},
		{"subscriber", Protection{Drop: []string{"email"}, Hash: []string{"Email"}, Key: testKey}, "both dropped and hashed"},
		{"subscriber", Protection{Hash: []string{"email"}}, "hashing needs a key"},
	}
	for _, test := range tests {
		_, err := protect(Declared().Tables(), map[string]Protection{test.table: test.p})
		var refused *ProtectionError
		if !errors.As(err, &refused) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s %v: got %v, want %q", test.table, test.p, err, test.want)
		}
	}
	stored := []string{"fields_phone", "fields_Zip Code"}
	for name, want := range map[string]string{
		"phone":     "there is no such column; did you mean subscriber.fields_phone?",
		"Phoen":     "there is no such column; did you mean subscriber.fields_phone?",
		"zipcode":   "there is no such column; did you mean subscriber.fields_zip_code?",
		"file_name": "there is no such column; if it is a custom field, its column is subscriber.fields_file_name",
	} {
		_, err := protect(Declared().Tables(), map[string]Protection{"subscriber": {Drop: []string{name}, Known: stored}})
		if err == nil || err.Error() != "protect subscriber."+name+": "+want {
			t.Errorf("%s in a dataset with custom fields: got %v, want %q", name, err, want)
		}
	}
	known := Protection{Drop: []string{"phone"}, Known: []string{"Phone"}}
	if _, err := protect(Declared().Tables(), map[string]Protection{"subscriber": known}); err != nil {
		t.Errorf("a column that the dataset has: %v", err)
	}
}

// Whatever may get the name of a protected column is protected.
func TestProtectOverprotects(t *testing.T) {
	suffixedName := suffixed("fields_a_b", `fields.a b`)
	tests := []struct{ column, member string }{
		{"email", `"Email":"x"`},
		{"email", `"email":["x"]`},
		{"email", `"email":{"a":"x"}`},
		{"email", `"\u0065mail":"x"`},
		{"fields_company", `"fields":{"company":"x"}`},
		{"fields_company", `"fields":{"COMPANY":{"a":"x"}}`},
		{"fields_company", `"fields":"x"`},
		{"fields_company", `"fields":["x"]`},
		{"fields_company", `"fields_company":"x"`},
		{"fields.company", `"fields":{"company":"x"}`},
		{"fields_a_b", `"fields":{"a b":"x"}`},
		{"fields_a_b", `"fields":{"a.b":"x"}`},
		{"fields_a_b", `"fields":{"a":{"b":"x"}}`},
		{"fields_a_b", `"fields_a":["x"]`},
		{suffixedName, `"fields":{"a b":"x"}`},
		{"fields", `"fields":{"anything":"x"}`},
		{"fields", `"fields":"x"`},
		{"fields_" + strings.Repeat("a", 200), `"fields":{"` + strings.Repeat("a", 200) + `":"x"}`},
		{"fields_" + strings.Repeat("a", 2000), `"fields":{"` + strings.Repeat("a", 2000) + `":"x"}`},
	}
	for _, test := range tests {
		for _, drop := range []bool{true, false} {
			names := [2][]string{}
			names[map[bool]int{true: 0, false: 1}[drop]] = []string{test.column}
			p := decodeAs(t, protected(t, "subscriber", names[0], names[1]), `[{"id":"1",`+test.member+`}]`)
			text := allText(p)
			if strings.Contains(text, "x") {
				t.Errorf("%s: %s: the value is kept in %q", test.column, test.member, text)
			}
			if got := p.Rows.Size(); drop != (text == "1") {
				t.Errorf("%s: %s: dropped %v, but %q (%d bytes)", test.column, test.member, drop, text, got)
			}
		}
	}
	p := decodeAs(t, protected(t, "subscriber", []string{"fields_a_b", "email"}, nil), `[{"id":"1","fields":{"a":"x","ab":"x","a_b_c":"x"},"mail":"x"}]`)
	if got := strings.Count(allText(p), "x"); got != 4 {
		t.Errorf("%d of 4 values kept that are not protected: %q", got, allText(p))
	}
}

func batchesOf(children []Children) (batches []*Batch) {
	for _, c := range children {
		batches = append(batches, c.Rows)
	}
	return batches
}

// allText returns all text of a page.
func allText(p *Page) string {
	var b strings.Builder
	for _, batch := range append([]*Batch{p.Rows}, batchesOf(p.Children)...) {
		if batch == nil {
			continue
		}
		for _, v := range batch.Vectors {
			if v != nil {
				b.Write(v.Bytes)
			}
		}
	}
	return b.String()
}

// A second path of a dropped column, and an object all of whose columns are dropped, do not come back as attributes.
func TestDroppedStaysAway(t *testing.T) {
	table := protected(t, "campaign", []string{"language_id", "language_shortcode", "language_iso639", "language_name", "language_direction", "can.send"}, nil)
	p := decodeAs(t, table, `[{"id":"1","language_id":"x","language":{"id":"x","shortcode":"x","iso639":"x","name":"x","direction":"x","more":"kept"},"can":{"send":[7]}}]`)
	if got, want := allText(p), `1"kept"`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	hashed := protected(t, "campaign", nil, []string{"language.id"})
	p = decodeAs(t, hashed, `[{"id":"1","language_id":"4"},{"id":"2","language":{"id":4}},{"id":"3","language_id":"x","language":{"id":"y"}}]`)
	token := Token(testKey, []byte("4"))
	if got, want := allText(p), "123"+token+token+Token(testKey, []byte("x"))+`{"language.id":"`+Token(testKey, []byte("y"))+`"}`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestFixProtected(t *testing.T) {
	table := protected(t, "subscriber", []string{"fields_age"}, []string{"fields_born"})
	l, _ := Fix(table, nil, nil, map[string]Kind{"age": Double, "born": Date, "size": Double})
	text := columnsText(l.Columns[len(table.Columns)+2:])
	if d := cmp.Diff([]string{"fields_born STRING fields.born", "fields_size DOUBLE fields.size"}, text); d != "" {
		t.Errorf("custom fields (-want +got):\n%s", d)
	}
	p := decodeAs(t, table, `[{"id":"1","fields":{"age":7,"born":"2001-02-03","size":5}}]`)
	out, rescued := convert(l, p.Rows)
	if got := show(out.Vector("fields_born"), 0); got != fmt.Sprintf("%q", Token(testKey, []byte("2001-02-03"))) || rescued != 0 {
		t.Errorf("hashed date: got %s, %d rescued", got, rescued)
	}
}

func TestUnmet(t *testing.T) {
	table := protected(t, "subscriber", []string{"fields_compny", "email"}, []string{"fields_Name", "fields_a_b"})
	if d := cmp.Diff([]string{"fields_compny"}, table.Unmet([]string{"company", "name", "a b"})); d != "" {
		t.Errorf("unmet (-want +got):\n%s", d)
	}
}

// leaky writes random records whose values at, in, or in place of protected paths all hold a mark, in all disguises.
type leaky struct {
	*generator
	names []string // protected, in lower case
}

var marks = []string{`"MARK"`, `"\u004dARK"`, `"a MARK b"`, `["MARK"]`, `{"MARK":1}`, `{"a":{"b":["MARK"]}}`, `{"groups":[{"id":"MARK"}]}`, `86753090`, `-8675309.5`, `[8675309]`}

// marked reports whether the value at a path is, or is part of, something protected.
func (l *leaky) marked(path string) bool {
	for at, more := path, true; more; at, more = parentPath(at) {
		name := strings.ToLower(strings.NewReplacer(".", "_", " ", "_").Replace(at))
		if slices.Contains(l.names, name) {
			return true
		}
	}
	return false
}

// ancestor reports whether something protected may be below a path.
func (l *leaky) ancestor(path string) bool {
	return slices.ContainsFunc(l.names, func(name string) bool { return strings.HasPrefix(name, strings.ReplaceAll(path, ".", "_")+"_") })
}

func (l *leaky) page(records int) []byte {
	l.out.Reset()
	for i := range records {
		l.out.WriteByte("[,"[min(i, 1)])
		l.members("", 0)
	}
	l.out.WriteByte(']')
	return l.out.Bytes()
}

func (l *leaky) members(path string, depth int) {
	l.out.WriteByte('{')
	names := append(l.declared(path), l.declared(path)...) // duplicates too
	names = append(names, "other", "Email", "ip address", "Age", "new")
	l.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	if path == "" {
		names = append(names, "id")
	}
	for i, name := range names[l.IntN(len(names)):] {
		if i > 0 {
			l.out.WriteByte(',')
		}
		fmt.Fprintf(&l.out, "%q:", name)
		l.value(strings.TrimPrefix(path+"."+name, "."), depth)
	}
	l.out.WriteByte('}')
}

func (l *leaky) value(path string, depth int) {
	object := len(l.declared(path)) > 0 && depth < 3
	switch {
	case path == "id":
		fmt.Fprintf(&l.out, `"%d"`, l.IntN(30))
	case object && l.IntN(4) > 0:
		l.members(path, depth+1)
	case l.marked(path):
		l.out.WriteString(marks[l.IntN(len(marks))])
	case object && l.ancestor(path): // in an object's place
		l.out.WriteString(marks[[]int{0, 1, 2, 3, 7, 8, 9}[l.IntN(7)]])
	default:
		l.out.WriteString([]string{`null`, `1`, `"plain"`, `[]`, `{"a":1}`}[l.IntN(5)])
	}
}

func TestNothingProtectedLeaks(t *testing.T) {
	sets := map[string][]string{
		"subscriber": {"email", "ip_address", "sent", "created_at", "fields_company", "fields_age"},
		"group":      {"name", "open_rate_string", "processing", "age"},
		"campaign":   {"name", "emails", "language_id", "stats_open_rate_float", "can_send", "settings_test_type", "filter", "basic_filter_for_humans_included_groups"},
	}
	for name, set := range sets {
		for seed := range uint64(300) {
			r := rand.New(rand.NewPCG(seed, 9))
			var p Protection
			p.Key, p.Known = testKey, set
			for _, column := range set {
				if r.IntN(2) == 0 {
					p.Drop = append(p.Drop, column)
				} else {
					p.Hash = append(p.Hash, column)
				}
			}
			tables, err := protect(Declared().Tables(), map[string]Protection{name: p})
			if err != nil {
				t.Fatal(err)
			}
			l := &leaky{&generator{Rand: r, table: Lookup(name)}, set}
			checkLeaks(t, tableOf(tables, name), Lookup(name), l.page(1+r.IntN(5)))
			if t.Failed() {
				t.Fatalf("%s, seed %d: drop %v, hash %v\n%s", name, seed, p.Drop, p.Hash, l.out.Bytes())
			}
		}
	}
}

// checkLeaks decodes a page and looks for marks; what is not protected must be as it is without protection.
func checkLeaks(t *testing.T, table, open *Table, data []byte) {
	t.Helper()
	before := bytes.Clone(data)
	p, q := decodeAs(t, table, string(data)), decodeAs(t, open, string(data))
	if !bytes.Equal(before, data) {
		t.Error("the decoder changed what it read")
	}
	layout, _ := Fix(table, nil, pathsOf(p), nil)
	converted, _ := convert(layout, p.Rows)
	for _, page := range []*Page{p, {Rows: converted}} {
		if text := allText(page); strings.Contains(text, "MARK") || strings.Contains(text, "8675309") {
			t.Errorf("leaked: %s", text)
		}
	}
	if p.Rows.Rows != q.Rows.Rows || p.Dropped != q.Dropped || !slices.Equal(p.Absent, q.Absent) || !sameOffsets(p, q) {
		t.Errorf("%d rows, %d dropped; without protection %d and %d", p.Rows.Rows, p.Dropped, q.Rows.Rows, q.Dropped)
	}
	for i, c := range open.Columns {
		checkColumn(t, table, c, p.Rows.Vector(c.Name), q.Rows.Vectors[i], q.Rows.Rows)
	}
}

func sameOffsets(p, q *Page) bool {
	return slices.EqualFunc(p.Children, q.Children, func(a, b Children) bool { return slices.Equal(a.Offsets, b.Offsets) })
}

func pathsOf(p *Page) []string {
	var paths []string
	for _, c := range p.Rows.Columns {
		if c.Kind == Raw {
			paths = append(paths, c.Path)
		}
	}
	return paths
}

// checkColumn compares a declared column with what it is without protection.
func checkColumn(t *testing.T, table *Table, c Column, got, open *Vector, rows int) {
	t.Helper()
	f := table.protected.declared[c.Path]
	for i := range rows {
		want := show(open, i)
		switch {
		case f == dropped:
			want = "null"
		case f == hashed && want != "null" && !c.JSON && c.Path != "language_id":
			want = fmt.Sprintf("%q", Token(testKey, Widen(open, String).Text(i)))
		case f == hashed:
			continue // it may have been rescued, or its second path's value may have taken its place
		}
		if show(got, i) != want {
			t.Errorf("%s, row %d: got %s, want %s", c.Name, i, show(got, i), want)
		}
	}
}

// A column whose name is not made of its path is protected at its path, at its second path, and in what stands in the
// place of the objects around it.
func TestProtectByNameAlone(t *testing.T) {
	declared := func() *Table {
		table := small()
		table.Columns = append(table.Columns, Column{Name: "label", Kind: Int64, Path: "in.x"})
		table.Same = map[string]string{"alt.y": "in.x"}
		return table
	}
	for _, member := range []string{`"in":{"x":"7.0"}`, `"alt":{"y":7}`, `"in":7`, `"in":[7]`, `"in":{"x":7},"alt":{"y":7}`} {
		for text, p := range map[string]Protection{"": {Drop: []string{"label"}}, Token(testKey, []byte("7")): {Hash: []string{"LABEL"}, Key: testKey}} {
			tables, err := protect([]*Table{declared(), definer()}, map[string]Protection{"small": p})
			if err != nil {
				t.Fatal(err)
			}
			got := allText(decodeAs(t, tables[0], `[{"id":"1",`+member+`}]`))
			if strings.HasPrefix(member, `"in":[`) && text != "" {
				text = Token(testKey, []byte("[7]"))
			}
			if !strings.Contains(got, text) || text == "" && got != "1" {
				t.Errorf("%s: got %q, want %q", member, got, text)
			}
			if rest := strings.ReplaceAll(got, text, ""); text != "" && strings.Contains(rest, "7") {
				t.Errorf("%s: the value is kept in %q", member, got)
			}
		}
	}
}
