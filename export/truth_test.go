package export_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"mailerlake/client/mailerlitetest"
	"mailerlake/schema"
)

// Here the API's JSON becomes rows by rules of its own, which share nothing with package schema: so a mistake there shows.

// timeFormat writes the times of both sides, in UTC.
const timeFormat = "2006-01-02 15:04:05.999999"

// repeated are the objects of which a table keeps the id alone: they repeat another table's row.
var repeated = map[string][]string{
	"automation_activity": {"subscriber", "currentStep", "nextStep"},
	"automation_step":     {"field"},
	"automation_trigger":  {"ecommerce_shop"},
	"campaign_email":      {"language"},
	"shop":                {"group"},
	"customer":            {"subscriber"},
	"order":               {"customer"},
	"cart":                {"customer"},
	"order_item":          {"product"},
	"cart_item":           {"product"},
}

// omitted are the attributes that have no column: other tables have them, or they are secret.
var omitted = map[string][]string{
	"automation":      {"steps", "triggers"},
	"automation_step": {"secret"},
	"order":           {"shop", "cart.items"},
	"cart":            {"items"},
	"product":         {"categories"},
}

// documents are the attributes that are JSON text also where they are no object or array.
var documents = map[string][]string{"form": {"settings.schedule"}}

// document is a value that is compared as JSON, whatever its spacing.
type document struct{ value any }

// columnsOf returns the types of a table's columns, as the first part has them.
func (l *lake) columnsOf(t testing.TB, table string) map[string]string {
	t.Helper()
	names, _ := filepath.Glob(filepath.Join(l.dir, table, "*.parquet"))
	if len(names) == 0 {
		t.Fatalf("no parts of %s", table)
	}
	data, err := os.ReadFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	file, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	columns := map[string]string{}
	for _, f := range file.Schema().Fields() {
		columns[f.Name()], _, _ = strings.Cut(f.Type().String(), "(")
	}
	return columns
}

// records calls do with each of the account's own records of a table, as the API has them.
func (l *lake) records(t testing.TB, table string, do func(line []byte)) {
	t.Helper()
	var text bytes.Buffer
	if err := l.account.Truth(table, &text); err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(text.Bytes()) {
		do(line)
	}
}

// truth returns the account's own records of a table by key.
func (l *lake) truth(t testing.TB, table string) map[string]map[string]any {
	t.Helper()
	rows := map[string]map[string]any{}
	l.records(t, table, func(line []byte) {
		var row map[string]any
		if err := json.Unmarshal(line, &row); err != nil {
			t.Fatal(err)
		}
		rows[keyOf(table, row)] = row
	})
	return rows
}

// wanted returns the rows that a table with some columns should have, by key, and what could not become a row.
func (l *lake) wanted(t testing.TB, table string, columns map[string]string) (rows map[string]map[string]any, problems []string) {
	t.Helper()
	rows = map[string]map[string]any{}
	l.records(t, table, func(line []byte) {
		r := conversion{table: table, columns: columns, row: map[string]any{}, rescued: map[string]any{}}
		for name, value := range decoded(t, line).(map[string]any) {
			r.add(name, value)
		}
		if len(r.rescued) > 0 {
			r.row[schema.Rescued] = document{r.rescued}
		}
		if table == "subscriber_field" && r.row["value_text"] == nil && r.row["value_number"] == nil && r.row["value_date"] == nil {
			return // an empty text is null in a column that is no text
		}
		rows[keyOf(table, r.row)] = r.row
		problems = append(problems, r.problems...)
	})
	return rows, problems
}

// decoded returns a JSON text's value, with numbers as they are written.
func decoded(t testing.TB, text []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v in %q", err, text)
	}
	return v
}

// conversion is a record of the API on its way to a row.
type conversion struct {
	table    string
	columns  map[string]string
	row      map[string]any
	rescued  map[string]any
	problems []string
}

// add adds the value at a path.
func (r *conversion) add(path string, value any) {
	column := r.column(path)
	object, isObject := value.(map[string]any)
	array, isArray := value.([]any)
	switch {
	case slices.Contains(omitted[r.table], path):
	case slices.Contains(repeated[r.table], path):
		if isObject {
			r.set(path+".id", object["id"])
		}
	case r.table == "form" && path == "groups":
		ids := []any{}
		for _, group := range array {
			ids = append(ids, group.(map[string]any)["id"])
		}
		r.set(path, ids)
	case r.table == "campaign" && path == "language.id":
		r.set("language_id", value)
	case r.columns[column] != "":
		r.set(path, value)
	case isObject:
		for name, member := range object {
			r.add(path+"."+name, member)
		}
	case value == nil || isArray && len(array) == 0: // an object that is not there, or has no members
		if !slices.ContainsFunc(slices.Collect(maps.Keys(r.columns)), func(c string) bool { return strings.HasPrefix(c, column+"_") }) {
			r.problems = append(r.problems, "no column for "+path)
		}
	default:
		r.problems = append(r.problems, "no column for "+path)
	}
}

