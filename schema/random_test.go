package schema

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// generator writes random records of a table: mostly as they should be, often not.
type generator struct {
	*rand.Rand
	table *Table
	out   bytes.Buffer
}

var (
	oddValues = []string{`null`, `true`, `false`, `0`, `1`, `-0`, `3.0`, `1.5`, `1e2`, `1e30`, `1e-400`, `165968862226941797`, `9007199254740993`, `-9223372036854775809`,
		`""`, `"1"`, `"0"`, `"true"`, `"12"`, `"1.50"`, `"007"`, `"abc"`, `"2024-02-29"`, `"2024-02-30"`, `"2024-02-29 10:11:12"`, `"2024-02-29T10:11:12.000000Z"`,
		`" 8 "`, `"00123"`, `"+5"`, `" -007.50 "`, `" \t"`, `"\u000b"`, `"+-1"`, `" 2024-02-29 00:00:00"`, `"2024-02-29T00:00:00.000Z"`, `"2024-02-29 00:00:00+0000"`,
		`"2024-02-29T00:00:00+02:00"`, `"2024-02-29 10:11:12 -0330"`, `"2024-02-29T10:11:12+02"`,
		`"2024-02-29T10:11:12.1234560+02:30"`, `"2024-02-29T10:11:12.1234567Z"`, `"0000-00-00 00:00:00"`, `"caf\u00e9 \/"`, `"\ud83d\ude00"`, `"\ud800 x"`, "\"\xff\xfe\"", `"a\u0000b"`,
		`[]`, `{}`, `[ 1 , "x" ]`, `{"a" : {"b":[null]}}`, `[{"id":"7","content":"c"},{"id":8},{"click_map":[]},3]`, `[{"id":"9"},{"id":"10"}]`}
	oddNames = []string{"id", "new", "New", "a b", "a.b", "", "_rescued", "fields", "groups", "stats", "language", "settings", `caf\u00e9`, `s\u0065nt`, "language_id", "x", "y"}
)

func (g *generator) page(records int) []byte {
	g.out.Reset()
	g.out.WriteByte('[')
	for i := range records {
		if i > 0 {
			g.out.WriteByte(',')
		}
		if g.IntN(15) == 0 {
			g.out.WriteString(oddValues[g.IntN(len(oddValues))])
			continue
		}
		g.object("", 0)
	}
	g.out.WriteByte(']')
	return g.out.Bytes()
}

// object writes the members that are declared below a path, in any order, and a few others.
func (g *generator) object(path string, depth int) {
	g.out.WriteByte('{')
	var names []string
	for _, name := range g.declared(path) {
		if g.IntN(4) > 0 {
			names = append(names, name)
		}
	}
	for range g.IntN(4) {
		names = append(names, oddNames[g.IntN(len(oddNames))])
	}
	if g.IntN(3) == 0 {
		g.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	}
	for i, name := range names {
		if i > 0 {
			g.out.WriteString([]string{",", " , "}[g.IntN(2)])
		}
		fmt.Fprintf(&g.out, `"%s":`, name)
		g.value(strings.TrimPrefix(path+"."+name, "."), depth)
	}
	g.out.WriteByte('}')
}

