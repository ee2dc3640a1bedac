package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// beyondModel reports whether a page has what the naive model knows nothing of: nesting and names beyond the bounds. A
// name grows when its UTF-8 is repaired.
func beyondModel(data []byte, want modelPage) bool {
	repaired := len(string([]rune(string(data))))
	return bytes.Count(data, []byte("["))+bytes.Count(data, []byte("{")) > maxNesting || repaired > maxName || len(want.dynamic) > MaxDynamic
}

func FuzzDecode(f *testing.F) {
	for i, table := range listed() {
		for seed := range uint64(3) {
			g := &generator{Rand: rand.New(rand.NewPCG(seed, 3)), table: table}
			f.Add(uint8(i), uint8(seed), bytes.Clone(g.page(2)))
		}
	}
	f.Add(uint8(0), uint8(0), []byte(`[{"id":"1","groups":[{"id":"2"}],"fields":{"a":"\ud800"}}]`))
	f.Add(uint8(3), uint8(1), []byte(`[{"id":"1","language":{"id":4},"language_id":"4","emails":[{"content":1}]}] `))
	f.Add(uint8(1), uint8(0), []byte("[]\x00"))
	f.Fuzz(func(t *testing.T, which, marks uint8, data []byte) {
		table, mark := listed()[int(which)%len(listed())], ""
		if paths := table.MarkPaths(); len(paths) > 0 {
			mark = strings.Trim(paths[int(marks)%len(paths)], "{}")
		}
		want, ok := modelDecode(table, data)
		d := newParentDecoder(table)
		d.SetMark(mark)
		p, err := d.Page(data)
		if beyondModel(data, want) {
			return // it is enough that nothing panics
		}
		if ok != (err == nil) {
			t.Fatalf("%v, the model says %v", err, ok)
		}
		if !ok {
			return
		}
		checkPage(t, table, p, want, mark)
		again, err := d.Page(data)
		for _, child := range table.children {
			if err == nil {
				child.Link(again) // as checkPage did
			}
		}
		if diff := cmp.Diff(p, again, cmpopts.EquateEmpty(), cmpopts.EquateNaNs()); err != nil || diff != "" {
			t.Errorf("a second time: %v %s", err, diff)
		}
	})
}

// FuzzValue compares what a value becomes in a column of numbers, dates, times or flags with the naive model's answer.
func FuzzValue(f *testing.F) {
	for i, raw := range oddValues {
		f.Add(uint8(i), []byte(raw))
	}
	f.Add(uint8(1), []byte(`" -0009223372036854775808.0e+00 "`))
	f.Add(uint8(4), []byte(`"2025-09-19T00:00:00.000000 -0000"`))
	f.Fuzz(func(t *testing.T, which uint8, raw []byte) {
		if raw = bytes.Trim(raw, " \t\r\n"); len(raw) > 1000 || !json.Valid(raw) {
			return
		}
		c := Column{Kind: Int64 + Kind(which)%5}
		value := parseJSON(raw)
		want, fits := modelConvert(c.Kind, value, false)
		fits = fits || value == nil
		v := NewVector(c.Kind)
		if ok := appendValue(v, raw, scalar); ok != fits || v.Len() != map[bool]int{true: 1}[ok] {
			t.Fatalf("%v %s: %v, %d values, want %v", c.Kind, raw, ok, v.Len(), fits)
		}
		if fits && !reflect.DeepEqual(cell(c, v, 0), want) {
			t.Errorf("%v %s: got %#v, want %#v", c.Kind, raw, cell(c, v, 0), want)
		}
	})
}

// editions are the same table as two versions of the program declare it.
func editions() [2]*Table {
	first, second := small(), small()
	second.Columns = slices.Concat(KeyColumn("id"), Columns(Double, "sent"), Texts("new"), Times("y"), Flags("in.x"))
	return [2]*Table{first, second}
}

// fieldsOf makes definitions of custom fields from bits.
func fieldsOf(bits uint8) map[string]Kind {
	fields := map[string]Kind{}
	for i, key := range []string{"company", "age", "born", "x"} {
		if k := []Kind{0, String, Double, Date}[bits>>(2*i)&3]; k != 0 {
			fields[key] = k
		}
	}
	return fields
}

func FuzzFix(f *testing.F) {
	for seed := range uint64(10) {
		data, bits := evolution(seed)
		f.Add(data, bits)
	}
	f.Fuzz(func(t *testing.T, data, bits []byte) { evolve(t, data, bits) })
}

// evolution makes the pages of some runs, one a line, and two bytes a run: the edition, the definitions.
func evolution(seed uint64) (data, bits []byte) {
	r := rand.New(rand.NewPCG(seed, 5))
	for range 2 + r.IntN(4) {
		g := &generator{Rand: r, table: editions()[1]}
		data = append(append(data, g.page(3)...), '\n')
		bits = append(bits, byte(r.IntN(2)), byte(r.IntN(256)))
	}
	return data, bits
}

func TestRandomEvolution(t *testing.T) {
	for seed := range uint64(1500) {
		data, bits := evolution(seed)
		if evolve(t, data, bits); t.Failed() {
			t.Fatalf("seed %d: %s %v", seed, data, bits)
		}
	}
}

