package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
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
	key     Key
	values  map[string]any // by path: what the columns should hold, in Go's types; JSON values of undeclared paths
	rescued map[string]any
	kids    [][]modelRow // beside Table.children: the rows in its arrays, by key
	absent  uint64
}

type modelPage struct {
	rows    []modelRow // by key
	dynamic map[string]bool
	met     map[string]bool // paths of declared columns that a row had, null or not
	dropped int
	kids    []*modelPage // beside Table.children, without rows
}

func newModelPage(t *Table) *modelPage {
	page := &modelPage{dynamic: map[string]bool{}, met: map[string]bool{}}
	for _, child := range t.children {
		page.kids = append(page.kids, newModelPage(child))
	}
	return page
}

// modelDecode reads a page; false if it is no JSON array.
func modelDecode(t *Table, data []byte) (modelPage, bool) {
	page := newModelPage(t)
	records, ok := parseJSON(data).([]any)
	if !ok || !json.Valid(data) {
		return *page, false
	}
	page.rows, page.dropped = page.records(t, records)
	return *page, true
}

// records reads records into rows, by key; of those with the same key the last.
func (p *modelPage) records(t *Table, records []any) (rows []modelRow, dropped int) {
	byKey := map[string]modelRow{}
	for _, record := range records {
		object, _ := record.(map[string]any)
		key := modelKey(t, object)
		if key == nil {
			dropped++
			continue
		}
		row, lost := p.row(t, key, object)
		byKey[strings.Join(key, "\x00")] = row
		dropped += lost
	}
	for _, row := range byKey {
		rows = append(rows, row)
	}
	slices.SortFunc(rows, func(a, b modelRow) int { return a.key.Compare(b.key) })
	return rows, dropped
}

// modelKey returns a record's key without what it repeats of the parent's; nil if it is not usable.
func modelKey(t *Table, object map[string]any) (key Key) {
	for _, name := range t.Order {
		c := t.Columns[t.column(name)]
		if !modelOwn(t, c) {
			continue
		}
		text := ""
		switch value := modelAt(object, strings.TrimPrefix(strings.TrimPrefix(c.Path, t.array()), ".")).(type) {
		case string:
			text = value
		case json.Number:
			text = value.String()
		}
		if text == "" {
			return nil
		}
		key = append(key, text)
	}
	return key
}

// modelOwn reports whether a column is read from the table's own records.
func modelOwn(t *Table, c Column) bool {
	link := linkOf(t.Source)
	return !strings.HasPrefix(c.Path, "{") && (link == nil || !slices.Contains(link.Columns, c.Name))
}

// modelAt returns the value at a path of plain names, nil if there is none.
func modelAt(value any, path string) any {
	for _, name := range strings.Split(path, ".") {
		object, _ := value.(map[string]any)
		value = object[name]
	}
	return value
}

func (p *modelPage) row(t *Table, key Key, object map[string]any) (row modelRow, dropped int) {
	row = modelRow{key: key, values: map[string]any{}, rescued: map[string]any{}}
	for i, path := range t.Expected {
		value := modelAt(object, path)
		members, ok := value.(map[string]any)
		open := t.Open != nil && path == t.Open.Object
		if open && len(members) == 0 || !ok && !modelEmpty(value) {
			row.absent |= 1 << i
		}
	}
	for i, child := range t.children {
		array, ok := modelAt(object, child.array()).([]any)
		kids, lost := p.kids[i].records(child, array)
		row.kids = append(row.kids, kids)
		if bit := slices.Index(t.Expected, child.array()); bit >= 0 {
			row.absent &^= 1 << bit
			if !ok || lost > 0 {
				row.absent |= 1 << bit
			}
		}
		dropped += lost
	}
	above := ""
	if t.array() != "" {
		above = t.array() + "."
	}
	p.members(t, &row, above, object)
	row.unify(t)
	return row, dropped
}

func modelEmpty(value any) bool {
	array, ok := value.([]any)
	return ok && len(array) == 0
}

