package schema

import (
	"bytes"
	"encoding/json"
	"math/big"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// modelRow is a record as the naive model reads it: with encoding/json, maps and the time package, sharing no code with
// the decoder.
type modelRow struct {
	key     string
	values  map[string]any // by path: what the columns should hold, in Go's types; JSON values of undeclared paths
	rescued map[string]any
	kids    []string
	absent  uint64
}

type modelPage struct {
	rows    []modelRow // by key
	dynamic map[string]bool
	met     map[string]bool // paths of declared columns that a row had, null or not
	dropped int
}

// modelDecode reads a page; false if it is no JSON array.
func modelDecode(t *Table, data []byte) (modelPage, bool) {
	page := modelPage{dynamic: map[string]bool{}, met: map[string]bool{}}
	records, ok := parseJSON(data).([]any)
	if !ok || !json.Valid(data) {
		return page, false
	}
	rows := map[string]modelRow{}
	for _, record := range records {
		object, ok := record.(map[string]any)
		if key := modelKey(object["id"]); ok && key != "" {
			rows[key] = page.row(t, key, object)
		} else {
			page.dropped++
		}
	}
	for _, row := range rows {
		page.rows = append(page.rows, row)
	}
	slices.SortFunc(page.rows, func(a, b modelRow) int { return compareString(a.key, b.key) })
	return page, true
}

func modelKey(value any) string {
	switch value := value.(type) {
	case string:
		return value
	case json.Number:
		return value.String()
	}
	return ""
}

func (p *modelPage) row(t *Table, key string, object map[string]any) modelRow {
	row := modelRow{key: key, values: map[string]any{}, rescued: map[string]any{}}
	for i, name := range t.Expected {
		if name == modelArray(t) {
			continue
		}
		open := t.Open != nil && name == t.Open.Object
		members, ok := object[name].(map[string]any)
		if open && len(members) == 0 || !ok && !modelEmpty(object[name]) {
			row.absent |= 1 << i
		}
	}
	if modelArray(t) != "" {
		p.kids(t, &row, object)
	}
	p.members(t, &row, "", object)
	return row
}

// modelArray returns the path of the array that child rows are in, empty if there is none.
func modelArray(t *Table) string {
	if len(t.children) == 0 {
		return ""
	}
	return t.children[0].Source.(*Nested).Attribute
}

func modelEmpty(value any) bool {
	array, ok := value.([]any)
	return ok && len(array) == 0
}

func (p *modelPage) kids(t *Table, row *modelRow, object map[string]any) {
	attribute := modelArray(t)
	array, ok := object[attribute].([]any)
	for _, element := range array {
		object, _ := element.(map[string]any)
		if id := modelKey(object["id"]); id != "" {
			row.kids = append(row.kids, id)
		} else {
			p.dropped++
			ok = false
		}
	}
	if !ok {
		row.absent |= 1 << slices.Index(t.Expected, attribute)
	}
	if value := object[attribute]; value != nil && array == nil {
		row.rescued[attribute] = value
	}
	slices.SortFunc(row.kids, compareString)
	row.kids = slices.Compact(row.kids)
}

func (p *modelPage) members(t *Table, row *modelRow, above string, object map[string]any) {
	for name, value := range object {
		path := above + modelName(name)
		column := slices.IndexFunc(t.Columns, func(c Column) bool { return c.Path == path })
		switch {
		case path != "" && path == modelArray(t):
		case column >= 0:
			p.met[path] = true
			row.declared(t.Columns[column], path, modelOmit(t, path, value))
		case t.Same[path] != "":
			p.met[t.Same[path]] = true
			row.second(t, path, value)
		case modelDeclaredObject(t, path):
			if inner, ok := value.(map[string]any); ok {
				p.members(t, row, path+".", inner)
			} else if value != nil && !modelEmpty(value) {
				row.rescued[path] = value
			}
		default:
			p.dynamic[path] = true
			if value != nil {
				row.values[path] = value
			}
		}
	}
	for second, path := range t.Same { // where only the second path has a value, it is the column's
		if value, ok := row.values[second]; ok && above == "" {
			delete(row.values, second)
			if first, ok := row.values[path]; !ok {
				row.values[path] = value
			} else if first != value {
				row.rescued[second] = row.rescued["\x00"+second]
			}
			delete(row.rescued, "\x00"+second)
		}
	}
}

// second keeps the value of a second path until the first is known.
func (row *modelRow) second(t *Table, path string, value any) {
	column := slices.IndexFunc(t.Columns, func(c Column) bool { return c.Path == t.Same[path] })
	row.declared(t.Columns[column], path, value)
	if _, ok := row.values[path]; ok {
		row.rescued["\x00"+path] = value
	}
}

func modelName(name string) string {
	if name == "" {
		return `\e`
	}
	return strings.ReplaceAll(strings.ReplaceAll(name, `\`, `\\`), ".", `\.`)
}

func modelDeclaredObject(t *Table, path string) bool {
	return t.Open != nil && path == t.Open.Object || slices.ContainsFunc(t.Columns, func(c Column) bool { return strings.HasPrefix(c.Path, path+".") })
}

func modelOmit(t *Table, path string, value any) any {
	array, _ := value.([]any)
	for _, element := range array {
		if object, ok := element.(map[string]any); ok {
			for _, name := range t.Omit[path] {
				delete(object, name)
			}
		}
	}
	return value
}

func (row *modelRow) declared(c Column, path string, value any) {
	if value == nil {
		return
	}
	if c.JSON {
		row.values[path] = value
	} else if converted, ok := modelConvert(c.Kind, value, false); ok && converted != nil {
		row.values[path] = converted
	} else if !ok {
		row.rescued[path] = value
	}
}

var (
	modelNumber = regexp.MustCompile(`^[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)
	modelWhole  = regexp.MustCompile(`^[+-]?[0-9]+$`)
	modelZero   = regexp.MustCompile(`^[+-]?[0.]+([eE].*)?$`)
	modelTime   = regexp.MustCompile(`^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(\.\d{1,6})?(\.?0*)( ?Z| ?([+-](?:[01]\d|2[0-3]))(?::?([0-5]\d))?)?$`)
)

// modelConvert turns a JSON value into a kind, nil for null; containers are text where they may be.
func modelConvert(k Kind, value any, containers bool) (any, bool) {
	text, ok := "", true
	switch value := value.(type) {
	case string:
		text = value
	case json.Number:
		text = value.String()
	case bool:
		text = strconv.FormatBool(value)
	default:
		if k == String && containers {
			return value, true
		}
		return nil, false
	}
	if k == String {
		return text, true
	}
	if text = strings.Trim(text, " \t\n\v\f\r"); text == "" {
		return nil, true
	}
	switch k {
	case Int64:
		return modelInt(text)
	case Double:
		return modelFloat(text)
	case Bool:
		value, found := map[string]bool{"true": true, "1": true, "false": false, "0": false}[text]
		return value, found
	case Timestamp:
		return modelInstant(text)
	case Date:
		return modelDay(text)
	}
	return nil, ok
}

func modelInt(text string) (any, bool) {
	if !modelNumber.MatchString(text) {
		return nil, false
	}
	if modelZero.MatchString(text) {
		return int64(0), true
	}
	if _, exponent, ok := strings.Cut(strings.ToLower(text), "e"); ok {
		if e, err := strconv.Atoi(exponent); err != nil || e > 10_000 || e < -10_000 {
			return nil, false
		}
	}
	x, ok := new(big.Rat).SetString(text)
	if !ok || !x.IsInt() || !x.Num().IsInt64() {
		return nil, false
	}
	return x.Num().Int64(), true
}

func modelFloat(text string) (any, bool) {
	if !modelNumber.MatchString(text) {
		return nil, false
	}
	x, err := strconv.ParseFloat(text, 64)
	if err != nil || x == 0 && !modelZero.MatchString(text) {
		return nil, false
	}
	if modelWhole.MatchString(text) {
		whole, _ := new(big.Int).SetString(text, 10)
		if exact, _ := new(big.Float).SetFloat64(x).Int(nil); exact.Cmp(whole) != 0 {
			return nil, false
		}
	}
	return x, true
}

func modelInstant(text string) (any, bool) {
	m := modelTime.FindStringSubmatch(text)
	if m == nil || m[3] == "" && m[4] != "" || strings.HasPrefix(m[4], ".") {
		return nil, false
	}
	zone := "Z"
	if hours, minutes := m[6], m[7]; hours != "" {
		zone = hours + ":" + (minutes + "00")[:2]
	}
	at, err := time.Parse(time.RFC3339Nano, m[1]+"T"+m[2]+m[3]+zone)
	return at.UTC(), err == nil
}

// modelDay takes a time for a day where its clock, in UTC, stands at midnight.
func modelDay(text string) (any, bool) {
	if m := modelTime.FindStringSubmatch(text); m != nil && strings.Trim(m[6]+m[7], "+-0") == "" {
		at, ok := modelInstant(text)
		return at, ok && at.(time.Time).Truncate(24*time.Hour).Equal(at.(time.Time))
	}
	day, err := time.Parse("2006-01-02", text)
	return day, err == nil
}

// cell returns a row's value in the types that the model uses.
func cell(c Column, v *Vector, i int) any {
	switch {
	case v == nil || v.Null(i):
		return nil
	case c.Kind == Raw || c.JSON:
		return parseJSON(v.Text(i))
	case c.Kind == String:
		return string(v.Text(i))
	case c.Kind == Double:
		return v.Float(i)
	case c.Kind == Bool:
		return v.Int(i) == 1
	case c.Kind == Timestamp:
		return time.UnixMicro(v.Int(i)).UTC()
	case c.Kind == Date:
		return time.Unix(v.Int(i)*86400, 0).UTC()
	}
	return v.Int(i)
}

func parseJSON(text []byte) any {
	in := json.NewDecoder(bytes.NewReader(text))
	in.UseNumber()
	var value any
	if err := in.Decode(&value); err != nil {
		return err
	}
	return value
}

// checkPage compares a decoded page with the model's.
func checkPage(t *testing.T, table *Table, p *Page, want modelPage) {
	t.Helper()
	if p.Rows.Rows != len(want.rows) || p.Dropped != want.dropped {
		t.Fatalf("%d rows, %d dropped, want %d, %d", p.Rows.Rows, p.Dropped, len(want.rows), want.dropped)
	}
	dynamic := map[string]bool{}
	for i, c := range table.Columns {
		if missing := len(want.rows) > 0 && !want.met[c.Path]; missing != (p.Rows.Missing != nil && p.Rows.Missing[i]) {
			t.Errorf("%s is missing: got %t, want %t", c.Name, !missing, missing)
		}
	}
	for i, c := range p.Rows.Columns {
		if c.Kind == Raw && (p.Rows.Vectors[i] != nil || want.dynamic[c.Path]) { // else met, but replaced by a later value
			dynamic[c.Path] = true
		}
		for row := range want.rows {
			if got := cell(c, p.Rows.Vectors[i], row); c.Path != "" && !reflect.DeepEqual(got, want.rows[row].values[c.Path]) {
				t.Errorf("row %s: %s is %#v, want %#v", want.rows[row].key, c.Path, got, want.rows[row].values[c.Path])
			}
		}
	}
	if !reflect.DeepEqual(dynamic, want.dynamic) {
		t.Errorf("dynamic columns %v, want %v", dynamic, want.dynamic)
	}
	for i, row := range want.rows {
		checkRescued(t, row.key, p.Rows.Vector(Rescued), i, row.rescued)
		if p.Absent == nil && row.absent != 0 || p.Absent != nil && p.Absent[i] != row.absent {
			t.Errorf("row %s: absent %v, want %d", row.key, p.Absent, row.absent)
		}
	}
	if modelArray(table) != "" {
		checkKids(t, p, want)
	}
	checkText(t, p.Rows)
}

func checkRescued(t *testing.T, key string, v *Vector, i int, want map[string]any) {
	t.Helper()
	if v == nil || v.Null(i) {
		if len(want) > 0 {
			t.Errorf("row %s: nothing rescued, want %v", key, want)
		}
		return
	}
	if got := parseJSON(v.Text(i)); !reflect.DeepEqual(got, any(want)) {
		t.Errorf("row %s: rescued %v, want %v", key, got, want)
	}
}

func checkKids(t *testing.T, p *Page, want modelPage) {
	t.Helper()
	Lookup("group_subscriber").Link(p)
	for i, row := range want.rows {
		var kids []string
		for k := p.Children[0].Offsets[i]; k < p.Children[0].Offsets[i+1]; k++ {
			kids = append(kids, string(p.Children[0].Rows.Vectors[0].Text(int(k))))
			if got := string(p.Children[0].Rows.Vectors[1].Text(int(k))); got != row.key {
				t.Errorf("child of %s belongs to %s", row.key, got)
			}
		}
		if !slices.Equal(kids, row.kids) {
			t.Errorf("row %s: children %v, want %v", row.key, kids, row.kids)
		}
	}
}

// checkText fails on vectors that do not hold together and on text that is no UTF-8.
func checkText(t *testing.T, b *Batch) {
	t.Helper()
	for i, v := range b.Vectors {
		switch {
		case v == nil:
		case v.Len() != b.Rows || v.Kind != b.Columns[i].Kind:
			t.Errorf("%s: %d values of %v, want %d of %v", b.Columns[i].Name, v.Len(), v.Kind, b.Rows, b.Columns[i].Kind)
		case v.Kind.text() && len(v.Ends) != b.Rows || !v.Kind.text() && len(v.Nums) != b.Rows:
			t.Errorf("%s: %d ends and %d numbers for %d rows", b.Columns[i].Name, len(v.Ends), len(v.Nums), b.Rows)
		case strings.ToValidUTF8(string(v.Bytes), "") != string(v.Bytes):
			t.Errorf("%s: invalid UTF-8 in %q", b.Columns[i].Name, v.Bytes)
		}
	}
}