// evolve takes a dataset through some runs, each with its own page, declarations and definitions.
func evolve(t *testing.T, data, bits []byte) {
	var stored []Column
	for i, page := range bytes.Split(data, []byte("\n")) {
		if len(bits) < 2*i+2 || i == 8 {
			return
		}
		table := editions()[bits[2*i]%2]
		p, err := NewDecoder(table).Page(page)
		want, _ := modelDecode(table, page)
		if err != nil || beyondModel(page, want) {
			return
		}
		var seen []string
		for _, c := range p.Rows.Columns {
			if c.Kind == Raw {
				seen = append(seen, c.Path)
			}
		}
		fields := fieldsOf(bits[2*i+1])
		l, added := Fix(table, stored, seen, fields)
		checkLayout(t, l, added, stored, seen, fields)
		checkConverted(t, l, p.Rows, want)
		stored = l.Columns
	}
}

func checkLayout(t *testing.T, l *Layout, added, stored []Column, seen []string, fields map[string]Kind) {
	t.Helper()
	checkNames(t, l.Columns)
	if len(l.Columns) != len(stored)+len(added) || !slices.Equal(l.Columns[len(stored):], added) {
		t.Fatalf("%d columns, %d stored, %d added", len(l.Columns), len(stored), len(added))
	}
	have := map[string]Column{}
	for i, c := range l.Columns {
		if i < len(stored) && (c.Name != stored[i].Name || c.Path != stored[i].Path || c.Kind != stored[i].Kind && c.Kind != String) {
			t.Errorf("stored column %+v became %+v", stored[i], c)
		}
		if _, twice := have[c.Path]; twice && c.Path != "" {
			t.Errorf("two columns for %s", c.Path)
		}
		have[c.Path] = c
	}
	for _, path := range seen {
		if have[path].Name == "" {
			t.Errorf("no column for %s", path)
		}
	}
	for key, k := range fields {
		if c := have["fields."+key]; c.Kind != k && c.Kind != String {
			t.Errorf("field %s is a %v, its column %+v", key, k, c)
		}
	}
	for _, c := range l.Table.Columns {
		if got := have[c.Path]; got.Kind != c.Kind && got.Kind != String {
			t.Errorf("declared %+v, got %+v", c, got)
		}
	}
}

// checkConverted compares converted rows with the model's, value by value.
func checkConverted(t *testing.T, l *Layout, rows *Batch, want modelPage) {
	t.Helper()
	out, rescued := convert(l, rows)
	checkText(t, out)
	total := 0
	for i, row := range want.rows {
		missing := row.rescued
		for c, column := range l.Columns {
			if value, ok := missing[column.Path]; ok && row.values[column.Path] == nil && !declares(l.Table, column.Path) {
				row.values[column.Path] = value // an object that is none now, and had a column before it was declared
				delete(missing, column.Path)
			}
			value, ok := row.expect(l.Table, column)
			if !ok {
				missing[column.Path] = row.values[column.Path]
			}
			if got := cellText(column, out.Vectors[c], i, value); column.Path != "" && !reflect.DeepEqual(got, value) {
				t.Errorf("row %s: %+v is %#v, want %#v", row.key, column, got, value)
			}
		}
		checkRescued(t, fmt.Sprint(row.key), out.Vector(Rescued), i, missing)
		total += len(missing)
	}
	if rescued != total {
		t.Errorf("%d rescued, want %d", rescued, total)
	}
}

func declares(t *Table, path string) bool {
	return slices.ContainsFunc(t.Columns, func(c Column) bool { return c.Path == path })
}

// expect returns what a row should have in a layout's column, false if it does not fit.
func (row *modelRow) expect(t *Table, c Column) (any, bool) {
	value := row.values[c.Path]
	i := slices.IndexFunc(t.Columns, func(d Column) bool { return d.Path == c.Path })
	switch {
	case value == nil:
		return nil, true
	case i >= 0 && t.Columns[i].Kind == c.Kind || c.JSON:
		return value, true
	case i >= 0:
		return modelText(value), true
	}
	if converted, ok := modelConvert(c.Kind, value, true); ok {
		return converted, true
	}
	return nil, false
}

// modelText is the text that a value of a column turned to text has.
func modelText(value any) string {
	switch value := value.(type) {
	case int64:
		return strconv.FormatInt(value, 10)
	case float64:
		text := strconv.FormatFloat(value, 'f', -1, 64)
		if abs := max(value, -value); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
			text = strconv.FormatFloat(value, 'e', -1, 64)
		}
		return text
	case bool:
		return strconv.FormatBool(value)
	case time.Time:
		text := value.Format("2006-01-02 15:04:05.000000")
		return string(bytes.TrimSuffix([]byte(text), []byte(".000000")))
	}
	return "not a value of a column"
}

// cellText is cell for columns whose text may hold JSON: it is read as that where the model has more than text.
func cellText(c Column, v *Vector, i int, want any) any {
	got := cell(c, v, i)
	if _, scalar := want.(string); !scalar && want != nil && c.Kind == String && !c.JSON {
		if text, ok := got.(string); ok {
			return parseJSON([]byte(text))
		}
	}
	return got
}
