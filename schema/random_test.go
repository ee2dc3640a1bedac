package schema

import (
	"bytes"
	"fmt"
	"math/rand/v2"
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

// declared returns the names of the members below a path, each once.
func (g *generator) declared(path string) []string {
	var names []string
	seen := map[string]bool{}
	for _, c := range g.table.Columns {
		if rest, ok := strings.CutPrefix("."+c.Path, strings.TrimSuffix("."+path, ".")+"."); ok {
			name, _, _ := strings.Cut(rest, ".")
			if !seen[name] {
				names = append(names, name)
			}
			seen[name] = true
		}
	}
	if path == g.table.openObject() {
		return append(names, "company", "age", "born")
	}
	if path == "" && g.table.Open != nil {
		names = append(names, g.table.Open.Object, "groups")
	}
	if path == "language" {
		names = append(names, "id")
	}
	return names
}

func (g *generator) value(path string, depth int) {
	switch {
	case path == "id" && g.IntN(20) > 0:
		fmt.Fprintf(&g.out, `"%d"`, g.IntN(30))
	case len(g.declared(path)) > 0 && depth < 3 && g.IntN(8) > 0:
		g.object(path, depth+1)
	case path == "groups" && g.IntN(3) > 0:
		fmt.Fprintf(&g.out, `[{"id":"%d"},{"name":"x","id":%d}]`, g.IntN(20), g.IntN(20))
	default:
		g.out.WriteString(oddValues[g.IntN(len(oddValues))])
	}
}

func TestRandomPages(t *testing.T) {
	for _, name := range []string{"subscriber", "group", "field", "campaign"} {
		table := Lookup(name)
		d := NewDecoder(table) // one for all pages: what it remembers must not show
		for seed := range uint64(400) {
			g := &generator{Rand: rand.New(rand.NewPCG(seed, 7)), table: table}
			data := g.page(g.IntN(12))
			want, ok := modelDecode(table, data)
			p, err := d.Page(data)
			if err != nil || !ok {
				t.Fatalf("%s, seed %d: %v, the model says %v", name, seed, err, ok)
			}
			checkPage(t, table, p, want)
			if t.Failed() {
				t.Fatalf("%s, seed %d: %s", name, seed, data)
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