// declared returns the names of the members that the declaration knows of below a path, each once.
func (g *generator) declared(path string) []string {
	t := g.table
	paths := slices.Concat(t.Skip, t.Repeats, t.Expected, slices.Sorted(maps.Keys(t.Same)))
	for _, c := range t.Columns {
		paths = append(paths, c.Path)
	}
	for _, child := range t.children {
		paths = append(paths, child.array())
	}
	var names []string
	for _, below := range paths {
		if rest, ok := strings.CutPrefix("."+below, strings.TrimSuffix("."+path, ".")+"."); ok {
			if name, _, _ := strings.Cut(rest, "."); !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	if path == t.openObject() {
		return append(names, "company", "age", "born")
	}
	if len(t.Never) > 0 {
		names = append(names, t.Never[0])
	}
	return names
}

func (g *generator) value(path string, depth int) {
	record, name := strings.TrimPrefix(path, g.table.array()+"."), path[strings.LastIndexByte(path, '.')+1:]
	child := slices.IndexFunc(g.table.children, func(c *Table) bool { return c.array() == path })
	switch {
	case record == "id" && g.IntN(20) > 0:
		fmt.Fprintf(&g.out, `"%d"`, g.IntN(30))
	case record == "log_name":
		fmt.Fprintf(&g.out, `"log%d"`, g.IntN(3))
	case child >= 0 && g.IntN(5) > 0:
		g.rows(child, depth)
	case name == "id" && g.IntN(2) > 0:
		fmt.Fprintf(&g.out, `"%d"`, g.IntN(30))
	case len(g.declared(path)) > 0 && !slices.Contains(g.table.Never, name) && g.nests(path) && depth < 3 && g.IntN(8) > 0:
		g.object(path, depth+1)
	case len(g.table.Never) > 0 && g.IntN(4) == 0:
		g.out.WriteString(hidden[g.IntN(len(hidden))])
	default:
		g.out.WriteString(oddValues[g.IntN(len(oddValues))])
	}
}

// hidden are values with what is never written somewhere inside.
var hidden = []string{`{"secret":"hush"}`, `[{"a":1,"Secret":{"x":2}},{"s\u0065cret":3,"b":[{"secret":4}]}]`, `{"secret":1,"secret":2}`, `{"a":{"secret":1,"b":2,"SECRET":3}}`}

// nests reports whether something is declared below a path.
func (g *generator) nests(path string) bool {
	alone := &generator{table: &Table{Columns: g.table.Columns, Same: g.table.Same, Skip: g.table.Skip, Expected: g.table.Expected}}
	return len(alone.declared(path)) > 0 || path == g.table.openObject()
}

// rows writes an array of rows of a child table.
func (g *generator) rows(child, depth int) {
	g.out.WriteByte('[')
	table := g.table
	g.table = table.children[child]
	for i := range g.IntN(4) {
		if i > 0 {
			g.out.WriteByte(',')
		}
		if g.IntN(12) == 0 {
			g.out.WriteString(oddValues[g.IntN(len(oddValues))])
		} else {
			g.object(g.table.array(), depth)
		}
	}
	g.table = table
	g.out.WriteByte(']')
}

// listed are the tables whose records come in lists.
func listed() []*Table {
	return slices.DeleteFunc(Declared().Tables(), func(t *Table) bool {
		_, ok := t.Source.(*List)
		return !ok
	})
}

// newParentDecoder returns a decoder that knows the row of the parent table, if there is one.
func newParentDecoder(t *Table) *Decoder {
	d, key := NewDecoder(t), []string(nil)
	for i := range t.ParentColumns() {
		key = append(key, fmt.Sprint("parent ", i))
	}
	d.SetParent(t.ParentColumns(), key)
	return d
}

func TestRandomPages(t *testing.T) {
	for _, table := range listed() {
		d := newParentDecoder(table) // one for all pages: what it remembers must not show
		for seed := range uint64(100) {
			g := &generator{Rand: rand.New(rand.NewPCG(seed, 7)), table: table}
			data, mark := g.page(g.IntN(12)), ""
			if marks := table.MarkPaths(); len(marks) > 0 && seed%3 > 0 {
				mark = strings.Trim(marks[seed%uint64(len(marks))], "{}")
			}
			d.SetMark(mark)
			want, ok := modelDecode(table, data)
			p, err := d.Page(data)
			if err != nil || !ok {
				t.Fatalf("%s, seed %d: %v, the model says %v", table.Name, seed, err, ok)
			}
			checkPage(t, table, p, want, mark)
			if t.Failed() {
				t.Fatalf("%s, seed %d: %s", table.Name, seed, data)
			}
			d.Recycle(p)
		}
	}
}

// The row is the same whatever the order of the members.
func TestOrderOfMembersDoesNotShow(t *testing.T) {
	members := []string{`"id":"1"`, `"stats":{"sent":"x","open_rate":[],"new":1}`, `"stats_new":2`, `"name":{}`, `"can":3`, `"language":{"id":[]}`, `"zz":{"b":1,"a":2}`}
	first := decode(t, "campaign", `[{`+strings.Join(members, ",")+`}]`)
	l, _ := Fix(Lookup("campaign"), nil, []string{"zz"}, nil)
	want, n := convert(l, first.Rows)
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 1))
		r.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
		got, rescued := convert(l, decode(t, "campaign", `[{`+strings.Join(members, " , ")+`}]`).Rows)
		for i, c := range l.Columns {
			if show(got.Vectors[i], 0) != show(want.Vectors[i], 0) || rescued != n {
				t.Fatalf("%s: got %s, want %s", c.Name, show(got.Vectors[i], 0), show(want.Vectors[i], 0))
			}
		}
	}
}