func (p *modelPage) members(t *Table, row *modelRow, above string, object map[string]any) {
	for name, value := range object {
		if modelNever(t, name) {
			continue
		}
		path := above + modelName(name)
		value = modelClean(t, value)
		column := slices.IndexFunc(t.Columns, func(c Column) bool { return c.Path == path && modelOwn(t, c) })
		switch {
		case slices.Contains(t.Skip, path):
		case column >= 0:
			p.met[path] = true
			row.declared(t.Columns[column], path, modelIDs(t, path, modelOmit(t, path, value)))
		case t.hasArray(path):
			if _, ok := value.([]any); value != nil && !ok {
				row.rescued[path] = value
			}
		case t.Same[path] != "":
			p.met[t.Same[path]] = true
			row.second(t, path, value)
		case modelDeclaredObject(t, path):
			p.object(t, row, path, value)
		case t.Closed || slices.Contains(t.Repeats, strings.TrimSuffix(above, ".")):
		default:
			p.dynamic[path] = true
			if value != nil {
				row.values[path] = value
			}
		}
	}
}

// object reads the value of a declared object.
func (p *modelPage) object(t *Table, row *modelRow, path string, value any) {
	inner, ok := value.(map[string]any)
	if ok {
		p.members(t, row, path+".", inner)
		return
	}
	if slices.Contains(t.Repeats, path) && (value == nil || modelEmpty(value)) {
		for _, c := range t.Columns {
			if strings.HasPrefix(c.Path, path+".") {
				p.met[c.Path] = true
			}
		}
		for second, first := range t.Same {
			if strings.HasPrefix(second, path+".") {
				p.met[first] = true
			}
		}
	}
	if value != nil && !modelEmpty(value) {
		row.rescued[path] = value
	}
}