var camel = regexp.MustCompile(`([a-z])([A-Z])`)

// column returns the name of the column of a path. One that differs from another by case alone has a suffix.
func (r *conversion) column(path string) string {
	name := strings.ReplaceAll(path, ".", "_")
	if r.table == "automation_activity" {
		name = strings.ToLower(camel.ReplaceAllString(name, "${1}_${2}"))
	}
	if r.columns[name] == "" {
		suffixed := regexp.MustCompile("^" + regexp.QuoteMeta(name) + "_[0-9a-f]{8}$")
		for column := range r.columns {
			if suffixed.MatchString(column) {
				return column
			}
		}
	}
	return name
}

// scalars are the columns of text, of those that tests put objects and arrays into, that hold no JSON.
var scalars = map[string][]string{"subscriber": {"email", "ip_address"}}

// set gives the value to its column.
func (r *conversion) set(path string, value any) {
	column := r.column(path)
	v, fits := asColumn(r.columns[column], value, slices.Contains(documents[r.table], path))
	if _, isDocument := v.(document); isDocument && slices.Contains(scalars[r.table], path) {
		v, fits = nil, false
	}
	switch {
	case fits:
	case r.table == "subscriber_field":
		column, v = "value_text", fmt.Sprint(value)
	default:
		r.rescued[path] = value
	}
	if old, twice := r.row[column]; twice && old != nil && v != nil && !reflect.DeepEqual(old, v) {
		r.problems = append(r.problems, fmt.Sprintf("%s is both %v and %v", column, old, v))
	}
	if r.row[column] == nil {
		r.row[column] = v
	}
}

// asColumn returns a value as a column of a type has it, in the form of plain.
func asColumn(kind string, value any, isDocument bool) (v any, fits bool) {
	text := fmt.Sprint(value)
	switch _, isText := value.(string); {
	case value == nil || isText && text == "" && kind != "STRING":
		return nil, true
	case kind == "STRING":
		if kind := reflect.TypeOf(value).Kind(); isDocument || kind == reflect.Map || kind == reflect.Slice {
			return document{value}, true
		}
		return text, true
	case kind == "DATE":
		if _, err := time.Parse(time.DateOnly, text); err == nil {
			return text, true
		}
	case kind == "TIMESTAMP":
		for _, layout := range []string{time.DateTime, time.RFC3339Nano} {
			if at, err := time.Parse(layout, text); err == nil {
				return at.UTC().Format(timeFormat), true
			}
		}
	case kind == "BOOLEAN":
		if b, err := strconv.ParseBool(text); err == nil {
			return b, true
		}
	case kind == "INT" || kind == "INT64" || kind == "DOUBLE":
		if f, err := strconv.ParseFloat(text, 64); err == nil {
			return f, true
		}
	}
	return nil, false
}

// check compares the core tables with the account.
func (l *lake) check(t testing.TB) {
	t.Helper()
	l.checkTables(t, mailerlitetest.CoreTables)
}

// checkTables compares tables with the account: every row, every column.
func (l *lake) checkTables(t testing.TB, names []string) {
	t.Helper()
	for _, table := range names {
		for i, difference := range l.differences(t, table) {
			if i < 5 {
				t.Errorf("%s: %s", table, difference)
			}
		}
	}
}

// differences says where a table differs from the account.
func (l *lake) differences(t testing.TB, table string) []string {
	t.Helper()
	columns := l.columnsOf(t, table)
	got := l.rows(t, table)
	want, problems := l.wanted(t, table, columns)
	if d := cmp.Diff(keys(want), keys(got)); d != "" {
		return append(problems, fmt.Sprintf("keys differ (-account +dataset)\n%.2000s", d))
	}
	for key, row := range want {
		for name := range columns {
			switch value := got[key][name]; {
			case name == schema.SyncedAt && value == nil:
				problems = append(problems, fmt.Sprintf("%s: no %s", key, name))
			case name != schema.SyncedAt && !sameValue(t, row[name], value):
				problems = append(problems, fmt.Sprintf("%s: %s is %v, want %v", key, name, value, row[name]))
			}
		}
	}
	return problems
}

// sameValue reports whether a stored value is the wanted one.
func sameValue(t testing.TB, want, got any) bool {
	if d, ok := want.(document); ok {
		text, isText := got.(string)
		return isText && reflect.DeepEqual(decoded(t, []byte(text)), d.value)
	}
	return want == got
}