// unify gives a column the value of its second path if it has none of its own.
func (row *modelRow) unify(t *Table) {
	for second, path := range t.Same {
		if value, ok := row.values[second]; ok {
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

// modelNever reports whether a member is never written: in rows nested in others, or in the others, by either's declaration.
func modelNever(t *Table, name string) bool {
	names := slices.Clone(t.Never)
	for _, child := range t.children {
		names = append(names, child.Never...)
	}
	return slices.ContainsFunc(names, func(never string) bool { return strings.EqualFold(never, name) })
}

// modelClean takes what is never written out of a value.
func modelClean(t *Table, value any) any {
	switch value := value.(type) {
	case map[string]any:
		kept := map[string]any{}
		for name, inner := range value {
			if !modelNever(t, name) {
				kept[name] = modelClean(t, inner)
			}
		}
		return kept
	case []any:
		kept := []any{}
		for _, inner := range value {
			kept = append(kept, modelClean(t, inner))
		}
		return kept
	}
	return value
}

// modelIDs reduces the objects of an array to their ids.
func modelIDs(t *Table, path string, value any) any {
	array, ok := value.([]any)
	if !ok || !slices.Contains(t.IDs, path) {
		return value
	}
	ids := []any{}
	for _, element := range array {
		switch id := modelAt(element, "id").(type) {
		case json.Number:
			element = id
		case string:
			if id != "" {
				element = id
			}
		}
		ids = append(ids, element)
	}
	return ids
}

func modelName(name string) string {
	if name == "" {
		return `\e`
	}
	name = strings.ReplaceAll(strings.ReplaceAll(name, `\`, `\\`), ".", `\.`)
	if name[0] == '{' {
		name = `\` + name
	}
	return name
}

func modelDeclaredObject(t *Table, path string) bool {
	if t.Open != nil && path == t.Open.Object || slices.Contains(t.Repeats, path) || slices.Contains(t.Expected, path) {
		return true
	}
	inside := slices.Concat(t.Skip, t.Expected)
	for _, c := range t.Columns {
		if modelOwn(t, c) {
			inside = append(inside, c.Path)
		}
	}
	for second := range t.Same {
		inside = append(inside, second)
	}
	for _, child := range t.children {
		inside = append(inside, child.array())
	}
	return slices.ContainsFunc(inside, func(below string) bool { return strings.HasPrefix(below, path+".") })
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

// checkPage compares a decoded page with the model's; mark is the column that its walk marks.
func checkPage(t *testing.T, table *Table, p *Page, want modelPage, mark string) {
	t.Helper()
	if p.Rows.Rows != len(want.rows) || p.Dropped != want.dropped {
		t.Fatalf("%d rows, %d dropped, want %d, %d", p.Rows.Rows, p.Dropped, len(want.rows), want.dropped)
	}
	checkBatch(t, table, p.Rows, want, len(want.rows) > 0, mark)
	for i, row := range want.rows {
		if p.Absent == nil && row.absent != 0 || p.Absent != nil && p.Absent[i] != row.absent {
			t.Errorf("row %s: absent %v, want %d", row.key, p.Absent, row.absent)
		}
	}
	for k, child := range table.children {
		kids := *want.kids[k]
		for i, row := range want.rows {
			if got := int(p.Children[k].Offsets[i+1]); got != len(kids.rows)+len(row.kids[k]) {
				t.Fatalf("row %s: rows of %s up to %d, want %d", row.key, child.Name, got, len(kids.rows)+len(row.kids[k]))
			}
			kids.rows = append(kids.rows, row.kids[k]...)
		}
		checkBatch(t, child, p.Children[k].Rows, kids, len(kids.met)+len(kids.dynamic) > 0, "")
		child.Link(p)
		checkLinks(t, child, p, want)
	}
}

// checkBatch compares rows with the model's. met says that there were records.
func checkBatch(t *testing.T, table *Table, b *Batch, want modelPage, met bool, mark string) {
	t.Helper()
	dynamic := map[string]bool{}
	for i, c := range table.Columns {
		missing := met && !table.Sparse && modelOwn(table, c) && !want.met[c.Path]
		if missing != (b.Missing != nil && b.Missing[i]) {
			t.Errorf("%s.%s is missing: got %t, want %t", table.Name, c.Name, !missing, missing)
		}
	}
	for i, c := range b.Columns {
		if c.Kind == Raw && (b.Vectors[i] != nil || want.dynamic[c.Path]) { // else met, but replaced by a later value
			dynamic[c.Path] = true
		}
		if declared := i < len(table.Columns); declared && !modelOwn(table, c) && !c.marked() {
			continue // it repeats the parent's key
		}
		for row := range want.rows {
			value := want.rows[row].values[c.Path]
			if c.marked() && i < len(table.Columns) {
				value = c.Name == mark
			}
			if got := cell(c, b.Vectors[i], row); c.Path != "" && !reflect.DeepEqual(got, value) {
				t.Errorf("row %s: %s is %#v, want %#v", want.rows[row].key, c.Path, got, value)
			}
		}
	}
	if !reflect.DeepEqual(dynamic, want.dynamic) {
		t.Errorf("%s: dynamic columns %v, want %v", table.Name, dynamic, want.dynamic)
	}
	for i, row := range want.rows {
		checkRescued(t, fmt.Sprint(row.key), b.Vector(Rescued), i, row.rescued)
	}
	checkText(t, b)
}

// checkLinks checks that child rows name the row that they came in.
func checkLinks(t *testing.T, child *Table, p *Page, want modelPage) {
	t.Helper()
	for at, column := range child.ParentColumns() {
		own := child.parent.Columns[child.parent.column(child.parent.Order[at])]
		for i, row := range want.rows {
			if !modelOwn(child.parent, own) {
				continue
			}
			for k := p.Children[child.Child()].Offsets[i]; k < p.Children[child.Child()].Offsets[i+1]; k++ {
				if got := string(p.Children[child.Child()].Rows.Vector(column).Text(int(k))); got != row.values[own.Path] {
					t.Errorf("row of %s in %s belongs to %s", child.Name, row.key, got)
				}
			}
		}
	}
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
